/* *.hwdb files, and looking up a BMC in what was read. Traits stay within their limits. */
#include "hwdb/hwdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hwdb_match bmcs[] = {
	{.manufacturer_id = 10876,
		.product_id = 0x987,
		.firmware = "1.23.06",
		.vendor = "Supermicro",
		.model = "X9SCM-F"},
	{.manufacturer_id = 5771, .firmware = "3.1(2b)", .vendor = "Cisco Systems Inc"},
	{.vendor = "HPE", .model = ""},
	{0},
};

static void see(void *data, const struct hwdb_record_info *info)
{
	size_t *seen = data;

	if (!info->source || !info->line)
		abort();
	*seen += strlen(info->source) + (info->note ? strlen(info->note) : 0);
}

static void use(const struct hwdb *db)
{
	size_t seen = 0;

	for (size_t i = 0; i < sizeof(bmcs) / sizeof(bmcs[0]); i++) {
		struct bmc_traits t;

		hwdb_lookup(db, &bmcs[i], &t);
		if (t.gap_ms > 60000 || t.tries > 20 || t.busy_tries > 100)
			abort();
		(void)hwdb_vendor(db, &bmcs[i]);
		hwdb_explain(db, &bmcs[i], see, &seen);
	}
	hwdb_explain(db, NULL, see, &seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;
	struct hwdb *db;
	struct err e;

	if (fd < 0) {
		fd = memfd_create("hwdb", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	if (hwdb_load(path, &db, &e) == 0) {
		use(db);
		hwdb_free(db);
	}
	return 0;
}
