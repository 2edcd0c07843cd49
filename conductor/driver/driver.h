/*
 * Hardware types and what their interfaces can do, as structs of operations. A driver acts on one
 * node at a time for the flow or request that holds it; it knows no states and no store.
 *
 * Every operation takes the node as it is now (borrowed for the call only) and an op, which it
 * completes exactly once, later (conductor/model/op.h). Engine thread only.
 */
#ifndef CONDUCTOR_DRIVER_DRIVER_H
#define CONDUCTOR_DRIVER_DRIVER_H

#include <uv.h>

#include "conductor/model/ask.h"
#include "conductor/model/bmc.h"
#include "conductor/model/node.h"
#include "conductor/model/op.h"
#include "lib/base/list.h"
#include "lib/base/map.h"

struct ipmi_engine;
struct hwdb;
struct consoles;
struct tools;

/* What drivers act through; made by main, one per conductor. */
struct driver_env {
	uv_loop_t *loop;
	struct ipmi_engine *ipmi;
	const struct hwdb *hwdb;  /* may be NULL */
	struct map bmcs;	  /* node uuid -> the driver's connection to its BMC */
	struct list fake_answers; /* of fake machines, not given yet */
	/* By interface: how long a fake machine takes, in seconds, unless its node says otherwise;
	 * "1" or "1,5" for something in between, rather less. NULL, or texts that may be NULL. */
	char *const *fake_delays;
	struct tools *tools;	   /* tool.c; NULL: no BMC was spoken to by ipmitool yet */
	const char *ipmitool_home; /* see ipmitool_make_home(); NULL: none */
	struct consoles *consoles; /* console.h; NULL: nodes have none */
};

/* Who waits: an operator or a flow, or a sweep that can wait. */
enum driver_priority { DRIVER_SWEEP, DRIVER_COMMAND };

struct power_ops {
	/* value of the op: the string "power on" or "power off"; op->chassis: its faults */
	void (*get)(struct driver_env *env, const struct node *n, enum driver_priority p,
		struct op *op);
	/*
	 * As get, for a node whose record has not changed since its last get, which is why it need
	 * not be at hand. False: nothing was started, use get. May be NULL.
	 */
	bool (*get_again)(struct driver_env *env, const char *node_uuid, enum driver_priority p,
		struct op *op);
	/* Ends when the machine has reached the state, or the op's deadline is near. */
	void (*set)(
		struct driver_env *env, const struct node *n, enum power_action a, struct op *op);
};

/*
 * One thing asked of a BMC. args may be NULL; what is in it was checked by whoever asked. The value
 * of the op is what the API answers (conductor/api/README.md), NULL for what only acts.
 */
typedef void bmc_fn(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op);

struct management_ops {
	const char *const *boot_devices; /* NULL-terminated: "pxe", "disk", ... */
	void (*boot_device_set)(struct driver_env *env, const struct node *n, const char *device,
		bool persistent, struct op *op);
	/* value: {"boot_device": name or null, "persistent": bool or null} */
	void (*boot_device_get)(struct driver_env *env, const struct node *n, struct op *op);
	bmc_fn *const *bmc; /* by enum bmc_call, NULL where it cannot; NULL: nothing of it */
};

/*
 * One thing a client asks of an interface. Either start() and its op, or answer() for what needs no
 * machine. All are given the arguments as model/ask.h has them.
 */
struct ask_ops {
	/* -EINVAL says what is wrong with the arguments, -ENOTSUP why not at all; may be NULL */
	int (*check)(const struct node *n, const json_t *args, struct err *e);
	void (*start)(
		struct driver_env *env, const struct node *n, const json_t *args, struct op *op);
	json_t *(*answer)(const struct node *n, const json_t *args); /* NULL: nothing to tell */
	/* It went well: what it changed of the record, boot_mode and secure_boot apart; or NULL */
	void (*finish)(struct node *n, const json_t *args);
};

