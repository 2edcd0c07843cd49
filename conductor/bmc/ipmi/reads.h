/*
 * What takes many requests: sensors, FRUs, the event log, LAN parameters, who the BMC is. Each step
 * is a request of its own in the BMC's queue, so that an operator's power command comes between two
 * of them; a lost session is reopened per step, a lost reservation is made again, and the whole is
 * bounded in steps, memory and time. Nothing is kept once it has ended.
 *
 * As in ipmi.h: engine thread, no call blocks, done is called once and later, results live only
 * during the call. opts->deadline_ms is for all steps together (0: 120 s). Freeing the BMC ends
 * them with IPMI_E_CANCELED.
 */
#ifndef CONDUCTOR_BMC_IPMI_READS_H
#define CONDUCTOR_BMC_IPMI_READS_H

#include "conductor/bmc/ipmi/fru.h"
#include "conductor/bmc/ipmi/ipmi.h"
#include "conductor/bmc/ipmi/lan.h"
#include "conductor/bmc/ipmi/sel.h"
#include "conductor/bmc/ipmi/sensor.h"

#define SENSORS_MAX 1024
#define FRUS_MAX    64
#define SEL_MAX	    4096

struct ipmi_sensor {
	struct sdr_sensor sdr;
	struct sdr_factors factors; /* of this reading; as in sdr unless non-linear */
	struct sensor_reading reading;
	uint8_t thresholds_known; /* bits of enum threshold */
	uint8_t thresholds[THRESHOLD_COUNT];
	bool elsewhere; /* another controller has it: not asked */
	uint8_t cc;	/* why there is no reading; 0: there is */
};

struct ipmi_sensors {
	struct ipmi_sensor *list;
	unsigned n;
	unsigned records;    /* in the repository, as far as it was read */
	const char *missing; /* why it is not all of them; NULL: it is */
};
typedef void ipmi_sensors_done(void *data, const struct ipmi_sensors *s, const struct err *e);

enum sensors_how {
	SENSORS_RECORDS,    /* only what they are, also those that only send events */
	SENSORS_READINGS,   /* and what they read; thresholds as the records say */
	SENSORS_THRESHOLDS, /* and thresholds as they are set now: one request more for each */
};

/* Reads the SDR repository (or the device's own records) and then each sensor. */
void ipmi_sensors_read(struct ipmi_bmc *bmc, enum sensors_how how, const struct ipmi_opts *opts,
	ipmi_sensors_done *done, void *data);

struct ipmi_fru_device {
	uint8_t id;
	char name[SDR_NAME_MAX];
	struct ipmi_fru fru;
	bool readable;	 /* false: `why` says why fru is empty */
	const char *why; /* "the device is not present" */
};
struct ipmi_frus {
	struct ipmi_fru_device *list;
	unsigned n;
};
typedef void ipmi_frus_done(void *data, const struct ipmi_frus *f, const struct err *e);

/* FRU 0 and those of the BMC that the SDR repository names. */
void ipmi_frus_read(
	struct ipmi_bmc *bmc, const struct ipmi_opts *opts, ipmi_frus_done *done, void *data);

struct ipmi_sel {
	struct sel_info info;
	uint32_t clock_s;	/* the BMC's, when it was asked; 0: it did not say */
	struct sel_entry *list; /* oldest first */
	unsigned n;
	bool older; /* there are older entries than these */
};
typedef void ipmi_sel_done(void *data, const struct ipmi_sel *s, const struct err *e);

/* The latest `last` entries; 0: SEL_MAX. */
void ipmi_sel_read(struct ipmi_bmc *bmc, unsigned last, const struct ipmi_opts *opts,
	ipmi_sel_done *done, void *data);

/* Erases the log and waits until it is; result is NULL. Needs OPERATOR. */
void ipmi_sel_clear(
	struct ipmi_bmc *bmc, const struct ipmi_opts *opts, ipmi_sel_done *done, void *data);

struct ipmi_lan {
	uint8_t channel;
	unsigned n;
	struct {
		const char *name;
		char text[LAN_TEXT_MAX];
	} fields[LAN_FIELDS_MAX];
};
typedef void ipmi_lan_done(void *data, const struct ipmi_lan *l, const struct err *e);

/* Of the channel the session runs on, or the first that is a LAN's. Never community strings. */
void ipmi_lan_read(
	struct ipmi_bmc *bmc, const struct ipmi_opts *opts, ipmi_lan_done *done, void *data);

struct ipmi_info {
	struct ipmi_device_id device;
	uint8_t support; /* IPMI 20.1, byte 7: 0x01 sensors, 0x02 SDR, 0x04 SEL, 0x08 FRU ... */
	uint8_t aux[4];	 /* auxiliary firmware revision */
	bool has_aux, has_guid, has_self_test;
	uint8_t guid[16];
	uint8_t self_test[2]; /* IPMI 20.4; 0x55: no error */
};
typedef void ipmi_info_done(void *data, const struct ipmi_info *i, const struct err *e);
void ipmi_info_read(
	struct ipmi_bmc *bmc, const struct ipmi_opts *opts, ipmi_info_done *done, void *data);

/* "no error", "internal use area corrupted", ...: never NULL. IPMI 20.4. */
const char *ipmi_self_test_text(const uint8_t result[static 2]);

#endif
