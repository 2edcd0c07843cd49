/* Which records fit a BMC, and what they add up to. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "hwdb/internal.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

/* Compares versions part by part: "1.23.06" is less than "1.100". */
static int version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		char *end_a, *end_b;
		unsigned long x = strtoul(a, &end_a, 10), y = strtoul(b, &end_b, 10);

		if (x != y)
			return x < y ? -1 : 1;
		a = end_a + strcspn(end_a, "0123456789");
		b = end_b + strcspn(end_b, "0123456789");
	}
	return 0;
}

/* "<1.23", "<=", ">", ">=", or a shell pattern. */
static bool firmware_fits(const char *pattern, const char *firmware)
{
	bool less = pattern[0] == '<', more = pattern[0] == '>';
	bool equal = (less || more) && pattern[1] == '=';
	int order;

	if (!firmware)
		return str_eq(pattern, "*");
	if (!less && !more)
		return fnmatch(pattern, firmware, 0) == 0;
	order = version_compare(firmware, pattern + 1 + equal);
	return order == 0 ? equal : (order < 0) == less;
}

static bool text_fits(const char *pattern, const char *text)
{
	return text ? fnmatch(pattern, text, FNM_CASEFOLD) == 0 : str_eq(pattern, "*");
}

static bool number_fits(const char *pattern, uint32_t number)
{
	return strtoul(pattern, NULL, 0) == number;
}

static bool pattern_fits(const struct pattern *p, const struct hwdb_match *m)
{
	const char *const *f = (const char *const *)p->fields;

	return (!f[FIELD_MANUFACTURER] || number_fits(f[FIELD_MANUFACTURER], m->manufacturer_id)) &&
	       (!f[FIELD_PRODUCT] ||
		       (m->manufacturer_id && number_fits(f[FIELD_PRODUCT], m->product_id))) &&
	       (!f[FIELD_FIRMWARE] || firmware_fits(f[FIELD_FIRMWARE], m->firmware)) &&
	       (!f[FIELD_VENDOR] || text_fits(f[FIELD_VENDOR], m->vendor)) &&
	       (!f[FIELD_MODEL] || text_fits(f[FIELD_MODEL], m->model));
}

static bool record_fits(const struct record *r, const struct hwdb_match *m)
{
	for (size_t i = 0; i < r->n_patterns; i++)
		if (pattern_fits(&r->patterns[i], m))
			return true;
	return false;
}

static void apply(const struct property *p, struct bmc_traits *traits)
{
	const struct key *key = p->key;
	void *to = (char *)traits + key->offset;

	if (key->kind == KEY_TEXT)
		return;
	if (key->kind == KEY_FLAG)
		traits->quirks = (traits->quirks & ~key->quirk) | (p->number ? key->quirk : 0);
	else if (key->size == sizeof(uint16_t))
		*(uint16_t *)to = (uint16_t)p->number;
	else
		*(uint8_t *)to = (uint8_t)p->number;
}

void hwdb_lookup(const struct hwdb *db, const struct hwdb_match *match, struct bmc_traits *ret)
{
	*ret = (struct bmc_traits)BMC_TRAITS_DEFAULT;
	for (size_t i = 0; db && i < db->n; i++) {
		const struct record *r = &db->records[i];

		if (record_fits(r, match))
			for (size_t k = 0; k < r->n_properties; k++)
				apply(&r->properties[k], ret);
	}
}

static const char *text_of(const struct record *r, const char *name)
{
	for (size_t k = 0; k < r->n_properties; k++)
		if (str_eq(r->properties[k].key->name, name))
			return r->properties[k].value;
	return NULL;
}

const char *hwdb_vendor(const struct hwdb *db, const struct hwdb_match *match)
{
	const char *vendor = NULL, *v;

	for (size_t i = 0; db && i < db->n; i++) {
		v = text_of(&db->records[i], "VENDOR");
		if (v && record_fits(&db->records[i], match))
			vendor = v;
	}
	return vendor;
}

void hwdb_explain(const struct hwdb *db, const struct hwdb_match *match,
	void (*each)(void *data, const struct hwdb_record_info *info), void *data)
{
	for (size_t i = 0; db && i < db->n; i++) {
		const struct record *r = &db->records[i];
		const struct hwdb_record_info info = {
			r->file, r->line, text_of(r, "SOURCE"), text_of(r, "NOTE")};

		if (!match || record_fits(r, match))
			each(data, &info);
	}
}
