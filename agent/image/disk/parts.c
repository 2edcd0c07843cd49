/* Partition images; see parts.h. */
#include "agent/image/disk/parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/image/disk/mkfs.h"
#include "agent/image/disk/fsid.h"
#include "agent/image/disk/table.h"
#include "lib/base/mem.h"
#include "lib/base/program.h"
#include "lib/base/str.h"

#define MIB		(UINT64_C(1024) * 1024)
#define MKFS_TIMEOUT_S	600
#define ESP_LABEL	"efi-part"
#define SWAP_LABEL	"swap1"
#define EPHEMERAL_LABEL "ephemeral0"

static const char *ephemeral_format(const struct parts *p)
{
	return str_empty(p->want->ephemeral_format) ? "ext4" : p->want->ephemeral_format;
}

static bool is_ext(const char *format)
{
	return str_eq(format, "ext2") || str_eq(format, "ext3") || str_eq(format, "ext4");
}

/* Before anything is written: it would be late to find out at the end. */
static int check_ephemeral(const struct parts *p, struct err *e)
{
	const char *format = ephemeral_format(p);
	char path[64];

	if (!p->want->wish.ephemeral_mib || p->want->preserve_ephemeral || str_eq(format, "vfat"))
		return 0;
	if (!is_ext(format))
		return err_set(e, ENOTSUP,
			"ephemeral_format %.16s cannot be made here; choose ext4, ext3, ext2 or "
			"vfat",
			format);
	if (program_find("mke2fs", path, sizeof(path)) < 0)
		return err_set(e, ENOENT,
			"an ephemeral partition with %s needs the program mke2fs, which is "
			"missing",
			format);
	return 0;
}

int parts_open(struct parts *p, const struct image_job *job, struct err *e)
{
	int r;

	p->job = job;
	p->want = job->parts;
	r = check_ephemeral(p, e);
	if (r == 0)
		r = target_open(&p->disk, job->target, job->target_size, job->target_file_size, e);
	if (r == 0 && p->disk.growing)
		r = err_set(e, EINVAL,
			"a partition image needs a disk, or a file with a size; %s is a new file",
			job->target);
	return r;
}

void parts_close(struct parts *p)
{
	target_close(&p->disk);
}

int parts_plan(struct parts *p, size_t drive_len, struct target *window, struct err *e)
{
	const struct layout_part *root = &p->layout.part[LAYOUT_ROOT];
	struct layout_wish wish = p->want->wish;
	int r;

	wish.grow = p->job->grow_root;
	r = layout_plan(&wish, drive_len, p->disk.sector, p->disk.size, &p->layout, e);

	if (r == 0 && p->want->preserve_ephemeral)
		r = layout_keep(&p->disk, &p->layout, p->disk_id, e);
	if (r < 0)
		return r;
	p->window = window;
	return target_open_window(window, &p->disk, root->offset, root->bytes, e);
}

static int zero_part(struct parts *p, enum layout_role role, uint64_t max, struct err *e)
{
	const struct layout_part *part = &p->layout.part[role];

	return part->number ? target_zero(&p->disk, part->offset,
				      part->bytes < max ? part->bytes : max, e)
			    : 0;
}

/*
 * The table goes; one that is kept loses its boot code, and what the firmware or that code would
 * have found.
 */
int parts_begin(void *parts, struct err *e)
{
	struct parts *p = parts;
	int r = target_wipe(&p->disk, e);

	if (r == 0)
		r = zero_part(p, LAYOUT_BIOS_BOOT, MIB, e);
	if (r == 0)
		r = zero_part(p, LAYOUT_ESP, MIB, e);
	return r < 0 ? r : target_wipe(p->window, e);
}

/* The disk is opened by mke2fs, which wants it for itself. */
static int run_mke2fs(struct parts *p, const struct layout_part *part, struct err *e)
{
	_cleanup_free_ char *place = xasprintf("offset=%" PRIu64 ",nodiscard", part->offset),
			    *size = xasprintf("%" PRIu64 "k", part->bytes / 1024);
	const char *argv[] = {"mke2fs", "-q", "-F", "-t", ephemeral_format(p), "-L",
		EPHEMERAL_LABEL, "-E", place, p->job->target, size, NULL};
	const struct program mke2fs = {.argv = argv, .timeout_s = MKFS_TIMEOUT_S};
	int r;

	target_pause(&p->disk);
	target_pause(p->window);
	r = program_run(&mke2fs, e);
	if (r == 0)
		r = target_resume(&p->disk, e);
	return r < 0 ? r : target_share(p->window, &p->disk, e);
}

