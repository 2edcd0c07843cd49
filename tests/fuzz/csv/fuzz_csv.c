/* Rack files: CSV, then the rows as nodes, then what would change of nodes that are there. */
#include "conductor/cli/rack.h"

#include <stdint.h>
#include <stdlib.h>

/* A node as the API shows it: with other values than a row would give, and with its password
 * hidden. */
static json_t *known_node(void)
{
	return json_pack("{s:s, s:n, s:{s:s, s:s, s:i}, s:{s:s, s:s}}", "driver", "ipmi",
		"description", "driver_info", "ipmi_address", "10.0.0.1", "ipmi_password", "******",
		"ipmi_port", 623, "properties", "capabilities", "boot_mode:bios,gpu:2", "serial",
		"1");
}

static void compare(const struct rack_node *nodes, size_t n)
{
	struct buf diff = BUF_INIT(1 << 20);
	json_t *node = known_node();

	for (size_t i = 0; i < n && i < 100; i++)
		for (int passwords = 0; passwords < 2; passwords++) {
			json_t *patch = rack_patch(&nodes[i], node, passwords, &diff);

			if (!json_is_array(patch))
				abort();
			json_decref(patch);
		}
	json_decref(node);
	buf_done(&diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf wrong = BUF_INIT(65536);
	struct rack_node *nodes = NULL;
	struct csv csv = {0};
	struct err e;
	size_t n = 0;

	if (csv_parse((const char *)data, size, &csv, &e) == 0) {
		if (rack_read(&csv, &nodes, &n, &wrong) == 0) {
			compare(nodes, n);
			rack_nodes_free(nodes, n);
		}
		csv_done(&csv);
	}
	buf_done(&wrong);
	return 0;
}
