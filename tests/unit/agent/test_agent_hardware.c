/* A machine of many parts, recorded, and what Debian 12's udev, lsblk and lscpu said of the same
 * machine (tests/fixtures/sysfs/record.sh): the inventory has to say the same. */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/inspect/collect.h"
#include "agent/inspect/inventory.h"
#include "lib/cli/machine.h"

static char *judge;

/* The part of the judge's file about one disk, "== sda" to the next "== "; NULL: it knows none. */
static char *judged(const char *name)
{
	_cleanup_free_ char *head = xasprintf("== %s\n", name);
	const char *from = strstr(judge, head), *to;

	if (!from)
		return NULL;
	from += strlen(head);
	to = strstr(from, "\n== ");
	return xstrndup(from, to ? (size_t)(to - from) + 1 : strlen(from));
}

/* The last line "KEY=value": where two programs of udev told, the later one wins. NULL: none. */
static char *value_of(const char *text, const char *key)
{
	_cleanup_free_ char *line = xasprintf("%s=", key);
	char *value = NULL;

	for (const char *p = text; p && (p = strstr(p, line)); p++)
		if (p == text || p[-1] == '\n') {
			free(value);
			value = xstrndup(p + strlen(line), strcspn(p + strlen(line), "\n"));
		}
	return value;
}

/* udev writes what is not plain as \x20; lsblk turns it back and joins runs of spaces. */
static char *unmangled(char *text)
{
	char *out = text, *p = text;

	for (; p && *p; p++) {
		char c = *p;

		if (!strncmp(p, "\\x20", 4) || c == ' ') {
			p += c == ' ' ? 0 : 3;
			c = ' ';
		}
		if (c != ' ' || (out > text && out[-1] != ' '))
			*out++ = c;
	}
	while (text && out > text && out[-1] == ' ')
		out--;
	if (text)
		*out = '\0';
	return text;
}

static void same_as_udev(const json_t *disk, const char *name)
{
	static const char *const pairs[][2] = {{"wwn", "ID_WWN"},
		{"wwn_with_extension", "ID_WWN_WITH_EXTENSION"},
		{"wwn_vendor_extension", "ID_WWN_VENDOR_EXTENSION"}};
	_cleanup_free_ char *said = judged(name), *path = value_of(said, "ID_PATH");
	_cleanup_free_ char *full = path ? xasprintf("/dev/disk/by-path/%s", path) : NULL;
	_cleanup_free_ char *serial = value_of(said, "ID_SCSI_SERIAL");
	_cleanup_free_ char *model = unmangled(value_of(said, "ID_MODEL_ENC"));

	is_str(json_str(disk, "by_path"), full, "%s by path as udev", name);
	if (!serial) /* NVMe and virtio: udev's rules take what the kernel shows */
		return;
	is_str(json_str(disk, "serial"), unmangled(serial), "%s serial as udev", name);
	is_str(json_str(disk, "model"), model, "%s model as udev", name);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		_cleanup_free_ char *want = value_of(said, pairs[i][1]);

		is_str(json_str(disk, pairs[i][0]), want, "%s %s as udev", name, pairs[i][0]);
	}
}

/* NAME SIZE ROTA LOG-SEC PHY-SEC HCTL TRAN, the last two by their columns, which may be empty. */
static void same_as_lsblk(const json_t *disk, const char *name)
{
	_cleanup_free_ char *said = judged("lsblk");
	unsigned long long size = 0;
	char hctl[32] = "", tran[32] = "", line_name[32];
	int rota = -1, log = 0, phy = 0;
	bool found = false;

	for (char *save = NULL, *l = strtok_r(said, "\n", &save); l && !found;
		l = strtok_r(NULL, "\n", &save)) {
		if (sscanf(l, "%31s %llu %d %d %d", line_name, &size, &rota, &log, &phy) != 5 ||
			!str_eq(line_name, name))
			continue;
		found = true;
		if (sscanf(l, "%*s %*u %*d %*d %*d %31s %31s", hctl, tran) == 1 &&
			!strchr(hctl, ':')) {
			strcpy(tran, hctl);
			hctl[0] = '\0';
		}
	}
	ok(found, "lsblk knows %s", name);
	is_int(json_int(disk, "size", 0), (long long)size, "%s size", name);
	is_int(json_flag(disk, "rotational", false), rota, "%s rotates or not", name);
	is_int(json_int(disk, "logical_sectors", 0), log, "%s sectors", name);
	is_int(json_int(disk, "physical_sectors", 0), phy, "%s sectors inside", name);
	is_str(json_str(disk, "hctl"), hctl[0] ? hctl : NULL, "%s hctl", name);
	/* lsblk knows virtio since 2.39, after the recording */
	if (strncmp(name, "vd", 2))
		is_str(json_str(disk, "tran"), tran[0] ? tran : NULL, "%s transport", name);
}

