/* The inventory in lines; see show.h. What is not known is left out. */
#include "agent/inspect/show.h"
#include "lib/base/str.h"

#include <string.h>

#define TLV_PORT_ID	2
#define TLV_SYSTEM_NAME 5

static void show_label(FILE *out, const char *label)
{
	fprintf(out, "%-9s", label);
}

/* The texts of some members, each followed by two spaces. */
static void show_texts(FILE *out, const json_t *o, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (json_str(o, keys[i]))
			fprintf(out, "%s  ", json_str(o, keys[i]));
}

#define SHOW_TEXTS(out, o, ...)                                                                    \
	show_texts(out, o, (const char *const[]){__VA_ARGS__},                                     \
		ARRAY_SIZE(((const char *const[]){__VA_ARGS__})))

static void show_bytes(FILE *out, int64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double size = (double)bytes;
	size_t i = 0;

	for (; size >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		size /= 1024;
	fprintf(out, size < 10 && i ? "%.1f %s  " : "%.0f %s  ", size, units[i]);
}

static void show_number(FILE *out, const json_t *o, const char *key, const char *unit)
{
	if (json_is_integer(json_object_get(o, key)))
		fprintf(out, "%lld %s  ", (long long)json_int(o, key, 0), unit);
}

static void show_machine(FILE *out, const json_t *inventory)
{
	const json_t *vendor = json_object_get(inventory, "system_vendor");
	const json_t *boot = json_object_get(inventory, "boot");
	const json_t *secure = json_object_get(boot, "secure_boot");

	show_label(out, "machine");
	SHOW_TEXTS(out, vendor, "manufacturer", "product_name", "serial_number");
	fputc('\n', out);
	show_label(out, "firmware");
	SHOW_TEXTS(out, json_object_get(vendor, "firmware"), "vendor", "version", "build_date");
	SHOW_TEXTS(out, boot, "current_boot_mode");
	if (json_is_boolean(secure))
		fprintf(out, "Secure Boot %s", json_is_true(secure) ? "on" : "off");
	fputc('\n', out);
	show_label(out, "system");
	SHOW_TEXTS(out, inventory, "hostname");
	SHOW_TEXTS(out, json_object_get(inventory, "system"), "kernel", "virtualization");
	fputc('\n', out);
}

static void show_cpu(FILE *out, const json_t *cpu)
{
	show_label(out, "cpu");
	SHOW_TEXTS(out, cpu, "model_name");
	fprintf(out, "%lld sockets, %lld cores, %lld threads\n",
		(long long)json_int(cpu, "socket_count", 0),
		(long long)json_int(cpu, "core_count", 0), (long long)json_int(cpu, "count", 0));
}

static void show_memory(FILE *out, const json_t *memory)
{
	json_t *dimm;
	size_t i;

	show_label(out, "memory");
	show_bytes(out, json_int(memory, "physical_mb", 0) << 20);
	fputc('\n', out);
	json_array_foreach (json_object_get(memory, "dimms"), i, dimm) {
		fputs("  ", out);
		SHOW_TEXTS(out, dimm, "slot");
		if (!json_int(dimm, "size_mb", 0)) {
			fputs("empty\n", out);
			continue;
		}
		show_bytes(out, json_int(dimm, "size_mb", 0) << 20);
		SHOW_TEXTS(out, dimm, "type");
		show_number(out, dimm, "speed_mts", "MT/s");
		SHOW_TEXTS(out, dimm, "manufacturer", "part_number", "serial_number");
		fputc('\n', out);
	}
}

static void show_health(FILE *out, const json_t *health)
{
	SHOW_TEXTS(out, health, "status", "reason");
	show_number(out, health, "temperature_c", "degrees");
	show_number(out, health, "power_on_hours", "hours");
	show_number(out, health, "wear_percent", "% worn");
	show_number(out, health, "reallocated_sectors", "moved sectors");
}

static void show_disks(FILE *out, const json_t *disks)
{
	json_t *disk;
	size_t i;

	show_label(out, "disks");
	fprintf(out, "%zu\n", json_array_size(disks));
	json_array_foreach ((json_t *)disks, i, disk) {
		fputs("  ", out);
		SHOW_TEXTS(out, disk, "name");
		show_bytes(out, json_int(disk, "size", 0));
		fputs(json_flag(disk, "rotational", false) ? "turning  " : "solid  ", out);
		SHOW_TEXTS(out, disk, "tran", "model", "firmware", "serial", "wwn");
		show_health(out, json_object_get(disk, "health"));
		fputc('\n', out);
	}
}

/* A text out of a TLV, without its first byte where that is the kind of the rest. */
static void show_tlv(FILE *out, const json_t *tlvs, int type, size_t skip)
{
	uint8_t bytes[512];
	json_t *one;
	size_t i;
	int n;

	json_array_foreach ((json_t *)tlvs, i, one) {
		if (json_integer_value(json_array_get(one, 0)) != type)
			continue;
		n = hex_decode(json_string_value(json_array_get(one, 1)), bytes, sizeof(bytes));
		for (size_t k = skip; n > 0 && k < (size_t)n; k++)
			fputc(bytes[k] >= 0x20 && bytes[k] < 0x7f ? bytes[k] : '?', out);
		fputs("  ", out);
		return;
	}
}

static void show_nics(FILE *out, const json_t *nics)
{
	json_t *nic;
	size_t i;

	show_label(out, "network");
	fprintf(out, "%zu\n", json_array_size(nics));
	json_array_foreach ((json_t *)nics, i, nic) {
		fputs("  ", out);
		SHOW_TEXTS(out, nic, "name", "mac_address");
		fputs(json_flag(nic, "has_carrier", false) ? "up  " : "no carrier  ", out);
		show_number(out, nic, "speed_mbps", "Mbit/s");
		SHOW_TEXTS(out, nic, "driver", "firmware", "pci_address", "ipv4_address",
			"ipv6_address");
		if (json_array_size(json_object_get(nic, "lldp"))) {
			fputs("at ", out);
			show_tlv(out, json_object_get(nic, "lldp"), TLV_SYSTEM_NAME, 0);
			show_tlv(out, json_object_get(nic, "lldp"), TLV_PORT_ID, 1);
		}
		fputc('\n', out);
	}
}

static void show_rest(FILE *out, const json_t *inventory)
{
	const json_t *tpm = json_object_get(inventory, "tpm");
	const json_t *bmc = json_object_get(inventory, "bmc");
	json_t *gpu;
	size_t i;

	json_array_foreach (json_object_get(inventory, "gpus"), i, gpu) {
		show_label(out, "gpu");
		SHOW_TEXTS(out, gpu, "vendor", "name", "vendor_id", "product_id", "bus", "driver");
		fputc('\n', out);
	}
	if (json_is_object(tpm)) {
		show_label(out, "tpm");
		SHOW_TEXTS(out, tpm, "version", "driver");
		fputc('\n', out);
	}
	if (json_is_object(bmc)) {
		show_label(out, "bmc");
		SHOW_TEXTS(out, inventory, "bmc_address", "bmc_v6address", "bmc_mac");
		SHOW_TEXTS(out, bmc, "firmware_version");
		fputc('\n', out);
	}
}

void inventory_show(FILE *out, const json_t *inventory)
{
	show_machine(out, inventory);
	show_cpu(out, json_object_get(inventory, "cpu"));
	show_memory(out, json_object_get(inventory, "memory"));
	show_disks(out, json_object_get(inventory, "disks"));
	show_nics(out, json_object_get(inventory, "interfaces"));
	show_rest(out, inventory);
}
