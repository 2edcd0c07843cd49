/* Builds a config drive: ISO 9660 labelled config-2, gzipped, in base64; see flow.h. */
#include "conductor/flow/flow.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#define DRIVE_MAX (64 << 20)
#define LABEL	  "config-2"

static la_ssize_t take_bytes(struct archive *a, void *data, const void *bytes, size_t len)
{
	struct buf *iso = data;

	if (buf_append(iso, bytes, len) < 0) {
		archive_set_error(a, ENOSPC, "larger than 64 MiB");
		return -1;
	}
	return (la_ssize_t)len;
}

static int add_file(struct archive *a, const char *path, const char *data, size_t len)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	archive_entry_set_pathname(entry, path);
	archive_entry_set_size(entry, (la_int64_t)len);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0444);
	r = archive_write_header(a, entry);
	if (r == ARCHIVE_OK && archive_write_data(a, data, len) != (la_ssize_t)len)
		r = ARCHIVE_FATAL;
	archive_entry_free(entry);
	return r;
}

/* A member of the config drive's JSON: text is written as it is, anything else as JSON. */
static int add_member(struct archive *a, const char *path, const json_t *value)
{
	_cleanup_free_ char *text = NULL;

	if (!value || json_is_null(value))
		return ARCHIVE_OK;
	if (json_is_string(value))
		return add_file(a, path, json_string_value(value), json_string_length(value));
	text = json_text(value);
	return add_file(a, path, text, strlen(text));
}

/*
 * The label as genisoimage -V writes it and as cloud-init looks for it. libarchive holds to ISO
 * 9660 7.4.1, which knows only capitals, digits and '_', in the primary volume descriptor (8.4.7).
 */
static void set_label(struct buf *iso)
{
	static const size_t at = 16 * 2048 + 40, size = 32;

	if (iso->len < at + size)
		return;
	memset(iso->data + at, ' ', size);
	memcpy(iso->data + at, LABEL, strlen(LABEL));
}

static int write_iso(const json_t *drive, const json_t *meta_data, struct buf *iso, struct err *e)
{
	static const struct {
		const char *member, *path;
	} files[] = {
		{"network_data", "openstack/latest/network_data.json"},
		{"user_data", "openstack/latest/user_data"},
		{"vendor_data", "openstack/latest/vendor_data2.json"},
	};
	struct archive *a = archive_write_new();
	int r;

	archive_write_set_format_iso9660(a);
	archive_write_set_options(a, "volume-id=" LABEL ",rockridge=useful,joliet=long");
	archive_write_set_bytes_in_last_block(a, 1);
	r = archive_write_open(a, iso, NULL, take_bytes, NULL);
	if (r == ARCHIVE_OK)
		r = add_member(a, "openstack/latest/meta_data.json", meta_data);
	for (size_t i = 0; r == ARCHIVE_OK && i < ARRAY_SIZE(files); i++)
		r = add_member(a, files[i].path, json_object_get(drive, files[i].member));
	if (r == ARCHIVE_OK)
		r = archive_write_close(a);
	if (r != ARCHIVE_OK)
		err_set(e, EIO, "write ISO: %s", archive_error_string(a));
	archive_write_free(a);
	set_label(iso);
	return r == ARCHIVE_OK ? 0 : -EIO;
}

static int gzip(const struct buf *in, char **ret, struct err *e)
{
	z_stream z = {0};
	size_t max = compressBound((uLong)in->len) + 64;
	_cleanup_free_ unsigned char *out = xmalloc(max);
	int r;

	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ENOMEM, "gzip: no memory");
	z.next_in = (unsigned char *)in->data;
	z.avail_in = (unsigned)in->len;
	z.next_out = out;
	z.avail_out = (unsigned)max;
	r = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	if (r != Z_STREAM_END)
		return err_set(e, EIO, "gzip: error %d", r);
	*ret = b64_encode(out, z.total_out);
	return 0;
}

int configdrive_build(const json_t *given, const json_t *more_meta, char **ret, struct err *e)
{
	struct buf iso = BUF_INIT(DRIVE_MAX);
	_cleanup_json_ json_t *meta_data = NULL;
	json_t *meta;
	int r;

	*ret = NULL;
	if (!given || json_is_null(given))
		return 0;
	if (json_is_string(given)) {
		*ret = xstrdup(json_string_value(given));
		return 0;
	}
	meta_data = json_deep_copy(json_object_get(given, "meta_data"));
	if (!meta_data)
		meta_data = json_object();
	if (more_meta && json_is_object(meta_data)) {
		meta = json_object_get(meta_data, "meta");
		if (!json_is_object(meta)) {
			meta = json_object();
			json_object_set_new(meta_data, "meta", meta);
		}
		json_object_update(meta, (json_t *)more_meta);
	}
	r = write_iso(given, meta_data, &iso, e);
	if (r == 0)
		r = gzip(&iso, ret, e);
	buf_done(&iso);
	return r;
}
