/*
 * gzip, zstd, xz and bzip2. Several streams one after another count as one; zeroes may pad the end.
 * An image that wants more memory for its window or dictionary than there is, is refused by name of
 * what it wants.
 */
#include "agent/image/format/decode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "agent/image/format/zframe.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"

#define MEMORY_FLOOR (8ULL << 20)

static int damaged(const struct decoder *d, const char *what, struct err *e)
{
	return err_set(e, EBADMSG, "the image's %s data is damaged: %s", d->ops->name, what);
}

static int too_large(const struct decoder *d, uint64_t need, struct err *e)
{
	char amount[40] = "more";

	if (need)
		snprintf(amount, sizeof(amount), "%llu MiB of",
			(unsigned long long)((need + 1048575) >> 20));
	return err_set(e, ENOMEM,
		"decompressing the image's %s data needs %s memory; %llu MiB are free for it; "
		"compress it with a smaller window or dictionary",
		d->ops->name, amount, (unsigned long long)(d->memory_max >> 20));
}

/* gzip */

static bool gzip_detect(const uint8_t *s, size_t len)
{
	return len >= 3 && s[0] == 0x1f && s[1] == 0x8b && s[2] == 8;
}

static int gzip_open(struct decoder *d, struct err *e)
{
	z_stream *z = xcalloc(1, sizeof(*z));

	if (inflateInit2(z, 15 + 16) != Z_OK) {
		free(z);
		return err_set(e, ENOMEM, "no memory for gzip");
	}
	d->state = z;
	return 0;
}

static bool gzip_next(struct decoder *d)
{
	return inflateReset(d->state) == Z_OK;
}

static int gzip_step(struct decoder *d, struct decode_io *io, struct err *e)
{
	z_stream *z = d->state;
	int r;

	z->next_in = (Bytef *)(uintptr_t)io->in;
	z->avail_in = (uInt)io->in_len;
	z->next_out = io->out;
	z->avail_out = (uInt)io->out_len;
	r = inflate(z, Z_NO_FLUSH);
	io->in = z->next_in;
	io->in_len = z->avail_in;
	io->out = z->next_out;
	io->out_len = z->avail_out;
	if (r == Z_STREAM_END)
		d->boundary = true;
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return damaged(d, z->msg ? z->msg : "inflate failed", e);
	return 0;
}

static void gzip_close(struct decoder *d)
{
	inflateEnd(d->state);
	free(d->state);
}

/* zstd */

static bool zstd_detect(const uint8_t *s, size_t len)
{
	static const uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd};
	static const uint8_t skippable[] = {0x2a, 0x4d, 0x18};

	return len >= 4 &&
	       (!memcmp(s, frame, 4) || ((s[0] & 0xf0) == 0x50 && !memcmp(s + 1, skippable, 3)));
}

static uint64_t zstd_declared(const uint8_t *s, size_t len)
{
	unsigned long long size = ZSTD_getFrameContentSize(s, len);

	return size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ? 0 : size;
}

/* The largest window that fits, as a power of two; zstd itself knows 10 to 31. */
static int window_log(uint64_t bytes)
{
	int log = 10;

	while (log < 31 && (2ULL << log) <= bytes)
		log++;
	return log;
}

static int zstd_open(struct decoder *d, struct err *e)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();

	if (!z || ZSTD_isError(ZSTD_DCtx_setParameter(
			  z, ZSTD_d_windowLogMax, window_log(d->memory_max)))) {
		ZSTD_freeDCtx(z);
		return err_set(e, ENOMEM, "no memory for zstd");
	}
	d->state = z;
	return 0;
}

/* The window that the frame that begins here wants; 0: unknown. */
static uint64_t zstd_window(const struct decode_io *io)
{
	struct zframe z;
	bool end;

	zframe_init(&z);
	return zframe_scan(&z, io->in, io->in_len, &end) >= 0 && z.headed && !z.skippable ? z.window
											  : 0;
}

static bool zstd_next(struct decoder *d)
{
	d->begun = false;
	return true;
}

static int zstd_step(struct decoder *d, struct decode_io *io, struct err *e)
{
	uint64_t window = d->begun ? 0 : zstd_window(io);
	ZSTD_inBuffer in = {io->in, io->in_len, 0};
	ZSTD_outBuffer out = {io->out, io->out_len, 0};
	size_t r;

	d->begun = true;
	r = ZSTD_decompressStream(d->state, &out, &in);
	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	if (!ZSTD_isError(r)) {
		d->boundary = r == 0;
		return 0;
	}
	if (ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge)
		return too_large(d, window, e);
	if (ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation)
		return too_large(d, 0, e);
	return damaged(d, ZSTD_getErrorName(r), e);
}

static void zstd_close(struct decoder *d)
{
	ZSTD_freeDCtx(d->state);
}

/* xz */

static bool xz_detect(const uint8_t *s, size_t len)
{
	static const uint8_t magic[] = {0xfd, '7', 'z', 'X', 'Z', 0};

	return len >= 6 && !memcmp(s, magic, 6);
}

static int xz_open(struct decoder *d, struct err *e)
{
	lzma_stream *z = xcalloc(1, sizeof(*z));

	if (lzma_stream_decoder(z, d->memory_max, LZMA_CONCATENATED) != LZMA_OK) {
		free(z);
		return err_set(e, ENOMEM, "no memory for xz");
	}
	d->state = z;
	return 0;
}

