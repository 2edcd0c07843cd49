/* A part of a disk as the pipeline's target: what is written lands there, and nowhere else. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/image/disk/target.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#define MIB (1024 * 1024)

static char path[] = "/tmp/ingot-window-XXXXXX";

/* Whether the file holds only this byte from so many MiB on. */
static bool holds(int byte, unsigned from_mib, unsigned mib)
{
	_cleanup_free_ char *got = NULL;
	struct err e = {0};
	size_t len;

	if (fs_read(path, 16 * MIB, &got, &len, &e) < 0 || len < (size_t)(from_mib + mib) * MIB)
		return false;
	for (size_t i = 0; i < (size_t)mib * MIB; i++)
		if (got[(size_t)from_mib * MIB + i] != byte)
			return false;
	return true;
}

static void fill_disk(void)
{
	_cleanup_free_ char *bytes = xmalloc(8 * MIB);
	struct err e = {0};

	memset(bytes, 'o', 8 * MIB);
	fs_write_atomic(path, bytes, 8 * MIB, 0600, &e);
}

static void test_writing(struct target *w, uint8_t *data)
{
	uint64_t skipped;
	struct err e = {0};

	is_int(target_wipe(w, &e), 0, "wiped");
	ok(holds(0, 2, 1) && holds('o', 3, 2) && holds(0, 5, 1), "that is its edges");
	memset(data, 'n', 4 * MIB);
	for (unsigned i = 0; i < 4; i++)
		is_int(target_write(w, data, MIB, i * MIB, &skipped, &e), 0, "MiB %u", i);
	ok(holds(0, 2, 1) && holds('n', 3, 2) && holds(0, 5, 1), "the edges are withheld");
	memset(data, 'n', MIB);
	is_int(target_poke(w, "poke", 4, 2 * MIB, &e), 0, "poked");
	is_int(target_peek(w, data, 4, 2 * MIB, &e), 0, "peeked");
	ok(!memcmp(data, "poke", 4), "the same place");
	is_int(target_poke(w, "nnnn", 4, 2 * MIB, &e), 0, "poked again");
	is_int(target_verify(w, &e), 0, "verified");
	is_int(target_release(w, &e), 0, "released and verified");
	ok(holds('n', 2, 4), "the window is full");
	is_int(target_zero(w, MIB, 2 * MIB, &e), 0, "zeroed in the middle");
	ok(holds('n', 2, 1) && holds(0, 3, 2) && holds('n', 5, 1), "there");
	ok(holds('o', 0, 2) && holds('o', 6, 2), "nothing around it was touched");
}

static void test_limits(const struct target *disk)
{
	struct target w;
	struct err e = {0};

	is_int(target_open_window(&w, disk, 7 * MIB, 2 * MIB, &e), -ERANGE, "beyond the end");
	target_close(&w);
	is_int(target_open_window(&w, disk, UINT64_MAX - MIB + 1, 2 * MIB, &e), -ERANGE,
		"beyond all ends");
	target_close(&w);
}

int main(void)
{
	uint8_t *data =
		mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct target disk, window;
	struct err e = {0};

	close(mkstemp(path));
	fill_disk();
	is_int(target_open(&disk, path, 8 * MIB, 0, &e), 0, "the disk opens");
	is_int(target_open_window(&window, &disk, 2 * MIB, 4 * MIB, &e), 0, "the window opens");
	test_writing(&window, data);
	target_close(&window);
	test_limits(&disk);
	target_close(&disk);
	munmap(data, 4 * MIB);
	unlink(path);
	return done_testing();
}
