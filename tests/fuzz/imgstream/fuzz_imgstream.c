/* A hostile compressed image: the first byte says how large the pieces are it comes in. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/image/format/decode.h"

#define OUT_MAX (4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(struct decoder *d, struct decode_io *io, size_t *out)
{
	static uint8_t buf[65536];
	struct err e;

	while (*out < OUT_MAX) {
		size_t before = io->in_len;
		int r;

		io->out = buf;
		io->out_len = sizeof(buf);
		r = decode_step(d, io, &e);
		if (io->out < buf || io->out + io->out_len != buf + sizeof(buf) ||
			io->in_len > before)
			abort();
		*out += sizeof(buf) - io->out_len;
		if (r < 0)
			return r;
		if (io->out_len && before == io->in_len)
			return io->in_len ? -1 : 0;
	}
	return -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct decoder_ops *ops;
	struct decoder d;
	struct err e;
	size_t step, out = 0;
	int r = 0;

	if (size < 2)
		return 0;
	step = (size_t)data[0] * 16 + 1;
	data++;
	size--;
	ops = decode_detect(data, size);
	if (!ops)
		return 0;
	if (decode_open(&d, ops, 16 << 20, &e) < 0)
		return 0;
	for (size_t at = 0; r == 0 && at < size; at += step) {
		struct decode_io io = {
			.in = data + at, .in_len = size - at < step ? size - at : step};

		r = feed(&d, &io, &out);
	}
	if (r == 0) {
		struct decode_io io = {0};

		d.eof = true;
		if (feed(&d, &io, &out) == 0)
			decode_end(&d, &e);
	}
	decode_close(&d);
	return 0;
}
