/* ISO volumes as the reader of config drives, libarchive and xorriso see them. */
#include "tests/unit/tap.h"

#include "agent/image/drive/iso9660.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/iso/drive.h"
#include "lib/iso/iso.h"

#include <errno.h>
#include <unistd.h>

static char folder[] = "/tmp/ingot-iso.XXXXXX";

/* What a command prints about the file `iso` in the folder; allocated. */
static char *judged(const char *command)
{
	_cleanup_free_ char *run = xasprintf("cd %s && %s", folder, command);
	char *text = xcalloc(1, 65536);
	FILE *f = popen(run, "r");

	(void)!fread(text, 1, 65535, f);
	pclose(f);
	return text;
}

static void put(const struct buf *iso)
{
	_cleanup_free_ char *path = xasprintf("%s/iso", folder);

	fs_write_atomic(path, iso->data, iso->len, 0644, NULL);
}

static void drive(void)
{
	_cleanup_json_ json_t *given =
		json_pack("{s:{s:s}, s:s, s:{s:[]}, s:n}", "meta_data", "hostname", "h1",
			"user_data", "#!/bin/sh\n", "network_data", "links", "vendor_data");
	_cleanup_json_ json_t *none = json_object(), *more = json_pack("{s:s}", "files", "x");
	struct buf iso = BUF_INIT(1 << 20);
	_cleanup_free_ char *list = NULL, *user = NULL, *meta = NULL, *xorriso = NULL;
	struct err e = {0};

	ok(drive_check(given, &e) == 0 && drive_write(given, &iso, &e) == 0, "a drive: %s", e.text);
	put(&iso);
	list = judged("bsdtar -tf iso | sort | tr '\n' ' '");
	is_str(list,
		". openstack openstack/latest openstack/latest/meta_data.json "
		"openstack/latest/network_data.json openstack/latest/user_data ",
		"libarchive lists its files");
	user = judged("bsdtar -xOf iso openstack/latest/user_data");
	is_str(user, "#!/bin/sh\n", "text as it was given");
	meta = judged("bsdtar -xOf iso openstack/latest/meta_data.json");
	is_str(meta, "{\"hostname\":\"h1\"}", "the rest as JSON");
	xorriso = judged("xorriso -indev iso -find / -exec report_lba 2>&1; xorriso -indev iso "
			 "-joliet on -pvd_info 2>&1");
	ok(strstr(xorriso, "Volume Id    : config-2") &&
			strstr(xorriso, "/openstack/latest/user_data"),
		"xorriso finds label and files");
	ok(!strstr(xorriso, "FAILURE") && !strstr(xorriso, "WARNING"),
		"and nothing to complain of");
	free(list);
	list = judged("blkid -o value -s LABEL -s TYPE iso | tr '\n' ' '");
	is_str(list, "config-2 iso9660 ", "blkid knows it");
	is_int(drive_check(more, &e), -EINVAL, "another member: %s", e.text);
	buf_truncate(&iso, 0);
	ok(drive_write(none, &iso, &e) == 0, "an empty one has metadata all the same");
	buf_done(&iso);
}

/* More than one block of records, deep folders, long names, empty and large files. */
static void many(void)
{
	struct iso_file files[ISO_FILES_MAX];
	char paths[ISO_FILES_MAX][160];
	_cleanup_free_ char *large = xcalloc(1, 100000), *list = NULL, *sum = NULL;
	struct buf iso = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
	struct iso read;
	struct err e = {0};

	for (size_t i = 0; i < ISO_FILES_MAX; i++) {
		snprintf(paths[i], sizeof(paths[i]),
			"%s/a-rather-long-name-of-a-file-that-fills-a-block-%02zu.X",
			i % 3 ? "b/c/d" : "b", 99 - i);
		files[i] = (struct iso_file){paths[i], large, i * 100};
	}
	files[0].len = 100000;
	ok(iso_write("many", files, ISO_FILES_MAX, &iso, &e) == 0, "64 files: %s", e.text);
	put(&iso);
	list = judged("bsdtar -tf iso | grep -c block-; xorriso -indev iso -find / -type f "
		      "2>/dev/null | grep -c block-");
	is_str(list, "64\n64\n", "both readers see all of them");
	sum = judged(
		"bsdtar -xOf iso b/a-rather-long-name-of-a-file-that-fills-a-block-99.X | wc -c");
	is_int(atoi(sum), 100000, "a file of many blocks");
	ok(iso_open((uint8_t *)iso.data, iso.len, &read, &e) == 0 && read.names == ISO_JOLIET,
		"the agent's own reader takes its Joliet names");
	iso_write("many", files, ISO_FILES_MAX, &again, &e);
	ok(again.len == iso.len && !memcmp(again.data, iso.data, iso.len),
		"the same bytes each time");
	buf_done(&iso);
	buf_done(&again);
}

static void refuses(void)
{
	static const char *const bad[] = {"", "/a", "a//b", "a/", "../a", ".", "a/..",
		"x123456789012345678901234567890123456789012345678901234567890123"};
	struct iso_file files[ISO_FILES_MAX + ISO_DIRS_MAX + 1];
	struct buf iso = BUF_INIT(40000);
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		files[0] = (struct iso_file){bad[i], "", 0};
		is_int(iso_write("x", files, 1, &iso, &e), -EINVAL, "\"%s\"", bad[i]);
	}
	files[0].path = files[1].path = "a";
	files[1].len = 0;
	is_int(iso_write("x", files, 2, &iso, &e), -EINVAL, "one file twice: %s", e.text);
	files[1].path = "a/b";
	is_int(iso_write("x", files, 2, &iso, &e), -EINVAL, "below a file: %s", e.text);
	files[0].len = 50000;
	is_int(iso_write("x", files, 1, &iso, &e), -EFBIG, "too large: %s", e.text);
	files[0].len = 0;
	is_int(iso_write("x", files, 1, &iso, &e), -EFBIG, "too large with its tables: %s", e.text);
	buf_done(&iso);
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	drive();
	many();
	refuses();
	fs_rm_rf(folder, NULL);
	return done_testing();
}
