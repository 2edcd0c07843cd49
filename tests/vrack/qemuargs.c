/* QEMU's command line; see qemuargs.h. Always software emulation: see `-accel` below. */
#include "tests/vrack/qemuargs.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

static void add(struct qemuargs *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct qemuargs *a, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	if (a->n + 2 > a->cap) {
		a->cap = a->cap ? a->cap * 2 : 64;
		a->argv = xrealloc(a->argv, a->cap * sizeof(*a->argv));
	}
	a->argv[a->n++] = s;
	a->argv[a->n] = NULL;
}

void qemuargs_done(struct qemuargs *a)
{
	for (unsigned i = 0; i < a->n; i++)
		free(a->argv[i]);
	free(a->argv);
	*a = (struct qemuargs){0};
}

/* QEMU separates options by commas; one inside a value is written twice. dst holds 2*len+1. */
static const char *escape(const char *s, char *dst)
{
	char *d = dst;

	for (; *s; s++) {
		*d++ = *s;
		if (*s == ',')
			*d++ = ',';
	}
	*d = '\0';
	return dst;
}

unsigned boot_order(const struct rack_machine *m, const struct boot_choice *choice,
	enum rack_boot ret[static RACK_BOOT_COUNT])
{
	int first = -1;
	unsigned n = 0;

	if (choice->valid && choice->device == BOOT_DEVICE_PXE)
		first = RACK_BOOT_NETWORK;
	else if (choice->valid && choice->device == BOOT_DEVICE_DISK)
		first = RACK_BOOT_DISK;
	if (first >= 0)
		ret[n++] = (enum rack_boot)first;
	for (unsigned i = 0; i < m->n_boot; i++)
		if ((int)m->boot[i] != first)
			ret[n++] = m->boot[i];
	return n;
}

void tap_name(
	const struct rack *rack, const struct rack_machine *m, unsigned i, char ret[static 16])
{
	snprintf(ret, 16, "tap%u-%u", (unsigned)(m - rack->machines) & 0xff, i & 0xff);
}

/* Bootindex 0 is unset here; each bootable device has its own. */
struct indexes {
	unsigned disk[RACK_DISKS_MAX], nic[RACK_NICS_MAX];
};

static void number_devices(
	const struct rack_machine *m, const struct boot_choice *choice, struct indexes *ret)
{
	enum rack_boot order[RACK_BOOT_COUNT];
	unsigned n = boot_order(m, choice, order), next = 1;

	memset(ret, 0, sizeof(*ret));
	for (unsigned k = 0; k < n; k++) {
		for (unsigned i = 0; i < m->n_disks && order[k] == RACK_BOOT_DISK; i++)
			ret->disk[i] = next++;
		for (unsigned i = 0; i < m->n_nics && order[k] == RACK_BOOT_NETWORK; i++)
			if (m->nics[i].rom)
				ret->nic[i] = next++;
	}
}

static const char *bootindex(unsigned index, char dst[static 32])
{
	dst[0] = '\0';
	if (index)
		snprintf(dst, 32, ",bootindex=%u", index);
	return dst;
}

/* QEMU's device for a disk, and the controller it is attached to with the ports of one. */
static const struct bus {
	const char *device, *controller;
	unsigned ports; /* 0: any number on one */
} buses[RACK_BUS_COUNT] = {
	[RACK_VIRTIO] = {"virtio-blk-pci", NULL, 0},
	[RACK_NVME] = {"nvme", NULL, 0},
	[RACK_AHCI] = {"ide-hd", "ich9-ahci", 6},
	[RACK_SCSI] = {"scsi-hd", "virtio-scsi-pci", 0},
	[RACK_MEGASAS] = {"scsi-hd", "megasas", 0},
	/* without an address of its own the kernel's driver finds no disk behind it */
	[RACK_MPTSAS] = {"scsi-hd", "mptsas1068,sas_address=0x5000c500ffffff00", 8},
	[RACK_PVSCSI] = {"scsi-hd", "pvscsi", 0},
};

