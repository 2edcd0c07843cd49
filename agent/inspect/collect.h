/* What can be told of a machine beside its inventory, by the names of the Ironic agent's
 * collectors. */
#ifndef AGENT_INSPECT_COLLECT_H
#define AGENT_INSPECT_COLLECT_H

#include "agent/inspect/lldp.h"

/*
 * `member` is where it goes in what an inspection sends; `data` is what was gathered so far, with
 * the inventory in it. NULL: this machine has nothing of the kind. "default" is the inventory
 * itself, without a function. Milliseconds each; any thread.
 */
struct collector {
	const char *name, *member;
	json_t *(*collect)(const struct sysroot *sr, struct lldp *lldp, const json_t *data);
};

extern const struct collector collectors[];
extern const size_t collectors_n;

/* Is the collector in the comma list? Without a list every one is; "all" names every one. */
bool collector_wanted(const char *list, const char *name);

/*
 * Gives the inventory's interfaces their "lldp": the TLVs of those that heard a switch. Waits as
 * lldp_heard() does.
 */
void inventory_put_lldp(json_t *inventory, struct lldp *lldp, int wait_ms);

#endif
