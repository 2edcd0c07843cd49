/* Parameters on virtual media, in volumes that mkfs.vfat, mtools and xorriso made. */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/init/vmedia.h"

#include <errno.h>
#include <fcntl.h>

#define TEXT "ipa-api-url=http://10.0.0.1:6385\nipa-agent-token=abc\n"

/* Runs in the folder; "$T" is a file with TEXT. */
static void make(const char *root, const char *command)
{
	_cleanup_free_ char *all =
		xasprintf("cd %s && T=parameters.txt && { %s; } >/dev/null 2>&1", root, command);

	is_int(system(all), 0, "made: %.60s", command);
}

static void is_read(const char *root, const char *name, int want)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", root, name), *text = NULL;
	struct err e = {0};

	is_int(vmedia_read_from(path, &text, &e), want, "%s %s", name, want ? e.text : "is read");
	if (!want)
		is_str(text, TEXT, "as it was written");
}

/* This file's head with noise in it, at every place of the volume's first sectors. */
static void test_broken(const char *root, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", root, name);
	int fd = open(path, O_RDWR | O_CLOEXEC), bad = 0;

	for (off_t at = 0; at < 512; at++) {
		char was, *text = NULL;

		if (pread(fd, &was, 1, at) != 1 || pwrite(fd, "\xff", 1, at) != 1)
			break;
		if (vmedia_read_from(path, &text, NULL) < 0)
			bad++;
		free(text);
		(void)!pwrite(fd, &was, 1, at);
	}
	close(fd);
	ok(bad > 0, "%s broken in its first sector: refused at %d places, read at the others", name,
		bad);
}

int main(void)
{
	const char *root = tree_new();

	tree_write("/parameters.txt", TEXT, strlen(TEXT), false);
	make(root, "truncate -s 1440k floppy && mkfs.vfat -n ir-vfd-dev floppy && mcopy -i floppy "
		   "$T ::");
	make(root, "truncate -s 64M stick && mkfs.vfat -F 32 -n IR-VFD-DEV stick && mcopy -i stick "
		   "$T ::");
	make(root, "mkdir d && cp $T d && xorriso -as mkisofs -J -R -V ir-vfd-dev -o iso d");
	make(root, "truncate -s 1440k empty && mkfs.vfat empty");
	make(root, "mkdir d2 && xorriso -as mkisofs -V x -o emptyiso d2");
	make(root, "truncate -s 1440k long && mkfs.vfat long && head -c 40000 /dev/zero >z && "
		   "mcopy -i long z "
		   "::$T");
	make(root, "head -c 100000 /dev/zero >zeroes && head -c 10 floppy >cut");
	is_read(root, "floppy", 0);
	is_read(root, "stick", 0);
	is_read(root, "iso", 0);
	is_read(root, "empty", -ENOENT);
	is_read(root, "emptyiso", -ENOENT);
	is_read(root, "long", -EFBIG);
	is_read(root, "zeroes", -EBADMSG);
	is_read(root, "cut", -EBADMSG);
	is_read(root, "absent", -ENOENT);
	test_broken(root, "floppy");
	return done_testing();
}