/* How many disks on the same bus come before disk i. */
static unsigned place_on_bus(const struct rack_machine *m, unsigned i)
{
	unsigned n = 0;

	for (unsigned j = 0; j < i; j++)
		n += m->disks[j].bus == m->disks[i].bus;
	return n;
}

/* The controller of disk i comes with its first disk, and is on both chipsets alike. */
static void add_controller(struct qemuargs *a, const struct rack_machine *m, unsigned i)
{
	const struct rack_disk *d = &m->disks[i];
	const struct bus *b = &buses[d->bus];
	unsigned place = place_on_bus(m, i);

	if (!b->controller || (b->ports ? place % b->ports : place))
		return;
	add(a, "-device");
	add(a, "%s,id=%s%u", b->controller, rack_bus_names[d->bus],
		b->ports ? place / b->ports : 0);
}

static void add_disk(struct qemuargs *a, const struct rack_machine *m, unsigned i, unsigned index)
{
	const struct rack_disk *d = &m->disks[i];
	const struct bus *b = &buses[d->bus];
	unsigned place = place_on_bus(m, i);
	char boot[32], bus[48] = "", scsi[64] = "";
	int n;

	if (d->bus == RACK_AHCI)
		snprintf(bus, sizeof(bus), ",bus=ahci%u.%u", place / b->ports, place % b->ports);
	else if (b->controller)
		snprintf(bus, sizeof(bus), ",bus=%s%u.0", rack_bus_names[d->bus],
			b->ports ? place / b->ports : 0);
	if (b->controller) {
		n = snprintf(scsi, sizeof(scsi), ",wwn=0x%" PRIx64, d->wwn);
		if (d->rotation_rate)
			snprintf(scsi + n, sizeof(scsi) - n, ",rotation_rate=%u", d->rotation_rate);
	}
	/* the host's page cache outlives the machine, so its flushes need not wait for our disk */
	add(a, "-drive");
	if (d->bad_byte)
		add(a,
			"if=none,id=disk%u,format=raw,cache=unsafe,werror=report,file.driver="
			"blkdebug,"
			"file.image.driver=file,file.image.filename=%s/disk%u.raw,"
			"file.inject-error.0.event=none,file.inject-error.0.iotype=write,"
			"file.inject-error.0.errno=5,file.inject-error.0.sector=%" PRIu64,
			i, m->name, i, d->bad_byte / 512);
	else
		add(a,
			"if=none,id=disk%u,format=raw,discard=unmap,cache=unsafe,file=%s/disk%u."
			"raw",
			i, m->name, i);
	add(a, "-device");
	add(a,
		"%s,id=dev%u,drive=disk%u%s,serial=%s%s,logical_block_size=%u,physical_block_size=%"
		"u%s",
		b->device, i, i, bus, d->serial, scsi, d->block_size_bytes, d->physical_size_bytes,
		bootindex(index, boot));
}

/*
 * A BIOS NIC boots by the option ROM that QEMU gives it, iPXE. UEFI has a driver for virtio and PXE
 * of its own, as servers have; for the other NICs it needs the ROM too.
 */
static bool wants_rom(const struct rack_machine *m, const struct rack_nic *n)
{
	return n->rom && (m->firmware == RACK_BIOS || !str_eq(n->model, "virtio-net-pci"));
}

static void add_nic(struct qemuargs *a, const struct rack *rack, const struct rack_machine *m,
	unsigned i, unsigned index)
{
	const struct rack_nic *n = &m->nics[i];
	char boot[32], tap[16];

	tap_name(rack, m, i, tap);
	add(a, "-netdev");
	add(a, "tap,id=net%u,ifname=%s,script=no,downscript=no", i, tap);
	add(a, "-device");
	add(a, "%s,netdev=net%u,mac=%s%s%s", n->model, i, n->mac,
		wants_rom(m, n) ? "" : ",romfile=", bootindex(index, boot));
}

