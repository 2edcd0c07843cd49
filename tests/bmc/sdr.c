/*
 * The SDR repository (IPMI 2.0 chapters 33 and 43). All emulated BMCs have the same records, made
 * from the table of sensors when first asked for, once for the whole process; only the reservation
 * is a BMC's own.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "tests/bmc/command.h"
#include "tests/bmc/sensor.h"

#define VERSION	     0x51
#define HEADER_LEN   5
#define RECORD_MAX   80
#define RECORDS_MAX  40
#define ID_LAST	     0xffff
#define ENTIRE	     0xff
#define FULL	     0x01
#define COMPACT	     0x02
#define EVENT_ONLY   0x03
#define FRU_LOCATOR  0x11
#define MC_LOCATOR   0x12
#define OEM	     0xc0
#define THRESHOLD    0x01
#define BMC_ADDRESS  0x20
#define SUPPORTS     0x03	 /* reserve and allocation information */
#define MADE_S	     1640995200u /* when the records were written: 2022-01-01 */
#define CAPABILITIES 0x8f	 /* as in Get Device ID */
#define ASCII	     0xc0

struct record {
	uint8_t len;
	uint8_t data[RECORD_MAX];
};

static struct record records[RECORDS_MAX];
static uint16_t n_records;

static void put(struct record *r, uint8_t v)
{
	r->data[r->len++] = v;
}

static void put16(struct record *r, uint16_t v)
{
	put(r, v & 0xff);
	put(r, v >> 8);
}

static void put_name(struct record *r, const char *name)
{
	size_t n = strlen(name);

	put(r, ASCII | n);
	memcpy(r->data + r->len, name, n);
	r->len += n;
}

static struct record *begin(uint8_t type)
{
	struct record *r = &records[n_records++];

	r->len = 0;
	put16(r, n_records); /* ids from 1 on */
	put(r, VERSION);
	put(r, type);
	put(r, 0);
	return r;
}

static void end(struct record *r)
{
	r->data[4] = r->len - HEADER_LEN;
}

/* Threshold events (table 42-2): bit of the assertion that belongs to each threshold. */
uint16_t sensor_events_of(uint8_t thresholds)
{
	static const uint8_t offsets[SENSOR_THRESHOLDS] = {0x00, 0x02, 0x04, 0x07, 0x09, 0x0b};
	uint16_t mask = 0;

	for (int i = 0; i < SENSOR_THRESHOLDS; i++)
		if (thresholds & 1u << i)
			mask |= 1u << offsets[i];
	return mask;
}

void sensor_put_event_masks(const struct sensor *s, struct reply *r)
{
	uint16_t mask = s->event_type == THRESHOLD ? sensor_events_of(s->has) : s->states;

	reply_u16(r, mask);
	reply_u16(r, mask);
}

/* Bytes 25 to 30 of table 43-1: M, tolerance, B, accuracy, exponents; also of table 35-5. */
void sensor_put_factors(const struct sensor *s, struct reply *r)
{
	reply_u8(r, s->m & 0xff);
	reply_u8(r, (s->m >> 8 & 0x03) << 6);
	reply_u8(r, s->b & 0xff);
	reply_u8(r, (s->b >> 8 & 0x03) << 6);
	reply_u8(r, 0);
	reply_u8(r, (s->r_exp & 0x0f) << 4 | (s->b_exp & 0x0f));
}

/* What full and compact records begin with, up to the masks. */
static void put_sensor_key(struct record *r, const struct sensor *s)
{
	put(r, BMC_ADDRESS);
	put(r, 0);
	put(r, s->number);
	put(r, s->entity);
	put(r, s->instance);
	put(r, 0x7f);					  /* initialization: all of it, enabled */
	put(r, s->event_type == THRESHOLD ? 0x48 : 0x40); /* re-arms; thresholds can be set */
	put(r, s->type);
	put(r, s->event_type);
}

/* Table 43-1 */
static void add_full(const struct sensor *s)
{
	struct record *r = begin(FULL);
	struct reply factors = {.len = 0};
	uint8_t lower = s->has & 0x07, upper = s->has >> 3 & 0x07;

	put_sensor_key(r, s);
	put16(r, sensor_events_of(s->has) | lower << 12);
	put16(r, sensor_events_of(s->has) | upper << 12);
	put(r, s->has); /* readable */
	put(r, s->has); /* settable */
	put(r, s->is_signed ? 0x80 : 0x00);
	put(r, s->unit);
	put(r, 0);
	put(r, s->linearization);
	sensor_put_factors(s, &factors);
	memcpy(r->data + r->len, factors.data, factors.len);
	r->len += factors.len;
	put(r, 0x01); /* nominal reading given */
	put(r, s->on);
	put(r, 0);
	put(r, 0);
	put(r, s->is_signed ? 0x7f : 0xff);
	put(r, s->is_signed ? 0x80 : 0x00);
	for (int i = SENSOR_THRESHOLDS - 1; i >= 0; i--)
		put(r, s->thresholds[i]);
	put16(r, 0); /* hysteresis */
	put16(r, 0); /* reserved */
	put(r, 0);   /* OEM */
	put_name(r, s->name);
	end(r);
}

