/* Rows of a rack file; see rack.h. */
#include "conductor/cli/rack.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"
#include "lib/hwid/mac.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const char *const known[] = {"name", "bmc_address", "bmc_port", "bmc_username",
	"bmc_password", "mac", "boot_mode", "serial", "driver", "resource_class", "description"};

/* The driver_info keys for bmc_ columns, by how a driver's name begins. */
static const struct {
	const char *driver, *address, *port, *username, *password;
} bmc_keys[] = {
	{"ipmi", "ipmi_address", "ipmi_port", "ipmi_username", "ipmi_password"},
	{"redfish", "redfish_address", NULL, "redfish_username", "redfish_password"},
	{"idrac", "redfish_address", NULL, "redfish_username", "redfish_password"},
};

static bool column_known(const char *column)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_ieq(known[i], column))
			return true;
	return (str_starts(column, "properties.") && column[11]) ||
	       (str_starts(column, "driver_info.") && column[12]);
}

static void check_columns(const struct csv *csv, struct buf *wrong)
{
	bool name = false;

	for (size_t i = 0; i < csv->n_columns; i++) {
		name |= str_ieq(csv->columns[i], "name");
		if (!column_known(csv->columns[i]))
			buf_printf(wrong,
				"header: unknown column '%.64s'; known are name, bmc_address, "
				"bmc_port, bmc_username, bmc_password, mac, boot_mode, serial, "
				"driver, "
				"resource_class, description, properties.X and driver_info.X\n",
				csv->columns[i]);
	}
	if (!name)
		buf_puts(wrong, "header: a column 'name' is needed\n");
}

/* What the API takes as a name. */
static bool name_good(const char *name)
{
	if (!*name || strlen(name) > 255 || uuid_valid(name))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-._~", *name))
			return false;
	return true;
}

static const char *cell(const struct csv *csv, const struct csv_row *row, const char *column)
{
	const char *text = csv_field(csv, row, column);

	return str_empty(text) ? NULL : text;
}

static void read_macs(struct rack_node *n, const char *text, struct buf *wrong)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL, mac[MAC_TEXT_MAX];

	n->macs = json_array();
	for (char *s = copy ? strtok_r(copy, "; ", &save) : NULL; s;
		s = strtok_r(NULL, "; ", &save)) {
		uint8_t bytes[MAC_LEN];

		if (mac_normalise(s, mac) < 0 || mac_parse(s, bytes) < 0 || !mac_is_station(bytes))
			buf_printf(wrong, "line %u: mac: '%.64s' is not the address of a NIC\n",
				n->line, s);
		else
			json_array_append_new(n->macs, json_string(mac));
	}
}

static void read_bmc(struct rack_node *n, const struct csv *csv, const struct csv_row *row,
	const char *driver, json_t *info, struct buf *wrong)
{
	const char *address = cell(csv, row, "bmc_address"), *port = cell(csv, row, "bmc_port");
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(bmc_keys); i++) {
		if (!str_starts(driver, bmc_keys[i].driver))
			continue;
		if (!address)
			buf_printf(wrong, "line %u: bmc_address: is empty; driver %s needs it\n",
				n->line, driver);
		else
			json_put_str(info, bmc_keys[i].address, address);
		if (port && str_to_u64(port, 1, 65535, &number) < 0)
			buf_printf(wrong, "line %u: bmc_port: '%.16s' is no port number\n", n->line,
				port);
		else if (port && bmc_keys[i].port)
			json_put_int(info, bmc_keys[i].port, (int64_t)number);
		if (cell(csv, row, "bmc_username"))
			json_put_str(info, bmc_keys[i].username, cell(csv, row, "bmc_username"));
		if (cell(csv, row, "bmc_password"))
			json_put_str(info, bmc_keys[i].password, cell(csv, row, "bmc_password"));
	}
}

