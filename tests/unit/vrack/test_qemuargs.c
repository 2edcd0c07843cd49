/* QEMU's command line: boot order by override, firmware, devices on their buses. */
#include "tests/unit/tap.h"

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "tests/vrack/csv.h"
#include "tests/vrack/qemuargs.h"

static const char text[] =
	"[rack]\nname=t\n[defaults]\nbmc_user=admin\nbmc_password=a,\"b\n"
	"[machine bios1]\nbmc_address=10.0.0.1\nmanufacturer=Dell, Inc.\nserial=SN1\n"
	"nic=virtio mac=52:54:00:00:00:01 rom=no\nnic=e1000 mac=52:54:00:00:00:02\n"
	"disk=virtio size=1G\ndisk=scsi size=1G\n"
	"[machine uefi1]\nfirmware=uefi\nbmc_address=10.0.0.2\nserial=SN2\nboot=disk,network\n"
	"nic=virtio mac=52:54:00:00:00:03\nnic=e1000e mac=52:54:00:00:00:04\ndisk=nvme size=1G "
	"serial=N1\ndisk=ahci size=1G\n"
	"[machine many]\nbmc_address=10.0.0.3\ntpm=crb\nnic=virtio\n"
	"disk=megasas size=1G rotational=yes\ndisk=ahci size=1G block=512e rotational=no\n"
	"disk=megasas size=1G\ndisk=mptsas size=1G\ndisk=pvscsi size=1G block=4096\n"
	"[machine bare]\nbmc_address=10.0.0.4\nkcs=no\nclock=2011-03-04T05:06:07\n"
	"disk=virtio size=1G bad=1M\n";

static struct rack *rack;
static struct qemuargs args;

