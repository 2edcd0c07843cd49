/* Plays scripts (tests/bmc/script.h) on a farm. */
#ifndef TESTS_BMC_BMCD_PLAY_H
#define TESTS_BMC_BMCD_PLAY_H

#include "tests/bmc/bmcd/farm.h"
#include "tests/bmc/script.h"

struct play;

/* The farm has to outlive it. */
struct play *play_new(uv_loop_t *loop, struct farm *farm, uint64_t seed);

/* Times count from now on; takes s. -ENOSPC: 64 scripts are being played. */
int play_add(struct play *p, struct script *s, struct err *e);

/* BMC i's machine has changed. */
void play_event(struct play *p, size_t i, enum bmcemu_machine_event event);

/* Nothing more happens; faults that are set stay. NULL is fine. */
void play_free(struct play *p);

#endif
