/* A rack file of any bytes: it is refused with a text, or becomes QEMU command lines and CSV. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "tests/vrack/csv.h"
#include "tests/vrack/qemuargs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf csv = BUF_INIT(1024 * 1024);
	struct rack *rack = NULL;
	struct err e = {0};

	if (memmem(data, size, "password_file", 13)) /* names files of this machine */
		return 0;
	if (rack_parse((const char *)data, size, "fuzz.rack", &rack, &e) < 0) {
		if (!str_starts(e.text, "fuzz.rack"))
			abort();
		return 0;
	}
	csv_write(rack, &csv);
	for (unsigned i = 0; i < rack->n_machines; i++) {
		struct boot_choice choice = {.valid = i & 1, .device = i % 16};
		struct qemuargs args;

		qemuargs_make(rack, &rack->machines[i], &choice, &args);
		qemuargs_done(&args);
	}
	buf_done(&csv);
	rack_free(rack);
	return 0;
}
