/* Where zstd frames end and what their headers say; the frames are libzstd's, or written by RFC
 * 8878. */
#include <errno.h>
#include <string.h>

#include <zstd.h>

#include "agent/image/format/zframe.h"
#include "tests/unit/tap.h"

static uint8_t plain[300000], packed[400000];

/* Scans in pieces; gives the frame's length. */
static ssize_t scan(struct zframe *z, const uint8_t *p, size_t len, size_t step)
{
	bool end = false;
	size_t at = 0;

	zframe_init(z);
	while (!end && at < len) {
		size_t n = len - at < step ? len - at : step;
		ssize_t took = zframe_scan(z, p + at, n, &end);

		if (took < 0)
			return took;
		at += (size_t)took;
	}
	return end ? (ssize_t)at : -ENODATA;
}

static size_t pack(size_t size, int checksum, int content)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, checksum);
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, content);
	n = ZSTD_compress2(c, packed, sizeof(packed), plain, size);
	ZSTD_freeCCtx(c);
	return n;
}

int main(void)
{
	static const size_t sizes[] = {0, 1, 255, 256, 65791, 65792, 300000};
	static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4, 5};
	static const uint8_t window[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x5a, 1, 0, 0};
	static const uint8_t reserved[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x5a, 7, 0, 0};
	struct zframe z;

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i / 1000 % 2 ? i * i >> 3 : i / 5000);
	for (size_t i = 0; i < 4 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t size = sizes[i / 4], n = pack(size, i & 1, i >> 1 & 1);

		is_int(scan(&z, packed, n + 50, 1 + i * 37), (long)n, "%zu bytes end", size);
		ok(!z.skippable && z.content == (i & 2 ? size : UINT64_MAX), "their size");
		is_int(scan(&z, packed, n - 1, 4096), -ENODATA, "cut");
	}
	is_int(scan(&z, skippable, sizeof(skippable), 3), 12, "a skippable frame");
	ok(z.skippable && z.skippable_len == 4, "is one");
	is_int(scan(&z, window, sizeof(window), 1), sizeof(window), "an empty block");
	is_int((long)z.window, (1L << 21) + (1L << 21) / 8 * 2, "window of section 3.1.1.1.2");
	is_int(scan(&z, reserved, sizeof(reserved), 9), -EBADMSG, "a reserved kind of block");
	is_int(scan(&z, (const uint8_t *)"QFI\xfb", 4, 4), -EBADMSG, "no frame");
	return done_testing();
}
