/* The steps an agent says it can do (contract 4.7). It is hostile: their number has a limit. */
#ifndef CONDUCTOR_FLOW_STEPLIST_H
#define CONDUCTOR_FLOW_STEPLIST_H

#include "lib/base/err.h"
#include "lib/json/json.h"

#define STEPLIST_MAX 256

/*
 * Those of {"manager": [step...]} that run by themselves: with a priority above 0, by falling
 * priority; steps of the same one stay in the order given. *ret is an array, a new reference.
 * -EPROTO: more steps than STEPLIST_MAX.
 */
int steplist_choose(const json_t *offered, json_t **ret, struct err *e);

/* Whether each of the wanted steps is offered. -EINVAL names the first that is not; -EPROTO. */
int steplist_check(const json_t *wanted, const json_t *offered, struct err *e);

#endif
