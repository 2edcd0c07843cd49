/*
 * Decompression as data comes in pieces of any size. Streams are made by the reference libraries;
 * hostile ones by hand from the formats' specifications (RFC 8878 for zstd).
 */
#include <errno.h>
#include <stdlib.h>

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "agent/image/format/decode.h"
#include "agent/image/format/format.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#define SIZE 300000

static uint8_t plain[SIZE], packed[2 * SIZE + 100000], out[3 * SIZE];

/* Feeds pieces of `step` bytes and takes pieces of `room`. Gives the length or an error. */
static long unpack(const uint8_t *in, size_t len, size_t step, size_t room, uint64_t memory)
{
	const struct decoder_ops *ops = decode_detect(in, len);
	struct decoder d;
	struct err e = {0};
	size_t have = 0;
	int r = 0;

	if (!ops)
		return -ENOENT;
	decode_open(&d, ops, memory, &e);
	for (size_t at = 0; r == 0;) {
		struct decode_io io = {.in = in + at, .in_len = len - at < step ? len - at : step};
		size_t given = io.in_len, before;

		d.eof = !given;
		do {
			before = io.in_len;
			io.out = out + have;
			io.out_len = sizeof(out) - have < room ? sizeof(out) - have : room;
			size_t space = io.out_len;

			r = decode_step(&d, &io, &e);
			have += space - io.out_len;
			if (io.out_len && before == io.in_len)
				break;
		} while (r == 0);
		at += given;
		if (!given)
			break;
	}
	if (r == 0)
		r = decode_end(&d, &e);
	decode_close(&d);
	if (r < 0)
		printf("# %s\n", e.text);
	return r < 0 ? r : (long)have;
}

static size_t pack_gzip(uint8_t *to, const uint8_t *from, size_t len)
{
	z_stream z = {0};

	deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)(uintptr_t)from;
	z.avail_in = (uInt)len;
	z.next_out = to;
	z.avail_out = SIZE + 50000;
	deflate(&z, Z_FINISH);
	len = z.total_out;
	deflateEnd(&z);
	return len;
}

static size_t pack_zstd(uint8_t *to, const uint8_t *from, size_t len)
{
	return ZSTD_compress(to, SIZE + 50000, from, len, 1);
}

static size_t pack_xz(uint8_t *to, const uint8_t *from, size_t len)
{
	size_t n = 0;

	if (lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, from, len, to, &n, SIZE + 50000) !=
		LZMA_OK)
		return 0;
	return n;
}

static size_t pack_bzip2(uint8_t *to, const uint8_t *from, size_t len)
{
	unsigned n = SIZE + 50000;

	return BZ2_bzBuffToBuffCompress(
		       (char *)to, &n, (char *)(uintptr_t)from, (unsigned)len, 1, 0, 0) == BZ_OK
		       ? n
		       : 0;
}

static const struct {
	const char *name;
	size_t (*pack)(uint8_t *to, const uint8_t *from, size_t len);
} formats[] = {{"gzip", pack_gzip}, {"zstd", pack_zstd}, {"xz", pack_xz}, {"bzip2", pack_bzip2}};

