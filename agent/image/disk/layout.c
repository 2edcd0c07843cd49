/* Planning and writing the partitions of a partition image; see layout.h. */
#include "agent/image/disk/layout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "agent/image/disk/table.h"
#include "agent/image/disk/targetio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define MIB (UINT64_C(1024) * 1024)
#define MIB_MAX                                                                                    \
	(UINT64_C(1) << 40) /* of one partition: beyond any disk, and sums do not overflow */
#define MBR_PARTS      4
#define BOOT_CODE_SIZE 440 /* what follows names the disk and its partitions */

static const struct {
	const char *name;  /* the Ironic agent's */
	const char *label; /* in a GPT */
	const char *type;  /* in a GPT: UEFI 2.10 table 5-7, and the Discoverable Partitions */
	uint8_t mbr_type;
} roles[LAYOUT_ROLE_COUNT] = {
	[LAYOUT_ESP] = {"efi system partition", "efi-part", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
		0xef},
	[LAYOUT_BIOS_BOOT] = {"BIOS Boot partition", "bios-boot",
		"21686148-6449-6E6F-744E-656564454649", 0x83},
	[LAYOUT_EPHEMERAL] = {"ephemeral", "ephemeral0", "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
		0x83},
	[LAYOUT_SWAP] = {"swap", "swap1", "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", 0x82},
	[LAYOUT_CONFIGDRIVE] = {"configdrive", "config-2", "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
		0x83},
	[LAYOUT_ROOT] = {"root", "root", "0FC63DAF-8483-4772-8E79-3D69D8477DE4", 0x83},
};

const char *layout_role_name(enum layout_role role)
{
	return roles[role].name;
}

static int too_small(const struct layout *l, uint64_t need_mib, struct err *e)
{
	return err_set(e, ENOSPC,
		"the disk is too small: its %" PRIu64 " MiB have to hold %" PRIu64
		" MiB (root %" PRIu64 ", swap %" PRIu64 ", ephemeral %" PRIu64
		", the rest for booting and the config drive); ask for less, or choose a larger "
		"disk by root_device",
		l->disk_bytes / MIB, need_mib, l->wish.root_mib, l->wish.swap_mib,
		l->wish.ephemeral_mib);
}

static int check_mbr(const struct layout *l, uint64_t end_mib, struct err *e)
{
	if (l->n > MBR_PARTS)
		return err_set(e, E2BIG,
			"%u partitions do not fit into an MBR, which has four; use the disk label "
			"gpt",
			l->n);
	if (end_mib * (MIB / l->sector) > UINT32_MAX)
		return err_set(e, E2BIG,
			"the partitions reach to MiB %" PRIu64
			", farther than an MBR can name; use the disk label gpt",
			end_mib);
	return 0;
}

int layout_plan(const struct layout_wish *wish, size_t drive_bytes, uint32_t sector,
	uint64_t disk_bytes, struct layout *ret, struct err *e)
{
	const uint64_t mib[LAYOUT_ROLE_COUNT] = {
		[LAYOUT_ESP] = wish->uefi ? LAYOUT_ESP_MIB : 0,
		[LAYOUT_BIOS_BOOT] = !wish->uefi && wish->gpt ? LAYOUT_BIOS_BOOT_MIB : 0,
		[LAYOUT_EPHEMERAL] = wish->ephemeral_mib,
		[LAYOUT_SWAP] = wish->swap_mib,
		[LAYOUT_CONFIGDRIVE] = (drive_bytes + MIB - 1) / MIB,
		[LAYOUT_ROOT] = wish->root_mib,
	};
	struct layout l = {.wish = *wish, .sector = sector, .disk_bytes = disk_bytes};
	uint64_t end = disk_bytes / MIB - 1, mbr_end = UINT32_MAX / (MIB / sector);
	uint64_t at = 1; /* the first MiB is the table's and the boot loader's */
	int r;

	if (!wish->gpt && end > mbr_end)
		end = mbr_end;
	if (!wish->root_mib)
		return err_set(e, EINVAL, "a partition image needs root_gb");
	for (int i = 0; i < LAYOUT_ROLE_COUNT; i++) {
		if (mib[i] > MIB_MAX)
			return too_small(&l, mib[i], e);
		if (!mib[i])
			continue;
		l.part[i] = (struct layout_part){
			.number = ++l.n, .offset = at * MIB, .bytes = mib[i] * MIB};
		at += mib[i];
	}
	if (at + 1 > disk_bytes / MIB) /* the last one is the backup table's */
		return too_small(&l, at + 1, e);
	if (wish->grow && end > at) {
		l.part[LAYOUT_ROOT].bytes += (end - at) * MIB;
		at = end;
	}
	r = wish->gpt ? 0 : check_mbr(&l, at, e);
	if (r == 0)
		*ret = l;
	return r;
}

/* The role of the partition with that number. */
static enum layout_role role_of(const struct layout *l, unsigned number)
{
	int i = 0;

	while (i < LAYOUT_ROLE_COUNT - 1 && l->part[i].number != number)
		i++;
	return (enum layout_role)i;
}

