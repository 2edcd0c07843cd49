/* FRU inventory (IPMI 2.0 chapter 34; contents after the IPMI Platform Management FRU Information
 * Storage Definition v1.0): areas are made from the configured names when they are read, so that a
 * BMC holds a copy of its own only once somebody wrote to it. */
#include "tests/bmc/command.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

#define FRU_BYTES      512
#define FIELD_MAX      32 /* so that all fields of all areas fit */
#define FORMAT_VERSION 0x01
#define END_OF_FIELDS  0xc1
#define CHASSIS_RACK   0x17 /* SMBIOS chassis type: rack mount */
#define LANGUAGE_EN    25

enum encoding { AS_TEXT = 0xc0, AS_6BIT = 0x80, AS_BCD = 0x40, AS_BINARY = 0x00 };

/* Runs of # become the BMC's number with that many digits. */
static void expand(const struct bmcemu *bmc, const char *pattern, char *ret, size_t size)
{
	size_t n = 0;

	while (pattern && *pattern && n + 12 < size) {
		int digits = (int)strspn(pattern, "#");

		if (digits > 10)
			digits = 10;
		if (digits)
			n += (size_t)snprintf(
				ret + n, size - n, "%0*u", digits, (unsigned)bmc->config.number);
		else
			ret[n++] = *pattern;
		pattern += digits ? digits : 1;
	}
	ret[n] = 0;
}

/* Four characters in three bytes, the first in the lowest bits; lower case is not to be had. */
static size_t pack_6bit(uint8_t *p, const char *text, size_t len)
{
	size_t bytes = (len * 6 + 7) / 8;

	memset(p, 0, bytes);
	for (size_t i = 0; i < len; i++) {
		unsigned v = (unsigned)(text[i] - ' ') & 0x3f, at = i * 6;

		p[at / 8] |= v << at % 8;
		if (at % 8 > 2)
			p[at / 8 + 1] |= v >> (8 - at % 8);
	}
	return bytes;
}

static size_t pack_bcd(uint8_t *p, const char *text, size_t len)
{
	static const char digits[] = "0123456789 -.";
	size_t bytes = (len + 1) / 2;

	memset(p, 0xaa, bytes); /* blanks */
	for (size_t i = 0; i < len; i++) {
		const char *at = strchr(digits, text[i]);
		unsigned v = at ? at - digits : 0x0a, shift = i % 2 ? 0 : 4;

		p[i / 2] = (p[i / 2] & ~(0x0f << shift)) | v << shift;
	}
	return bytes;
}

/* FRU definition section 13: type and length, then the bytes. A text of one character would read
 * as the end of the fields. */
static size_t put_field(
	const struct bmcemu *bmc, uint8_t *p, const char *pattern, enum encoding encoding)
{
	char text[64];
	size_t len;

	expand(bmc, pattern, text, sizeof(text) - 2);
	if (encoding == AS_TEXT && strlen(text) == 1)
		strcat(text, " ");
	len = strlen(text);
	if (len > FIELD_MAX)
		len = FIELD_MAX;
	if (encoding == AS_6BIT)
		len = pack_6bit(p + 1, text, len);
	else if (encoding == AS_BCD)
		len = pack_bcd(p + 1, text, len);
	else
		memcpy(p + 1, text, len);
	p[0] = len ? encoding | len : 0;
	return 1 + len;
}

static uint8_t zero_sum(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum += *p++;
	return -sum;
}

/* Ends the area that begins at p and is len bytes long so far; gives its whole length. */
static size_t end_area(uint8_t *p, size_t len)
{
	size_t whole;

	p[len++] = END_OF_FIELDS;
	whole = (len + 1 + 7) / 8 * 8;
	p[0] = FORMAT_VERSION;
	p[1] = whole / 8;
	p[whole - 1] = zero_sum(p, whole - 1);
	return whole;
}

static size_t put_chassis(const struct bmcemu *bmc, uint8_t *p)
{
	const struct bmcemu_identity *id = bmc->config.identity;
	size_t n = 3;

	p[2] = CHASSIS_RACK;
	n += put_field(bmc, p + n, id->chassis_part, AS_TEXT);
	n += put_field(bmc, p + n, id->chassis_serial, AS_TEXT);
	return end_area(p, n);
}

static size_t put_board(const struct bmcemu *bmc, uint8_t *p)
{
	const struct bmcemu_identity *id = bmc->config.identity;
	size_t n = 6;

	p[2] = LANGUAGE_EN;
	memcpy(p + 3, (const uint8_t[]){0x00, 0x36, 0xd6}, 3); /* minutes since 1996: 2022 */
	n += put_field(bmc, p + n, id->board_manufacturer, AS_TEXT);
	n += put_field(bmc, p + n, id->board_product, AS_TEXT);
	n += put_field(bmc, p + n, id->board_serial, AS_TEXT);
	n += put_field(bmc, p + n, id->board_part, AS_TEXT);
	n += put_field(bmc, p + n, "", AS_TEXT); /* FRU file id */
	return end_area(p, n);
}

