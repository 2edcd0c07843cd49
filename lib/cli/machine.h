/* What inspection found in a machine, for people. No I/O. */
#ifndef LIB_CLI_MACHINE_H
#define LIB_CLI_MACHINE_H

#include "lib/json/json.h"

/*
 * Lines about the whole, then a table for each kind of part there is: disks, network cards with the
 * switch ports they hang on, memory, GPUs, NUMA nodes. `answer` is that of GET
 * /v1/nodes/<node>/inventory, or {"inventory": {...}} and "plugin_data" as an agent has them; what
 * it did not tell is "-" or left out. Allocated.
 */
char *machine_text(const json_t *answer);

#endif
