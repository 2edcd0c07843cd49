/* The system event log (IPMI 2.0 chapters 31 and 32): records in one row, oldest first, in memory
 * that grows with them. */
#include "tests/bmc/sel.h"

#include <string.h>

#include "lib/base/mem.h"
#include "tests/bmc/command.h"

#define VERSION		0x51
#define FIRST_ROOM	8
#define TYPE_SYSTEM	0x02
#define TYPE_NO_TIME	0xe0 /* OEM records from here on carry no time of the BMC's */
#define EVENT_REVISION	0x04
#define ID_FIRST	0x0000
#define ID_LAST		0xffff
#define OVERFLOW_FLAG	0x80
#define CAN_DELETE	0x08
#define CAN_RESERVE	0x02
#define CAN_TELL_ALLOC	0x01
#define ERASE_COMPLETED 0x01

void sel_done(struct sel *sel)
{
	free(sel->records);
}

static void make_room(struct sel *sel, unsigned capacity)
{
	unsigned room = sel->room ? sel->room * 2 : FIRST_ROOM;

	if (sel->n < sel->room)
		return;
	sel->room = room < capacity ? room : capacity;
	sel->records = xrealloc(sel->records, sel->room * sizeof(sel->records[0]));
}

static uint8_t *find_record(const struct sel *sel, uint16_t id, unsigned *ret_i)
{
	if (id == ID_FIRST || id == ID_LAST) {
		*ret_i = id == ID_FIRST || !sel->n ? 0 : sel->n - 1;
		return sel->n ? sel->records[*ret_i] : NULL;
	}
	for (*ret_i = 0; *ret_i < sel->n; ++*ret_i)
		if (get_u16le(sel->records[*ret_i]) == id)
			return sel->records[*ret_i];
	return NULL;
}

/* Ids grow; behind the highest the numbers start again with those that are free. */
static uint16_t new_id(struct sel *sel)
{
	unsigned at;

	do
		sel->last_id = sel->last_id >= ID_LAST - 1 ? 1 : sel->last_id + 1;
	while (find_record(sel, sel->last_id, &at));
	return sel->last_id;
}

uint16_t bmcemu_sel_add(struct bmcemu *bmc, const uint8_t record[static SEL_RECORD_LEN])
{
	struct sel *sel = &bmc->sel;
	uint16_t id;
	uint8_t *p;

	if (sel->n >= bmc->config.sel_records) {
		sel->overflow = true;
		return 0;
	}
	make_room(sel, bmc->config.sel_records);
	id = new_id(sel);
	p = sel->records[sel->n++];
	memcpy(p, record, SEL_RECORD_LEN);
	put_u16le(p, id);
	sel->added_s = emu_clock_s(bmc);
	if (p[2] < TYPE_NO_TIME)
		put_u32le(p + 3, sel->added_s);
	return id;
}

void sel_add_event(struct bmcemu *bmc, const struct sel_event *event)
{
	uint8_t p[SEL_RECORD_LEN] = {[2] = TYPE_SYSTEM};

	p[7] = 0x20; /* generator: the BMC itself */
	p[9] = EVENT_REVISION;
	p[10] = event->sensor_type;
	p[11] = event->sensor;
	p[12] = event->event_type | (event->gone ? 0x80 : 0);
	memcpy(p + 13, event->data, 3);
	bmcemu_sel_add(bmc, p);
}

const uint8_t *bmcemu_sel_at(const struct bmcemu *bmc, size_t i)
{
	return i < bmc->sel.n ? bmc->sel.records[i] : NULL;
}

void bmcemu_sel_clear(struct bmcemu *bmc)
{
	sel_done(&bmc->sel);
	bmc->sel = (struct sel){.erased_s = emu_clock_s(bmc), .added_s = bmc->sel.added_s};
}

/* 31.2 */
uint8_t sel_get_info(const struct request *q, struct reply *r)
{
	const struct sel *sel = &q->bmc->sel;
	unsigned free_bytes = (q->bmc->config.sel_records - sel->n) * SEL_RECORD_LEN;

	reply_u8(r, VERSION);
	reply_u16(r, sel->n);
	reply_u16(r, free_bytes < 0xffff ? free_bytes : 0xffff);
	reply_u32(r, sel->added_s ? sel->added_s : UINT32_MAX);
	reply_u32(r, sel->erased_s ? sel->erased_s : UINT32_MAX);
	reply_u8(
		r, (sel->overflow ? OVERFLOW_FLAG : 0) | CAN_DELETE | CAN_RESERVE | CAN_TELL_ALLOC);
	return CC_OK;
}