static void add_smbios(struct qemuargs *a, const struct rack_smbios *s)
{
	char maker[2 * RACK_TEXT_MAX], product[2 * RACK_TEXT_MAX], serial[2 * RACK_TEXT_MAX];
	char asset[2 * RACK_TEXT_MAX];

	escape(s->manufacturer, maker);
	escape(s->product, product);
	escape(s->serial, serial);
	escape(s->asset, asset);
	add(a, "-uuid");
	add(a, "%s", s->uuid);
	add(a, "-smbios");
	add(a, "type=1,manufacturer=%s,product=%s,serial=%s,uuid=%s", maker, product, serial,
		s->uuid);
	add(a, "-smbios");
	add(a, "type=2,manufacturer=%s,product=%s,serial=%s", maker, product, serial);
	add(a, "-smbios");
	add(a, "type=3,manufacturer=%s,serial=%s%s%s", maker, serial, asset[0] ? ",asset=" : "",
		asset);
}

static void add_firmware(struct qemuargs *a, const struct rack_machine *m)
{
	add(a, "-machine");
	if (m->firmware == RACK_BIOS) {
		add(a, "pc,graphics=off");
		return;
	}
	add(a, "q35,graphics=off");
	add(a, "-drive");
	add(a, "if=pflash,format=raw,unit=0,readonly=on,file=" QEMU_OVMF_CODE);
	add(a, "-drive");
	add(a, "if=pflash,format=raw,unit=1,file=%s/" QEMU_VARS, m->name);
}

static void add_sockets(struct qemuargs *a, const struct rack_machine *m)
{
	add(a, "-chardev");
	add(a,
		"socket,id=console,path=%s/" QEMU_CONSOLE_SOCKET
		",server=on,wait=off,logfile=%s/" QEMU_CONSOLE_LOG ",logappend=on",
		m->name, m->name);
	add(a, "-serial");
	add(a, "chardev:console");
	add(a, "-qmp");
	add(a, "unix:%s/" QEMU_QMP_SOCKET ",server=on,wait=off", m->name);
}

/* The BMC's other side, and the TPM; both live in processes beside QEMU. */
static void add_management(struct qemuargs *a, const struct rack_machine *m)
{
	if (m->kcs) {
		add(a, "-chardev");
		add(a, "socket,id=ipmi,path=%s/" QEMU_IPMI_SOCKET ",reconnect=1", m->name);
		add(a, "-device");
		add(a, "ipmi-bmc-extern,id=bmc,chardev=ipmi");
		add(a, "-device");
		add(a, "isa-ipmi-kcs,bmc=bmc");
	}
	if (m->tpm) {
		add(a, "-chardev");
		add(a, "socket,id=tpm,path=%s/" QEMU_TPM_SOCKET, m->name);
		add(a, "-tpmdev");
		add(a, "emulator,id=tpm0,chardev=tpm");
		add(a, "-device");
		add(a, "tpm-%s,tpmdev=tpm0", rack_tpm_names[m->tpm]);
	}
}

void qemuargs_make(const struct rack *rack, const struct rack_machine *m,
	const struct boot_choice *choice, struct qemuargs *ret)
{
	struct indexes index;

	*ret = (struct qemuargs){0};
	number_devices(m, choice, &index);
	add(ret, "qemu-system-x86_64");
	/* /dev/kvm may be there and not work, so it is never tried */
	add(ret, "-accel");
	add(ret, "tcg");
	add(ret, "-name");
	add(ret, "%s/%s", rack->name, m->name);
	add(ret, "-no-user-config");
	add(ret, "-nodefaults");
	add(ret, "-display");
	add(ret, "none");
	add(ret, "-vga");
	add(ret, "none");
	add_firmware(ret, m);
	add(ret, "-cpu");
	add(ret, "%s", m->cpu);
	add(ret, "-smp");
	add(ret, "%u", m->cpus);
	if (m->clock[0]) {
		add(ret, "-rtc");
		add(ret, "base=%s", m->clock);
	}
	add(ret, "-m");
	add(ret, "%u", m->memory_mb);
	add_smbios(ret, &m->smbios);
	add_sockets(ret, m);
	for (unsigned i = 0; i < m->n_disks; i++) {
		add_controller(ret, m, i);
		add_disk(ret, m, i, index.disk[i]);
	}
	for (unsigned i = 0; i < m->n_nics; i++)
		add_nic(ret, rack, m, i, index.nic[i]);
	add_management(ret, m);
}