static int xz_step(struct decoder *d, struct decode_io *io, struct err *e)
{
	lzma_stream *z = d->state;
	lzma_ret r;

	z->next_in = io->in;
	z->avail_in = io->in_len;
	z->next_out = io->out;
	z->avail_out = io->out_len;
	r = lzma_code(z, d->eof ? LZMA_FINISH : LZMA_RUN);
	io->in = z->next_in;
	io->in_len = z->avail_in;
	io->out = z->next_out;
	io->out_len = z->avail_out;
	if (r == LZMA_STREAM_END)
		d->boundary = true;
	else if (r == LZMA_MEMLIMIT_ERROR)
		return too_large(d, lzma_memusage(z), e);
	else if (r == LZMA_MEM_ERROR)
		return too_large(d, 0, e);
	else if (r == LZMA_OPTIONS_ERROR)
		return damaged(d, "uses features that are not known", e);
	else if (r != LZMA_OK && r != LZMA_BUF_ERROR)
		return damaged(d, "a check failed", e);
	return 0;
}

static void xz_close(struct decoder *d)
{
	lzma_end(d->state);
	free(d->state);
}

/* bzip2 */

static bool bzip2_detect(const uint8_t *s, size_t len)
{
	return len >= 8 && !memcmp(s, "BZh", 3) && s[3] >= '1' && s[3] <= '9' &&
	       !memcmp(s + 4, "1AY&", 4);
}

static int bzip2_open(struct decoder *d, struct err *e)
{
	bz_stream *z = xcalloc(1, sizeof(*z));

	if (BZ2_bzDecompressInit(z, 0, 0) != BZ_OK) {
		free(z);
		return err_set(e, ENOMEM, "no memory for bzip2");
	}
	d->state = z;
	return 0;
}

static bool bzip2_next(struct decoder *d)
{
	bz_stream *z = d->state;

	BZ2_bzDecompressEnd(z);
	memset(z, 0, sizeof(*z));
	return BZ2_bzDecompressInit(z, 0, 0) == BZ_OK;
}

static int bzip2_step(struct decoder *d, struct decode_io *io, struct err *e)
{
	bz_stream *z = d->state;
	int r;

	z->next_in = (char *)(uintptr_t)io->in;
	z->avail_in = (unsigned)io->in_len;
	z->next_out = (char *)io->out;
	z->avail_out = (unsigned)io->out_len;
	r = BZ2_bzDecompress(z);
	io->in = (uint8_t *)z->next_in;
	io->in_len = z->avail_in;
	io->out = (uint8_t *)z->next_out;
	io->out_len = z->avail_out;
	if (r == BZ_STREAM_END)
		d->boundary = true;
	else if (r != BZ_OK)
		return damaged(d, "a check failed", e);
	return 0;
}

static void bzip2_close(struct decoder *d)
{
	BZ2_bzDecompressEnd(d->state);
	free(d->state);
}

static const struct decoder_ops decoders[] = {
	{"gzip", gzip_detect, NULL, gzip_open, gzip_step, gzip_next, gzip_close},
	{"zstd", zstd_detect, zstd_declared, zstd_open, zstd_step, zstd_next, zstd_close},
	{"xz", xz_detect, NULL, xz_open, xz_step, NULL, xz_close},
	{"bzip2", bzip2_detect, NULL, bzip2_open, bzip2_step, bzip2_next, bzip2_close},
};

const struct decoder_ops *decode_detect(const uint8_t *start, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(decoders); i++)
		if (decoders[i].detect(start, len))
			return &decoders[i];
	return NULL;
}

/* What the kernel says is free without swapping. */
static uint64_t memory_available(void)
{
	_cleanup_free_ char *text = NULL;
	unsigned long long kib;
	const char *p;

	if (fs_read("/proc/meminfo", 65536, &text, NULL, NULL) < 0)
		return 0;
	p = strstr(text, "MemAvailable:");
	return p && sscanf(p + 13, "%llu", &kib) == 1 ? kib * 1024 : 0;
}

uint64_t decode_memory(void)
{
	uint64_t half = memory_available() / 2;

	return half > MEMORY_FLOOR ? half : MEMORY_FLOOR;
}

int decode_open(
	struct decoder *d, const struct decoder_ops *ops, uint64_t memory_max, struct err *e)
{
	*d = (struct decoder){.ops = ops, .memory_max = memory_max};
	if (!memory_max)
		d->memory_max = decode_memory();
	if (d->memory_max < MEMORY_FLOOR)
		d->memory_max = MEMORY_FLOOR;
	return ops->open(d, e);
}

int decode_step(struct decoder *d, struct decode_io *io, struct err *e)
{
	if (!io->in) /* at the end there is no input to point to */
		io->in = (const uint8_t *)"";
	if (d->boundary && !d->padding && io->in_len && *io->in && d->ops->next) {
		if (!d->ops->next(d))
			return damaged(d, "cannot go on", e);
		d->boundary = false;
	}
	if (!d->boundary)
		return d->ops->step(d, io, e);
	for (; io->in_len; io->in++, io->in_len--) {
		d->padding = true;
		if (*io->in)
			return damaged(d, "something follows its end", e);
	}
	return 0;
}

int decode_end(struct decoder *d, struct err *e)
{
	return d->boundary ? 0 : damaged(d, "it ends in the middle", e);
}

void decode_close(struct decoder *d)
{
	if (d->ops)
		d->ops->close(d);
	d->ops = NULL;
}
