/* A machine as a person reads it; see machine.h. What can be told is tables: lines and parts. */
#include "lib/cli/machine.h"
#include "lib/base/str.h"
#include "lib/cli/table.h"
#include "lib/hwid/lldp.h"

#include <stdio.h>
#include <string.h>

static void put_line(FILE *out, const char *label, char *text)
{
	text_clean(text);
	fprintf(out, "%-10s %s\n", label, text);
	free(text);
}

struct part {
	const char *path; /* of the list, from the answer */
	struct table_column columns[11];
	void (*fill)(json_t *row, const json_t *answer); /* columns of ours; NULL: none */
};

static void put_size(json_t *row, const char *key, int64_t bytes)
{
	struct buf size = BUF_INIT(64);

	text_size(&size, bytes);
	json_put_str(row, key, bytes > 0 ? buf_str(&size) : "-");
	buf_done(&size);
}

/* "passed, 3 % worn, 12345 h, 34 C"; "failing: 12 reallocated sectors" */
static void fill_disk(json_t *row, const json_t *answer)
{
	static const struct {
		const char *key, *unit;
		int64_t least; /* less is not worth a word */
	} numbers[] = {{"wear_percent", "% worn", 0}, {"reallocated_sectors", "sectors moved", 1},
		{"power_on_hours", "h", 0}, {"temperature_c", "C", -273}};
	const json_t *told = json_object_get(row, "health");
	const char *status = json_str(told, "status"), *reason = json_str(told, "reason");
	struct buf health = BUF_INIT(400);
	int64_t n;

	put_size(row, "capacity", json_int(row, "size", 0));
	json_put_str(row, "kind", json_flag(row, "rotational", false) ? "rotating" : "flash");
	buf_puts(&health, status ? status : "-");
	if (reason)
		buf_printf(&health, ": %.200s", reason);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		n = json_int(told, numbers[i].key, numbers[i].least - 1);
		if (n >= numbers[i].least)
			buf_printf(&health, ", %lld %s", (long long)n, numbers[i].unit);
	}
	json_put_str(row, "health", buf_str(&health));
	buf_done(&health);
}

/* The switch port it hangs on, as its neighbour says: in words, or as the agent heard it. */
static void fill_nic(json_t *row, const json_t *answer)
{
	const json_t *plugin = json_object_get(answer, "plugin_data");
	const char *name = json_str(row, "name");
	const json_t *switches = json_object_get(plugin, "parsed_lldp");
	const json_t *heard = name ? json_object_get(switches, name) : NULL;
	_cleanup_json_ json_t *words = NULL, *link = NULL;
	_cleanup_free_ char *text = NULL;
	const char *whose, *port;

	lldp_read(json_object_get(row, "lldp"), &words, &link);
	if (!heard)
		heard = words;
	whose = json_str(heard, "switch_system_name");
	port = json_str(heard, "switch_port_id");
	if (!whose)
		whose = json_str(heard, "switch_chassis_id");
	if (port)
		text = xasprintf("%.100s %.100s", whose ? whose : "?", port);
	json_put_str(row, "switch", text);
}

static void fill_dimm(json_t *row, const json_t *answer)
{
	int64_t mb = json_int(row, "size_mb", 0);
	_cleanup_free_ char *text = mb % 1024 ? xasprintf("%lld MiB", (long long)mb)
					      : xasprintf("%lld GiB", (long long)mb / 1024);

	json_put_str(row, "capacity", mb ? text : "empty");
}

static void fill_numa(json_t *row, const json_t *answer)
{
	int64_t kb = json_int(row, "size_kb", 0);

	put_size(row, "capacity", kb > 0 && kb <= INT64_MAX / 1024 ? kb * 1024 : 0);
}

static const struct part parts[] = {
	{"inventory.disks",
		{{"name", "DISK"}, {"capacity", NULL}, {"kind", NULL}, {"tran", "BUS"},
			{"vendor", NULL}, {"model", NULL}, {"serial", NULL}, {"wwn", "WWN"},
			{"firmware", NULL}, {"health", NULL}},
		fill_disk},
	{"inventory.interfaces",
		{{"name", "NIC"}, {"mac_address", "MAC"}, {"ipv4_address", "IPV4"},
			{"ipv6_address", "IPV6"}, {"has_carrier", "CARRIER"},
			{"speed_mbps", "MBIT/S"}, {"pci_address", "PCI"}, {"driver", NULL},
			{"firmware", NULL}, {"switch", "SWITCH PORT"}},
		fill_nic},
	{"inventory.memory.dimms",
		{{"slot", "DIMM"}, {"capacity", NULL}, {"type", NULL}, {"speed_mts", "MT/S"},
			{"manufacturer", NULL}, {"part_number", "PART"},
			{"serial_number", "SERIAL"}},
		fill_dimm},
	{"inventory.gpus",
		{{"bus", "GPU"}, {"vendor", NULL}, {"name", NULL}, {"vendor_id", "VENDOR ID"},
			{"product_id", "PRODUCT ID"}, {"driver", NULL}},
		NULL},
	{"plugin_data.numa_topology.ram", {{"numa_node", "NUMA NODE"}, {"capacity", "MEMORY"}},
		fill_numa},
};