/* Table 43-2; a shared record's sensors count their names and entities up. */
static void add_compact(const struct sensor *s)
{
	struct record *r = begin(COMPACT);

	put_sensor_key(r, s);
	put16(r, s->states);
	put16(r, s->states);
	put16(r, s->states);
	put(r, 0xc0); /* no analog reading */
	put16(r, 0);
	put(r, s->share ? s->share : 1);
	put(r, s->share ? 0x80 : 0);
	put16(r, 0); /* hysteresis */
	put16(r, 0);
	put16(r, 0); /* reserved, OEM */
	put_name(r, s->name);
	end(r);
}

/* Table 43-3 */
static void add_event_only(const struct sensor *s)
{
	struct record *r = begin(EVENT_ONLY);

	put(r, BMC_ADDRESS);
	put(r, 0);
	put(r, s->number);
	put(r, s->entity);
	put(r, s->instance);
	put(r, s->type);
	put(r, s->event_type);
	put16(r, 0); /* not shared */
	put16(r, 0);
	put_name(r, s->name);
	end(r);
}

/* Table 43-7 */
static void add_fru_locator(uint8_t id, uint8_t entity, uint8_t instance, const char *name)
{
	struct record *r = begin(FRU_LOCATOR);

	put(r, BMC_ADDRESS);
	put(r, id);
	put(r, 0x80); /* logical: read by FRU commands to the BMC */
	put16(r, 0);
	put(r, 0x10); /* device type and modifier: FRU inventory, unspecified */
	put(r, 0);
	put(r, entity);
	put(r, instance);
	put(r, 0);
	put_name(r, name);
	end(r);
}

/* Table 43-8 */
static void add_mc_locator(void)
{
	struct record *r = begin(MC_LOCATOR);

	put(r, BMC_ADDRESS);
	put(r, 0);
	put(r, 0);
	put(r, CAPABILITIES);
	put16(r, 0);
	put(r, 0);
	put(r, 0x06); /* system management module */
	put(r, 1);
	put(r, 0);
	put_name(r, "BMC");
	end(r);
}

/* Table 43-12: a maker's own record, which a client has to pass over. */
static void add_oem(void)
{
	struct record *r = begin(OEM);

	for (uint8_t i = 0; i < 9; i++)
		put(r, 0xa0 + i);
	end(r);
}

static void make_records(void)
{
	if (n_records)
		return;
	add_mc_locator();
	for (size_t i = 0; sensor_at(i); i++) {
		const struct sensor *s = sensor_at(i);

		if (s->events_only)
			add_event_only(s);
		else if (s->event_type == THRESHOLD)
			add_full(s);
		else
			add_compact(s);
	}
	add_oem();
	add_fru_locator(1, 0x0a, 1, "PSU1 FRU");
	add_fru_locator(2, 0x0a, 2, "PSU2 FRU");
}

/* 33.9 */
uint8_t sdr_get_info(const struct request *q, struct reply *r)
{
	make_records();
	reply_u8(r, VERSION);
	reply_u16(r, n_records + fault_value(&q->bmc->faults, FAULT_SDR_BAD_COUNT));
	reply_u16(r, 0); /* full: nothing can be added */
	reply_u32(r, MADE_S);
	reply_u32(r, UINT32_MAX);
	reply_u8(r, SUPPORTS);
	return CC_OK;
}

/* 33.10 */
uint8_t sdr_get_alloc_info(const struct request *q, struct reply *r)
{
	make_records();
	reply_u16(r, n_records);
	reply_u16(r, RECORD_MAX);
	reply_u16(r, 0);
	reply_u16(r, 0);
	reply_u8(r, 1);
	return CC_OK;
}

/* 33.11 */
uint8_t sdr_reserve(const struct request *q, struct reply *r)
{
	reply_u16(r, q->bmc->sdr_reservation = emu_new_reservation(q->bmc));
	return CC_OK;
}

static const struct record *find_record(uint16_t id, uint16_t *ret_next)
{
	uint16_t i = id == 0 ? 0 : id == ID_LAST ? n_records - 1 : id - 1;

	*ret_next = i + 1 < n_records ? i + 2 : ID_LAST;
	return i < n_records ? &records[i] : NULL;
}

/* 33.12: a reservation is needed only for a part of a record */
uint8_t sdr_get(const struct request *q, struct reply *r)
{
	const struct faults *f = &q->bmc->faults;
	uint32_t max = fault_value(f, FAULT_SDR_READ_MAX);
	uint8_t offset = q->data[4], count = q->data[5], data[RECORD_MAX];
	const struct record *record;
	uint16_t next;

	make_records();
	if (offset && !emu_reservation_holds(q->bmc, &q->bmc->sdr_reservation, get_u16le(q->data)))
		return CC_RESERVATION_LOST;
	record = find_record(get_u16le(q->data + 2), &next);
	if (!record)
		return CC_NOT_PRESENT;
	if (next == ID_LAST && fault_value(f, FAULT_SDR_LAST_FAILS))
		return CC_TIMEOUT;
	if (offset >= record->len)
		return CC_OUT_OF_RANGE;
	if (count > record->len - offset)
		count = record->len - offset;
	if (max && count > max)
		return CC_CANNOT_RETURN_SO_MANY;
	memcpy(data, record->data, record->len);
	data[4] += fault_value(f, FAULT_SDR_BAD_LENGTH);
	reply_u16(r, next);
	reply_put(r, data + offset, count);
	return CC_OK;
}

/* 33.17 */
uint8_t sdr_get_time(const struct request *q, struct reply *r)
{
	reply_u32(r, emu_clock_s(q->bmc));
	return CC_OK;
}
