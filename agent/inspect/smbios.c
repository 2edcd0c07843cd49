/* The SMBIOS reader; see smbios.h. The table is written by firmware and trusted in nothing. */
#include "agent/inspect/smbios.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

enum { TYPE_BIOS, TYPE_SYSTEM, TYPE_BOARD, TYPE_CHASSIS, TYPE_CPU };
enum { TYPE_MEMORY_ARRAY = 16, TYPE_MEMORY_DEVICE = 17, TYPE_IPMI = 38, TYPE_END = 127 };

/* One structure: `len` bytes formatted area, then `n_text` bytes of strings. */
struct structure {
	const uint8_t *data;
	size_t len;
	const char *text;
	size_t n_text;
};

/* A little-endian number of n bytes; 0 when the structure is too short (older version) for it. */
static uint64_t number(const struct structure *st, size_t offset, size_t n)
{
	return offset + n > st->len ? 0 : get_le(st->data + offset, n);
}

/* The string whose number stands at `offset`; section 6.1.3. */
static void text(const struct structure *st, size_t offset, char ret[static SMBIOS_TEXT_MAX])
{
	size_t want = number(st, offset, 1), at = 0, n = 0;

	ret[0] = '\0';
	if (!want)
		return;
	while (--want && at < st->n_text)
		at += strnlen(st->text + at, st->n_text - at) + 1;
	while (at < st->n_text && st->text[at] == ' ')
		at++;
	for (; at < st->n_text && st->text[at] && n < SMBIOS_TEXT_MAX - 1; at++) {
		unsigned char c = (unsigned char)st->text[at];

		ret[n++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	while (n && ret[n - 1] == ' ')
		n--;
	ret[n] = '\0';
}

static void read_bios(struct smbios *s, const struct structure *st)
{
	text(st, 0x04, s->bios.vendor);
	text(st, 0x05, s->bios.version);
	text(st, 0x08, s->bios.release_date);
}

static void read_system(struct smbios *s, const struct structure *st)
{
	text(st, 0x04, s->system.manufacturer);
	text(st, 0x05, s->system.product_name);
	text(st, 0x06, s->system.version);
	text(st, 0x07, s->system.serial_number);
	text(st, 0x19, s->system.sku_number);
	text(st, 0x1a, s->system.family);
	if (st->len >= 0x18) {
		memcpy(s->system.uuid, st->data + 0x08, 16);
		s->system.has_uuid = true;
	}
}

static void read_board(struct smbios *s, const struct structure *st)
{
	if (s->board.product[0])
		return; /* the first board is the main one */
	text(st, 0x04, s->board.manufacturer);
	text(st, 0x05, s->board.product);
	text(st, 0x07, s->board.serial_number);
	text(st, 0x08, s->board.asset_tag);
}

static void read_chassis(struct smbios *s, const struct structure *st)
{
	if (s->chassis.manufacturer[0])
		return;
	text(st, 0x04, s->chassis.manufacturer);
	text(st, 0x07, s->chassis.serial_number);
	text(st, 0x08, s->chassis.asset_tag);
}

/* A count of 0xff says that the real one stands in the wider field (DSP0134 table 21). */
static uint32_t wide_count(const struct structure *st, size_t narrow, size_t wide)
{
	uint32_t n = (uint32_t)number(st, narrow, 1);

	return n == 0xff && number(st, wide, 2) ? (uint32_t)number(st, wide, 2) : n;
}

static void read_cpu(struct smbios *s, const struct structure *st)
{
	struct smbios_cpu *c;

	if (s->n_cpus == SMBIOS_CPUS_MAX || number(st, 0x05, 1) != 3 /* central processor */)
		return;
	c = &s->cpus[s->n_cpus++];
	text(st, 0x04, c->socket_designation);
	text(st, 0x07, c->manufacturer);
	text(st, 0x10, c->version);
	c->max_speed_mhz = (uint32_t)number(st, 0x14, 2);
	c->current_speed_mhz = (uint32_t)number(st, 0x16, 2);
	c->populated = number(st, 0x18, 1) & 0x40;
	c->enabled = (number(st, 0x18, 1) & 0x07) == 1;
	c->core_count = wide_count(st, 0x23, 0x2a);
	c->thread_count = wide_count(st, 0x25, 0x2e);
}

static void read_memory_array(struct smbios *s, const struct structure *st)
{
	uint64_t kb = number(st, 0x07, 4);

	if (number(st, 0x05, 1) != 3 /* system memory */)
		return;
	if (kb == 0x80000000u)
		kb = number(st, 0x0f, 8) / 1024;
	s->memory_array.maximum_capacity_kb += kb;
	s->memory_array.slots += (uint32_t)number(st, 0x0d, 2);
}

/* Section 7.18.1: MiB, or KiB with bit 15; 0x7fff means the extended size; 0xffff is unknown. */
static uint64_t dimm_size_mb(const struct structure *st)
{
	uint64_t size = number(st, 0x0c, 2);

	if (size == 0xffff)
		return 0;
	if (size == 0x7fff)
		return number(st, 0x1c, 4) & 0x7fffffff;
	return size & 0x8000 ? (size & 0x7fff) / 1024 : size;
}

static void read_dimm(struct smbios *s, const struct structure *st)
{
	struct smbios_dimm *d;
	uint64_t speed = number(st, 0x15, 2);

	if (s->n_dimms == SMBIOS_DIMMS_MAX)
		return;
	if (!s->dimms)
		s->dimms = xcalloc(SMBIOS_DIMMS_MAX, sizeof(*s->dimms));
	d = &s->dimms[s->n_dimms++];
	d->size_mb = dimm_size_mb(st);
	d->memory_type = (uint8_t)number(st, 0x12, 1);
	d->speed_mts = (uint32_t)(speed == 0xffff ? number(st, 0x54, 4) & 0x7fffffff : speed);
	text(st, 0x10, d->device_locator);
	text(st, 0x11, d->bank_locator);
	text(st, 0x17, d->manufacturer);
	text(st, 0x18, d->serial_number);
	text(st, 0x1a, d->part_number);
}

static void read_ipmi(struct smbios *s, const struct structure *st)
{
	s->ipmi.present = true;
	s->ipmi.interface_type = (uint8_t)number(st, 0x04, 1);
	s->ipmi.spec_revision = (uint8_t)number(st, 0x05, 1);
	s->ipmi.base_address = number(st, 0x08, 8);
}

static const struct {
	uint8_t type;
	void (*read)(struct smbios *s, const struct structure *st);
} readers[] = {
	{TYPE_BIOS, read_bios},
	{TYPE_SYSTEM, read_system},
	{TYPE_BOARD, read_board},
	{TYPE_CHASSIS, read_chassis},
	{TYPE_CPU, read_cpu},
	{TYPE_MEMORY_ARRAY, read_memory_array},
	{TYPE_MEMORY_DEVICE, read_dimm},
	{TYPE_IPMI, read_ipmi},
};

/* Cuts the next structure off the table: formatted area, strings, two NULs. False at the end. */
static bool structure_next(const uint8_t *table, size_t len, size_t *pos, struct structure *ret)
{
	size_t start = *pos, at;

	if (len - start < 4 || table[start + 1] < 4 || table[start + 1] > len - start)
		return false;
	ret->data = table + start;
	ret->len = table[start + 1];
	at = start + ret->len;
	ret->text = (const char *)table + at;
	while (at + 1 < len && (table[at] || table[at + 1]))
		at++;
	if (at + 1 >= len)
		return false;
	ret->n_text = at - (start + ret->len);
	*pos = at + 2;
	return true;
}

int smbios_parse(const uint8_t *table, size_t len, struct smbios *ret)
{
	struct structure st;
	size_t pos = 0;

	memset(ret, 0, sizeof(*ret));
	while (pos < len && structure_next(table, len, &pos, &st)) {
		ret->structures++;
		if (st.data[0] == TYPE_END)
			break;
		for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
			if (readers[i].type == st.data[0])
				readers[i].read(ret, &st);
	}
	return ret->structures ? 0 : -EINVAL;
}

void smbios_done(struct smbios *s)
{
	free(s->dimms);
	s->dimms = NULL;
	s->n_dimms = 0;
}

uint64_t smbios_memory_mb(const struct smbios *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_dimms; i++)
		sum += s->dimms[i].size_mb;
	return sum;
}

const char *smbios_memory_type(uint8_t type)
{
	static const char *const names[] = {
		[0x07] = "RAM",
		[0x0f] = "SDRAM",
		[0x12] = "DDR",
		[0x13] = "DDR2",
		[0x18] = "DDR3",
		[0x1a] = "DDR4",
		[0x1b] = "LPDDR",
		[0x1c] = "LPDDR2",
		[0x1d] = "LPDDR3",
		[0x1e] = "LPDDR4",
		[0x20] = "HBM",
		[0x21] = "HBM2",
		[0x22] = "DDR5",
		[0x23] = "LPDDR5",
		[0x24] = "HBM3",
	};

	return type < ARRAY_SIZE(names) && names[type] ? names[type] : "";
}