/* properties.X and driver_info.X columns. */
static void read_dotted(
	const struct csv *csv, const struct csv_row *row, const char *prefix, json_t *object)
{
	for (size_t i = 0; i < csv->n_columns; i++)
		if (str_starts(csv->columns[i], prefix) && *row->fields[i])
			json_put_str(object, csv->columns[i] + strlen(prefix), row->fields[i]);
}

static void read_properties(struct rack_node *n, const struct csv *csv, const struct csv_row *row,
	json_t *properties, struct buf *wrong)
{
	const char *mode = cell(csv, row, "boot_mode");

	read_dotted(csv, row, "properties.", properties);
	if (mode && !str_eq(mode, "bios") && !str_eq(mode, "uefi"))
		buf_printf(wrong, "line %u: boot_mode: '%.32s': expected bios or uefi\n", n->line,
			mode);
	else if (mode && !json_object_get(properties, "capabilities"))
		json_object_set_new(properties, "capabilities", json_sprintf("boot_mode:%s", mode));
	if (cell(csv, row, "serial"))
		json_put_str(properties, "serial", cell(csv, row, "serial"));
}

static void read_row(
	struct rack_node *n, const struct csv *csv, const struct csv_row *row, struct buf *wrong)
{
	json_t *info = json_object(), *properties = json_object();
	const char *driver = cell(csv, row, "driver");
	static const char *const texts[] = {"resource_class", "description"};

	driver = driver ? driver : "ipmi";
	n->line = row->line;
	n->name = csv_field(csv, row, "name");
	if (n->name && !name_good(n->name))
		buf_printf(wrong,
			"line %u: name: '%.64s': expected letters, digits and -._~, and not a "
			"UUID\n",
			n->line, n->name);
	n->body = json_pack("{s:s?, s:s, s:o, s:o}", "name", n->name, "driver", driver,
		"driver_info", info, "properties", properties);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (cell(csv, row, texts[i]))
			json_put_str(n->body, texts[i], cell(csv, row, texts[i]));
	read_macs(n, cell(csv, row, "mac"), wrong);
	read_bmc(n, csv, row, driver, info, wrong);
	read_dotted(csv, row, "driver_info.", info);
	read_properties(n, csv, row, properties, wrong);
}

/* What may stand in the file only once; seen maps it to the line it stands in. */
static void once(
	json_t *seen, const char *what, const char *value, unsigned line, struct buf *wrong)
{
	_cleanup_free_ char *key = xasprintf("%s %s", what, value);
	int64_t before = json_int(seen, key, 0);

	if (before)
		buf_printf(wrong, "line %u: %s: '%.64s' stands in line %d already\n", line, what,
			value, (int)before);
	else
		json_put_int(seen, key, line);
}

static void check_once(const struct rack_node *n, json_t *seen, struct buf *wrong)
{
	const json_t *info = json_object_get(n->body, "driver_info");
	json_t *mac;
	size_t i;

	if (n->name)
		once(seen, "name", n->name, n->line, wrong);
	json_array_foreach (n->macs, i, mac)
		once(seen, "mac", json_string_value(mac), n->line, wrong);
	for (i = 0; i < 2; i++) {
		const char *address = json_str(info, bmc_keys[i].address);
		const json_t *port =
			bmc_keys[i].port ? json_object_get(info, bmc_keys[i].port) : NULL;
		_cleanup_free_ char *text = NULL;

		if (!address || json_object_get(info, "redfish_system_id"))
			continue;
		text = xasprintf("%s port %d", address, (int)json_integer_value(port));
		once(seen, "bmc_address", text, n->line, wrong);
	}
}

int rack_read(const struct csv *csv, struct rack_node **ret, size_t *ret_n, struct buf *wrong)
{
	struct rack_node *nodes = xcalloc(csv->n_rows + 1, sizeof(*nodes));
	_cleanup_json_ json_t *seen = json_object();

	check_columns(csv, wrong);
	for (size_t i = 0; i < csv->n_rows; i++) {
		read_row(&nodes[i], csv, &csv->rows[i], wrong);
		check_once(&nodes[i], seen, wrong);
	}
	if (wrong->len || wrong->overflow) {
		rack_nodes_free(nodes, csv->n_rows);
		return -EINVAL;
	}
	*ret = nodes;
	*ret_n = csv->n_rows;
	return 0;
}

