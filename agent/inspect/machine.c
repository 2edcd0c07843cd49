/* The parts of the inventory that are one per machine: processor, memory, maker, boot mode. */
#include "agent/inspect/inventory.h"
#include "agent/inspect/smbios.h"
#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define CPUINFO_MAX (16 * 1024 * 1024)
#define SOCKETS_MAX 256

/* The value of "key : value" when the line is about this key. */
static char *line_value(char *line, const char *key)
{
	size_t n = strlen(key);
	char *p = line + n;

	if (strncmp(line, key, n))
		return NULL;
	p += strspn(p, " \t");
	return *p == ':' ? str_trim(p + 1) : NULL;
}

static json_t *words(char *text)
{
	json_t *list = json_array();
	char *save = NULL;

	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		json_array_append_new(list, json_string(w));
	return list;
}

struct cpu_scan {
	json_t *cpu;
	int64_t count, sockets;
	bool seen[SOCKETS_MAX];
};

static void scan_line(struct cpu_scan *s, char *line)
{
	char *v;
	int id;

	if (line_value(line, "processor"))
		s->count++;
	else if ((v = line_value(line, "model name")) && !json_object_get(s->cpu, "model_name"))
		json_put_str(s->cpu, "model_name", v);
	else if ((v = line_value(line, "cpu MHz")) && !json_object_get(s->cpu, "frequency"))
		json_put_str(s->cpu, "frequency", v);
	else if (((v = line_value(line, "flags")) || (v = line_value(line, "Features"))) &&
		 !json_object_get(s->cpu, "flags"))
		json_object_set_new(s->cpu, "flags", words(v));
	else if ((v = line_value(line, "physical id")) &&
		 str_to_int(v, 0, SOCKETS_MAX - 1, &id) == 0 && !s->seen[id]) {
		s->seen[id] = true;
		s->sockets++;
	}
}

static void put_absent_as_null(json_t *object, const char *key)
{
	if (!json_object_get(object, key))
		json_object_set_new(object, key, json_null());
}

json_t *inventory_cpu(const struct sysroot *sr)
{
	_cleanup_free_ char *path = sysroot_path(sr, "/proc/cpuinfo");
	struct cpu_scan s = {.cpu = json_object()};
	_cleanup_free_ char *info = NULL;
	char *save = NULL, mhz[32];
	struct utsname uts;
	int64_t max_khz;

	if (fs_read(path, CPUINFO_MAX, &info, NULL, NULL) == 0)
		for (char *l = strtok_r(info, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
			scan_line(&s, l);
	max_khz = sysroot_int(sr, 0, "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
	if (max_khz > 0) {
		snprintf(mhz, sizeof(mhz), "%.4f", (double)max_khz / 1000);
		json_put_str(s.cpu, "frequency", mhz);
	}
	put_absent_as_null(s.cpu, "model_name");
	put_absent_as_null(s.cpu, "frequency");
	json_put_int(s.cpu, "count", s.count);
	json_put_str(s.cpu, "architecture", uname(&uts) == 0 ? uts.machine : NULL);
	if (!json_object_get(s.cpu, "flags"))
		json_object_set_new(s.cpu, "flags", json_array());
	json_put_int(s.cpu, "socket_count", s.sockets ? s.sockets : s.count > 0);
	return s.cpu;
}

static int load_smbios(const struct sysroot *sr, struct smbios *ret)
{
	_cleanup_free_ char *path = sysroot_path(sr, "/sys/firmware/dmi/tables/DMI");
	_cleanup_free_ char *table = NULL;
	size_t len;
	int r = fs_read(path, SMBIOS_TABLE_MAX, &table, &len, NULL);

	return r < 0 ? r : smbios_parse((const uint8_t *)table, len, ret);
}

json_t *inventory_memory(const struct sysroot *sr)
{
	_cleanup_free_ char *path = sysroot_path(sr, "/proc/meminfo");
	_cleanup_free_ char *info = NULL;
	json_t *memory = json_object();
	unsigned long long kb = 0, mb;
	struct smbios smbios;
	const char *p;

	if (fs_read(path, 65536, &info, NULL, NULL) == 0 && (p = strstr(info, "MemTotal:")))
		sscanf(p, "MemTotal: %llu", &kb);
	mb = (kb + 1023) / 1024;
	if (load_smbios(sr, &smbios) == 0) {
		if (smbios_memory_mb(&smbios))
			mb = smbios_memory_mb(&smbios);
		smbios_done(&smbios);
	}
	json_put_int(memory, "total", (int64_t)(kb * 1024));
	json_put_int(memory, "physical_mb", (int64_t)mb);
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

json_t *inventory_boot(const struct sysroot *sr, const char *bootif)
{
	json_t *boot = json_object();

	json_put_str(boot, "current_boot_mode",
		sysroot_exists(sr, "/sys/firmware/efi") ? "uefi" : "bios");
	json_put_str(boot, "pxe_interface", bootif);
	return boot;
}

static json_t *dmi_dimms(const struct smbios *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_dimms; i++) {
		const struct smbios_dimm *d = &s->dimms[i];
		json_t *o = json_object();

		json_put_str(o, "locator", d->device_locator);
		json_put_str(o, "bank", d->bank_locator);
		json_put_int(o, "size_mb", (int64_t)d->size_mb);
		json_put_str(o, "type", smbios_memory_type(d->memory_type));
		json_put_int(o, "speed_mts", d->speed_mts);
		json_put_str(o, "manufacturer", d->manufacturer);
		json_put_str(o, "serial_number", d->serial_number);
		json_put_str(o, "part_number", d->part_number);
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

		json_put_str(o, "socket", c->socket_designation);
		json_put_bool(o, "populated", c->populated);
		json_put_str(o, "manufacturer", c->manufacturer);
		json_put_str(o, "version", c->version);
		json_put_int(o, "max_speed_mhz", c->max_speed_mhz);
		json_put_int(o, "core_count", c->core_count);
		json_put_int(o, "thread_count", c->thread_count);
		json_array_append_new(list, o);
	}
	return list;
}

json_t *inventory_dmi(const struct sysroot *sr)
{
	struct smbios s;
	json_t *dmi;

	if (load_smbios(sr, &s) < 0)
		return NULL;
	dmi = json_pack("{s:{s:s,s:s,s:s}, s:{s:s,s:s,s:s}, s:{s:s,s:s,s:s}}", "bios", "vendor",
		s.bios.vendor, "version", s.bios.version, "release_date", s.bios.release_date,
		"board", "manufacturer", s.board.manufacturer, "product", s.board.product,
		"serial_number", s.board.serial_number, "chassis", "manufacturer",
		s.chassis.manufacturer, "serial_number", s.chassis.serial_number, "asset_tag",
		s.chassis.asset_tag);
	if (dmi) {
		json_object_set_new(dmi, "cpu", dmi_cpus(&s));
		json_object_set_new(dmi, "memory",
			json_pack("{s:I,s:i,s:o}", "maximum_capacity_kb",
				(json_int_t)s.memory_array.maximum_capacity_kb, "slots",
				(int)s.memory_array.slots, "devices", dmi_dimms(&s)));
		json_put_bool(dmi, "ipmi", s.ipmi.present);
	}
	smbios_done(&s);
	return dmi;
}
