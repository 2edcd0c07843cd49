/* A boot entry as hostile firmware, or whoever wrote its NVRAM, may have left it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/nvram/loadopt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read of a partition and its loader is said again, and reads the same. */
static void build_again(const struct loadopt *o)
{
	struct buf b = BUF_INIT(LOADOPT_MAX);
	struct loadopt again;
	struct err e;

	if (loadopt_build(o->label, &o->hd, o->loader, o->label, &b, &e) == 0) {
		if (loadopt_parse((uint8_t *)b.data, b.len, &again, &e) < 0 || !again.on_disk ||
			strcmp(again.label, o->label) != 0 ||
			strcmp(again.loader, o->loader) != 0 ||
			memcmp(again.hd.signature, o->hd.signature, 16) != 0)
			abort();
	}
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT(65536);
	struct loadopt o;
	struct err e;

	if (loadopt_parse(data, size, &o, &e) == 0)
		build_again(&o);
	loadopt_path_text(data, size, &text);
	buf_done(&text);
	return 0;
}
