/* Builds a config drive: ISO 9660 labelled config-2, gzipped, in base64; see flow.h. */
#include "conductor/flow/flow.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/iso/drive.h"

#include <errno.h>
#include <string.h>

#include <zlib.h>

#define DRIVE_MAX (64 << 20)

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
	_cleanup_json_ json_t *drive = NULL;
	json_t *meta_data, *meta;
	int r;

	*ret = NULL;
	if (!given || json_is_null(given))
		return 0;
	if (json_is_string(given)) {
		*ret = xstrdup(json_string_value(given));
		return 0;
	}
	drive = json_copy((json_t *)given);
	meta_data = json_deep_copy(json_object_get(given, "meta_data"));
	if (!meta_data)
		meta_data = json_object();
	json_object_set_new(drive, "meta_data", meta_data);
	if (more_meta && json_is_object(meta_data)) {
		meta = json_object_get(meta_data, "meta");
		if (!json_is_object(meta)) {
			meta = json_object();
			json_object_set_new(meta_data, "meta", meta);
		}
		json_object_update(meta, (json_t *)more_meta);
	}
	r = drive_write(drive, &iso, e);
	if (r == 0)
		r = gzip(&iso, ret, e);
	buf_done(&iso);
	return r;
}
