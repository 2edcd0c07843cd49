/* The inventory from a recorded and a hand-made machine; what is expected was set on QEMU's command
 * line. */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/inspect/inventory.h"

static const json_t *named(const json_t *list, const char *name)
{
	json_t *o;
	size_t i;

	json_array_foreach (list, i, o)
		if (str_eq(json_str(o, "name"), name))
			return o;
	return NULL;
}

static void test_recorded_disks(const struct sysroot *sr)
{
	_cleanup_json_ json_t *disks = inventory_disks(sr);
	const json_t *d;

	is_int(json_array_size(disks), 4, "four disks; the CD-ROM is none");
	d = named(disks, "/dev/nvme0n1");
	is_int(json_int(d, "size", 0), 1073741824, "size in bytes");
	is_str(json_str(d, "serial"), "NVME0001", "NVMe serial without its padding");
	is_str(json_str(d, "model"), "QEMU NVMe Ctrl", "NVMe model");
	is_str(json_str(d, "tran"), "nvme", "NVMe transport");
	is_str(json_str(d, "by_path"), "/dev/disk/by-path/pci-0000:00:03.0-nvme-1", "NVMe by path");
	ok(!json_flag(d, "rotational", true), "NVMe does not rotate");
	d = named(disks, "/dev/sda");
	is_str(json_str(d, "serial"), "ATA0001", "ATA serial out of VPD page 80h");
	is_str(json_str(d, "wwn"), "0x5000c500a1b2c3d4", "ATA world-wide name");
	is_str(json_str(d, "hctl"), "2:0:0:0", "host, channel, target, LUN");
	is_str(json_str(d, "by_path"), "/dev/disk/by-path/pci-0000:00:1f.2-ata-3.0", "ATA by path");
	is_str(json_str(d, "tran"), "sata", "ATA transport");
	d = named(disks, "/dev/sdb");
	is_str(json_str(d, "vendor"), "SEAGATE", "SCSI vendor");
	is_int(json_int(d, "logical_sectors", 0), 4096, "4096-byte sectors");
	ok(json_flag(d, "rotational", false), "SCSI disk rotates");
	d = named(disks, "/dev/vda");
	is_str(json_str(d, "serial"), "VIRT0001", "virtio serial");
	ok(json_is_null(json_object_get(d, "model")), "virtio has no model");
	is_str(json_str(d, "vendor"), "0x1af4", "virtio vendor is the device's number");
}

static void test_recorded_machine(const struct sysroot *sr)
{
	_cleanup_json_ json_t *all = inventory_collect(sr, "52:54:00:aa:00:02", true);
	const json_t *nic = named(json_object_get(all, "interfaces"), "eth1");
	const json_t *vendor = json_object_get(all, "system_vendor");
	const json_t *firmware = json_object_get(vendor, "firmware");
	const json_t *boot = json_object_get(all, "boot");

	is_int(json_array_size(json_object_get(all, "interfaces")), 2, "two NICs; lo is none");
	is_str(json_str(nic, "mac_address"), "52:54:00:aa:00:02", "MAC");
	is_str(json_str(nic, "driver"), "virtio_net", "driver");
	is_str(json_str(nic, "pci_address"), "0000:00:06.0", "PCI address of a virtio NIC");
	is_str(json_str(vendor, "manufacturer"), "LabCorp", "manufacturer");
	is_str(json_str(vendor, "product_name"), "Server9", "product");
	is_str(json_str(vendor, "serial_number"), "SVCTAG1", "serial number");
	is_str(json_str(firmware, "version"), "1.2.3", "firmware version");
	is_str(json_str(firmware, "build_date"), "02/29/2024", "firmware date");
	is_int(json_int(json_object_get(all, "memory"), "physical_mb", 0), 768, "DIMMs together");
	is_int(json_int(json_object_get(all, "memory"), "total", 0), 725636ll * 1024, "MemTotal");
	is_str(json_str(boot, "current_boot_mode"), "bios", "boot mode");
	is_str(json_str(boot, "pxe_interface"), "52:54:00:aa:00:02", "boot interface");
	ok(json_is_null(json_object_get(all, "bmc_address")), "no BMC below a recorded root");
}