/* 31.3: units of one record */
uint8_t sel_get_alloc_info(const struct request *q, struct reply *r)
{
	unsigned all = q->bmc->config.sel_records, left = all - q->bmc->sel.n;

	reply_u16(r, all);
	reply_u16(r, SEL_RECORD_LEN);
	reply_u16(r, left);
	reply_u16(r, left);
	reply_u8(r, 1);
	return CC_OK;
}

/* 31.4 */
uint8_t sel_reserve(const struct request *q, struct reply *r)
{
	reply_u16(r, q->bmc->sel.reservation = emu_new_reservation(q->bmc));
	return CC_OK;
}

/* 31.5: a reservation is needed only for a part of a record */
uint8_t sel_get_entry(const struct request *q, struct reply *r)
{
	struct sel *sel = &q->bmc->sel;
	uint16_t id = get_u16le(q->data + 2);
	uint8_t offset = q->data[4], count = q->data[5];
	const uint8_t *p;
	unsigned i;

	if (offset && !emu_reservation_holds(q->bmc, &sel->reservation, get_u16le(q->data)))
		return CC_RESERVATION_LOST;
	p = find_record(sel, id, &i);
	if (!p)
		return CC_NOT_PRESENT;
	if (offset >= SEL_RECORD_LEN)
		return CC_OUT_OF_RANGE;
	if (count > SEL_RECORD_LEN - offset)
		count = SEL_RECORD_LEN - offset;
	reply_u16(r, i + 1 < sel->n ? get_u16le(sel->records[i + 1]) : ID_LAST);
	reply_put(r, p + offset, count);
	return CC_OK;
}

/* 31.6 */
uint8_t sel_add_entry(const struct request *q, struct reply *r)
{
	uint16_t id = bmcemu_sel_add(q->bmc, q->data);

	if (!id)
		return CC_OUT_OF_SPACE;
	reply_u16(r, id);
	return CC_OK;
}

/* 31.8 */
uint8_t sel_delete_entry(const struct request *q, struct reply *r)
{
	struct sel *sel = &q->bmc->sel;
	uint16_t id;
	unsigned i;

	if (!emu_reservation_holds(q->bmc, &sel->reservation, get_u16le(q->data)))
		return CC_RESERVATION_LOST;
	if (!find_record(sel, get_u16le(q->data + 2), &i))
		return CC_NOT_PRESENT;
	id = get_u16le(sel->records[i]);
	memmove(sel->records + i, sel->records + i + 1, (sel->n - i - 1) * SEL_RECORD_LEN);
	sel->n--;
	sel->reservation = 0;
	sel->erased_s = emu_clock_s(q->bmc);
	reply_u16(r, id);
	return CC_OK;
}

/* 31.9: erasing takes no time, so its status always is "completed" */
uint8_t sel_clear(const struct request *q, struct reply *r)
{
	if (!emu_reservation_holds(q->bmc, &q->bmc->sel.reservation, get_u16le(q->data)))
		return CC_RESERVATION_LOST;
	if (memcmp(q->data + 2, "CLR", 3) != 0 || (q->data[5] != 0xaa && q->data[5] != 0x00))
		return CC_INVALID_FIELD;
	if (q->data[5] == 0xaa)
		bmcemu_sel_clear(q->bmc);
	reply_u8(r, ERASE_COMPLETED);
	return CC_OK;
}

/* 31.10 */
uint8_t sel_get_time(const struct request *q, struct reply *r)
{
	reply_u32(r, emu_clock_s(q->bmc));
	return CC_OK;
}

/* 31.11 */
uint8_t sel_set_time(const struct request *q, struct reply *r)
{
	q->bmc->clock_offset_s += (int64_t)get_u32le(q->data) - emu_clock_s(q->bmc);
	return CC_OK;
}

/* 31.11a */
uint8_t sel_get_utc_offset(const struct request *q, struct reply *r)
{
	reply_u16(r, q->bmc->utc_offset_min);
	return CC_OK;
}

/* 31.11b: minutes, within a day, or 7FFh for unspecified */
uint8_t sel_set_utc_offset(const struct request *q, struct reply *r)
{
	int16_t minutes = (int16_t)get_u16le(q->data);

	if (minutes != 0x7ff && (minutes < -1440 || minutes > 1440))
		return CC_OUT_OF_RANGE;
	q->bmc->utc_offset_min = minutes;
	return CC_OK;
}