static size_t put_product(const struct bmcemu *bmc, uint8_t *p)
{
	const struct bmcemu_identity *id = bmc->config.identity;
	size_t n = 3;

	p[2] = LANGUAGE_EN;
	n += put_field(bmc, p + n, id->manufacturer, AS_TEXT);
	n += put_field(bmc, p + n, id->product, AS_TEXT);
	n += put_field(bmc, p + n, id->part, AS_TEXT);
	n += put_field(bmc, p + n, id->version, AS_TEXT);
	n += put_field(bmc, p + n, id->serial, AS_TEXT);
	n += put_field(bmc, p + n, id->asset, AS_TEXT);
	n += put_field(bmc, p + n, "", AS_TEXT);
	return end_area(p, n);
}

/* A power supply: its part number is in 6-bit ASCII and its version in BCD plus, as real ones
 * have them. */
static size_t put_supply(const struct bmcemu *bmc, uint8_t *p)
{
	size_t n = 3;

	p[2] = LANGUAGE_EN;
	n += put_field(bmc, p + n, "Ingot Power", AS_TEXT);
	n += put_field(bmc, p + n, "PSU 1100W", AS_TEXT);
	n += put_field(bmc, p + n, "PSU-1100", AS_6BIT);
	n += put_field(bmc, p + n, "0210", AS_BCD);
	n += put_field(bmc, p + n, "PS########", AS_TEXT);
	n += put_field(bmc, p + n, "", AS_TEXT); /* asset tag */
	n += put_field(bmc, p + n, "", AS_TEXT); /* FRU file id */
	return end_area(p, n);
}

typedef size_t area_fn(const struct bmcemu *bmc, uint8_t *p);

/* What each FRU device holds: chassis, board and product area (FRU definition section 8). */
static area_fn *const devices[EMU_FRU_COUNT][3] = {
	{put_chassis, put_board, put_product},
	{NULL, NULL, put_supply},
	{NULL, NULL, put_supply},
};

static void build(const struct bmcemu *bmc, uint8_t id, uint8_t ret[static FRU_BYTES])
{
	size_t n = 8;

	memset(ret, 0, FRU_BYTES);
	ret[0] = FORMAT_VERSION;
	for (int i = 0; i < 3; i++)
		if (devices[id][i]) {
			ret[2 + i] = n / 8;
			n += devices[id][i](bmc, ret + n);
		}
	ret[7] = zero_sum(ret, 7);
}

/* 34.1; accessed by bytes */
uint8_t fru_get_info(const struct request *q, struct reply *r)
{
	if (q->data[0] >= EMU_FRU_COUNT)
		return CC_NOT_PRESENT;
	reply_u16(r, FRU_BYTES);
	reply_u8(r, 0);
	return CC_OK;
}

/* 34.2 */
uint8_t fru_read(const struct request *q, struct reply *r)
{
	uint32_t max = fault_value(&q->bmc->faults, FAULT_FRU_READ_MAX);
	uint8_t id = q->data[0], count = q->data[3], built[FRU_BYTES];
	size_t offset = get_u16le(q->data + 1);
	const uint8_t *data = built;

	if (id >= EMU_FRU_COUNT)
		return CC_NOT_PRESENT;
	if (offset >= FRU_BYTES)
		return CC_OUT_OF_RANGE;
	if (count > sizeof(r->data) - 1 || (max && count > max))
		return CC_CANNOT_RETURN_SO_MANY;
	if (q->bmc->fru_written[id])
		data = q->bmc->fru_written[id];
	else
		build(q->bmc, id, built);
	if (count > FRU_BYTES - offset)
		count = FRU_BYTES - offset;
	reply_u8(r, count);
	reply_put(r, data + offset, count);
	return CC_OK;
}

/* 34.3 */
uint8_t fru_write(const struct request *q, struct reply *r)
{
	size_t offset = get_u16le(q->data + 1), count = q->len - 3;
	uint8_t id = q->data[0], **copy;

	if (id >= EMU_FRU_COUNT)
		return CC_NOT_PRESENT;
	if (offset >= FRU_BYTES || count > FRU_BYTES - offset)
		return CC_OUT_OF_RANGE;
	copy = &q->bmc->fru_written[id];
	if (!*copy) {
		*copy = xmalloc(FRU_BYTES);
		build(q->bmc, id, *copy);
	}
	memcpy(*copy + offset, q->data + 3, count);
	reply_u8(r, count);
	return CC_OK;
}
