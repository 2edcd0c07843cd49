/*
 * Bytes from the system interface of a machine whose guest is hostile, in pieces; the first byte
 * says how large they are. Every answer is one whole message.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tests/bmc/simmachine.h"
#include "tests/bmc/systemif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends with A0h, which is nowhere else; the sum of what is unescaped is zero. */
static void take_answer(void *arg, const uint8_t *bytes, size_t len)
{
	uint8_t sum = 0;

	if (len < 6 || bytes[len - 1] != 0xa0)
		abort();
	for (size_t i = 0; i + 1 < len; i++) {
		if (bytes[i] == 0xa0 || bytes[i] == 0xa1)
			abort();
		if (bytes[i] == 0xaa)
			sum += bytes[++i] & ~0x10;
		else
			sum += bytes[i];
	}
	if (sum)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct systemif_stream s = {.sink = take_answer};
	struct simmachine_config sim = {0};
	struct simmachine *machine;
	struct bmcemu_config c;
	uv_loop_t loop;
	size_t step;

	if (size < 2)
		return 0;
	step = data[0] % 16 + 1;
	bmcemu_config_init(&c);
	if (uv_loop_init(&loop) < 0 || bmcemu_new(&loop, &c, &s.bmc, NULL) < 0)
		abort();
	simmachine_new(&loop, s.bmc, &sim, &machine);
	for (size_t at = 1; at < size; at += step)
		systemif_feed(&s, data + at, size - at < step ? size - at : step);
	simmachine_free(machine);
	bmcemu_free(s.bmc);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop) < 0)
		abort();
	return 0;
}
