/*
 * The BMCs as people see them. Ten thousand rows are made a few at a time, so that no command and
 * no heartbeat waits for somebody who looks at a list.
 */
#include "conductor/node/walk.h"

static bool troubled(const json_t *bmc)
{
	return json_int(bmc, "failures", 0) || json_int(bmc, "freezes", 0);
}

static json_t *bmc_row(struct enode *e, bool only_troubled)
{
	json_t *j = flow_bmc(e->en->flow, e->uuid);

	if (!j || (only_troubled && !troubled(j))) {
		json_decref(j);
		return NULL;
	}
	json_put_str(j, "node_uuid", e->uuid);
	json_put_str(j, "node_name", e->name);
	return j;
}

void on_bmc_list(struct engine *en, struct request *r)
{
	walk_nodes(en, r, "bmcs", bmc_row);
}
