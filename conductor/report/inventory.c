/*
 * The export of the inventory; see inventory.h. A node becomes one JSON object; a line of CSV is
 * picked out of that object by the table of columns.
 *
 * To add a column: a row in columns[] with its heading and the path of its value.
 */
#include "conductor/report/inventory.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CELL_MAX 32768 /* bytes */

const char *const report_format_names[REPORT_FORMAT_COUNT] = {"json", "csv"};

/* Fields of a node that are shown; everything else may hold secrets or is of no use outside. */
static const char *const node_fields[] = {"uuid", "name", "driver", "provision_state",
	"power_state", "maintenance", "maintenance_reason", "fault", "health", "resource_class",
	"conductor_group", "owner", "lessee", "shard", "parent_node", "description",
	"instance_uuid", "instance_name", "retired", "protected", "boot_mode", "secure_boot",
	"properties", "traits", "extra", "created_at", "updated_at", "inspection_finished_at"};
static const char *const port_fields[] = {"uuid", "address", "name", "description", "pxe_enabled",
	"physical_network", "local_link_connection"};

/* How drivers spell a BMC's address; no secret, and what people look for. */
static const char *const bmc_keys[] = {"ipmi_address", "redfish_address"};

enum report_format report_format_parse(const char *name)
{
	int f = 0;

	while (name && f < REPORT_FORMAT_COUNT && !str_eq(name, report_format_names[f]))
		f++;
	return (enum report_format)f;
}

static void copy_fields(const struct record_type *t, const void *rec, const char *const *names,
	size_t n, json_t *to)
{
	for (size_t i = 0; i < n; i++) {
		const struct field *f = record_field(t, names[i]);

		if (f)
			json_object_set_new(to, names[i], record_field_to_json(f, rec));
	}
}

static int add_port(void *data, const struct port *p)
{
	json_t *o = json_object();

	copy_fields(&port_type, p, port_fields, ARRAY_SIZE(port_fields), o);
	return json_array_append_new(data, o);
}

static const char *bmc_address(const struct node *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(bmc_keys); i++)
		if (json_str(n->driver_info, bmc_keys[i]))
			return json_str(n->driver_info, bmc_keys[i]);
	return NULL;
}

static int add_inventory(
	const struct report_inventory_source *source, const char *uuid, json_t *to, struct err *e)
{
	struct inventory inv;
	struct err absent = {0};
	int r;

	record_init(&inventory_type, &inv);
	r = source->inventory(source->data, uuid, &inv, &absent);
	if (r >= 0) {
		json_object_set(to, "inventory", inv.inventory);
	} else if (r == -ENOENT) {
		json_object_set_new(to, "inventory", json_null());
		r = 0;
	} else if (e) {
		*e = absent;
	}
	record_done(&inventory_type, &inv);
	return r;
}

static int node_object(const struct report_inventory_source *source, const struct node *n,
	json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *o = json_object();
	json_t *ports = json_array();
	int r;

	copy_fields(&node_type, n, node_fields, ARRAY_SIZE(node_fields), o);
	json_put_str(o, "bmc_address", bmc_address(n));
	json_object_set_new(o, "ports", ports);
	r = source->ports(source->data, n->uuid, add_port, ports, e);
	if (r >= 0)
		r = add_inventory(source, n->uuid, o, e);
	if (r >= 0)
		*ret = TAKE_PTR(o);
	return r;
}

struct walk {
	const struct report_inventory_source *source;
	report_write_fn write;
	void *write_data;
	struct err *e;
	uint64_t n;
};

static int put(struct walk *x, const char *text)
{
	return x->write(x->write_data, text, strlen(text));
}

static int json_node(void *data, const struct node *n)
{
	struct walk *x = data;
	_cleanup_json_ json_t *o = NULL;
	_cleanup_free_ char *text = NULL;
	int r = node_object(x->source, n, &o, x->e);

	if (r < 0)
		return r;
	text = json_text(o);
	r = put(x, x->n++ ? ",\n" : "\n");
	return r < 0 ? r : put(x, text);
}

static int export_json(struct walk *x)
{
	char head[128], now[TIME_TEXT_MAX];
	int r;

	snprintf(head, sizeof(head), "{\"generated_at\":\"%s\",\"nodes\":[",
		time_format(time_wall_us(), now, sizeof(now)));
	r = put(x, head);
	if (r >= 0)
		r = x->source->nodes(x->source->data, json_node, x, x->e);
	return r < 0 ? r : put(x, "\n]}\n");
}

/*
 * A path is keys joined by dots; "[]" behind a key collects a member of each element: the strings
 * joined by blanks, or with "[+]" the sum of the numbers, with "[#]" how many there are.
 */