/* A column that says nothing of any row is left out, but the first. */
static size_t telling_columns(const struct part *part, const json_t *rows,
	struct table_column ret[ARRAY_SIZE(part->columns)])
{
	size_t n = 0, i;
	json_t *row;

	for (const struct table_column *c = part->columns; c->key; c++) {
		bool tells = c == part->columns;

		json_array_foreach ((json_t *)rows, i, row) {
			const json_t *value = table_member(row, c->key);

			if (value && !json_is_null(value) && !str_eq(json_string_value(value), "-"))
				tells = true;
		}
		if (tells)
			ret[n++] = *c;
	}
	return n;
}

static void print_part(FILE *out, const struct part *part, const json_t *answer)
{
	struct table_column columns[ARRAY_SIZE(part->columns)];
	_cleanup_json_ json_t *rows = json_deep_copy(table_member(answer, part->path));
	json_t *row;
	size_t i;

	if (!json_array_size(rows))
		return;
	json_array_foreach (rows, i, row)
		if (part->fill)
			part->fill(row, answer);
	fputc('\n', out);
	table_print(out, columns, telling_columns(part, rows, columns), rows);
}

/* Words about a machine: each is "text" around a value of the answer, when it has one. */
static char *words(const json_t *answer, const char *const (*pairs)[2])
{
	struct buf b = BUF_INIT(4096);

	for (; (*pairs)[0]; pairs++) {
		const json_t *value = table_member(answer, (*pairs)[1]);
		_cleanup_free_ char *text = value ? table_text(value) : NULL;

		if (!text || str_eq(text, "-") || !*text)
			continue;
		buf_printf(&b, "%s", b.len ? (*pairs)[0] : (*pairs)[0] + strspn((*pairs)[0], ", "));
		buf_printf(&b, "%s", text);
	}
	return b.len ? buf_take(&b) : xstrdup("-");
}

static char *memory_text(const json_t *answer)
{
	const json_t *memory = table_member(answer, "inventory.memory"), *dimm;
	int64_t mb = json_int(memory, "physical_mb", 0);
	size_t i, filled = 0, slots = json_array_size(json_object_get(memory, "dimms"));

	json_array_foreach (json_object_get(memory, "dimms"), i, dimm)
		filled += json_int(dimm, "size_mb", 0) > 0;
	if (slots)
		return xasprintf("%lld MiB, %zu of %zu slots filled", (long long)mb, filled, slots);
	return xasprintf("%lld MiB", (long long)mb);
}

char *machine_text(const json_t *answer)
{
#define I "inventory."
	static const struct {
		const char *label;
		const char *const pairs[6][2];
	} lines[] = {
		{"system", {{"", I "system_vendor.manufacturer"},
				   {" ", I "system_vendor.product_name"},
				   {", ", I "system.virtualization"}}},
		{"serial", {{"", I "system_vendor.serial_number"}}},
		{"firmware", {{"", I "system_vendor.firmware.vendor"},
				     {" ", I "system_vendor.firmware.version"},
				     {", ", I "system_vendor.firmware.build_date"}}},
		{"cpu", {{"", I "cpu.count"}, {" x ", I "cpu.model_name"},
				{", ", I "cpu.architecture"}, {", sockets: ", I "cpu.socket_count"},
				{", cores: ", I "cpu.core_count"}}},
		{"boot", {{"", I "boot.current_boot_mode"}, {", from ", I "boot.pxe_interface"},
				 {", Secure Boot: ", I "boot.secure_boot"}}},
		{"BMC", {{"", I "bmc_address"}, {", ", I "bmc_v6address"}, {", ", I "bmc_mac"},
				{", firmware ", I "bmc.firmware_version"},
				{", IPMI ", I "bmc.ipmi_version"}}},
		{"TPM", {{"", I "tpm.version"}, {", ", I "tpm.driver"}}},
	};
#undef I
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		put_line(out, lines[i].label, words(answer, lines[i].pairs));
		if (str_eq(lines[i].label, "cpu"))
			put_line(out, "memory", memory_text(answer));
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		print_part(out, &parts[i], answer);
	fclose(out);
	return text;
}
