/* Files of FAT volumes; mkfs.fat and mtools make them, fsck.fat and mtools judge what was added. */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/system/fat.h"

#include <errno.h>
#include <fcntl.h>

static char image[256];

/* A volume with a folder, a long name and a file of many clusters that are not in a row. */
static void make(const char *root, const char *options, unsigned mib)
{
	snprintf(image, sizeof(image), "%s/fat", root);
	if (sh("export MTOOLS_SKIP_CHECK=1 PATH=$PATH:/usr/sbin; cd %s; rm -f fat; "
	       "mkfs.fat -C %s fat %u >/dev/null && mmd -i fat ::/EFI ::/EFI/debian && "
	       "seq 1 20000 >one; seq 1 90000 >large; echo text >'Long Name of a file.txt'; "
	       "mcopy -i fat one ::/one && mcopy -i fat large ::/EFI/debian/first && "
	       "mdel -i fat ::/one && mcopy -i fat large ::/EFI/debian/SHIMX64.EFI && "
	       "mcopy -i fat 'Long Name of a file.txt' ::/EFI/",
		    root, options, mib * 1024))
		abort();
}

static bool same_as(const struct fat *f, const char *path, const char *judge)
{
	_cleanup_free_ uint8_t *got = NULL;
	_cleanup_free_ char *want = NULL;
	struct fat_entry file;
	size_t got_len = 0, want_len = 1;
	struct err e = {0};

	if (fat_find(f, path, &file, &e) < 0 || fat_read(f, &file, 1 << 22, &got, &got_len, &e) < 0)
		return false;
	fs_read(judge, 1 << 22, &want, &want_len, NULL);
	return got_len == want_len && !memcmp(got, want, want_len);
}

static int count(void *data, const struct fat_entry *entry)
{
	++*(unsigned *)data;
	return 0;
}

static void check(const char *root, const char *options, unsigned mib, unsigned bits)
{
	_cleanup_free_ char *large = xasprintf("%s/large", root);
	_cleanup_free_ char *small = xasprintf("%s/Long Name of a file.txt", root);
	struct fat f;
	struct fat_entry found;
	struct err e = {0};
	unsigned n = 0;
	int fd;

	make(root, options, mib);
	fd = open(image, O_RDWR);
	if (!ok(fat_open(fd, 0, (uint64_t)mib << 20, &f, &e) == 0, "FAT%u opens: %s", bits, e.text))
		return;
	is_int(f.bits, bits, "its kind");
	ok(same_as(&f, "efi/Debian/shimx64.efi", large), "a file in pieces, in any case");
	ok(same_as(&f, "EFI/Long Name of a file.txt", small), "a file with a long name");
	is_int(fat_find(&f, "EFI/none", &found, &e), -ENOENT, "a file that is not there");
	is_int(fat_find(&f, "EFI/debian/SHIMX64.EFI/x", &found, &e), -ENOENT,
		"a file is no folder");
	fat_find(&f, "EFI/debian", &found, &e);
	fat_list(&f, &found, count, &n, &e);
	is_int(n, 2, "a folder without . and ..");
	fat_find(&f, "EFI/debian/SHIMX64.EFI", &found, &e);
	{
		uint8_t *data;
		size_t len;

		is_int(fat_read(&f, &found, 1000, &data, &len, &e), -EFBIG, "a file too large");
	}
	close(fd);
}

static void add(const char *root, const char *options, unsigned mib)
{
	_cleanup_free_ char *large = xasprintf("%s/large", root), *text = NULL;
	struct fat f;
	struct err e = {0};
	size_t len;
	int fd;

	make(root, options, mib);
	fs_read(large, 1 << 22, &text, &len, NULL);
	fd = open(image, O_RDWR);
	fat_open(fd, 0, (uint64_t)mib << 20, &f, &e);
	ok(fat_add(&f, "EFI/BOOT", "BOOTX64.EFI", text, len, &e) == 0, "%s: added: %s", options,
		e.text);
	ok(fat_add(&f, "EFI/BOOT", "fbx64.efi", "x", 1, &e) == 0, "another");
	ok(fat_add(&f, "EFI/BOOT", "empty", "", 0, &e) == 0, "an empty one");
	is_int(fat_add(&f, "EFI/BOOT", "BOOTX64.EFI", text, len, &e), -EEXIST, "not twice");
	for (int i = 0; i < 70; i++) {
		char name[16];

		snprintf(name, sizeof(name), "F%d.X", i);
		if (fat_add(&f, "EFI/BOOT", name, "abc", 3, &e) < 0)
			ok(false, "file %d: %s", i, e.text);
	}
	close(fd);
	is_int(sh("PATH=$PATH:/usr/sbin; fsck.fat -n %s >%s/log 2>&1 || { cat %s/log; false; }",
		       image, root, root),
		0, "fsck.fat finds nothing wrong");
	is_int(sh("export MTOOLS_SKIP_CHECK=1; cd %s; mtype -i fat ::/EFI/BOOT/BOOTX64.EFI | cmp - "
		  "large && mtype -i fat ::/EFI/debian/SHIMX64.EFI | cmp - large && "
		  "test \"$(mtype -i fat ::/EFI/BOOT/F69.X)\" = abc",
		       root),
		0, "mtools reads what was added, and what was there");
}

