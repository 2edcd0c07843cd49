/* The inventory as a person reads it. */
#ifndef AGENT_INSPECT_SHOW_H
#define AGENT_INSPECT_SHOW_H

#include <stdio.h>

#include "lib/json/json.h"

/* One line per part: machine, boot, cpu, memory and its modules, disks, network, gpus, TPM, BMC. */
void inventory_show(FILE *out, const json_t *inventory);

#endif
