/* FRU inventory areas; see fru.h. */
#include "conductor/bmc/ipmi/fru.h"

#include <errno.h>
#include <string.h>

#include "conductor/bmc/ipmi/chars.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define HEADER_LEN 8
#define FIELDS_END 0xc1 /* a type/length byte that ends an area's fields */
#define EPOCH_1996 820454400
#define ENGLISH(l) ((l) == 0 || (l) == 25)

const char *const fru_area_names[FRU_AREAS] = {"chassis", "board", "product"};

/* FRU 10, 11 and 12: where an area is named in the header, where its fields begin, which they are.
 */
static const struct layout {
	uint8_t header_at, fields_at;
	const char *names[8];
} layouts[FRU_AREAS] = {
	[FRU_CHASSIS] = {2, 3, {"part_number", "serial_number"}},
	[FRU_BOARD] = {3, 6,
		{"manufacturer", "product_name", "serial_number", "part_number", "fru_file_id"}},
	[FRU_PRODUCT] = {4, 3,
		{"manufacturer", "product_name", "part_number", "version", "serial_number",
			"asset_tag", "fru_file_id"}},
};

/* SMBIOS 3.6, table 17, which FRU 10 refers to. */
static const char *const chassis_types[] = {NULL, "Other", "Unknown", "Desktop",
	"Low Profile Desktop", "Pizza Box", "Mini Tower", "Tower", "Portable", "Laptop", "Notebook",
	"Hand Held", "Docking Station", "All in One", "Sub Notebook", "Space-saving", "Lunch Box",
	"Main Server Chassis", "Expansion Chassis", "SubChassis", "Bus Expansion Chassis",
	"Peripheral Chassis", "RAID Chassis", "Rack Mount Chassis", "Sealed-case PC",
	"Multi-system Chassis", "Compact PCI", "Advanced TCA", "Blade", "Blade Enclosure", "Tablet",
	"Convertible", "Detachable", "IoT Gateway", "Embedded PC", "Mini PC", "Stick PC"};

static uint8_t sum(const uint8_t *p, size_t len)
{
	uint8_t s = 0;

	while (len--)
		s = (uint8_t)(s + *p++);
	return s;
}

static bool header_good(const uint8_t *data, size_t len)
{
	return len >= HEADER_LEN && (data[0] & 0x0f) == 1 && sum(data, HEADER_LEN) == 0;
}

size_t fru_needed(const uint8_t *data, size_t len)
{
	size_t need = HEADER_LEN;

	if (!header_good(data, len))
		return need;
	for (int a = 0; a < FRU_AREAS; a++) {
		size_t at = (size_t)data[layouts[a].header_at] * 8, end = at + 2;

		if (!at)
			continue;
		if (end <= len)
			end = at + (size_t)data[at + 1] * 8;
		if (end > need)
			need = end;
	}
	return need < FRU_SIZE_MAX ? need : FRU_SIZE_MAX;
}

static void add_field(struct fru_area *a, const struct layout *l, unsigned index, uint8_t language,
	const uint8_t *p, size_t len)
{
	enum chars_code code = (enum chars_code)(p[-1] >> 6);
	struct fru_field *f = &a->fields[a->n_fields];
	unsigned named = 0;

	while (named < ARRAY_SIZE(l->names) && l->names[named])
		named++;
	f->number = index < named ? 0 : index - named + 1;
	f->name = index < named ? l->names[index] : "custom";
	if (code == CHARS_LATIN1 && !ENGLISH(language))
		code = CHARS_UCS2;
	chars_decode(code, p, len, f->text, sizeof(f->text));
	if (*f->text)
		a->n_fields++;
}

/* Fields one after the other, each behind its type/length byte. */
static void read_fields(
	struct fru_area *a, const struct layout *l, uint8_t language, const uint8_t *p, size_t len)
{
	size_t at = l->fields_at;

	for (unsigned i = 0; at < len && p[at] != FIELDS_END && a->n_fields < FRU_FIELDS_MAX; i++) {
		size_t n = p[at] & 0x3f;

		if (at + 1 + n > len)
			return;
		add_field(a, l, i, language, p + at + 1, n);
		at += 1 + n;
	}
}

static void read_area(struct fru_area *a, enum fru_area_kind kind, const uint8_t *p, size_t left)
{
	size_t said = left >= 2 ? (size_t)p[1] * 8 : 0;
	size_t len = said < left ? said : left;
	uint8_t language = 0;

	a->present = said != 0;
	a->cut = said > left;
	if (len < 8)
		return;
	a->bad_checksum = !a->cut && sum(p, len) != 0;
	if (kind == FRU_CHASSIS)
		a->chassis_type = p[2] < ARRAY_SIZE(chassis_types) ? chassis_types[p[2]] : NULL;
	else
		language = p[2];
	if (kind == FRU_BOARD && get_le(p + 3, 3))
		a->made_s = EPOCH_1996 + (int64_t)get_le(p + 3, 3) * 60;
	read_fields(a, &layouts[kind], language, p, len);
}

int fru_parse(const uint8_t *data, size_t len, struct ipmi_fru *ret)
{
	if (!header_good(data, len))
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	for (int k = 0; k < FRU_AREAS; k++) {
		size_t at = (size_t)data[layouts[k].header_at] * 8;

		if (at && at < len)
			read_area(&ret->areas[k], (enum fru_area_kind)k, data + at, len - at);
	}
	return 0;
}
