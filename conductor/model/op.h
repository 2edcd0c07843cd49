/*
 * An operation in flight: one call to a driver or an agent, made for a node. Whoever is handed an
 * op completes it exactly once with op_done() or op_fail(), from any thread, never inside the call
 * that handed it over: completing posts it to the engine's queue. The engine drops the answer when
 * the op's generation is over, so a late answer is harmless.
 */
#ifndef CONDUCTOR_MODEL_OP_H
#define CONDUCTOR_MODEL_OP_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/uuid.h"
#include "lib/json/json.h"

struct op {
	char node[UUID_TEXT_MAX];
	const char *what;	     /* for people: "power on", "agent standby.prepare_image" */
	uint64_t generation;	     /* of the node's flow when it was started */
	int64_t deadline_ms;	     /* monotonic; when the caller stops waiting */
	void (*post)(struct op *op); /* the engine's: queues the op and wakes the engine */
	void *engine;
	struct list link;

	/* the answer */
	int result;	  /* 0 or negative errno */
	struct err err;	  /* when result < 0 */
	json_t *value;	  /* may be NULL */
	unsigned chassis; /* of a power read: enum chassis_fault */
};

static inline void op_done(struct op *op, json_t *value) /* takes the reference */
{
	op->result = 0;
	op->value = value;
	op->post(op);
}

static inline void op_fail(struct op *op, const struct err *e)
{
	op->err = *e;
	op->result = e->code > 0 ? -e->code : -5;
	op->post(op);
}

#endif
