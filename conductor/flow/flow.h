/*
 * What happens in a state: a flow is a list of calls, each one call to a driver or to the agent.
 * Flows change nothing but the working copy of the node they are handed; the engine
 * (conductor/node) writes it, keeps time, and decides the next state.
 */
#ifndef CONDUCTOR_FLOW_FLOW_H
#define CONDUCTOR_FLOW_FLOW_H

#include "conductor/model/node.h"
#include "conductor/model/op.h"

struct agentlink;
struct driver_env;

/* When the agent's logs are collected: always is also at the end of what went well. */
enum collect_logs { LOGS_NEVER, LOGS_ON_FAILURE, LOGS_ALWAYS };

/* What flows act through and go by; made by main. */
struct flow_env {
	struct driver_env *driver;
	struct agentlink *agents;
	/* what nodes may have: comma lists, "" or NULL: all; see struct driver_policy */
	const char *enabled_drivers;
	char *const *enabled_interfaces, *const *default_interfaces;
	bool automated_clean;
	bool fast_track;
	bool bios_bootloader; /* agents may run a partition image's grub-install under BIOS */
	bool power_off_after_failure;
	int fast_track_timeout_s;
	unsigned call_timeout_s;  /* of a call to a BMC */
	unsigned agent_timeout_s; /* of a call to an agent */
	int lldp_wait_s;	  /* of an inspection for the switches; 0: it does not wait */
	const char *api_url;	  /* how machines reach the API */
	enum collect_logs logs;
};

/* In driver_internal_info: the file with the logs of the agent that worked last. */
#define AGENT_LOGS "ingot_agent_logs"

enum flow_kind {
	FLOW_VERIFY,
	FLOW_CLEAN,
	FLOW_INSPECT,
	FLOW_DEPLOY,
	FLOW_DELETE,
	FLOW_ADOPT,
	FLOW_RESCUE,
	FLOW_UNRESCUE,
	FLOW_SERVICE,
	FLOW_KIND_COUNT
};
extern const char *const flow_kind_names[FLOW_KIND_COUNT];

struct flow_run;

enum call_kind {
	CALL_OP,	 /* start() hands an op down; the flow goes on with its answer */
	CALL_AGENT,	 /* start() begins a command on the agent; the node waits until it ended */
	CALL_HEARTBEAT,	 /* the node waits until an agent of its own has reported */
	CALL_INSPECTION, /* the node waits until an agent has posted what it found */
	CALL_STEPS,	 /* the node's steps, one after the other, each with calls of its own */
	CALL_HOLD,	 /* the node is held until an operator lets it go on */
	CALL_PAUSE,	 /* the node waits as long as its step says, else for a heartbeat */
	CALL_CHILDREN	 /* its step is done on the nodes below it, by the engine */
};

/* What a call needs of which there may be only so many at the same time, see admission.c. */
enum flow_slot {
	SLOT_NONE,
	SLOT_BOOT,   /* a machine starts and loads the agent */
	SLOT_DEPLOY, /* an agent loads and writes an image */
	SLOT_CLEAN,  /* an agent cleans */
	SLOT_COUNT
};
extern const char *const flow_slot_names[SLOT_COUNT];

struct flow_call {
	const char
		*what; /* for people, as in "set boot device to network"; NULL: its step says it */
	enum call_kind kind;
	enum flow_slot slot; /* held by calls that follow each other and name the same */
	unsigned limit_s;    /* CALL_OP: until its answer; 0: the environment's */
	bool agent;	     /* CALL_OP: it is the agent that is asked */
	bool once;	     /* not repeatable: a restart of the conductor in it fails the flow */
	bool optional;	     /* its failure is told and the flow goes on */
	bool patient;	     /* a BMC that has answered before is waited for when it falls silent */
	/* part of bringing the machine into its agent: begun again when nothing comes of it */
	enum { BOOTS_NOT, BOOTS_PREPARE, BOOTS_POWER } boots;
	const char *kept; /* the kind of event the history keeps of it; NULL: none */
	bool (*skip)(const struct flow_run *run);
	/*
	 * CALL_AGENT: the agent's name of it, to ask how it ended. CALL_OP that ends the agent: one
	 * it was given before; while it answers to that, the machine was not restarted.
	 */
	const char *command;
	void (*start)(struct flow_run *run, struct op *op);
	int (*finish)(struct flow_run *run, json_t *value, struct err *e);
};

/* Calls that follow each other. */
struct flow_part {
	const struct flow_call *calls;
	int n_calls;
};