void rack_nodes_free(struct rack_node *nodes, size_t n)
{
	for (size_t i = 0; nodes && i < n; i++) {
		json_decref(nodes[i].body);
		json_decref(nodes[i].macs);
	}
	free(nodes);
}

static bool is_password(const char *key)
{
	return str_ends(key, "password") || str_ends(key, "kg_key");
}

static void change(
	json_t *patch, const char *path, const json_t *from, const json_t *to, struct buf *diff)
{
	_cleanup_free_ char *before = json_text(from), *after = json_text(to);

	json_array_append_new(patch,
		json_pack("{s:s, s:s, s:O}", "op", "add", "path", path, "value", (json_t *)to));
	if (is_password(path))
		buf_printf(diff, "    %s: set\n", path + 1);
	else
		buf_printf(diff, "    %s: %s -> %s\n", path + 1, from ? before : "nothing", after);
}

/* "a:1,boot_mode:bios" with what the row wants of one key, in its place; allocated. */
static char *merge_capabilities(const char *have, const char *want)
{
	_cleanup_free_ char *copy = xstrdup(have ? have : "");
	size_t key = strcspn(want, ":") + 1;
	struct buf b = BUF_INIT(8192);
	bool there = false;
	char *save = NULL;

	if (strchr(want, ',')) /* properties.capabilities: the whole of it */
		return xstrdup(want);
	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		bool same_key = !strncmp(s, want, key);

		buf_printf(&b, "%s%s", b.len ? "," : "", same_key ? want : s);
		there |= same_key;
	}
	if (!there)
		buf_printf(&b, "%s%s", b.len ? "," : "", want);
	return buf_take(&b);
}

/* Numbers and their texts are the same to a BMC: 623 and "623". */
static bool same(const json_t *a, const json_t *b)
{
	_cleanup_free_ char *ta = NULL, *tb = NULL;

	if (json_equal(a, b))
		return true;
	if (!a || !b || json_is_object(a) || json_is_object(b))
		return false;
	ta = json_is_string(a) ? xstrdup(json_string_value(a)) : json_text(a);
	tb = json_is_string(b) ? xstrdup(json_string_value(b)) : json_text(b);
	return str_eq(ta, tb);
}

static void patch_object(json_t *patch, const char *field, const json_t *want, const json_t *have,
	bool passwords, struct buf *diff)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)want, key, value) {
		_cleanup_free_ char *path = xasprintf("/%s/%s", field, key), *merged = NULL;
		_cleanup_json_ json_t *to = json_incref(value);
		const json_t *from = json_object_get(have, key);

		if (is_password(key) && from && !passwords)
			continue;
		if (str_eq(key, "capabilities")) {
			merged = merge_capabilities(
				json_string_value(from), json_string_value(value));
			json_decref(to);
			to = json_string(merged);
		}
		if (!same(from, to))
			change(patch, path, from, to, diff);
	}
}

json_t *rack_patch(
	const struct rack_node *want, const json_t *node, bool passwords, struct buf *diff)
{
	static const char *const texts[] = {"driver", "resource_class", "description"};
	static const char *const objects[] = {"driver_info", "properties"};
	json_t *patch = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const json_t *to = json_object_get(want->body, texts[i]);
		const json_t *from = json_object_get(node, texts[i]);
		_cleanup_free_ char *path = xasprintf("/%s", texts[i]);

		if (to && !json_equal(from, to))
			change(patch, path, from, to, diff);
	}
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		patch_object(patch, objects[i], json_object_get(want->body, objects[i]),
			json_object_get(node, objects[i]), passwords, diff);
	return patch;
}