static void test_disks(const struct sysroot *sr)
{
	_cleanup_json_ json_t *disks = inventory_disks(sr);
	json_t *disk;
	size_t i;

	is_int(json_array_size(disks), 11, "eleven disks; the CD-ROM is none");
	json_array_foreach (disks, i, disk) {
		const char *name = strrchr(json_str(disk, "name"), '/') + 1;

		same_as_udev(disk, name);
		same_as_lsblk(disk, name);
		if (str_eq(name, "sde")) { /* as given to QEMU */
			is_str(json_str(disk, "firmware"), "SN04", "ATA firmware");
			is_int(json_int(disk, "rotation_rpm", 0), 7200, "turns a minute");
		}
	}
}

static int64_t lscpu(const char *key)
{
	_cleanup_free_ char *said = judged("lscpu");
	_cleanup_free_ char *label = xasprintf("%s: ", key);
	const char *p = strstr(said, label);

	return p ? atoll(p + strlen(label)) : -1;
}

static void test_cpu(const struct sysroot *sr)
{
	_cleanup_json_ json_t *cpu = inventory_cpu(sr);
	int64_t sockets = lscpu("Socket(s)");

	is_int(json_int(cpu, "count", 0), lscpu("CPU(s)"), "threads of execution");
	is_int(json_int(cpu, "socket_count", 0), sockets, "sockets");
	is_int(json_int(cpu, "core_count", 0), sockets * lscpu("Core(s) per socket"), "cores");
	is_str(json_str(cpu, "model_name"), "QEMU TCG CPU version 2.5+", "model");
	is_int(json_array_size(json_object_get(cpu, "cpus")), 4, "each of them");
	is_int(json_int(json_array_get(json_object_get(cpu, "cpus"), 3), "socket_id", -1), 1,
		"the last is in the second socket");
}

/* As QEMU's command line arranged them. */
static void test_numa(const struct sysroot *sr)
{
	_cleanup_json_ json_t *numa = inventory_numa(sr);
	const json_t *ram = json_object_get(numa, "ram"), *cpus = json_object_get(numa, "cpus");
	const json_t *far = json_object_get(json_object_get(numa, "distances"), "0");

	is_int(json_array_size(ram), lscpu("NUMA node(s)"), "nodes");
	is_int(json_int(json_array_get(ram, 1), "numa_node", -1), 1, "number of the second");
	ok(json_int(json_array_get(ram, 1), "size_kb", 0) > 400 * 1024, "and its memory");
	is_int(json_array_size(cpus), 4, "cores");
	is_int(json_int(json_array_get(cpus, 3), "numa_node", -1), 1, "the last is in the second");
	is_int(json_integer_value(json_array_get(far, 0)), 10, "here");
	is_int(json_integer_value(json_array_get(far, 1)), 21, "and there");
	is_int(json_array_size(json_object_get(numa, "nics")), 2, "network interfaces");
}

static const json_t *with(const json_t *list, const char *key, const char *value)
{
	json_t *o;
	size_t i;

	json_array_foreach ((json_t *)list, i, o)
		if (str_eq(json_str(o, key), value))
			return o;
	return NULL;
}

static void test_buses(const struct sysroot *sr)
{
	_cleanup_json_ json_t *pci = inventory_pci(sr), *gpus = inventory_gpus(sr, pci);
	_cleanup_json_ json_t *usb = inventory_usb(sr);
	const json_t *nvme = with(pci, "bus", "0000:01:00.0"), *stick;

	is_str(json_str(nvme, "class"), "010802", "PCI class of the NVMe disk behind the bridge");
	is_str(json_str(nvme, "vendor_id"), "1b36", "vendor");
	is_str(json_str(nvme, "product_id"), "0010", "product");
	is_str(json_str(nvme, "driver"), "nvme", "driver");
	is_int(json_array_size(gpus), 1, "one graphics adapter");
	is_str(json_str(json_array_get(gpus, 0), "vendor_id"), "1234", "QEMU's");
	is_int(json_array_size(usb), 2, "a keyboard and a disk, without the hubs");
	stick = with(usb, "serial", "USB0001");
	is_str(json_str(stick, "product"), "QEMU USB HARDDRIVE", "the disk");
	ok(str_starts(json_str(stick, "handle"), "USB:2:"), "by bus and device");
}

