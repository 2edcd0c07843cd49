/* Sensor commands (IPMI 2.0 chapter 35, and Platform Event of section 29.3). */
#include <string.h>

#include "tests/bmc/command.h"
#include "tests/bmc/sel.h"
#include "tests/bmc/sensor.h"

#define THRESHOLD      0x01
#define EVENTS_ON      0x80
#define SCANNING_ON    0x40
#define UNAVAILABLE    0x20
#define FACTOR_NEXT(x) ((x) == 0xff ? 0xff : (x) + 1)

/* 35.2: the sensors are in the repository, there are no device SDRs; static */
uint8_t sensor_get_device_sdr_info(const struct request *q, struct reply *r)
{
	unsigned n = 0;

	for (size_t i = 0; sensor_at(i); i++)
		n += sensor_at(i)->share ? sensor_at(i)->share : 1;
	reply_u8(r, n);
	reply_u8(r, 0x01);
	return CC_OK;
}

/* A sensor that can be asked, or NULL. */
static const struct sensor *asked(const struct request *q)
{
	const struct sensor *s = sensor_find(q->data[0]);

	return s && !s->events_only ? s : NULL;
}

/* 35.5: the conversion of the whole range is one */
uint8_t sensor_get_factors(const struct request *q, struct reply *r)
{
	const struct sensor *s = asked(q);

	if (!s || s->event_type != THRESHOLD)
		return CC_NOT_PRESENT;
	reply_u8(r, FACTOR_NEXT(q->data[1]));
	sensor_put_factors(s, r);
	return CC_OK;
}

/* 35.7: none */
uint8_t sensor_get_hysteresis(const struct request *q, struct reply *r)
{
	if (!asked(q))
		return CC_NOT_PRESENT;
	reply_u16(r, 0);
	return CC_OK;
}

/* 35.8 */
uint8_t sensor_cmd_set_thresholds(const struct request *q, struct reply *r)
{
	const struct sensor *s = asked(q);

	if (!s)
		return CC_NOT_PRESENT;
	if (s->event_type != THRESHOLD || q->data[1] & ~s->has)
		return CC_INVALID_FIELD;
	sensor_set_thresholds(q->bmc, s, q->data[1], q->data + 2);
	return CC_OK;
}

/* 35.9 */
uint8_t sensor_get_thresholds(const struct request *q, struct reply *r)
{
	const struct sensor *s = asked(q);

	if (!s)
		return CC_NOT_PRESENT;
	if (s->event_type != THRESHOLD)
		return CC_INVALID_COMMAND;
	reply_u8(r, s->has);
	reply_put(r, sensor_thresholds(q->bmc, s), SENSOR_THRESHOLDS);
	return CC_OK;
}

/* 35.11 */
uint8_t sensor_get_event_enable(const struct request *q, struct reply *r)
{
	const struct sensor *s = asked(q);

	if (!s)
		return CC_NOT_PRESENT;
	reply_u8(r, EVENTS_ON | SCANNING_ON);
	sensor_put_event_masks(s, r);
	return CC_OK;
}

/* 35.13: the events that hold now */
uint8_t sensor_get_event_status(const struct request *q, struct reply *r)
{
	const struct sensor *s = asked(q);
	uint16_t raw;

	if (!s)
		return CC_NOT_PRESENT;
	raw = sensor_reading(q->bmc, q->data[0]);
	reply_u8(r, EVENTS_ON | SCANNING_ON | (raw == SENSOR_UNAVAILABLE ? UNAVAILABLE : 0));
	if (s->event_type != THRESHOLD)
		reply_u16(r, raw == SENSOR_UNAVAILABLE ? 0 : raw);
	else
		reply_u16(r, sensor_events_of(sensor_compare(q->bmc, q->data[0])));
	reply_u16(r, 0);
	return CC_OK;
}

/* 35.14 */
uint8_t sensor_get_reading(const struct request *q, struct reply *r)
{
	const struct sensor *s = asked(q);
	uint16_t raw;
	bool gone;

	if (!s)
		return CC_NOT_PRESENT;
	raw = sensor_reading(q->bmc, q->data[0]);
	gone = raw == SENSOR_UNAVAILABLE;
	reply_u8(r, gone || s->event_type != THRESHOLD ? 0 : raw);
	reply_u8(r, EVENTS_ON | SCANNING_ON | (gone ? UNAVAILABLE : 0));
	if (s->event_type == THRESHOLD)
		reply_u8(r, 0xc0 | sensor_compare(q->bmc, q->data[0]));
	else
		reply_u16(r, gone ? 0 : raw | 0x8000);
	return CC_OK;
}

/* 35.16 */
uint8_t sensor_get_type(const struct request *q, struct reply *r)
{
	const struct sensor *s = asked(q);

	if (!s)
		return CC_NOT_PRESENT;
	reply_u8(r, s->type);
	reply_u8(r, s->event_type);
	return CC_OK;
}

/* 29.3: from a session the generator is the remote console's software, 41h */
uint8_t sensor_platform_event(const struct request *q, struct reply *r)
{
	uint8_t p[SEL_RECORD_LEN] = {[2] = 0x02, [7] = 0x41};

	memcpy(p + 9, q->data, q->len);
	memset(p + 9 + q->len, 0xff, 7 - q->len);
	return bmcemu_sel_add(q->bmc, p) ? CC_OK : CC_OUT_OF_SPACE;
}