/* How a node gets its image, is looked at, and so on: which list of calls a flow takes. */
enum method { METHOD_NONE, METHOD_FAKE, METHOD_AGENT };

struct property {
	const char *name;
	const char *description;
	bool required;
	bool secret;
};

/* A method of a vendor interface. */
struct vendor_method {
	const char *name; /* NULL ends a list */
	const char *description;
	bool waits;  /* the client waits for its value; else it has its answer when it is begun */
	bool shared; /* may be called while something else is done to the node */
	int (*check)(const json_t *args, struct err *e); /* -EINVAL says what is wrong */
	void (*call)(
		struct driver_env *env, const struct node *n, const json_t *args, struct op *op);
};

/* One implementation of one interface. */
struct implementation {
	const char *name;
	enum interface interface;
	/* Fills the error when driver_info lacks something. NULL: nothing to check. */
	int (*validate)(const struct node *n, struct err *e);
	const struct property *properties; /* ends with name NULL; may be NULL */
	const struct power_ops *power;
	const struct management_ops *management;
	const struct ask_ops *asks;	    /* by enum node_ask; NULL: none */
	const struct vendor_method *vendor; /* may be NULL */
	bool no_image; /* of deploy: what is written is a matter of the steps clients ask for */
	bool console;  /* there is one, to be had by ipmitool (console.h) */
	enum method method;
};

struct hardware_type {
	const char *name;
	/* per interface, the default first; NULL ends */
	const struct implementation *const *interfaces[IF_COUNT];
};

extern const struct hardware_type *const hardware_types[]; /* NULL ends */
const struct hardware_type *hardware_type_find(const char *name);

/*
 * The implementation a node uses for an interface, NULL when its driver or name is unknown. Its
 * name is the node's, or for the time of an instance what instance_info says.
 */
const struct implementation *driver_implementation(const struct node *n, enum interface i);

/* What the operator lets nodes have. Comma lists; all of it when NULL or "". */
struct driver_policy {
	const char *enabled;		 /* hardware types */
	char *const *enabled_interfaces; /* by interface: names of implementations; may be NULL */
	char *const *default_interfaces; /* by interface: one name; may be NULL */
};

/* Whether every name of it is one there is. -EINVAL names the key of ingot.conf that says else. */
int driver_policy_check(const struct driver_policy *policy, struct err *e);
bool driver_enabled(const struct hardware_type *t, const struct driver_policy *policy);

/*
 * Fills the interfaces a node leaves open and refuses unknown drivers and interfaces the driver
 * does not have. The default is the operator's, else the first of the type's that is enabled. A
 * fake machine may be given any type's. -EINVAL says what there is. policy may be NULL.
 */
int driver_complete(struct node *n, const struct driver_policy *policy, struct err *e);

/* Checks one interface of a node: 0, or the reason. -ENOTSUP: the driver has none. */
int driver_validate(const struct node *n, enum interface i, struct err *e);

/* {name, default_*_interface, enabled_*_interfaces, properties} of a type, as the API shows it. */
json_t *driver_describe(const struct hardware_type *t, const struct driver_policy *policy);

/* The machine starts in UEFI mode, as far as is known (properties.capabilities, boot_mode). */
bool driver_node_is_uefi(const struct node *n);
/* Value of "key" in properties.capabilities ("a:1,b:2"), copied; NULL when absent. */
char *driver_capability(const struct node *n, const char *key);

/*
 * Reads the power of a node whose record has not changed since its driver was last asked, without
 * the record. False: no driver can, ask with get.
 */
bool driver_power_get_again(
	struct driver_env *env, const char *node_uuid, enum driver_priority p, struct op *op);

