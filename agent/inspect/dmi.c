/* What the firmware's own table (SMBIOS) says of the machine: maker, memory modules, sockets. */
#include "agent/inspect/inventory.h"
#include "agent/inspect/smbios.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

static int load_smbios(const struct sysroot *sr, struct smbios *ret)
{
	_cleanup_free_ char *path = sysroot_path(sr, "/sys/firmware/dmi/tables/DMI");
	_cleanup_free_ char *table = NULL;
	size_t len;
	int r = fs_read(path, SMBIOS_TABLE_MAX, &table, &len, NULL);

	return r < 0 ? r : smbios_parse((const uint8_t *)table, len, ret);
}

static void put_text(json_t *o, const char *key, const char *text)
{
	json_put_str(o, key, str_empty(text) ? NULL : text);
}

static void put_number(json_t *o, const char *key, uint64_t number)
{
	json_object_set_new(o, key, number ? json_integer((json_int_t)number) : json_null());
}

/* Every slot, also an empty one. */
static json_t *dimms(const struct smbios *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_dimms; i++) {
		const struct smbios_dimm *d = &s->dimms[i];
		json_t *o = json_object();

		put_text(o, "slot", d->device_locator);
		put_text(o, "bank", d->bank_locator);
		json_put_int(o, "size_mb", (int64_t)d->size_mb);
		put_text(o, "type", smbios_memory_type(d->memory_type));
		put_number(o, "speed_mts", d->speed_mts);
		put_text(o, "manufacturer", d->manufacturer);
		put_text(o, "serial_number", d->serial_number);
		put_text(o, "part_number", d->part_number);
		json_array_append_new(list, o);
	}
	return list;
}

json_t *inventory_memory(const struct sysroot *sr)
{
	_cleanup_free_ char *path = sysroot_path(sr, "/proc/meminfo");
	_cleanup_free_ char *info = NULL;
	json_t *memory = json_object(), *list = NULL;
	unsigned long long kb = 0, mb;
	struct smbios smbios;
	const char *p;

	if (fs_read(path, 65536, &info, NULL, NULL) == 0 && (p = strstr(info, "MemTotal:")))
		sscanf(p, "MemTotal: %llu", &kb);
	mb = (kb + 1023) / 1024;
	if (load_smbios(sr, &smbios) == 0) {
		if (smbios_memory_mb(&smbios))
			mb = smbios_memory_mb(&smbios);
		list = dimms(&smbios);
		smbios_done(&smbios);
	}
	json_put_int(memory, "total", (int64_t)(kb * 1024));
	json_put_int(memory, "physical_mb", (int64_t)mb);
	json_object_set_new(memory, "dimms", list ? list : json_array());
	return memory;
}

/* The table's text, or the kernel's copy of it, which also unprivileged users can read. */
static void put_dmi(const struct sysroot *sr, json_t *o, const char *key, const char *text,
	const char *attribute)
{
	_cleanup_free_ char *line = NULL;

	if (str_empty(text))
		text = line = sysroot_line(sr, "/sys/class/dmi/id/%s", attribute);
	json_put_str(o, key, text);
}

json_t *inventory_system_vendor(const struct sysroot *sr)
{
	json_t *vendor = json_object(), *firmware = json_object();
	struct smbios s;

	if (load_smbios(sr, &s) < 0)
		memset(&s, 0, sizeof(s));
	put_dmi(sr, vendor, "product_name", s.system.product_name, "product_name");
	put_dmi(sr, vendor, "serial_number", s.system.serial_number, "product_serial");
	put_dmi(sr, vendor, "manufacturer", s.system.manufacturer, "sys_vendor");
	put_dmi(sr, firmware, "vendor", s.bios.vendor, "bios_vendor");
	put_dmi(sr, firmware, "version", s.bios.version, "bios_version");
	put_dmi(sr, firmware, "build_date", s.bios.release_date, "bios_date");
	json_object_set_new(vendor, "firmware", firmware);
	smbios_done(&s);
	return vendor;
}

/* From here on: the words of dmidecode(8), which the Ironic agent's collector passes on. */

static void put_spec(json_t *o, const char *key, const char *text)
{
	json_put_str(o, key, str_empty(text) ? "Not Specified" : text);
}

static void put_unit(json_t *o, const char *key, uint64_t n, const char *unit)
{
	_cleanup_free_ char *text =
		n ? xasprintf("%llu %s", (unsigned long long)n, unit) : xstrdup("Unknown");

	json_put_str(o, key, text);
}

/* The largest unit in which it is a whole number. */
static void put_size(json_t *o, const char *key, uint64_t kb)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
	size_t i = 0;

	for (; i + 1 < ARRAY_SIZE(units) && kb && kb % 1024 == 0; i++)
		kb /= 1024;
	put_unit(o, key, kb, units[i]);
}

static json_t *dmi_devices(const struct smbios *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_dimms; i++) {
		const struct smbios_dimm *d = &s->dimms[i];
		const char *type = smbios_memory_type(d->memory_type);
		json_t *o = json_object();

		if (d->size_mb)
			put_size(o, "Size", d->size_mb * 1024);
		else
			json_put_str(o, "Size", "No Module Installed");
		put_spec(o, "Locator", d->device_locator);
		put_spec(o, "Bank Locator", d->bank_locator);
		json_put_str(o, "Type", *type ? type : "Unknown");
		put_unit(o, "Speed", d->speed_mts, "MT/s");
		put_spec(o, "Manufacturer", d->manufacturer);
		put_spec(o, "Serial Number", d->serial_number);
		put_spec(o, "Part Number", d->part_number);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *dmi_cpus(const struct smbios *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_cpus; i++) {
		const struct smbios_cpu *c = &s->cpus[i];
		json_t *o = json_object();
		char number[16];

		put_spec(o, "Socket Designation", c->socket_designation);
		json_put_str(o, "Type", "Central Processor");
		put_spec(o, "Manufacturer", c->manufacturer);
		put_spec(o, "Version", c->version);
		put_unit(o, "Max Speed", c->max_speed_mhz, "MHz");
		put_unit(o, "Current Speed", c->current_speed_mhz, "MHz");
		json_put_str(o, "Status",
			!c->populated ? "Unpopulated"
			: c->enabled  ? "Populated, Enabled"
				      : "Populated, Disabled");
		snprintf(number, sizeof(number), "%u", c->core_count);
		json_put_str(o, "Core Count", number);
		snprintf(number, sizeof(number), "%u", c->thread_count);
		json_put_str(o, "Thread Count", number);
		json_array_append_new(list, o);
	}
	return list;
}

json_t *inventory_dmi(const struct sysroot *sr)
{
	json_t *dmi, *bios, *memory;
	struct smbios s;

	if (load_smbios(sr, &s) < 0)
		return NULL;
	bios = json_object();
	put_spec(bios, "Vendor", s.bios.vendor);
	put_spec(bios, "Version", s.bios.version);
	put_spec(bios, "Release Date", s.bios.release_date);
	memory = json_object();
	put_size(memory, "Maximum Capacity", s.memory_array.maximum_capacity_kb);
	json_put_int(memory, "Number Of Devices", s.memory_array.slots);
	json_object_set_new(memory, "devices", dmi_devices(&s));
	dmi = json_pack("{s:o, s:o, s:o}", "bios", bios, "cpu", dmi_cpus(&s), "memory", memory);
	smbios_done(&s);
	return dmi;
}
