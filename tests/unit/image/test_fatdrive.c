/*
 * Config drives for disks with large sectors: volumes made by xorriso (those of the fuzz target's
 * corpus, without their first 32 KiB) become FAT; where things stand in it is from Microsoft's
 * specification.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/drive/fatdrive.h"
#include "agent/image/drive/iso9660.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#define AREA   32768
#define SECTOR 4096

static uint8_t *volume(const char *name, size_t *ret_len)
{
	_cleanup_free_ char *path = xasprintf("tests/fuzz/fatdrive/corpus/%s", name);
	_cleanup_free_ char *text = NULL;
	uint8_t *iso;

	if (fs_read(path, 1 << 20, &text, ret_len, NULL) < 0)
		abort();
	iso = xcalloc(1, AREA + *ret_len);
	memcpy(iso + AREA, text, *ret_len);
	*ret_len += AREA;
	return iso;
}

static unsigned get16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static void test_fat(const char *name)
{
	uint8_t *iso, *fat = NULL;
	struct err e = {0};
	size_t len, fat_len = 0;
	unsigned root;

	iso = volume(name, &len);
	ok(iso_present(iso, len), "%s: is an ISO 9660 volume", name);
	is_int(fatdrive_from_iso(iso, len, SECTOR, 1 << 20, &fat, &fat_len, &e), 0, "becomes FAT");
	if (!ok(fat != NULL, "%s", e.text))
		return;
	is_int(get16(fat + 11), SECTOR, "of sectors of that size");
	is_int(get16(fat + 19), (long long)(fat_len / SECTOR), "as many as it has");
	ok(!memcmp(fat + 54, "FAT12   ", 8), "with a table of twelve bits, for so few");
	root = (1 + get16(fat + 22)) * SECTOR;
	ok(!memcmp(fat + root, "config-2   \x08", 12), "its first entry is the label");
	is_int(fatdrive_from_iso(iso, len, SECTOR, 8 * SECTOR, &fat, &fat_len, &e), -EFBIG,
		"what is larger than allowed is refused");
	free(iso);
	free(fat);
}

static void test_names(const char *name, const char *want)
{
	struct iso_entry root, entry;
	uint8_t *data;
	char all[512] = "";
	uint32_t at = 0;
	struct iso iso;
	struct err e;
	size_t len;

	data = volume(name, &len);
	is_int(iso_open(data, len, &iso, &e), 0, "%s is opened", name);
	root = iso_root(&iso);
	while (iso_next(&iso, &root, &at, &entry, &e) > 0) {
		strcat(strcat(all, entry.name), entry.folder ? "/ " : " ");
		if (!strcmp(entry.name, "a")) {
			root = entry;
			at = 0;
		} else if (!strcmp(entry.name, "b")) {
			root = entry;
			at = 0;
		}
	}
	is_str(all, want, "its names, on one way down");
	free(data);
}

static void test_damage(void)
{
	uint8_t *iso, *fat = NULL;
	struct err e = {0};
	size_t len, fat_len;

	iso = volume("rockridge", &len);
	iso[AREA + 156 + 2] = 0xff; /* the root folder's place, section 8.4.18 */
	iso[AREA + 156 + 3] = 0xff;
	is_int(fatdrive_from_iso(iso, len, SECTOR, 1 << 20, &fat, &fat_len, &e), -EBADMSG,
		"a root folder beyond the end is refused: %s", e.text);
	free(iso);
	iso = volume("rockridge", &len);
	is_int(fatdrive_from_iso(iso, AREA + 2048, SECTOR, 1 << 20, &fat, &fat_len, &e), -EBADMSG,
		"so is a volume that was cut");
	iso[AREA + 129] = 0x10; /* 4096, section 8.4.12 */
	is_int(fatdrive_from_iso(iso, len, SECTOR, 1 << 20, &fat, &fat_len, &e), -EBADMSG,
		"and one of other blocks");
	free(iso);
	ok(!iso_present((const uint8_t *)"short", 5), "five bytes are no volume");
}

int main(void)
{
	test_fat("joliet");
	test_fat("rockridge");
	test_fat("plain");
	test_names("joliet", "a/ b/ a_name_that_is_longer_than_26_characters.t ");
	test_names("rockridge", "a/ b/ a_name_that_is_longer_than_26_characters.t ");
	test_damage();
	return done_testing();
}
