/*
 * The config drive, judged by libarchive's reader and, for the label, by ECMA-119 8.4.7 (bytes 40
 * to 71 of sector 16), which is where blkid and cloud-init look.
 */
#include "conductor/flow/flow.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#define ISO_MAX (1 << 20)

static unsigned char iso[ISO_MAX];

/* Base64 and gzip off; the ISO's length, 0 when it is neither. */
static size_t unpack(const char *text)
{
	z_stream z = {0};
	size_t len = 0;
	void *raw = NULL;

	if (!text || b64_decode(text, strlen(text), &raw, &len) < 0)
		return 0;
	inflateInit2(&z, 15 + 16);
	z.next_in = raw;
	z.avail_in = (unsigned)len;
	z.next_out = iso;
	z.avail_out = sizeof(iso);
	len = inflate(&z, Z_FINISH) == Z_STREAM_END ? z.total_out : 0;
	inflateEnd(&z);
	free(raw);
	return len;
}

/* A file's content, or NULL. */
static char *content(size_t len, const char *path)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	char *text = NULL;

	archive_read_support_format_iso9660(a);
	if (archive_read_open_memory(a, iso, len) == ARCHIVE_OK) {
		while (!text && archive_read_next_header(a, &entry) == ARCHIVE_OK) {
			if (!str_eq(archive_entry_pathname(entry), path))
				continue;
			text = xcalloc(1, (size_t)archive_entry_size(entry) + 1);
			archive_read_data(a, text, (size_t)archive_entry_size(entry));
		}
	}
	archive_read_free(a);
	return text;
}

static void built_from_json(void)
{
	_cleanup_json_ json_t *given = json_pack("{s:{s:s, s:{s:s}}, s:s, s:{s:[]}}", "meta_data",
		"hostname", "h1", "meta", "site", "x", "user_data", "#!/bin/sh\necho hi\n",
		"network_data", "links");
	_cleanup_json_ json_t *more = json_pack("{s:s}", "ingot_nonce", "abc");
	_cleanup_json_ json_t *meta = NULL;
	_cleanup_free_ char *text = NULL, *meta_text = NULL, *user = NULL, *network = NULL;
	struct err e = {0};
	size_t len;

	is_int(configdrive_build(given, more, &text, &e), 0, "an object is built: %s", e.text);
	len = unpack(text);
	if (!ok(len > 17 * 2048, "base64 of gzip of an ISO"))
		return;
	ok(!memcmp(iso + 16 * 2048 + 40, "config-2                        ", 32),
		"labelled config-2");
	meta_text = content(len, "openstack/latest/meta_data.json");
	user = content(len, "openstack/latest/user_data");
	network = content(len, "openstack/latest/network_data.json");
	is_str(user, "#!/bin/sh\necho hi\n", "user_data is written as it was given");
	is_str(network, "{\"links\":[]}", "network_data is JSON");
	ok(meta_text && json_parse(meta_text, strlen(meta_text), 10, &meta, &e) == 0,
		"meta_data.json is JSON");
	is_str(json_str(meta, "hostname"), "h1", "with the host name");
	is_str(json_str(json_object_get(meta, "meta"), "site"), "x", "what stood under meta stays");
	is_str(json_str(json_object_get(meta, "meta"), "ingot_nonce"), "abc", "the nonce is added");
}

static void passed_on(void)
{
	_cleanup_json_ json_t *given = json_string("H4sI");
	_cleanup_free_ char *text = NULL;
	struct err e;

	configdrive_build(given, NULL, &text, &e);
	is_str(text, "H4sI", "a string is used as it is");
	str_replace(&text, NULL);
	is_int(configdrive_build(NULL, NULL, &text, &e), 0, "none is fine");
	ok(text == NULL, "and writes none");
}

int main(void)
{
	built_from_json();
	passed_on();
	return done_testing();
}