static void test_server_disks(const struct sysroot *sr)
{
	_cleanup_json_ json_t *disks = inventory_disks(sr);
	static const char *const order[] = {"/dev/mmcblk0", "/dev/nvme2n1", "/dev/nvme10n1",
		"/dev/sda", "/dev/sdb", "/dev/sde", "/dev/sdf", "/dev/sdh", "/dev/sdi", "/dev/sdj"};
	const json_t *d;

	is_int(json_array_size(disks), ARRAY_SIZE(order), "no removable, hidden, empty or virtual");
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		is_str(json_str(json_array_get(disks, i), "name"), order[i], "disk %zu in order",
			i);
	d = named(disks, "/dev/sda");
	is_str(json_str(d, "wwn"), "0x600508b1001c7f2e", "first half of a 128-bit name");
	is_str(json_str(d, "wwn_vendor_extension"), "0x5d6a9b8c01234567", "second half");
	is_str(json_str(d, "wwn_with_extension"), "0x600508b1001c7f2e5d6a9b8c01234567", "both");
	is_str(json_str(d, "serial"), "8DGX2Y1H", "serial without blanks on either side");
	is_str(json_str(d, "tran"), "sas", "SAS");
	is_int(json_int(d, "size", 0), 23437770752ll * 512, "12 TB");
	is_int(json_int(d, "physical_sectors", 0), 4096, "physical sectors");
	is_str(json_str(named(disks, "/dev/sdb"), "tran"), "fc", "Fibre Channel");
	is_str(json_str(named(disks, "/dev/nvme2n1"), "wwn"), "eui.0025385b71b00f3a", "EUI-64");
}

/* As udev's path_id and lsblk name where a disk is plugged in. */
static void test_server_paths(const struct sysroot *sr)
{
	static const char *const table[][3] = {
		{"sda", "pci-0000:17:00.0-sas-0x5000cca2531a5f01-lun-0", "sas"},
		{"sdb", "pci-0000:3b:00.0-fc-0x524a937a1b2c3d01-lun-3", "fc"},
		{"sde", "pci-0000:17:00.0-sas-exp0x500056b3a1b2c3ff-phy11-lun-0", "sas"},
		{"sdf",
			"ip-192.0.2.7:3260-iscsi-iqn.2016-06.world.srv:storage.target01"
			"-lun-0x012c000000000000",
			"iscsi"},
		{"sdg", "pci-0000:00:14.0-usb-0:14.3:1.0-scsi-0:0:0:1", "usb"},
		{"sdh", "pci-0000:00:17.0-ata-1.3.0", "sata"},
		{"sdi", "pci-0000:00:1f.5-ata-1.1", "ata"},
		{"sdj", "pci-0000:82:00.0-scsi-1:0:4:0", NULL},
		{"mmcblk0", "platform-fe340000.mmc", "mmc"},
	};
	_cleanup_json_ json_t *disks = inventory_candidates(sr);

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_free_ char *name = xasprintf("/dev/%s", table[i][0]);
		_cleanup_free_ char *path = xasprintf("/dev/disk/by-path/%s", table[i][1]);
		const json_t *d = named(disks, name);

		is_str(json_str(d, "by_path"), path, "%s by path", table[i][0]);
		is_str(json_str(d, "tran"), table[i][2], "%s transport", table[i][0]);
	}
	is_str(json_str(named(disks, "/dev/sdg"), "serial"), "329120123",
		"serial of the USB device");
	is_str(json_str(named(disks, "/dev/sdg"), "unfit"), "is removable",
		"virtual media is unfit");
}

