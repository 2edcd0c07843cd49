/* Unwraps a config drive: base64, then gzip or another compression, as far as it is wrapped. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/drive/configdrive.h"
#include "agent/image/format/decode.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

int configdrive_too_large(struct err *e)
{
	return err_set(e, EFBIG, "the config drive is larger than 64 MiB");
}

static bool looks_base64(const uint8_t *p, size_t len)
{
	size_t n = len < 64 ? len : 64;

	for (size_t i = 0; i < n; i++)
		if (!p[i] ||
			!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				"+/=\r\n",
				p[i]))
			return false;
	return len > 0;
}

static int unwrap_base64(uint8_t **data, size_t *len, struct err *e)
{
	void *out;
	size_t n;

	if (!looks_base64(*data, *len))
		return 0;
	if (b64_decode((char *)*data, *len, &out, &n) < 0)
		return err_set(e, EINVAL, "the config drive is not valid base64");
	mem_wipe(*data, *len);
	free(*data);
	*data = out;
	*len = n;
	return 0;
}

/* Decodes all of in to a buffer that grows up to the limit. */
static int inflate_all(
	struct decoder *d, struct decode_io *io, uint8_t **ret, size_t *ret_len, struct err *e)
{
	size_t cap = 1024 * 1024, have = 0;
	uint8_t *out = malloc(cap), *more;
	int r = out ? 0 : err_set(e, ENOMEM, "no memory for it");

	d->eof = true;
	while (r == 0) {
		size_t in_before = io->in_len, room = cap - have;

		io->out = out + have;
		io->out_len = room;
		r = decode_step(d, io, e);
		have += room - io->out_len;
		if (r < 0 || (io->out_len && in_before == io->in_len))
			break;
		if (io->out_len)
			continue;
		if (cap >= CONFIGDRIVE_MAX + 1) {
			r = configdrive_too_large(e);
			break;
		}
		cap = cap * 2 <= CONFIGDRIVE_MAX ? cap * 2 : CONFIGDRIVE_MAX + 1;
		more = realloc(out, cap);
		if (more)
			out = more;
		else
			r = err_set(e, ENOMEM, "no memory for it");
	}
	if (r == 0)
		r = decode_end(d, e);
	if (r < 0) {
		free(out);
		return r;
	}
	*ret = out;
	*ret_len = have;
	return 0;
}

static int unwrap_compressed(uint8_t **data, size_t *len, struct err *e)
{
	struct decode_io io = {.in = *data, .in_len = *len};
	const struct decoder_ops *ops = decode_detect(*data, *len);
	struct decoder d;
	uint8_t *out;
	size_t n;
	int r;

	if (!ops)
		return 0;
	r = decode_open(&d, ops, CONFIGDRIVE_MAX, e);
	if (r < 0)
		return r;
	r = inflate_all(&d, &io, &out, &n, e);
	decode_close(&d);
	if (r < 0)
		return r;
	mem_wipe(*data, *len);
	free(*data);
	*data = out;
	*len = n;
	return 0;
}

int configdrive_unwrap(uint8_t **data, size_t *len, struct err *e)
{
	int r = unwrap_base64(data, len, e);

	if (r == 0)
		r = unwrap_compressed(data, len, e);
	if (r == 0 && *len > CONFIGDRIVE_MAX)
		r = configdrive_too_large(e);
	if (r == 0 && !*len)
		r = err_set(e, EINVAL, "the config drive is empty");
	return r;
}
