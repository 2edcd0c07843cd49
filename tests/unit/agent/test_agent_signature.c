/* What disks carry: each recorded disk is known for what its own tool made of it. */
#include "tests/unit/agent/sparse.h"
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/erase/metadata.h"

/* name of the fixture, what it carries, what has to be zeroed in it beside the ends */
static const struct {
	const char *name, *want;
} disks[] = {
	{"ext4", "ext4 \"ingot-root\""},
	{"ext3", "ext3"},
	{"ext2", "ext2"},
	{"xfs", "XFS \"data\""},
	{"btrfs", "btrfs \"pool\""},
	{"fat", "FAT \"EFI\""},
	{"fat32", "FAT \"BOOT\""},
	{"swap", "swap \"sw\""},
	{"ntfs", "NTFS"},
	{"f2fs", "f2fs"},
	{"luks1", "LUKS"},
	{"luks2", "LUKS, LUKS"},
	{"lvm", "LVM"},
	{"gpt-ext4", "GPT, ext4 \"inner\" on partition 1"},
	{"gpt-4k", "GPT"},
	{"mbr-logical", "MBR partitions"},
	{"md-0.90", "Linux RAID"},
	{"md-1.0", "Linux RAID \"r1:boot\""},
	{"md-1.1", "Linux RAID \"r1:boot\""},
	{"md-1.2", "Linux RAID \"r1:boot\""},
	{"zfs", "ZFS"},
	{"zfs-other-order", "ZFS"},
	{"imsm", "Intel RAID"},
	{"ddf", "DDF RAID"},
	{"vmfs", "VMFS"},
	{"gpfs", "GPT, GPFS on partition 1"},
	{"gfs2", "GFS2"},
	{"ocfs2", "OCFS2"},
	{"bluestore", "Ceph BlueStore"},
	{"isolinux", "ISO 9660 \"INSTALL\""},
	{"gpt-backup-only", "backup GPT"},
	{"ebr-loop", "MBR partitions"},
};

struct disk {
	char *data;
	struct sparse sparse;
	struct disk_reader r;
};

static void load(const char *name, struct disk *d)
{
	_cleanup_free_ char *path = xasprintf("tests/fixtures/disks/%s", name);
	size_t len = 0;

	if (fs_read(path, 1 << 20, &d->data, &len, NULL) < 0 ||
		sparse_open(&d->sparse, (const uint8_t *)d->data, len, &d->r) < 0) {
		printf("Bail out! %s cannot be read; run from the project's root\n", path);
		exit(1);
	}
}

static void check_text(const struct signatures *s, const char *want, const char *name)
{
	struct buf text = BUF_INIT(4096);

	signatures_text(s, &text);
	is_str(buf_str(&text), want, "%s", name);
	buf_done(&text);
}

static bool zeroed(const struct erase_region *r, size_t n, uint64_t offset)
{
	for (size_t i = 0; i < n; i++)
		if (r[i].offset <= offset && offset < r[i].offset + r[i].length)
			return true;
	return false;
}

/* A disk as it is after erasing: nothing may be known any more. */
struct erased {
	struct disk_reader r;
	struct erase_region regions[ERASE_REGIONS_MAX];
	size_t n;
};

static int read_erased(void *data, void *buf, size_t len, uint64_t offset)
{
	struct erased *e = data;
	int r = e->r.read(e->r.data, buf, len, offset);

	for (size_t i = 0; r == 0 && i < len; i++)
		if (((uint8_t *)buf)[i] && zeroed(e->regions, e->n, offset + i))
			((uint8_t *)buf)[i] = 0;
	return r;
}

static void test_recorded(void)
{
	static struct erased e;

	for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
		struct signatures found;
		struct disk_reader after;
		struct disk d;

		load(disks[i].name, &d);
		ok(signatures_find(&d.r, &found) == 0, "%s is read", disks[i].name);
		check_text(&found, disks[i].want, disks[i].name);
		e.r = d.r;
		if (erase_plan(&d.r, e.regions, ERASE_REGIONS_MAX, &e.n) < 0)
			abort();
		after = d.r;
		after.read = read_erased;
		after.data = &e;
		ok(signatures_find(&after, &found) == 0 && !found.n,
			"%s: nothing is left once erased", disks[i].name);
		free(d.data);
	}
}

/* sfdisk said: start= 2048, size= 8192; 10240, 20480; 12288, 4096; 18432 ... of mbr-logical */
static void test_parts(void)
{
	static struct parts p;
	struct disk d;

	load("mbr-logical", &d);
	is_int(parts_find(&d.r, &p), 0, "an MBR with logical partitions");
	is_int((int)p.n, 4, "two of its own, two in the chain");
	is_int((int)p.part[2].number, 5, "those are counted from 5");
	is_int((int)(p.part[2].offset / 512), 12288, "and lie where sfdisk put them");
	is_int((int)(p.part[3].offset / 512), 18432, "the second too");
	free(d.data);
	load("gpt-4k", &d);
	is_int(parts_find(&d.r, &p), 0, "a GPT of sectors of 4096 bytes");
	ok(p.n >= 1 && p.part[0].offset == 1048576 && p.part[0].length == 4194304, "its partition");
	free(d.data);
	load("gpt-backup-only", &d);
	is_int(parts_find(&d.r, &p), 0, "a GPT whose first half is gone");
	ok(p.n == 1 && p.part[0].offset == 1048576 && p.gpt_backup && !p.gpt,
		"is read from its backup");
	free(d.data);
}

static void test_nothing(void)
{
	static const uint8_t nothing[8] = {0, 16};
	struct signatures found;
	struct sparse s;
	struct disk_reader r;

	sparse_open(&s, nothing, sizeof(nothing), &r);
	is_int(signatures_find(&r, &found), 0, "an empty disk");
	check_text(&found, "nothing", "carries nothing");
}

int main(void)
{
	test_recorded();
	test_parts();
	test_nothing();
	return done_testing();
}