static void test_machine(const struct sysroot *sr)
{
	_cleanup_json_ json_t *all = inventory_collect(sr, NULL, true),
			      *extra = inventory_extra(all);
	const json_t *dimms = json_object_get(json_object_get(all, "memory"), "dimms");
	const json_t *system = json_object_get(all, "system"), *tpm = json_object_get(all, "tpm");
	const json_t *sha256 = json_object_get(json_object_get(tpm, "pcrs"), "sha256");
	const json_t *nics = json_object_get(all, "interfaces");
	_cleanup_json_ json_t *want =
		json_pack("[s,s,s,s]", "system", "product", "serial", "SVCTAG1");

	is_int(json_array_size(dimms), 1, "one memory module");
	is_str(json_str(json_array_get(dimms, 0), "slot"), "DIMM_A 0", "its slot");
	is_str(json_str(json_array_get(dimms, 0), "serial_number"), "MEMSER01", "its serial");
	is_int(json_int(json_array_get(dimms, 0), "size_mb", 0), 1024, "its size");
	is_str(json_str(system, "kernel"), "6.1.0-56-amd64", "kernel");
	is_int(json_object_size(sha256), 24, "registers of the TPM");
	is_str(json_str(sha256, "0"),
		"e21b703ee69c77476bccb43ec0336a9a1b2914b378944f7b00a10214ca8fea93", "the first");
	is_str(json_str(with(nics, "mac_address", "52:54:00:aa:00:01"), "biosdevname"), "em1",
		"SMBIOS says that it is the first on the board");
	is_int(json_int(with(nics, "mac_address", "52:54:00:aa:00:02"), "speed_mbps", 0), 1000,
		"speed");
	ok(json_array_has(extra, want), "hardware-detect's form has the serial number");
}

/* What dmidecode 3.4 prints of the same table. */
static void test_dmi(const struct sysroot *sr)
{
	_cleanup_json_ json_t *dmi = inventory_dmi(sr);
	const json_t *memory = json_object_get(dmi, "memory");
	const json_t *dimm = json_array_get(json_object_get(memory, "devices"), 0);
	const json_t *cpu = json_array_get(json_object_get(dmi, "cpu"), 0);

	is_str(json_str(json_object_get(dmi, "bios"), "Release Date"), "02/29/2024", "date");
	is_str(json_str(memory, "Maximum Capacity"), "1 GB", "capacity");
	is_int(json_int(memory, "Number Of Devices", 0), 1, "slots");
	is_str(json_str(dimm, "Size"), "1 GB", "size");
	is_str(json_str(dimm, "Speed"), "2933 MT/s", "speed");
	is_str(json_str(dimm, "Locator"), "DIMM_A 0", "slot");
	is_str(json_str(cpu, "Socket Designation"), "CPU 0", "socket");
	is_str(json_str(cpu, "Max Speed"), "3200 MHz", "its speed");
	is_str(json_str(cpu, "Status"), "Populated, Enabled", "its status");
}

static void test_shown(const struct sysroot *sr)
{
	_cleanup_json_ json_t *data =
		json_pack("{s:o}", "inventory", inventory_collect(sr, NULL, true));
	_cleanup_free_ char *text = machine_text(data);

	ok(strstr(text, "\n/dev/sde      67 MB     rotating  sata    ATA      "
			"ST4000NM0035-1V4107 with a long name  ATA0001   0x5000c500a1b2c3d4  "),
		"a disk as a person reads it");
	ok(strstr(text,
		   "\ncpu        4 x QEMU TCG CPU version 2.5+, x86_64, sockets: 2, cores: 4\n"),
		"and the processors");
}

static void test_collectors(const struct sysroot *sr)
{
	_cleanup_json_ json_t *data =
		json_pack("{s:o}", "inventory", inventory_collect(sr, NULL, true));

	for (size_t i = 0; i < collectors_n; i++)
		if (collectors[i].collect) {
			_cleanup_json_ json_t *part = collectors[i].collect(sr, NULL, data);

			ok(part, "collector %s", collectors[i].name);
		}
	ok(collector_wanted("default,logs", "logs"), "in the list");
	ok(collector_wanted("default, pci-devices", "pci-devices"), "after a space");
	ok(!collector_wanted("default,lldp-raw", "lldp"), "a longer name is another one");
	ok(collector_wanted(NULL, "lldp") && collector_wanted("all", "lldp"), "every one");
}

int main(void)
{
	struct sysroot sr = {.root = tree_unpack("qemu-many")};

	if (fs_read("tests/fixtures/sysfs/qemu-many.judge", 1 << 20, &judge, NULL, NULL) < 0)
		return 1;
	test_disks(&sr);
	test_cpu(&sr);
	test_numa(&sr);
	test_buses(&sr);
	test_machine(&sr);
	test_dmi(&sr);
	test_shown(&sr);
	test_collectors(&sr);
	free(judge);
	return done_testing();
}
