/* The system event log's entries; see sel.h. */
#include "conductor/bmc/ipmi/sel.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define SYSTEM_EVENT  0x02
#define OEM_TIMED     0xc0
#define OEM_UNTIMED   0xe0
#define TYPE_MEMORY   0x0c
#define TYPE_FIRMWARE 0x0f

int sel_info_parse(const uint8_t *data, size_t len, struct sel_info *ret)
{
	if (len < 14)
		return -EBADMSG;
	*ret = (struct sel_info){.version = data[0],
		.entries = get_le16(data + 1),
		.free_bytes = get_le16(data + 3),
		.added_s = get_le32(data + 5),
		.erased_s = get_le32(data + 9),
		.overflow = data[13] & 0x80,
		.can_delete = data[13] & 0x08,
		.can_reserve = data[13] & 0x02};
	return 0;
}

void sel_parse(const uint8_t p[static SEL_RECORD_LEN], struct sel_entry *e)
{
	memset(e, 0, sizeof(*e));
	e->id = get_le16(p);
	e->type = p[2];
	if (e->type < OEM_UNTIMED) {
		e->time_s = get_le32(p + 3);
		if (e->time_s == 0xffffffff)
			e->time_s = 0;
		e->since_start = e->time_s && e->time_s <= SEL_SINCE_START;
	}
	if (e->type < OEM_TIMED) {
		e->generator = get_le16(p + 7);
		e->sensor_type = p[10];
		e->number = p[11];
		e->deasserted = p[12] & 0x80;
		e->event_type = p[12] & 0x7f;
		e->offset = p[13] & 0x0f;
		memcpy(e->data, p + 13, 3);
	} else if (e->type < OEM_UNTIMED) {
		e->manufacturer = (uint32_t)get_le(p + 7, 3);
		e->oem_len = 6;
		memcpy(e->oem, p + 10, 6);
	} else {
		e->oem_len = 13;
		memcpy(e->oem, p + 3, 13);
	}
}

struct words {
	char *buf;
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) say(struct words *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->buf + w->len, SEL_TEXT_MAX - w->len, fmt, ap);
	va_end(ap);
	w->len += n > 0 ? (size_t)n : 0;
	if (w->len >= SEL_TEXT_MAX)
		w->len = SEL_TEXT_MAX - 1;
}

static void say_number(struct words *w, const struct sdr_sensor *s, const char *what, uint8_t raw)
{
	double v = s && !SENSOR_NONLINEAR(s) ? sensor_convert(s, &s->factors, raw) : NAN;
	char unit[SENSOR_UNIT_MAX];

	if (isnan(v))
		say(w, ", %s %02Xh", what, raw);
	else
		say(w, ", %s %.6g %s", what, v, sensor_unit(s, unit));
}

/* Bytes 2 and 3 of an event of thresholds: what was read, and the threshold (IPMI 29.7). */
static void say_threshold(
	struct words *w, const struct sel_entry *e, const struct sdr_sensor *sensor)
{
	if (e->data[0] >> 6 == 1)
		say_number(w, sensor, "reading", e->data[1]);
	if ((e->data[0] >> 4 & 3) == 1)
		say_number(w, sensor, "threshold", e->data[2]);
}

/* IPMI table 42-3, sensor type 0Fh: what byte 2 says of offsets 0 (error) and 1, 2 (progress). */
static const char *firmware_word(const struct sel_entry *e)
{
	static const char *const errors[] = {"unspecified", "no system memory installed",
		"no usable system memory", "unrecoverable hard disk failure",
		"unrecoverable system board failure", "unrecoverable diskette failure",
		"unrecoverable hard disk controller failure", "unrecoverable PS/2 or USB keyboard",
		"removable boot media not found", "unrecoverable video controller failure",
		"no video device detected", "firmware ROM corruption detected",
		"CPU voltage mismatch", "CPU speed matching failure"};
	static const char *const progress[] = {"unspecified", "memory initialization",
		"hard disk initialization", "secondary processor initialization",
		"user authentication", "user-initiated system setup", "USB resource configuration",
		"PCI resource configuration", "option ROM initialization", "video initialization",
		"cache initialization", "SM bus initialization",
		"keyboard controller initialization", "management controller initialization",
		"docking station attachment", "enabling docking station",
		"docking station ejection", "disabling docking station",
		"calling operating system wake-up vector", "starting operating system boot process",
		"baseboard or motherboard initialization", NULL, "floppy initialization",
		"keyboard test", "pointing device test", "primary processor initialization"};
	uint8_t code = e->data[1];

	if (e->offset == 0)
		return code < ARRAY_SIZE(errors) ? errors[code] : NULL;
	return code < ARRAY_SIZE(progress) ? progress[code] : NULL;
}

/* Bytes 2 and 3 as they came, where they say something: FFh is "unspecified". */
static void say_bytes(struct words *w, const struct sel_entry *e)
{
	if (e->data[0] >> 6 && e->data[1] != 0xff)
		say(w, ", byte 2 %02Xh", e->data[1]);
	if (e->data[0] >> 4 & 3 && e->data[2] != 0xff)
		say(w, ", byte 3 %02Xh", e->data[2]);
}

/* What bytes 2 and 3 add to an event of a sensor's own kind. */
static void say_specific(struct words *w, const struct sel_entry *e)
{
	const char *word = NULL;

	if (e->sensor_type == TYPE_FIRMWARE && e->data[0] >> 6 == 3)
		word = firmware_word(e);
	if (word)
		say(w, ": %s", word);
	else if (e->sensor_type == TYPE_MEMORY && (e->data[0] >> 4 & 3) == 3)
		say(w, ", module %u", e->data[2]);
	else
		say_bytes(w, e);
}

static void say_event(struct words *w, const struct sel_entry *e, const struct sdr_sensor *sensor)
{
	const struct event_text *t = event_text(e->event_type, e->sensor_type, e->offset);

	if (t)
		say(w, "%s", t->text);
	else
		say(w, "event type %02Xh, offset %u", e->event_type, e->offset);
	if (e->event_type == EVENT_THRESHOLD)
		say_threshold(w, e, sensor);
	else if (e->event_type == EVENT_SPECIFIC || !t)
		say_specific(w, e);
	if (e->deasserted)
		say(w, " (ended)");
}

const char *sel_text(
	const struct sel_entry *e, const struct sdr_sensor *sensor, char buf[static SEL_TEXT_MAX])
{
	struct words w = {.buf = buf};

	buf[0] = '\0';
	if (e->type < OEM_TIMED) {
		if (e->type != SYSTEM_EVENT)
			say(&w, "record type %02Xh: ", e->type);
		say_event(&w, e, sensor);
		return buf;
	}
	say(&w, "OEM record %02Xh", e->type);
	if (e->type < OEM_UNTIMED)
		say(&w, " of maker %u", e->manufacturer);
	say(&w, ":");
	for (unsigned i = 0; i < e->oem_len; i++)
		say(&w, " %02X", e->oem[i]);
	return buf;
}

enum ipmi_weight sel_weight(const struct sel_entry *e)
{
	const struct event_text *t;

	if (e->type >= OEM_TIMED || e->deasserted)
		return WEIGHT_OK;
	t = event_text(e->event_type, e->sensor_type, e->offset);
	return t ? t->weight : WEIGHT_OK;
}
