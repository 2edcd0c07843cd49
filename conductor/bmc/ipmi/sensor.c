/* Readings as numbers and words; see sensor.h. */
#include "conductor/bmc/ipmi/sensor.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

/* By the numbers of IPMI 43.1, byte 24. */
static double linearize(uint8_t way, double y)
{
	switch (way) {
	case 1:
		return log(y);
	case 2:
		return log10(y);
	case 3:
		return log2(y);
	case 4:
		return exp(y);
	case 5:
		return pow(10, y);
	case 6:
		return exp2(y);
	case 7:
		return 1 / y;
	case 8:
		return y * y;
	case 9:
		return y * y * y;
	case 10:
		return sqrt(y);
	case 11:
		return cbrt(y);
	default:
		return y;
	}
}

double sensor_convert(const struct sdr_sensor *s, const struct sdr_factors *f, uint8_t raw)
{
	int x = raw;
	double y;

	if (!s->analog)
		return NAN;
	if (s->format == 1 && x & 0x80)
		x -= 255; /* ones' complement: 0xff is minus zero */
	else if (s->format == 2 && x & 0x80)
		x -= 256;
	y = (f->m * (double)x + f->b * pow(10, f->b_exp)) * pow(10, f->r_exp);
	y = linearize(s->linearization, y);
	return isfinite(y) ? y : NAN;
}

/* IPMI table 43-15. */
static const char *const units[] = {"", "degrees C", "degrees F", "kelvin", "volts", "amps",
	"watts", "joules", "coulombs", "VA", "nits", "lumen", "lux", "candela", "kPa", "psi",
	"newton", "CFM", "RPM", "Hz", "microseconds", "milliseconds", "seconds", "minutes", "hours",
	"days", "weeks", "mil", "inches", "feet", "cu in", "cu feet", "mm", "cm", "m", "cu cm",
	"cu m", "liters", "fluid ounces", "radians", "steradians", "revolutions", "cycles",
	"gravities", "ounces", "pounds", "ft-lb", "oz-in", "gauss", "gilberts", "henry",
	"millihenry", "farad", "microfarad", "ohms", "siemens", "moles", "becquerels", "PPM", NULL,
	"decibels", "dBA", "dBC", "grays", "sieverts", "color temperature K", "bits", "kilobits",
	"megabits", "gigabits", "bytes", "kilobytes", "megabytes", "gigabytes", "words", "dwords",
	"qwords", "lines", "hits", "misses", "retries", "resets", "overruns", "underruns",
	"collisions", "packets", "messages", "characters", "errors", "correctable errors",
	"uncorrectable errors", "fatal errors", "grams"};

static const char *unit_name(uint8_t u)
{
	return u < ARRAY_SIZE(units) && units[u] ? units[u] : "unknown unit";
}

const char *sensor_unit(const struct sdr_sensor *s, char out[static SENSOR_UNIT_MAX])
{
	static const char *const rates[] = {
		"", "/microsecond", "/millisecond", "/second", "/minute", "/hour", "/day", ""};
	const char *base = unit_name(s->base_unit), *joint = "", *second = "";
	bool percent = s->units & 1;

	if ((s->units >> 1 & 3) == 1)
		joint = "/";
	else if ((s->units >> 1 & 3) == 2)
		joint = " x ";
	if (*joint)
		second = unit_name(s->modifier_unit);
	snprintf(out, SENSOR_UNIT_MAX, "%s%s%s%s%s", percent ? *base ? "% of " : "%" : "", base,
		joint, second, rates[s->units >> 3 & 7]);
	return out;
}

int sensor_reading_parse(const uint8_t *data, size_t len, struct sensor_reading *ret)
{
	if (len < 2)
		return -EBADMSG;
	ret->raw = data[0];
	ret->scanned = data[1] & 0x40;
	ret->available = ret->scanned && !(data[1] & 0x20);
	ret->states = (uint16_t)((len > 2 ? data[2] : 0) | (len > 3 ? data[3] & 0x7f : 0) << 8);
	return 0;
}

int sensor_factors_parse(const uint8_t *data, size_t len, struct sdr_factors *ret)
{
	int m, b;

	if (len < 7)
		return -EBADMSG;
	m = data[1] | (data[2] & 0xc0) << 2;
	b = data[3] | (data[4] & 0xc0) << 2;
	ret->m = (int16_t)(m & 0x200 ? m - 0x400 : m);
	ret->b = (int16_t)(b & 0x200 ? b - 0x400 : b);
	ret->r_exp = (int8_t)(data[6] >> 4 & 8 ? (data[6] >> 4) - 16 : data[6] >> 4);
	ret->b_exp = (int8_t)(data[6] & 8 ? (data[6] & 0x0f) - 16 : data[6] & 0x0f);
	return 0;
}

static const struct event_text thresholds[THRESHOLD_COUNT] = {
	{"below lower non-critical", WEIGHT_WARNING},
	{"below lower critical", WEIGHT_CRITICAL},
	{"below lower non-recoverable", WEIGHT_CRITICAL},
	{"above upper non-critical", WEIGHT_WARNING},
	{"above upper critical", WEIGHT_CRITICAL},
	{"above upper non-recoverable", WEIGHT_CRITICAL},
};

/* Some BMCs set comparison bits for thresholds that the sensor does not have. */
static bool is_set(const struct sdr_sensor *s, const struct sensor_reading *r, unsigned bit)
{
	uint16_t states = r->states;

	if (!r->available)
		return false;
	if (s->event_type == EVENT_THRESHOLD)
		states &= 0x3f;
	if (s->event_type == EVENT_THRESHOLD && s->readable)
		states &= s->readable;
	return states >> bit & 1;
}

static const struct event_text *text_of(const struct sdr_sensor *s, unsigned bit)
{
	if (s->event_type == EVENT_THRESHOLD)
		return bit < THRESHOLD_COUNT ? &thresholds[bit] : NULL;
	return event_text(s->event_type, s->sensor_type, (uint8_t)bit);
}

enum ipmi_weight sensor_weight(const struct sdr_sensor *s, const struct sensor_reading *r)
{
	enum ipmi_weight worst = WEIGHT_OK;

	for (unsigned bit = 0; bit < 15; bit++) {
		const struct event_text *t = is_set(s, r, bit) ? text_of(s, bit) : NULL;

		if (t && t->weight > worst)
			worst = t->weight;
	}
	return worst;
}

const char *sensor_state(
	const struct sdr_sensor *s, const struct sensor_reading *r, unsigned n, char buf[static 32])
{
	for (int weight = WEIGHT_CRITICAL; weight >= WEIGHT_OK; weight--)
		for (unsigned bit = 0; bit < 15; bit++) {
			const struct event_text *t = text_of(s, bit);

			if (!is_set(s, r, bit) || (int)(t ? t->weight : WEIGHT_OK) != weight || n--)
				continue;
			if (t)
				return t->text;
			snprintf(buf, 32, "state %u", bit);
			return buf;
		}
	return NULL;
}
