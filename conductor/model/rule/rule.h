/*
 * Inspection rules: what to look for in what an agent found, and what to change in its node then
 * (contract, appendix B). Rules come from clients and the data from machines, both hostile; all of
 * it is JSON, and nothing here does I/O. What the contract leaves open is as Ironic does it:
 * interpolated values are texts as Python writes them, and one that names something that is not
 * there stays as it is written.
 */
#ifndef CONDUCTOR_MODEL_RULE_RULE_H
#define CONDUCTOR_MODEL_RULE_RULE_H

#include "lib/base/buf.h"
#include "lib/json/json.h"

enum {
	RULE_PRIORITY_MAX = 9999,  /* of a client's; built-in ones have any */
	RULE_OPERATIONS_MAX = 100, /* conditions, and actions, of one rule */
	RULE_LOOP_MAX = 1000,	   /* items of one loop */
	RULE_PATH_MAX = 25,	   /* parts of a path */
	RULE_TEXT_MAX = 65536,	   /* bytes of an interpolated text */
	RULE_PATTERN_MAX = 512,	   /* bytes of a regular expression */
	RULE_STEPS_MAX = 10000,	   /* conditions and actions of one inspection, loops counted */
	RULE_TIME_MAX_MS = 100,	   /* of work, for one inspection */
};

/* Whether rules see passwords of the inventory and of plugin data, as Ironic's key of that name. */
enum rule_mask { RULE_MASK_ALWAYS, RULE_MASK_SENSITIVE, RULE_MASK_NEVER, RULE_MASK_COUNT };
extern const char *const rule_mask_names[RULE_MASK_COUNT];

/*
 * Checks a rule: {"uuid", "description", "priority", "phase", "scope", "sensitive", "conditions",
 * "actions"}; members may be absent but for actions. -EINVAL names the operation and what it takes.
 */
int rule_check(const json_t *rule, bool built_in, struct err *e);

/* Literal parts of it, for who checks members one by one. */
int rule_check_conditions(const json_t *conditions, struct err *e);
int rule_check_actions(const json_t *actions, struct err *e);

/* Conditions, or actions, as answers show them: op and args, the loop where there is one. */
json_t *rule_show_operations(const json_t *operations, bool conditions);

/* What rules look at and change; the caller's. */
struct rule_work {
	json_t *node;	     /* all its fields; changed in place */
	json_t *inventory;   /* only looked at */
	json_t *plugin_data; /* changed in place */
	json_t *ports;	     /* array of the node's ports; changed in place */
	enum rule_mask mask;
	struct buf did; /* one line per rule that applied: what it changed; buf_init() it */
	/* A line for the log; level as in a rule's own action "log". May be NULL. */
	void (*log)(void *data, const char *level, const char *text);
	void *data;
};

/*
 * Runs an array of checked rules on it, those of high priority first. -EREMOTEIO: the action
 * "fail", with its message; -EINVAL: a rule that cannot be carried out, named; -ETIME: more work
 * than one inspection may cost. The node is half changed then: drop it.
 */
int rules_run(const json_t *rules, struct rule_work *w, struct err *e);

#endif
