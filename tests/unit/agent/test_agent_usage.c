/*
 * Disks that somebody uses. The lines are as Linux writes them: proc(5) for mountinfo, swapon(8)
 * for swaps, the kernel's Documentation/ABI/testing/sysfs-block and sysfs-block-dm for holders.
 */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/inspect/inventory.h"
#include "agent/inspect/usage.h"

#include <sys/stat.h>

static struct sysroot sr;

static void put(const char *path, const char *text)
{
	tree_write(path, text, strlen(text), false);
}

static void put_part(const char *disk, const char *part, const char *dev)
{
	_cleanup_free_ char *folder = xasprintf("/sys/block/%s/%s", disk, part);
	_cleanup_free_ char *number = xasprintf("%s/dev", folder);
	_cleanup_free_ char *is = xasprintf("%s/partition", folder);

	put(number, dev);
	put(is, "1\n");
}

static void put_disk(const char *disk, const char *dev)
{
	_cleanup_free_ char *number = xasprintf("/sys/block/%s/dev", disk);
	_cleanup_free_ char *size = xasprintf("/sys/block/%s/size", disk);

	put(number, dev);
	put(size, "20971520\n");
}

static void usage_is(const char *disk, const char *want)
{
	_cleanup_free_ char *used = disk_usage(&sr, disk);

	is_str(used, want, "%s", want ? want : "free");
}

static void test_usage(void)
{
	put_disk("sda", "8:0\n");
	put_part("sda", "sda1", "8:1\n");
	put_part("sda", "sda2", "8:2\n");
	put("/proc/self/mountinfo", "22 28 0:21 / /sys rw,nosuid - sysfs sysfs rw\n"
				    "29 28 8:17 / /srv rw - ext4 /dev/sdb1 rw\n");
	put("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
			   "/dev/sdc2                               partition\t1000\t0\t-2\n");
	usage_is("sda", NULL);
	put_disk("sdb", "8:16\n");
	put_part("sdb", "sdb1", "8:17\n");
	usage_is("sdb", "is mounted at /srv (sdb1)");
	put_disk("sdc", "8:32\n");
	put_part("sdc", "sdc2", "8:34\n");
	usage_is("sdc", "is used as swap (sdc2)");
	put("/sys/block/sda/sda2/holders/md127/dev", "9:127\n");
	usage_is("sda", "is part of RAID array md127 (sda2)");
	put("/sys/block/sdd/holders/dm-0/dev", "253:0\n");
	put("/sys/block/dm-0/dm/uuid", "LVM-abc\n");
	put("/sys/block/dm-0/dm/name", "vg0-root\n");
	usage_is("sdd", "is used by LVM volume vg0-root (sdd)");
	put("/sys/block/dm-0/dm/uuid", "mpath-3600508b400105e210000900000490000\n");
	put("/sys/block/dm-0/dm/name", "mpatha\n");
	usage_is("sdd", "is a path of multipath device mpatha (sdd)");
	put("/sys/block/dm-0/dm/uuid", "CRYPT-LUKS2-x\n");
	usage_is("sdd", "is under encrypted device mpatha (sdd)");
	put("/sys/block/sde/ro", "1\n");
	usage_is("sde", "is read-only");
	put("/sys/block/sdf/removable", "1\n");
	usage_is("sdf", "is removable");
}

static void test_candidates(void)
{
	json_t *disks, *disk, *listed;

	put("/sys/block/sdf/size", "8388608\n");
	put("/sys/block/loop0/size", "8388608\n");
	disks = inventory_candidates(&sr);
	is_int((int)json_array_size(disks), 4, "disks with a size, the removable one too");
	disk = json_array_get(disks, 3);
	is_str(json_str(disk, "name"), "/dev/sdf", "it is listed");
	is_str(json_str(disk, "unfit"), "is removable", "as one not to be touched");
	listed = inventory_disks(&sr);
	is_int((int)json_array_size(listed), 3, "the inventory does not show it");
	ok(!json_object_get(json_array_get(listed, 0), "unfit"), "nor the use of the others");
	json_decref(disks);
	json_decref(listed);
}

int main(void)
{
	sr.root = tree_new();
	test_usage();
	test_candidates();
	return done_testing();
}
