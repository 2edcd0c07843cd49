/* What is done to a machine when its flow ended badly; nobody waits for the answers. */
#include "conductor/node/run.h"

/* Whether a machine is powered off when a flow failed in this state (contract section 3). */
bool run_undo_powers_off(struct enode *e, enum provision_state from)
{
	bool boots = from == PS_DEPLOYING || from == PS_DEPLOY_WAIT || from == PS_INSPECT_WAIT ||
		     from == PS_INSPECTING;

	return boots && e->en->flow->power_off_after_failure && e->power == POWER_ON &&
	       !enode_get(e)->disable_power_off;
}

void run_undo_power_off(struct enode *e)
{
	struct op *op = op_new(e, "power off after the failure", e->en->flow->call_timeout_s);

	/* nobody waits for the answer; the power sweep sees to it when it fails */
	if (flow_power_known(enode_get(e)))
		flow_power_set(e->en->flow, enode_get(e), ACTION_OFF, op);
	else
		op_free(op);
}

void run_undo_service(struct enode *e, bool to_system)
{
	const struct node *n = enode_get(e);
	unsigned limit_s = e->en->flow->call_timeout_s;

	/* one after the other: a BMC has one queue; nobody waits for the answers */
	if (to_system && flow_power_known(n) && flow_boot_devices(n)) {
		flow_boot_device_set(e->en->flow, n, "disk", true,
			op_new(e, "set boot device to disk after the abort", limit_s));
		flow_power_set(e->en->flow, n, e->power == POWER_ON ? ACTION_RESET : ACTION_ON,
			op_new(e, "restart into its system after the abort", limit_s));
	}
	run_apply(e, EV_ABORT, "the service was aborted, the machine goes back to its system");
}