struct flow {
	enum flow_kind kind;
	const char *name; /* "deploy by agent" */
	struct flow_part part;
};

/* What a flow found beside the node's own fields; the engine writes it with the node. */
struct flow_found {
	json_t *inventory, *plugin_data; /* NULL: none */
	json_t *macs;			 /* array of MACs that ports are to be made for */
	json_t *links;	  /* by MAC: the switch port it hangs on; local_link_connection */
	json_t *disks;	  /* array: what the agent did to disks, as it told it */
	json_t *bios;	  /* array: all settings there are now; NULL: unchanged */
	json_t *firmware; /* array: the components that changed */
	json_t *ports;	  /* array of the node's ports as rules changed them */
	char *rules;	  /* what rules did, one a line; NULL: none applied */
};

/* One execution. The node is a working copy; data belongs to the run. */
struct flow_run {
	const struct flow *flow;
	struct flow_env *env;
	struct node *node;
	bool manual;	       /* cleaning asked for by a client */
	bool agent_alive;      /* an agent of this node reported lately; see fast track */
	bool agent_starting;   /* it made itself known lately; its first report is on the way */
	struct flow_part step; /* the calls of the step at hand; none: it is at no step */
	json_t *data;	       /* CALL_INSPECTION: the body that was posted */
	char *note;	       /* for the history, of the call that ended last; NULL: none; owned */
	struct flow_found found;
};

/* The flow of this kind for this node; -EINVAL when an interface of it cannot. */
int flow_choose(enum flow_kind kind, const struct node *n, bool manual, const struct flow_env *env,
	const struct flow **ret, struct err *e);

/*
 * Steps (steps.h). Enters the node's step at hand: 1, run->step is its calls; 0: none is left. The
 * list is made first when nobody has yet. -EINVAL: a step that cannot be done.
 */
int flow_step_enter(struct flow_run *run, struct err *e);
/* As before, of a flow that was in this step before a restart; n: the record. */
int flow_step_restore(struct flow_run *run, const struct node *n, struct err *e);
void flow_step_leave(struct flow_run *run); /* the step at hand is done */
/* A call for people: its own words, or "step deploy.erase_devices". Returns buf. */
const char *flow_what(const struct flow_run *run, const struct node *n,
	const struct flow_call *call, char *buf, size_t size);
/* How long the wait step at hand lasts; 0: until a heartbeat. */
int flow_pause_s(const struct flow_run *run, const struct node *n);
/*
 * Checks the steps a client asks for, as far as they can be known before the flow runs: clean and
 * service steps of an agent are known only by the agent. -EINVAL.
 */
int flow_steps_check(
	enum flow_kind kind, const struct node *n, const json_t *wanted, struct err *e);

/* Keeps a hash of the password, for the agent to set; about 3 ms. -EINVAL: none can be made. */
int rescue_password_keep(struct node *n, const char *password, struct err *e);
void rescue_password_forget(struct node *n);

/* Service has taken the machine from its own system into an agent. */
bool flow_left_system(const struct node *n);

/* A flow by its name, as the node's record keeps it over a restart; NULL when unknown. */
const struct flow *flow_by_name(const char *name);

/* All checks of a client's request that starts a flow: interfaces, steps, hints, image. */
int flow_validate(
	enum flow_kind kind, const struct node *n, const struct flow_env *env, struct err *e);

/* Kernel parameters for the agent of this node (contract 4.1), allocated. */
char *flow_agent_cmdline(const struct node *n, const struct flow_env *env);

/*
 * The config drive as the agent takes it: base64 of a gzipped ISO 9660 image labelled config-2
 * (contract 2.11). `given` is what the client sent: an object is built into an image with the
 * additional metadata merged under meta_data.meta, a string is used as it is. *ret is NULL when
 * nothing is to be written.
 */
int configdrive_build(const json_t *given, const json_t *more_meta, char **ret, struct err *e);

/*
 * Adds what a command of the agent did to disks to run->found.disks, however it ended: an erased
 * disk stays erased when another one failed. The command is as agentlink describes it.
 */
void flow_note_disks(struct flow_run *run, const json_t *command);

/* Takes what a driver's step tells beside the record, see fake_step(): into run->found. */
void flow_note_settings(struct flow_run *run, const json_t *value);

/* Takes what an agent posted (contract 4.6) into the node and into run->found. */
int inspection_apply(struct flow_run *run, json_t *value, struct err *e);
/* The shape a posted inspection must have. */
int inspection_check(const json_t *body, struct err *e);

#endif
