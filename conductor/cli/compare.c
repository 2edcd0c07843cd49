/* Comparing inventories; see compare.h. */
#include "conductor/cli/compare.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/cli/table.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 512

/* What changes by itself. */
static const char *const restless[] = {"ipv4_address", "ipv6_address", "frequency", "uptime_s",
	"clock_offset_s", "temperature_c", "power_on_hours", "read_bytes", "written_bytes",
	"unsafe_shutdowns", "lldp", "pcrs", NULL};

/* What every machine has for itself. */
static const char *const own[] = {"mac_address", "serial", "serial_number", "wwn",
	"wwn_with_extension", "wwn_vendor_extension", "bmc_address", "bmc_v6address", "bmc_mac",
	"hostname", "uuid", "asset_tag", "pxe_interface", "client_id", "wear_percent", NULL};

/* What names an element of a list, the best first; those of own[] do not between machines. */
static const char *const names[] = {"serial", "mac_address", "locator", "device_locator",
	"pci_address", "bus", "slot", "name", "id", "core_id", "handle", NULL};

struct comparison {
	enum compare_kind kind;
	json_t *rows;
};

static bool listed(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (str_eq(*list, word))
			return true;
	return false;
}

static bool ignored(const struct comparison *c, const char *key)
{
	return listed(restless, key) || (c->kind == COMPARE_MACHINES && listed(own, key));
}

static void add_row(
	struct comparison *c, const char *path, const json_t *before, const json_t *after)
{
	json_t *row;

	if (json_array_size(c->rows) >= COMPARE_ROWS_MAX)
		return;
	row = json_object();
	json_put_str(row, "path", path);
	json_object_set_new(row, "before", before ? json_incref((json_t *)before) : json_null());
	json_object_set_new(row, "after", after ? json_incref((json_t *)after) : json_null());
	json_array_append_new(c->rows, row);
}

/* Whether this member tells all elements of the list apart. */
static bool tells_apart(const json_t *list, const char *key)
{
	_cleanup_json_ json_t *seen = json_object();
	json_t *element;
	size_t i;

	json_array_foreach ((json_t *)list, i, element) {
		_cleanup_free_ char *text = json_text(json_object_get(element, key));

		if (json_is_null(json_object_get(element, key)) || str_eq(text, "null") ||
			str_eq(text, "\"\"") || json_object_get(seen, text))
			return false;
		json_object_set_new(seen, text, json_true());
	}
	return true;
}

/* The member by which elements of both lists are found again; NULL: only their place. */
static const char *name_of_elements(
	const struct comparison *c, const json_t *before, const json_t *after)
{
	for (size_t i = 0; names[i]; i++) {
		if (c->kind == COMPARE_MACHINES && listed(own, names[i]))
			continue;
		if (tells_apart(before, names[i]) && tells_apart(after, names[i]))
			return names[i];
	}
	return NULL;
}

static const json_t *find(const json_t *list, const char *key, const json_t *value)
{
	json_t *element;
	size_t i;

	json_array_foreach ((json_t *)list, i, element)
		if (json_equal(json_object_get(element, key), value))
			return element;
	return NULL;
}

static void element_path(char ret[static PATH_MAX_BYTES], const char *path, const json_t *element,
	const char *key, size_t i)
{
	const char *shown[] = {"name", key};

	for (size_t s = 0; key && s < ARRAY_SIZE(shown); s++) {
		_cleanup_free_ char *text = table_text(json_object_get(element, shown[s]));

		if (json_object_get(element, shown[s]) && !str_eq(text, "-")) {
			snprintf(ret, PATH_MAX_BYTES, "%s[%.100s]", path, text);
			return;
		}
	}
	snprintf(ret, PATH_MAX_BYTES, "%s[%zu]", path, i);
}

static void walk(struct comparison *c, const char *path, const json_t *before, const json_t *after,
	int depth);