/* True while sweeps are to leave the node's BMC alone: it is known to be dead. */
bool driver_bmc_rests(struct driver_env *env, const char *node_uuid);
/*
 * The connection to a node's BMC as people see it; NULL when nothing was asked of it yet:
 * {"protocol", "address", "doing", "session", "cipher_suite", "queued", "rtt_ms", "answered_at",
 * "circuit": "closed", "open" or "half-open", "failures", "failing_since", "next_try", "reason",
 * "refused": what it says to a request that is repeated for that,
 * "gap_ms", "learned_gap_ms", "freezes", "sent", "retransmitted", "received", "dropped"}; of the
 * request that ended last also "last_request", "last_answer": its completion code, null: none,
 * "last_at", "last_took_ms"
 */
json_t *driver_bmc(struct driver_env *env, const char *node_uuid);

/* A node changed or went: connections kept for it are dropped. */
void driver_forget(struct driver_env *env, const char *node_uuid);
void driver_env_init(struct driver_env *env, uv_loop_t *loop);
/* What was not answered yet fails with ECANCELED; the loop has to run once more. */
void driver_env_done(struct driver_env *env);

/* asks.c: whom an ask concerns; whether and how a node's interface does it. */
extern const enum interface ask_interfaces[ASK_COUNT];
int driver_ask_check(const struct node *n, enum node_ask a, const json_t *args, struct err *e);
bool driver_ask_starts(const struct node *n, enum node_ask a); /* else it is answered at once */
json_t *driver_ask_answer(const struct node *n, enum node_ask a, const json_t *args);
void driver_ask(struct driver_env *env, const struct node *n, enum node_ask a, const json_t *args,
	struct op *op);
void driver_ask_done(struct node *n, enum node_ask a, const json_t *args); /* the record follows */
extern const struct ask_ops nmi_by_power[ASK_COUNT], fake_asks[ASK_COUNT], noop_asks[ASK_COUNT];

/* vendor.c: the method of that name, NULL: none; all of them as the API shows them. */
const struct vendor_method *vendor_method_find(const struct node *n, const char *name);
json_t *vendor_methods(const struct node *n);

/* The implementations (ipmi.c, fake.c, agent.c, noop.c). */
extern const struct implementation ipmi_power_interface, ipmi_management_interface;
extern const struct implementation ipmitool_power_interface, ipmitool_management_interface;
extern const struct implementation ipmi_vendor_interface;
extern const struct vendor_method fake_vendor_methods[];
extern const struct implementation agent_deploy, custom_deploy, agent_inspect, agent_raid,
	agent_rescue, ipxe_boot, pxe_boot;
extern const struct implementation noop_management, noop_network;
int validate_raid(const struct node *n, struct err *e);
extern const struct implementation fake_interfaces[IF_COUNT], no_interfaces[IF_COUNT];
void ipmi_forget(struct driver_env *env, const char *node_uuid);
bool ipmi_rests(struct driver_env *env, const char *node_uuid);
json_t *ipmi_state(struct driver_env *env, const char *node_uuid);
/* Work of the fake machine that takes what driver_info says: "deploy", "clean", "inspect" ... */
void fake_work(struct driver_env *env, const struct node *n, const char *what, struct op *op);
/* Answers after the delay asked for, or fails as driver_info says. Takes value. */
void fake_answer(struct driver_env *env, const struct node *n, const char *what, struct op *op,
	json_t *value);
/*
 * A step {"interface", "step", "args"} of a fake interface, after the delay or with the failure
 * asked for. Value of the op: NULL, or an object of what is kept beside the record: "bios": all the
 * settings there are now, "firmware": the components that changed.
 */
void fake_step(struct driver_env *env, const struct node *n, const json_t *step, struct op *op);
void fake_step_done(struct node *n, const json_t *step); /* it went well: the record follows */
/* The same at once, whatever driver_info says; refused, or with its value, which is taken. */
void answer_soon(struct driver_env *env, struct op *op, json_t *value);
void fake_refuse(struct driver_env *env, struct op *op, const struct err *e);
void fake_cancel(struct driver_env *env);

#endif
