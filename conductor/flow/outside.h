/*
 * What the engine asks of drivers and agents outside of a flow: a client's power request, a look at
 * a boot device, what an agent's message means. The engine knows flows only; who answers is decided
 * here. Functions that take an op hand it down (conductor/model/op.h). Engine thread only.
 */
#ifndef CONDUCTOR_FLOW_OUTSIDE_H
#define CONDUCTOR_FLOW_OUTSIDE_H

#include "conductor/flow/flow.h"
#include "conductor/model/ask.h"
#include "conductor/model/bmc.h"
#include "conductor/model/console.h"

/* --- drivers ------------------------------------------------------------------------------------
 */

/* Fills the interfaces a node leaves open, refuses unknown drivers and interfaces. */
int flow_node_complete(struct node *n, const struct flow_env *env, struct err *e);
/* 0, the reason, or -ENOTSUP when the driver has none. */
int flow_interface_check(const struct node *n, enum interface i, struct err *e);
bool flow_boots_by_network(const struct node *n); /* it is known by the MAC it comes with */
/* Array of all enabled drivers as the API shows them, but for who serves them. */
json_t *flow_drivers(const struct flow_env *env);
/* A node is gone: what drivers keep for it is dropped. */
void flow_node_gone(struct flow_env *env, const char *node_uuid);

bool flow_power_known(const struct node *n);
/* value of the op: "power on" or "power off". sweep: whoever waits can wait longer. */
void flow_power_get(struct flow_env *env, const struct node *n, bool sweep, struct op *op);
/* As before, for a node whose driver has been asked since its record changed; false: use get. */
bool flow_power_get_again(struct flow_env *env, const char *node_uuid, struct op *op);
/* True while a sweep is not to ask the node's BMC, which is known to be dead. */
bool flow_bmc_rests(struct flow_env *env, const char *node_uuid);
/* How the connection to the node's BMC does, see driver_bmc(); NULL when there is none. */
json_t *flow_bmc(struct flow_env *env, const char *node_uuid);
void flow_power_set(
	struct flow_env *env, const struct node *n, enum power_action action, struct op *op);

/* Names of boot devices, ended by NULL; NULL when the driver cannot set one. */
const char *const *flow_boot_devices(const struct node *n);
void flow_boot_device_set(struct flow_env *env, const struct node *n, const char *device,
	bool persistent, struct op *op);
void flow_boot_device_get(struct flow_env *env, const struct node *n, struct op *op);

/* What a BMC is asked for beside that; value as conductor/api/README.md has it. */
bool flow_bmc_can(const struct node *n, enum bmc_call call);
void flow_bmc_ask(struct flow_env *env, const struct node *n, enum bmc_call call,
	const json_t *args, bool sweep, struct op *op);

/*
 * What clients ask of interfaces beside that (model/ask.h). check: -EINVAL what is wrong, -ENOTSUP
 * the interface cannot. Then either start and done, or what is answered at once.
 */
int flow_ask_check(const struct node *n, enum node_ask a, const json_t *args, struct err *e);
bool flow_ask_starts(const struct node *n, enum node_ask a);
json_t *flow_ask_answer(const struct node *n, enum node_ask a, const json_t *args);
void flow_ask_start(struct flow_env *env, const struct node *n, enum node_ask a, const json_t *args,
	struct op *op);
void flow_ask_done(struct node *n, enum node_ask a, const json_t *args);
enum interface flow_ask_interface(enum node_ask a);

/*
 * A device was set, or used by a start: kept in the record for BMCs that have to be told again
 * before each start (driver_info ipmi_force_boot_device), which their driver does.
 */
void flow_boot_device_note(struct node *n, const char *device, bool persistent);
void flow_boot_device_used(struct node *n);
/* A target_raid_config for this node: -EINVAL what is wrong, -ENOENT it has no RAID interface. */
int flow_raid_check(const struct node *n, const json_t *config, struct err *e);
json_t *flow_raid_properties(void); /* of a logical disk: {name: what it means} */
/* Vendor methods; check names what is wrong with a call. */
json_t *flow_vendor_methods(const struct node *n);
int flow_vendor_check(const struct node *n, const char *method, const json_t *args, struct err *e);
bool flow_vendor_waits(const struct node *n, const char *method);  /* for its value */
bool flow_vendor_shares(const struct node *n, const char *method); /* the node with others */
void flow_vendor_call(struct flow_env *env, const struct node *n, const char *method,
	const json_t *args, struct op *op);

/* --- consoles ------------------------------------------------------------------------------------
 */

/* See conductor/driver/console.h, which these hand on to. */
bool flow_console_real(const struct node *n); /* false: its interface has none to show */
void flow_console_want(struct flow_env *env, const struct node *n, unsigned wants);
json_t *flow_console_show(struct flow_env *env, const char *node_uuid, int max_lines);
int flow_console_watch(
	struct flow_env *env, const char *node_uuid, struct console_watch *w, struct err *e);
void flow_console_unwatch(struct flow_env *env, const char *node_uuid, const char *id);
int flow_console_type(struct flow_env *env, const char *node_uuid, const char *id, const char *text,
	bool take, struct err *e);

/* --- agents -------------------------------------------------------------------------------------
 */

/* The answer to a lookup; gives the node a token when it has none (contract 4.3, 4.4). */
json_t *flow_agent_lookup(struct node *n, const struct flow_env *env);
int flow_agent_check(const struct node *n, const json_t *heartbeat, struct err *e);
bool flow_agent_note(struct node *n, const json_t *heartbeat); /* true: something of it is new */
bool flow_agent_token_ok(const struct node *n, const char *token);
bool flow_agent_has_token(const struct node *n);
bool flow_agent_expected(const struct node *n);
bool flow_agent_known(const struct node *n);
void flow_agent_forget(struct node *n);

/* Asks how the newest command of that name went, and reads what came back: see agentlink.h. */
void flow_agent_ask(struct flow_env *env, const struct node *n, const char *command, struct op *op);
/* Keeps the agent's logs in a file: those it has now, or those that came with its inspection. */
void flow_agent_logs(struct flow_env *env, const struct node *n, const char *what, struct op *op);
void flow_keep_logs(struct flow_env *env, const struct node *n, const char *what,
	const char *base64, struct op *op);
int flow_agent_outcome(const json_t *command, struct err *e);

#endif
