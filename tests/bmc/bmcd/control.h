/* The control socket of ingot-bmcd: one JSON object per line, one answer per line. */
#ifndef TESTS_BMC_BMCD_CONTROL_H
#define TESTS_BMC_BMCD_CONTROL_H

#include "tests/bmc/bmcd/farm.h"

struct control;

/* Listens on a UNIX socket at path, which must not exist. The farm must outlive it. */
int control_open(
	uv_loop_t *loop, const char *path, struct farm *farm, struct control **ret, struct err *e);

/* Closes all connections and removes the socket. NULL is fine. */
void control_close(struct control *c);

#endif
