/* The inventory once more, as the list that hardware-detect makes of a machine; see inventory.h. */
#include "agent/inspect/inventory.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

/* What is taken over: a member of an object of the inventory, and its name in the list. */
struct field {
	const char *key, *name;
};

/* Numbers become text, as there. What is null or absent is left out. */
static void add(
	json_t *list, const char *class, const char *item, const char *key, const json_t *value)
{
	char number[24];

	if (json_is_integer(value))
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	if (json_is_integer(value))
		json_array_append_new(list, json_pack("[s,s,s,s]", class, item, key, number));
	else if (json_is_string(value))
		json_array_append_new(
			list, json_pack("[s,s,s,s]", class, item, key, json_string_value(value)));
}

static void add_fields(json_t *list, const char *class, const char *item, const json_t *from,
	const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(list, class, item, fields[i].name, json_object_get(from, fields[i].key));
}

static void add_number(
	json_t *list, const char *class, const char *item, const char *key, int64_t number)
{
	_cleanup_json_ json_t *value = json_integer((json_int_t)number);

	add(list, class, item, key, value);
}

static void add_system(json_t *list, const json_t *inventory)
{
	static const struct field product[] = {
		{"serial_number", "serial"}, {"product_name", "name"}, {"manufacturer", "vendor"}};
	static const struct field bios[] = {
		{"version", "version"}, {"build_date", "date"}, {"vendor", "vendor"}};
	const json_t *vendor = json_object_get(inventory, "system_vendor");

	add_fields(list, "system", "product", vendor, product, ARRAY_SIZE(product));
	add_fields(list, "firmware", "bios", json_object_get(vendor, "firmware"), bios,
		ARRAY_SIZE(bios));
	add(list, "system", "kernel", "version",
		json_object_get(json_object_get(inventory, "system"), "kernel"));
	add(list, "system", "kernel", "arch",
		json_object_get(json_object_get(inventory, "cpu"), "architecture"));
}

static void add_cpu(json_t *list, const json_t *cpu)
{
	char item[32];

	add(list, "cpu", "physical", "number", json_object_get(cpu, "socket_count"));
	add(list, "cpu", "logical", "number", json_object_get(cpu, "count"));
	for (int64_t i = 0; i < json_int(cpu, "socket_count", 0) && i < 64; i++) {
		snprintf(item, sizeof(item), "physical_%lld", (long long)i);
		add(list, "cpu", item, "product", json_object_get(cpu, "model_name"));
		add(list, "cpu", item, "frequency", json_object_get(cpu, "frequency"));
		add_number(list, "cpu", item, "cores",
			json_int(cpu, "core_count", 0) / json_int(cpu, "socket_count", 1));
		add_number(list, "cpu", item, "threads",
			json_int(cpu, "count", 0) / json_int(cpu, "socket_count", 1));
	}
}

static void add_memory(json_t *list, const json_t *memory)
{
	static const struct field fields[] = {{"slot", "slot"}, {"type", "description"},
		{"manufacturer", "vendor"}, {"serial_number", "serial"}, {"part_number", "product"},
		{"speed_mts", "clock"}};
	json_t *dimm;
	char item[32];
	size_t i;

	add(list, "memory", "total", "size", json_object_get(memory, "total"));
	json_array_foreach (json_object_get(memory, "dimms"), i, dimm) {
		snprintf(item, sizeof(item), "bank:%zu", i);
		add_number(list, "memory", item, "size", json_int(dimm, "size_mb", 0) << 20);
		add_fields(list, "memory", item, dimm, fields, ARRAY_SIZE(fields));
	}
}

static const char *short_name(const json_t *disk)
{
	const char *name = json_str(disk, "name"), *slash = name ? strrchr(name, '/') : NULL;

	return slash ? slash + 1 : name;
}

static void add_disks(json_t *list, const json_t *disks)
{
	static const struct field fields[] = {{"vendor", "vendor"}, {"model", "model"},
		{"firmware", "rev"}, {"serial", "serial"}, {"wwn_with_extension", "wwn-id"}};
	json_t *disk;
	size_t i;

	add_number(list, "disk", "logical", "count", (int64_t)json_array_size(disks));
	json_array_foreach ((json_t *)disks, i, disk) {
		const char *name = short_name(disk);

		if (!name)
			continue;
		/* thousands of millions of bytes */
		add_number(list, "disk", name, "size", json_int(disk, "size", 0) / 1000000000);
		add_number(list, "disk", name, "rotational", json_flag(disk, "rotational", false));
		add_fields(list, "disk", name, disk, fields, ARRAY_SIZE(fields));
	}
}

static void add_nics(json_t *list, const json_t *nics)
{
	static const struct field fields[] = {{"mac_address", "serial"}, {"ipv4_address", "ipv4"},
		{"driver", "driver"}, {"firmware", "firmware"}, {"pci_address", "businfo"},
		{"speed_mbps", "speed"}};
	json_t *nic;
	size_t i;

	json_array_foreach ((json_t *)nics, i, nic) {
		const char *name = json_str(nic, "name");
		_cleanup_json_ json_t *link =
			json_string(json_flag(nic, "has_carrier", false) ? "yes" : "no");

		if (!name)
			continue;
		add_fields(list, "network", name, nic, fields, ARRAY_SIZE(fields));
		add(list, "network", name, "link", link);
	}
}

json_t *inventory_extra(const json_t *inventory)
{
	json_t *list = json_array();

	add_system(list, inventory);
	add_cpu(list, json_object_get(inventory, "cpu"));
	add_memory(list, json_object_get(inventory, "memory"));
	add_disks(list, json_object_get(inventory, "disks"));
	add_nics(list, json_object_get(inventory, "interfaces"));
	return list;
}