static const struct column {
	const char *heading, *path;
} columns[] = {
	{"uuid", "uuid"},
	{"name", "name"},
	{"driver", "driver"},
	{"provision_state", "provision_state"},
	{"power_state", "power_state"},
	{"maintenance", "maintenance"},
	{"resource_class", "resource_class"},
	{"owner", "owner"},
	{"instance_uuid", "instance_uuid"},
	{"bmc_address", "bmc_address"},
	{"manufacturer", "inventory.system_vendor.manufacturer"},
	{"product", "inventory.system_vendor.product_name"},
	{"serial", "inventory.system_vendor.serial_number"},
	{"cpu_model", "inventory.cpu.model_name"},
	{"cpus", "inventory.cpu.count"},
	{"cpu_arch", "inventory.cpu.architecture"},
	{"memory_mb", "inventory.memory.physical_mb"},
	{"disks", "inventory.disks[#]"},
	{"disk_bytes", "inventory.disks[+].size"},
	{"disk_serials", "inventory.disks[].serial"},
	{"macs", "ports[].address"},
	{"boot_mode", "inventory.boot.current_boot_mode"},
	{"description", "description"},
	{"created_at", "created_at"},
	{"inspected_at", "inspection_finished_at"},
};

static void scalar(struct buf *b, const json_t *v)
{
	if (json_is_string(v))
		buf_puts(b, json_string_value(v));
	else if (json_is_integer(v))
		buf_printf(b, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		buf_puts(b, json_is_true(v) ? "true" : "false");
}

static void elements(struct buf *b, const json_t *array, const char *key, char how)
{
	const json_t *item;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach (array, i, item) {
		const json_t *v = json_object_get(item, key);

		sum += how == '#' ? 1 : json_integer_value(v);
		if (how == ']' && json_is_string(v) && *json_string_value(v)) {
			buf_puts(b, b->len ? " " : "");
			scalar(b, v);
		}
	}
	if (how != ']' && json_is_array(array))
		buf_printf(b, "%lld", (long long)sum);
}

static void cell_value(struct buf *b, const json_t *at, const char *path)
{
	char key[64];

	while (at) {
		size_t n = strcspn(path, ".[");

		snprintf(key, sizeof(key), "%.*s", (int)n, path);
		at = json_object_get(at, key);
		path += n;
		if (*path == '[') {
			const char *dot = strchr(path, '.');

			elements(b, at, dot ? dot + 1 : "", path[1]);
			return;
		}
		if (!*path++) {
			scalar(b, at);
			return;
		}
	}
}

/*
 * RFC 4180 quoting. Text that a spreadsheet would take for a formula gets an apostrophe in front:
 * serial numbers and the like come from machines, which may lie.
 */
static void cell(struct buf *line, const json_t *node, const char *path)
{
	struct buf value = BUF_INIT(CELL_MAX);
	const char *text;
	bool formula;

	cell_value(&value, node, path);
	text = buf_str(&value);
	formula = *text && strchr("=+-@\t\r", *text);
	if (!formula && !text[strcspn(text, "\",\r\n")]) {
		buf_puts(line, text);
	} else {
		buf_puts(line, formula ? "\"'" : "\"");
		for (; *text; text++)
			buf_append(line, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
		buf_puts(line, "\"");
	}
	buf_done(&value);
}

static int csv_node(void *data, const struct node *n)
{
	struct walk *x = data;
	struct buf line = BUF_INIT(ARRAY_SIZE(columns) * 2 * CELL_MAX);
	_cleanup_json_ json_t *o = NULL;
	int r = node_object(x->source, n, &o, x->e);

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(columns); i++) {
		buf_puts(&line, i ? "," : "");
		cell(&line, o, columns[i].path);
	}
	if (r >= 0) {
		buf_puts(&line, "\r\n");
		r = put(x, buf_str(&line));
	}
	buf_done(&line);
	return r;
}

static int export_csv(struct walk *x)
{
	struct buf head = BUF_INIT(CELL_MAX);
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		buf_printf(&head, "%s%s", i ? "," : "", columns[i].heading);
	buf_puts(&head, "\r\n");
	r = put(x, buf_str(&head));
	buf_done(&head);
	return r < 0 ? r : x->source->nodes(x->source->data, csv_node, x, x->e);
}

int report_inventory_export(const struct report_inventory_source *source, enum report_format format,
	report_write_fn write, void *write_data, struct err *e)
{
	struct walk x = {.source = source, .write = write, .write_data = write_data, .e = e};

	if (format == REPORT_JSON)
		return export_json(&x);
	if (format == REPORT_CSV)
		return export_csv(&x);
	return err_set(e, EINVAL, "inventory: expected the format json or csv");
}
