/* ingot node inventory save and show: what inspection found in nodes. */
#include "conductor/cli/inventory.h"
#include "conductor/cli/collate.h"
#include "conductor/cli/crudwords.h"
#include "conductor/cli/view.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

int verb_inventory_save(struct cli_line *line, void *data)
{
	_cleanup_free_ char *path = conn_path("/v1/nodes/", line->args[0], "/inventory");
	const char *file = cli_value(line, "file");
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_json_ json_t *found = NULL;
	_cleanup_free_ char *text = NULL;
	struct err e = {0};

	if (conn_open(line, &c, &e) < 0 || conn_call(c, "GET", path, NULL, &found, &e) < 0)
		return cmd_fail(&e);
	if (!file || str_eq(file, "-")) {
		cmd_print_json(found);
		return CLI_OK;
	}
	text = json_dumps(found, JSON_INDENT(2));
	return fs_write_atomic(file, text, strlen(text), 0644, &e) < 0 ? cmd_fail(&e) : CLI_OK;
}

static void put_line(FILE *out, const char *label, char *text)
{
	text_clean(text);
	fprintf(out, "%-10s %s\n", label, text);
	free(text);
}

static const char *or_dash(const json_t *object, const char *key)
{
	const char *text = json_str(object, key);

	return str_empty(text) ? "-" : text;
}

/* Sizes in bytes for people, in a column of their own. */
static json_t *with_sizes(const json_t *disks)
{
	json_t *rows = json_array(), *disk;
	size_t i;

	json_array_foreach ((json_t *)disks, i, disk) {
		struct buf size = BUF_INIT(64);
		json_t *row = json_copy(disk);

		view_size(&size, json_int(disk, "size", 0));
		json_put_str(row, "capacity", buf_str(&size));
		json_put_str(
			row, "kind", json_flag(disk, "rotational", false) ? "rotating" : "flash");
		json_array_append_new(rows, row);
		buf_done(&size);
	}
	return rows;
}

static void print_parts(FILE *out, const json_t *inventory)
{
	static const struct table_column disk_columns[] = {{"name", "DISK"}, {"capacity", NULL},
		{"kind", NULL}, {"vendor", NULL}, {"model", NULL}, {"serial", NULL},
		{"wwn", "WWN"}};
	static const struct table_column nic_columns[] = {{"name", "NIC"}, {"mac_address", "MAC"},
		{"ipv4_address", "IPV4"}, {"ipv6_address", "IPV6"}, {"has_carrier", "CARRIER"},
		{"speed_mbps", "MBIT/S"}, {"vendor", NULL}, {"product", NULL}};
	const json_t *nics = json_object_get(inventory, "interfaces");
	_cleanup_json_ json_t *disks = with_sizes(json_object_get(inventory, "disks"));

	if (json_array_size(disks)) {
		fputc('\n', out);
		table_print(out, disk_columns, ARRAY_SIZE(disk_columns), disks);
	}
	if (json_array_size(nics)) {
		fputc('\n', out);
		table_print(out, nic_columns, ARRAY_SIZE(nic_columns), nics);
	}
}

/* The texts there are, joined. Allocated. */
static char *joined(const json_t *object, const char *const *keys)
{
	struct buf b = BUF_INIT(4096);

	for (; *keys; keys++)
		if (!str_empty(json_str(object, *keys)))
			buf_printf(&b, "%s%s", b.len ? " " : "", json_str(object, *keys));
	return b.len ? buf_take(&b) : xstrdup("-");
}

static char *readable(const json_t *answer)
{
	static const char *const maker[] = {"manufacturer", "product_name", NULL};
	static const char *const boot_keys[] = {"current_boot_mode", "pxe_interface", NULL};
	const json_t *inventory = json_object_get(answer, "inventory");
	const json_t *vendor = json_object_get(inventory, "system_vendor"),
		     *cpu = json_object_get(inventory, "cpu"),
		     *memory = json_object_get(inventory, "memory");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	put_line(out, "system", joined(vendor, maker));
	put_line(out, "serial", xstrdup(or_dash(vendor, "serial_number")));
	put_line(out, "cpu",
		xasprintf("%lld x %s, %s", (long long)json_int(cpu, "count", 0),
			or_dash(cpu, "model_name"), or_dash(cpu, "architecture")));
	put_line(out, "memory",
		xasprintf("%lld MiB", (long long)json_int(memory, "physical_mb", 0)));
	put_line(out, "boot", joined(json_object_get(inventory, "boot"), boot_keys));
	put_line(out, "BMC", xstrdup(or_dash(inventory, "bmc_address")));
	print_parts(out, inventory);
	fclose(out);
	return text;
}

int verb_inventory_show(struct cli_line *line, void *data)
{
	struct fan_call call = {.method = "GET", .before = "/v1/nodes/", .after = "/inventory"};
	_cleanup_json_ json_t *answers = NULL, *rows = json_array();
	_cleanup_conn_ struct conn *c = NULL;
	struct failures failed = {0};
	struct collate texts = {0};
	struct names nodes = {0};
	struct err e = {0};
	int code;

	if (conn_open(line, &c, &e) < 0 || cmd_select(c, line, 0, &nodes, &e) < 0) {
		names_done(&nodes);
		return cmd_fail_usage(&e);
	}
	answers = fan_call(c, &nodes, &call, &failed);
	fan_drop_failed(&nodes, answers);
	for (size_t i = 0; i < nodes.n; i++) {
		json_t *answer = json_array_get(answers, i),
		       *row = json_pack("{s:s}", "node", nodes.list[i]);
		_cleanup_free_ char *text = readable(answer);

		collate_add(&texts, nodes.list[i], text);
		json_object_update(row, answer);
		json_array_append_new(rows, row);
	}
	if (print_as_json(line) && nodes.n)
		cmd_print_json(words_many(line, line->n_args) ? rows : json_array_get(answers, 0));
	else
		collate_print(&texts, stdout);
	failures_print(&failed);
	code = failed.n ? CLI_FAILED : CLI_OK;
	failures_done(&failed);
	collate_done(&texts);
	names_done(&nodes);
	return code;
}