static void test_format(size_t f)
{
	static const size_t steps[][2] = {{1, 7}, {4096, 1000}, {1 << 20, 1 << 20}, {3, 1 << 20}};
	const char *name = formats[f].name;
	size_t n = formats[f].pack(packed, plain, SIZE), second, before;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		memset(out, 0xee, SIZE);
		ok(unpack(packed, n, steps[i][0], steps[i][1], 0) == SIZE &&
				!memcmp(out, plain, SIZE),
			"%s in pieces of %zu", name, steps[i][0]);
	}
	is_int(unpack(packed, n - 1, 4096, 4096, 0), -EBADMSG, "%s without its last byte", name);
	is_int(unpack(packed, n / 2, 4096, 4096, 0), -EBADMSG, "%s cut in the middle", name);
	before = packed[n / 2];
	packed[n / 2] ^= 0x10;
	ok(unpack(packed, n, 4096, 4096, 0) != SIZE || memcmp(out, plain, SIZE) != 0,
		"%s with a flipped bit is not the image", name);
	packed[n / 2] = (uint8_t)before;
	second = formats[f].pack(packed + n, plain, 1000);
	ok(unpack(packed, n + second, 5000, 3000, 0) == SIZE + 1000 &&
			!memcmp(out + SIZE, plain, 1000),
		"%s: two streams one after another", name);
	memset(packed + n, 0, 4096);
	is_int(unpack(packed, n + 4096, 5000, 3000, 0), SIZE, "%s padded with zeroes", name);
	memset(packed + n, 'x', 4096);
	is_int(unpack(packed, n + 4096, 5000, 3000, 0), -EBADMSG, "%s followed by something", name);
}

static void test_memory(void)
{
	/* RFC 8878 section 3.1.1.1.2: window descriptor, exponent 21 and mantissa 0: 2 GiB */
	static const uint8_t window[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00};
	lzma_options_lzma opt;
	lzma_filter filters[2] = {{LZMA_FILTER_LZMA2, &opt}, {LZMA_VLI_UNKNOWN, NULL}};
	size_t n = 0;

	is_int(unpack(window, sizeof(window), 100, 100, 64 << 20), -ENOMEM,
		"zstd with a window of 2 GiB is refused for that");
	lzma_lzma_preset(&opt, 0);
	opt.dict_size = 64 << 20;
	if (lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, plain, 1000, packed, &n,
		    sizeof(packed)) != LZMA_OK)
		n = 0;
	is_int(unpack(packed, n, 100, 100, 32 << 20), -ENOMEM,
		"xz with a dictionary of 64 MiB does not fit in 32");
	is_int(unpack(packed, n, 100, 100, 80 << 20), 1000, "and fits in 80");
}

static bool only_raw(void *data, const char *format)
{
	return !strcmp(format, "raw");
}

static void test_detect(void)
{
	const struct image_job any = {0}, raw = {.disk_format = "raw"},
			       strict = {.permits = only_raw};
	const uint8_t qcow2[] = "QFI\xfb\0\0\0\3";
	const struct format_ops *format;
	struct err e = {0};

	ok(!decode_detect((const uint8_t *)"\xeb\x63\x90", 3), "boot code is not compressed");
	ok(!decode_detect((const uint8_t *)"", 0), "nothing is nothing");
	is_int(format_detect(&any, (const uint8_t *)"\xeb\x63\x90", 3, &format, &e), 0,
		"boot code");
	ok(!format, "is a raw image");
	is_int(format_detect(&raw, (const uint8_t *)"KDMV\0\0\0\3", 8, &format, &e), -ENOTSUP,
		"VMDK");
	ok(strstr(e.text, "VMDK") != NULL, "is named");
	is_int(format_detect(&any, qcow2, 8, &format, &e), 0, "qcow2");
	ok(format && !strcmp(format->name, "qcow2"), "is found");
	is_int(format_detect(&raw, qcow2, 8, &format, &e), -EINVAL, "and refused as raw");
	is_int(format_detect(&strict, qcow2, 8, &format, &e), -EINVAL, "what is not permitted");
	ok(strstr(e.text, "the conductor does not permit") != NULL, "is refused by name");
	is_int(format_detect(&strict, (const uint8_t *)"\xeb\x63", 2, &format, &e), 0, "raw is");
	ok(format_known("raw") && !format_known("vdi"), "what is written, by name");
}

int main(void)
{
	unsigned x = 1;

	for (size_t i = 0; i < SIZE; i++) { /* half noise, half runs */
		x = x * 1103515245 + 12345;
		plain[i] = i / 1000 % 2 ? (uint8_t)(x >> 16) : (uint8_t)(i / 5000);
	}
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		test_format(i);
	test_memory();
	test_detect();
	return done_testing();
}