static void walk_things(struct comparison *c, const char *path, const json_t *before,
	const json_t *after, int depth)
{
	const char *key = name_of_elements(c, before, after);
	char below[PATH_MAX_BYTES];
	json_t *element;
	size_t i;

	json_array_foreach ((json_t *)before, i, element) {
		element_path(below, path, element, key, i);
		walk(c, below, element,
			key ? find(after, key, json_object_get(element, key))
			    : json_array_get(after, i),
			depth);
	}
	json_array_foreach ((json_t *)after, i, element) {
		if (key ? find(before, key, json_object_get(element, key)) != NULL
			: i < json_array_size(before))
			continue;
		element_path(below, path, element, key, i);
		walk(c, below, NULL, element, depth);
	}
}

/* Lists of plain values: a row for each that only one of them has. */
static void walk_set(
	struct comparison *c, const char *path, const json_t *before, const json_t *after)
{
	json_t *value;
	size_t i;

	json_array_foreach ((json_t *)before, i, value)
		if (!json_array_has(after, value))
			add_row(c, path, value, NULL);
	json_array_foreach ((json_t *)after, i, value)
		if (!json_array_has(before, value))
			add_row(c, path, NULL, value);
}

static void walk_object(struct comparison *c, const char *path, const json_t *before,
	const json_t *after, int depth)
{
	char below[PATH_MAX_BYTES];
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)before, key, value) {
		if (ignored(c, key))
			continue;
		snprintf(below, sizeof(below), "%s%s%.100s", path, *path ? "." : "", key);
		walk(c, below, value, json_object_get(after, key), depth);
	}
	json_object_foreach ((json_t *)after, key, value) {
		if (ignored(c, key) || json_object_get(before, key))
			continue;
		snprintf(below, sizeof(below), "%s%s%.100s", path, *path ? "." : "", key);
		walk(c, below, NULL, value, depth);
	}
}

static bool holds_things(const json_t *list)
{
	return json_is_object(json_array_get(list, 0));
}

/* An absent value and null are the same: older agents leave out what they do not know. */
static void walk(struct comparison *c, const char *path, const json_t *before, const json_t *after,
	int depth)
{
	if (json_is_null(before))
		before = NULL;
	if (json_is_null(after))
		after = NULL;
	if ((!before && !after) || (before && after && json_equal(before, after)))
		return;
	if (depth <= 0 || strlen(path) > PATH_MAX_BYTES - 128)
		add_row(c, path, before, after);
	else if (json_is_object(before) && json_is_object(after))
		walk_object(c, path, before, after, depth - 1);
	else if (json_is_array(before) && json_is_array(after) &&
		 (holds_things(before) || holds_things(after)))
		walk_things(c, path, before, after, depth - 1);
	else if (json_is_array(before) && json_is_array(after))
		walk_set(c, path, before, after);
	else
		add_row(c, path, before, after);
}

json_t *compare(const json_t *before, const json_t *after, enum compare_kind kind)
{
	struct comparison c = {.kind = kind, .rows = json_array()};

	walk(&c, "", before, after, JSON_DEPTH_MAX);
	return c.rows;
}

/* A thing in a few words: what made people buy it. */
static char *summary(const json_t *thing)
{
	static const char *const telling[] = {"size", "speed_mbps", "manufacturer", "vendor",
		"model", "product", "model_name", "part_number", "mac_address", "serial",
		"serial_number"};
	struct buf b = BUF_INIT(1024);

	for (size_t i = 0; i < ARRAY_SIZE(telling); i++) {
		const json_t *value = json_object_get(thing, telling[i]);
		_cleanup_free_ char *text = value ? compare_text(telling[i], value) : NULL;

		if (!str_empty(text) && !str_eq(text, "-"))
			buf_printf(&b, "%s%s", b.len ? " " : "", text);
	}
	return b.len ? buf_take(&b) : xstrdup("present");
}

char *compare_text(const char *path, const json_t *value)
{
	const char *dot = strrchr(path, '.'), *key = dot ? dot + 1 : path;
	struct buf b = BUF_INIT(64);

	if (json_is_object(value))
		return summary(value);
	if (!json_is_integer(value) || (!str_eq(key, "size") && !str_eq(key, "total")))
		return table_text(value);
	text_size(&b, json_integer_value(value));
	return buf_take(&b);
}
