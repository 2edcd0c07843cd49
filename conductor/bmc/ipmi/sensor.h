/*
 * A sensor's reading as a person reads it: raw bytes to numbers with units, states to words (IPMI
 * 35.14, 36.3 to 36.5, 43.17). Pure.
 */
#ifndef CONDUCTOR_BMC_IPMI_SENSOR_H
#define CONDUCTOR_BMC_IPMI_SENSOR_H

#include "conductor/bmc/ipmi/event.h"
#include "conductor/bmc/ipmi/sdr.h"

#define SENSOR_UNIT_MAX	    48
#define SENSOR_NONLINEAR(s) ((s)->linearization >= 0x70)

/* Raw to value by the sensor's factors; NAN when it is no number (format 3, 1/0, log of 0). */
double sensor_convert(const struct sdr_sensor *s, const struct sdr_factors *f, uint8_t raw);

/* "degrees C", "RPM", "% of watts", "bytes/second"; "" without a unit. Returns out. */
const char *sensor_unit(const struct sdr_sensor *s, char out[static SENSOR_UNIT_MAX]);

/* The answer to Get Sensor Reading, IPMI 35.14. */
struct sensor_reading {
	bool scanned;	/* false: nothing below means anything */
	bool available; /* false: "reading/state unavailable" */
	uint8_t raw;
	uint16_t states; /* threshold comparison (bits of enum threshold), or discrete states */
};
/* 0, or -EBADMSG when it is too short. */
int sensor_reading_parse(const uint8_t *data, size_t len, struct sensor_reading *ret);

/* Factors for one reading of a non-linear sensor, IPMI 35.5. 0 or -EBADMSG. */
int sensor_factors_parse(const uint8_t *data, size_t len, struct sdr_factors *ret);

/* How bad the reading is, by the thresholds that are passed or the states that are set. */
enum ipmi_weight sensor_weight(const struct sdr_sensor *s, const struct sensor_reading *r);

/* The n-th state that is set, in words, the worst first; NULL: there are no more. buf holds those
 * without words. */
const char *sensor_state(const struct sdr_sensor *s, const struct sensor_reading *r, unsigned n,
	char buf[static 32]);

#endif