static int write_gpt(struct target *disk, struct layout *l, struct gpt *ret, struct err *e)
{
	_cleanup_free_ uint8_t *backup = xmalloc(GPT_BACKUP_MAX);
	uint64_t sectors = l->disk_bytes / l->sector;
	uint8_t guid[16];
	unsigned number;
	size_t len;
	int r = gpt_guid_new(guid, e);

	if (r == 0)
		r = gpt_create(disk->head, disk->head_len, l->sector, sectors, guid, ret, e);
	for (unsigned n = 1; r == 0 && n <= l->n; n++) {
		enum layout_role role = role_of(l, n);
		const struct layout_part *part = &l->part[role];
		struct gpt_partition p = {.first = part->offset / l->sector,
			.last = (part->offset + part->bytes) / l->sector - 1};

		gpt_guid_bytes(roles[role].type, p.type);
		str_copy(p.name, sizeof(p.name), roles[role].label);
		r = gpt_guid_new(p.guid, e);
		if (r == 0)
			r = gpt_add(ret, &p, &number, e);
	}
	if (r < 0)
		return r;
	len = gpt_backup(ret, backup, GPT_BACKUP_MAX);
	return target_poke(disk, backup, len, sectors * l->sector - len, e);
}

static int write_mbr(struct target *disk, struct layout *l, struct err *e)
{
	uint8_t *mbr = disk->head;

	if (getrandom(mbr + BOOT_CODE_SIZE, 4, 0) != 4)
		return err_set(e, EIO, "no random numbers for the disk's identifier");
	for (unsigned n = 1; n <= l->n; n++) {
		enum layout_role role = role_of(l, n);

		table_mbr_put(mbr, n, roles[role].mbr_type, l->part[role].offset / l->sector,
			l->part[role].bytes / l->sector);
	}
	if (!l->wish.uefi)
		table_mbr_activate(mbr, l->part[LAYOUT_ROOT].number);
	mbr[510] = 0x55;
	mbr[511] = 0xaa;
	return 0;
}

/* What the table, written or found, says of the disk and its partitions. */
static void take_names(
	struct layout *l, const struct table *t, const struct target *disk, char disk_id[static 40])
{
	table_id(t, disk, disk_id, 40);
	for (int i = 0; i < LAYOUT_ROLE_COUNT; i++)
		if (l->part[i].number)
			table_part_uuid(t, disk, l->part[i].number, l->part[i].uuid,
				sizeof(l->part[i].uuid));
}

int layout_write(struct target *disk, struct layout *l, char disk_id[static 40], struct err *e)
{
	struct table t = {.kind = l->wish.gpt ? TABLE_GPT : TABLE_MBR,
		.sector = l->sector,
		.disk_sectors = l->disk_bytes / l->sector};
	int r = l->wish.gpt ? write_gpt(disk, l, &t.gpt, e) : write_mbr(disk, l, e);

	if (r == 0)
		take_names(l, &t, disk, disk_id);
	return r;
}

/* Compares one partition; a config drive that has more room than planned keeps it. */
static bool same_place(
	struct layout *l, const struct table *t, const struct target *disk, enum layout_role role)
{
	struct layout_part *want = &l->part[role];
	struct table_part part;
	uint64_t offset, bytes;

	if (!table_part(t, disk, want->number, &part))
		return false;
	offset = part.first * l->sector;
	bytes = part.sectors * l->sector;
	if (role == LAYOUT_CONFIGDRIVE && bytes > want->bytes && bytes <= 64 * MIB) {
		l->part[LAYOUT_ROOT].offset += bytes - want->bytes;
		want->bytes = bytes;
	}
	return part.first <= l->disk_bytes / l->sector &&
	       part.sectors <= l->disk_bytes / l->sector && offset == want->offset &&
	       bytes == want->bytes;
}

int layout_keep(struct target *disk, struct layout *l, char disk_id[static 40], struct err *e)
{
	struct table t;
	int r = targetio_read(disk, disk->head, disk->head_len, 0, e);

	if (r == 0)
		r = targetio_read(disk, disk->tail, disk->tail_len, disk->tail_offset, e);
	if (r == 0)
		r = table_read(disk, &t, e);
	if (r < 0)
		return err_prefix(e, "preserve_ephemeral: the disk's table");
	if (t.sector != l->sector || t.kind != (l->wish.gpt ? TABLE_GPT : TABLE_MBR) ||
		table_count(&t, disk) != l->n)
		return err_set(e, EBUSY,
			"preserve_ephemeral: the disk has %u partitions (%s), this image needs %u "
			"(%s); nothing was written; deploy without preserve_ephemeral",
			table_count(&t, disk), t.kind ? table_name(t.kind) : "no table", l->n,
			l->wish.gpt ? "gpt" : "msdos");
	for (unsigned n = 1; n <= l->n; n++) {
		enum layout_role role = role_of(l, n);

		if (!same_place(l, &t, disk, role))
			return err_set(e, EBUSY,
				"preserve_ephemeral: partition %u of the disk is not where this "
				"image's %s would be; nothing was written; deploy with the sizes "
				"of before, or without preserve_ephemeral",
				n, roles[role].name);
	}
	memset(disk->head, 0, BOOT_CODE_SIZE);
	take_names(l, &t, disk, disk_id);
	return 0;
}
