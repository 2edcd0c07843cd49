/* What the control socket can ask of one BMC of a farm. */
#ifndef TESTS_BMC_BMCD_OPERATION_H
#define TESTS_BMC_BMCD_OPERATION_H

#include <jansson.h>

#include "tests/bmc/bmcd/farm.h"

/* Carries q out on n and adds to reply what there is to tell. -ENOENT: no such operation. */
int operation_run(
	struct farm_node *n, const char *op, const json_t *q, json_t *reply, struct err *e);

json_t *operation_boot_json(const struct boot_choice *b);

#endif
