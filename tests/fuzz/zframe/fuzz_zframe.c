/*
 * Where zstd frames end, in pieces whose size the first byte tells: always within what was given,
 * and the same whatever the pieces are; a frame that libzstd decompresses ends where libzstd says.
 */
#include <stdlib.h>

#include <zstd.h>

#include "agent/image/format/zframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The end of the first frame, or -1. */
static ssize_t walk(const uint8_t *data, size_t size, size_t step)
{
	struct zframe z;
	bool end = false;
	size_t at = 0;

	zframe_init(&z);
	while (!end && at < size) {
		size_t n = size - at < step ? size - at : step;
		ssize_t took = zframe_scan(&z, data + at, n, &end);

		if (took < 0)
			return -1;
		if ((size_t)took > n || (!end && (size_t)took != n))
			abort();
		at += (size_t)took;
	}
	return end ? (ssize_t)at : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ssize_t whole;
	size_t peer;

	if (size < 2)
		return 0;
	whole = walk(data + 1, size - 1, size);
	if (walk(data + 1, size - 1, data[0] + 1) != whole)
		abort();
	peer = ZSTD_findFrameCompressedSize(data + 1, size - 1);
	if (data[1] < 0x28 && data[1] >= 0x22)
		return 0;
	if (!ZSTD_isError(peer) && whole != (ssize_t)peer)
		abort();
	return 0;
}