static int make_ephemeral(struct parts *p, struct err *e)
{
	const struct layout_part *part = &p->layout.part[LAYOUT_EPHEMERAL];
	char serial[10];
	int r;

	if (!part->number || p->want->preserve_ephemeral)
		return 0;
	if (str_eq(ephemeral_format(p), "vfat"))
		r = mkfs_fat(&p->disk, part->offset, part->bytes, EPHEMERAL_LABEL, serial, e);
	else
		r = run_mke2fs(p, part, e);
	return r < 0 ? err_prefix(e, "ephemeral partition") : 0;
}

static int make_others(struct parts *p, const uint8_t *drive, size_t drive_len,
	struct image_result *ret, struct err *e)
{
	const struct layout_part *part = p->layout.part;
	int r = 0;

	if (part[LAYOUT_ESP].number)
		r = mkfs_fat(&p->disk, part[LAYOUT_ESP].offset, part[LAYOUT_ESP].bytes, ESP_LABEL,
			ret->esp_uuid, e);
	if (r == 0 && part[LAYOUT_SWAP].number)
		r = mkfs_swap(
			&p->disk, part[LAYOUT_SWAP].offset, part[LAYOUT_SWAP].bytes, SWAP_LABEL, e);
	if (r == 0)
		r = zero_part(p, LAYOUT_CONFIGDRIVE, UINT64_MAX, e);
	if (r == 0 && drive_len)
		r = target_poke(&p->disk, drive, drive_len, part[LAYOUT_CONFIGDRIVE].offset, e);
	ret->configdrive = part[LAYOUT_CONFIGDRIVE].number;
	ret->grown = p->job->grow_root ? part[LAYOUT_ROOT].number : 0;
	return r < 0 ? err_prefix(e, "file systems") : make_ephemeral(p, e);
}

/* As IPA: the file system's own UUID, else that of the partition. */
static int identify_root(struct parts *p, struct image_result *ret, struct err *e)
{
	_cleanup_free_ uint8_t *start = xmalloc(FSID_PROBE);
	const struct layout_part *root = &p->layout.part[LAYOUT_ROOT];
	struct fsid id;
	int r = target_peek(p->window, start, FSID_PROBE, 0, e);

	if (r < 0)
		return r;
	if (!fsid_read(start, FSID_PROBE, &id) || !id.uuid[0])
		str_copy(id.uuid, sizeof(id.uuid), root->uuid);
	str_copy(ret->root_uuid, sizeof(ret->root_uuid), id.uuid);
	str_copy(ret->root_type, sizeof(ret->root_type), id.type);
	return 0;
}

static void tell(const struct parts *p, struct image_result *ret)
{
	for (int i = 0; i < LAYOUT_ROLE_COUNT; i++)
		if (p->layout.part[i].number)
			ret->placed[ret->partitions++] = (struct image_placed){
				layout_role_name((enum layout_role)i), p->layout.part[i].number};
	str_copy(ret->disk_label, sizeof(ret->disk_label), p->layout.wish.gpt ? "gpt" : "msdos");
	str_copy(ret->disk_id, sizeof(ret->disk_id), p->disk_id);
}

/* A disk's image in a partition is nothing that boots. */
static int check_image(const struct parts *p, struct err *e)
{
	const struct target *w = p->window;

	if (!gpt_present(w->head, w->head_len, 512) && !gpt_present(w->head, w->head_len, 4096))
		return 0;
	return err_set(e, EINVAL,
		"the image is that of a whole disk, with a partition table of its own; set "
		"image_type to whole-disk");
}

int parts_finish(struct parts *p, const uint8_t *drive, size_t drive_len, struct image_result *ret,
	struct err *e)
{
	int r = check_image(p, e);

	if (r == 0)
		r = target_flush(p->window, e);
	if (r == 0)
		r = target_verify(p->window, e);
	if (r == 0)
		r = make_others(p, drive, drive_len, ret, e);
	if (r == 0)
		r = target_release(p->window, e);
	if (r == 0 && !p->want->preserve_ephemeral)
		r = layout_write(&p->disk, &p->layout, p->disk_id, e);
	if (r == 0)
		r = target_verify(&p->disk, e);
	if (r == 0)
		r = target_release(&p->disk, e);
	if (r == 0)
		r = identify_root(p, ret, e);
	if (r == 0)
		tell(p, ret);
	return r;
}