static void full(const char *root)
{
	_cleanup_free_ char *data = xcalloc(1, 4 << 20);
	struct fat f;
	struct err e = {0};
	int fd;

	make(root, "-F 12 -s 1", 2);
	fd = open(image, O_RDWR);
	fat_open(fd, 0, 2 << 20, &f, &e);
	is_int(fat_add(&f, "EFI/BOOT", "BOOTX64.EFI", data, 4 << 20, &e), -ENOSPC,
		"more than fits");
	is_int(fat_add(&f, "EFI/BOOT", "BOOTX64.EFI", data, 1 << 20, &e), -ENOSPC,
		"more than is free");
	is_int(fat_add(&f, "EFI/BOOT", "too long a name", "", 0, &e), -EINVAL, "no short name");
	is_int(fat_add(&f, "EFI/debian/first", "x", "", 0, &e), -ENOTDIR, "a file is no folder");
	close(fd);
	is_int(sh("PATH=$PATH:/usr/sbin; fsck.fat -n %s >/dev/null", image), 0,
		"nothing was broken");
}

/* One byte or word of a good volume changed: refused, or read without harm. */
static void hostile(const char *root)
{
	static const struct {
		unsigned at;
		uint8_t bytes[4];
		const char *what;
	} bad[] = {
		{11, {0, 0, 1, 1}, "sectors of no size"},
		{13, {0, 1, 0, 2}, "clusters of no size"},
		{13, {3, 1, 0, 2}, "clusters of three sectors"},
		{14, {0, 0, 2, 0}, "no reserved sectors"},
		{16, {0, 0, 2, 0}, "no tables"},
		{32, {255, 255, 255, 255}, "larger than its partition"},
		{36, {1, 0, 0, 0}, "a table too small"},
		{36, {255, 255, 255, 255}, "a table too large"},
		{44, {255, 255, 255, 15}, "a root folder nowhere"},
		{510, {0, 0, 0, 0}, "no mark"},
	};
	struct fat f;
	struct err e;
	int fd;

	make(root, "-F 32 -s 1", 40);
	fd = open(image, O_RDWR);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t was[4];

		(void)!pread(fd, was, 4, bad[i].at);
		(void)!pwrite(fd, bad[i].bytes, 4, bad[i].at);
		is_int(fat_open(fd, 0, 40 << 20, &f, &e), -EBADMSG, "%s", bad[i].what);
		(void)!pwrite(fd, was, 4, bad[i].at);
	}
	is_int(fat_open(fd, 0, 40 << 20, &f, &e), 0, "and it was good before");
	is_int(fat_open(fd, 0, 100, &f, &e), -EBADMSG, "a partition of 100 bytes");
	{
		/* the root folder's chain leads to itself */
		const uint8_t loop[4] = {2, 0, 0, 0};
		struct fat_entry found;

		(void)!pwrite(fd, loop, 4, (off_t)f.table_at + 8);
		ok(fat_find(&f, "EFI/none", &found, &e) < 0, "a folder that is a loop ends");
		(void)!pwrite(fd, loop, 1, (off_t)f.table_at + 9);
		is_int(fat_find(&f, "EFI/none", &found, &e), -ENOENT,
			"and one that leads into other data");
	}
	close(fd);
}

int main(void)
{
	const char *root = tree_new();

	check(root, "-F 12 -s 1", 2, 12);
	check(root, "-F 16 -s 2", 20, 16);
	check(root, "-F 32 -s 1", 40, 32);
	check(root, "-F 32 -s 1", 34, 32);
	check(root, "-S 4096 -F 12", 16, 12);
	add(root, "-F 12 -s 4", 4);
	add(root, "-F 16 -s 2", 20);
	add(root, "-F 32 -s 1", 40);
	full(root);
	hostile(root);
	return done_testing();
}
