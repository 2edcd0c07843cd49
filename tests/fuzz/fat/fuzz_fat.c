/*
 * An EFI system partition out of a hostile image: opened, searched for a boot loader, and given a
 * file. What is added reads back, or is refused.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/system/loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VOLUME (256 * 1024)

static void read_back(const struct fat *f, const char *path, const char *want)
{
	struct fat_entry file;
	uint8_t *data;
	size_t len;
	struct err e;

	if (fat_find(f, path, &file, &e) < 0 || fat_read(f, &file, 1 << 20, &data, &len, &e) < 0)
		return; /* the volume overlaps itself */
	if (len != strlen(want))
		abort();
	free(data);
}

static void use(struct fat *f)
{
	static struct loader l;
	struct buf done = BUF_INIT(1024);
	struct err e;

	if (loader_find(f, "x64", &l, &e) == 0)
		(void)loader_repair_fallback(f, "x64", &l, &done, &e);
	buf_done(&done);
	if (fat_add(f, "EFI/BOOT", "NEW.EFI", "new", 3, &e) == 0)
		read_back(f, "EFI/BOOT/NEW.EFI", "new");
}

/* The input is what stands at the start of the volume; the rest of it is zero. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct fat f;
	struct err e;

	if (fd < 0)
		fd = memfd_create("volume", 0);
	if (size < 512 || size > VOLUME || ftruncate(fd, 0) < 0 || ftruncate(fd, VOLUME) < 0 ||
		pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	if (fat_open(fd, 0, VOLUME, &f, &e) == 0)
		use(&f);
	return 0;
}