static void test_server_parts(const struct sysroot *sr)
{
	_cleanup_json_ json_t *all = inventory_collect(sr, NULL, true), *pci = inventory_pci(sr);
	const json_t *cpu = json_object_get(all, "cpu"), *boot = json_object_get(all, "boot");
	const json_t *gpus = json_object_get(all, "gpus");
	const json_t *nics = json_object_get(all, "interfaces");

	is_int(json_int(cpu, "core_count", 0), 4, "cores of two threads each");
	is_int(json_array_size(json_object_get(cpu, "cpus")), 8, "each thread");
	ok(json_flag(boot, "secure_boot", false), "Secure Boot is on");
	ok(!json_flag(boot, "setup_mode", true), "and not in setup mode");
	is_int(json_array_size(pci), 4, "PCI devices");
	is_int(json_array_size(gpus), 3, "two graphics adapters and one accelerator");
	is_str(json_str(json_array_get(gpus, 1), "vendor"), "NVIDIA", "maker");
	is_str(json_str(json_array_get(gpus, 1), "name"), "GPU 1", "the board's name for it");
	is_str(json_str(json_array_get(gpus, 1), "numa_node_id"), "1", "its node");
	is_str(json_str(named(nics, "ens1f0np0"), "biosdevname"), "p1p1", "first port of slot 1");
	is_str(json_str(named(nics, "ens1f0np1"), "biosdevname"), "p1p2",
		"second port of the same function");
	is_int(json_int(named(nics, "ens1f0np1"), "speed_mbps", 0), 25000, "its speed");
	is_str(json_str(json_object_get(all, "system"), "virtualization"), "none", "bare metal");
}

static void test_server(const struct sysroot *sr)
{
	_cleanup_json_ json_t *all = inventory_collect(sr, NULL, true);
	const json_t *nics = json_object_get(all, "interfaces"), *nic = json_array_get(nics, 0);
	const json_t *cpu = json_object_get(all, "cpu"), *tpm = json_object_get(all, "tpm");

	is_str(json_str(tpm, "version"), "2.0", "TPM");
	is_str(json_str(tpm, "driver"), "tpm_crb", "its driver");
	is_int(json_array_size(json_object_get(tpm, "pcr_banks")), 2, "its banks of registers");
	is_int(json_array_size(nics), 2, "neither InfiniBand nor a bond");
	ok(!json_flag(nic, "has_carrier", true), "no carrier");
	ok(json_is_null(json_object_get(nic, "speed_mbps")), "no speed without a carrier");
	is_str(json_str(nic, "product"), "0x101f", "device number");
	is_int(json_int(cpu, "count", 0), 8, "logical processors");
	is_int(json_int(cpu, "socket_count", 0), 2, "sockets");
	is_str(json_str(cpu, "frequency"), "3500.0000", "the highest frequency, in MHz");
	is_int(json_array_size(json_object_get(cpu, "flags")), 3, "flags");
	is_str(json_str(json_object_get(all, "boot"), "current_boot_mode"), "uefi", "UEFI");
	is_str(json_str(json_object_get(all, "system_vendor"), "serial_number"), "ABC1234",
		"the kernel's copy where the table cannot be read");
	is_int(json_int(json_object_get(all, "memory"), "physical_mb", 0), 257391,
		"memory without SMBIOS, rounded up");
}

static void test_empty(const struct sysroot *sr)
{
	_cleanup_json_ json_t *all = inventory_collect(sr, NULL, true);

	is_int(json_array_size(json_object_get(all, "disks")), 0, "no disks");
	is_int(json_array_size(json_object_get(all, "interfaces")), 0, "no interfaces");
	ok(json_is_null(json_object_get(all, "tpm")), "no TPM");
	ok(json_is_null(json_object_get(json_object_get(all, "system_vendor"), "serial_number")),
		"what is not known is null");
}

static void test_simulated(const char *root)
{
	_cleanup_free_ char *list = xasprintf("%s/disks.json", root);
	static const char text[] = "[{\"name\":\"vda\",\"size\":10,\"serial\":\"S\"},{\"size\":3}]";
	struct sysroot sr = {.root = root, .disks_json = list};
	_cleanup_json_ json_t *disks = NULL;

	tree_write("/disks.json", text, strlen(text), false);
	disks = inventory_disks(&sr);
	is_int(json_array_size(disks), 1, "an entry without name is none");
	is_str(json_str(json_array_get(disks, 0), "name"), "/dev/vda", "the name gets its /dev/");
	is_str(json_str(json_array_get(disks, 0), "serial"), "S", "serial");
}

int main(void)
{
	struct sysroot sr = {.root = tree_unpack("qemu-q35")};

	test_recorded_disks(&sr);
	test_recorded_machine(&sr);
	sr.root = tree_unpack("server-uefi");
	test_server_disks(&sr);
	test_server_paths(&sr);
	test_server_parts(&sr);
	test_server(&sr);
	sr.root = tree_new();
	test_empty(&sr);
	test_simulated(sr.root);
	return done_testing();
}