static const char *line(const char *machine, struct boot_choice choice)
{
	static char all[8192];
	size_t n = 0;

	qemuargs_done(&args);
	qemuargs_make(rack, rack_find(rack, machine), &choice, &args);
	for (unsigned i = 0; i < args.n; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s ", args.argv[i]);
	return all;
}

/* The word of the command line that has `part` in it. */
static const char *word(const char *part)
{
	for (unsigned i = 0; i < args.n; i++)
		if (strstr(args.argv[i], part))
			return args.argv[i];
	return "";
}

static void test_bios(void)
{
	const char *all = line("bios1", (struct boot_choice){0});

	ok(strstr(all, "-accel tcg ") != NULL, "software emulation, never KVM");
	ok(!strstr(all, "pflash"), "no UEFI");
	ok(strstr(word("virtio-net-pci"), "romfile=") &&
			!strstr(word("virtio-net-pci"), "bootindex"),
		"a NIC without ROM does not boot");
	ok(str_ends(word("e1000"), ",bootindex=1"), "network is first: %s", word("e1000"));
	ok(str_ends(word("virtio-blk-pci"), ",bootindex=2"), "then the disks, in their order");
	ok(str_ends(word("scsi-hd"), ",bootindex=3") && strstr(word("scsi-hd"), "bus=scsi0.0"),
		"the second one on its controller");
	ok(strstr(word("type=1,"), "manufacturer=Dell,, Inc.,"), "a comma is written twice");
	ok(!strstr(all, "-no-reboot") && !strstr(all, "-action") && !strstr(all, "-no-shutdown"),
		"resets and power-off are left to the BMC");
	ok(!strstr(all, "a,\"b"), "no password");
}

static void test_overrides(void)
{
	struct boot_choice disk = {.valid = true, .device = BOOT_DEVICE_DISK};
	struct boot_choice pxe = {.valid = true, .device = BOOT_DEVICE_PXE, .efi = true};
	struct boot_choice setup = {.valid = true, .device = BOOT_DEVICE_BIOS};
	struct boot_choice spent = {.valid = false, .device = BOOT_DEVICE_DISK};

	line("bios1", disk);
	ok(str_ends(word("virtio-blk-pci"), ",bootindex=1") &&
			str_ends(word("e1000"), ",bootindex=3"),
		"disk goes before network");
	line("bios1", spent);
	ok(str_ends(word("e1000"), ",bootindex=1"), "flags that are not valid do not count");
	line("bios1", setup);
	ok(str_ends(word("e1000"), ",bootindex=1"), "the setup has no device, so the own order");
	line("uefi1", (struct boot_choice){0});
	ok(strstr(word("nvme,"), ",bootindex=1") && strstr(word("virtio-net-pci"), ",bootindex=3"),
		"the machine's own order: disk, network");
	line("uefi1", pxe);
	ok(strstr(word("virtio-net-pci"), ",bootindex=1") && strstr(word("nvme,"), ",bootindex=3"),
		"network goes before disk");
}

static void test_uefi(void)
{
	const char *all = line("uefi1", (struct boot_choice){0});

	ok(strstr(all, "uefi1/ovmf-vars.fd") && strstr(all, "OVMF_CODE_4M.fd"), "UEFI firmware");
	ok(strstr(word("virtio-net-pci"), ",romfile=,") != NULL,
		"UEFI boots the network by itself, without iPXE");
	ok(!strstr(word("e1000e"), "romfile"), "for a NIC it has no driver for, it needs the ROM");
	ok(strstr(word("nvme,"), "serial=N1") != NULL, "the disk's serial");
	ok(strstr(word("ide-hd"), "bus=ahci0.0") && strstr(all, "ich9-ahci,id=ahci0"),
		"an ahci disk has its controller");
}

static unsigned count(const char *all, const char *part)
{
	unsigned n = 0;

	while ((all = strstr(all, part))) {
		all += strlen(part);
		n++;
	}
	return n;
}

static void test_many(void)
{
	const char *all = line("many", (struct boot_choice){0});

	ok(strstr(word("id=dev0"), ",wwn=0x5000c500") && !strcmp(word(",wwn="), word("id=dev0")),
		"and a world-wide name");
	is_int(count(all, "megasas,id=megasas0 "), 1, "two disks share one controller");
	is_int(count(all, "scsi-hd,") - count(all, "bus=mptsas0.0,") - count(all, "bus=pvscsi0.0,"),
		2, "and the others have their own");
	ok(strstr(word("id=dev0"), "bus=megasas0.0,") && strstr(word("id=dev2"), "bus=megasas0.0,"),
		"which they name");
	ok(strstr(word("id=dev0"), ",rotation_rate=7200,") &&
			strstr(word("id=dev1"), ",rotation_rate=1,") &&
			!strstr(word("id=dev2"), "rotation"),
		"disks say how they turn, if they do");
	ok(strstr(word("id=dev1"), "logical_block_size=512,physical_block_size=4096"), "512e");
	ok(strstr(word("id=dev4"), "logical_block_size=4096,physical_block_size=4096"), "4096");
	ok(str_eq(word("tpm-crb"), "tpm-crb,tpmdev=tpm0") &&
			strstr(word("id=tpm,"), "many/tpm.sock"),
		"a TPM");
	ok(strstr(all, "isa-ipmi-kcs,bmc=bmc ") && strstr(word("id=ipmi,"), "many/ipmi.sock"),
		"the BMC's own system interface");
	all = line("bare", (struct boot_choice){0});
	ok(!strstr(all, "tpm") && !strstr(all, "ipmi"), "neither where the rack file says so");
}

static void test_taps(void)
{
	char a[16], b[16];

	tap_name(rack, &rack->machines[0], 1, a);
	tap_name(rack, &rack->machines[1], 0, b);
	ok(strcmp(a, b) != 0 && strlen(a) < 16, "every NIC has its tap");
	line("bios1", (struct boot_choice){0});
	ok(strstr(word("id=net1"), a) != NULL, "and uses it");
}

static void test_csv(void)
{
	struct buf out = BUF_INIT(4096);

	rack->n_machines = 2;
	csv_write(rack, &out);
	is_str(buf_str(&out),
		"name,bmc_address,bmc_port,bmc_username,bmc_password,mac,boot_mode,serial\n"
		"bios1,10.0.0.1,623,admin,\"a,\"\"b\",52:54:00:00:00:02,bios,SN1\n"
		"uefi1,10.0.0.2,623,admin,\"a,\"\"b\",52:54:00:00:00:03,uefi,SN2\n",
		"CSV, with the MAC of the NIC that boots");
	buf_done(&out);
}

/* QEMU's words for a clock and for errors: its manual, -rtc, and block driver blkdebug. */
static void test_faults(void)
{
	const char *all = line("bare", (struct boot_choice){0});

	ok(strstr(all, "-rtc base=2011-03-04T05:06:07 "), "a clock that is wrong");
	ok(strstr(word("blkdebug"), "inject-error.0.iotype=write") &&
			strstr(word("blkdebug"), "inject-error.0.errno=5") &&
			strstr(word("blkdebug"), "inject-error.0.sector=2048"),
		"a sector that cannot be written: %s", word("blkdebug"));
	all = line("bios1", (struct boot_choice){0});
	ok(!strstr(all, "-rtc") && !strstr(all, "blkdebug"), "not unless asked for");
}

int main(void)
{
	struct err e = {0};

	if (!ok(rack_parse(text, strlen(text), "t.rack", &rack, &e) == 0, "rack file: %s", e.text))
		return done_testing();
	test_bios();
	test_faults();
	test_overrides();
	test_uefi();
	test_many();
	test_taps();
	test_csv();
	qemuargs_done(&args);
	rack_free(rack);
	return done_testing();
}
