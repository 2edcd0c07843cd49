/* Rack files: CSV, then the rows as nodes. */
#include "conductor/cli/rack.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf wrong = BUF_INIT(65536);
	struct rack_node *nodes = NULL;
	struct csv csv = {0};
	struct err e;
	size_t n = 0;

	if (csv_parse((const char *)data, size, &csv, &e) == 0) {
		if (rack_read(&csv, &nodes, &n, &wrong) == 0)
			rack_nodes_free(nodes, n);
		csv_done(&csv);
	}
	buf_done(&wrong);
	return 0;
}
