/*
 * The engine: the only writer of nodes. One thread (a uv loop) owns every node's running state.
 * API threads hand it changes and questions and get the answer by callback; what a change says is
 * durable before the answer is given.
 */
#ifndef CONDUCTOR_NODE_ENGINE_H
#define CONDUCTOR_NODE_ENGINE_H

#include <uv.h>

#include "conductor/flow/flow.h"
#include "conductor/model/ask.h"
#include "conductor/model/bmc.h"
#include "conductor/model/news.h"
#include "conductor/model/node.h"
#include "conductor/model/parts.h"
#include "conductor/model/plans.h"
#include "conductor/model/rule/rule.h"
#include "conductor/store/store.h"
#include "lib/base/list.h"

struct engine;

struct engine_config {
	const char *hostname;  /* of this conductor, as the API shows it */
	struct flow_env *flow; /* drivers, boot, agents: what flows act through; owned by main */
	int power_sync_interval_s; /* 0: no sweep */
	int bmc_patience_s;	   /* a flow waits for a BMC that fell silent; 0: not at all */
	int sensor_interval_s;	   /* between two readings of a node's sensors; 0: never */
	int deploy_timeout_s, clean_timeout_s, inspect_timeout_s, rescue_timeout_s,
		service_timeout_s;
	int boot_retry_s; /* without a sign of a machine, until its boot begins again; 0: never */
	int history_per_node;
	const json_t *built_in_rules; /* of inspection: an array, checked; the caller's */
	enum rule_mask rule_mask;
	/* of nodes made for machines that nobody knows and that were inspected; NULL: none are */
	const char *discovery_driver;
	bool console_in_flows;		     /* consoles are open while a node is provisioned */
	int max_boot, max_deploy, max_clean; /* machines at the same time; 0: no limit */

	/* Adds to the transaction what must be durable with a piece of news. May be NULL. */
	void (*deliveries)(void *data, const struct news *news, struct store_txn *txn);
	void *deliveries_data;
};

/* Loads every node; in-flight states go on or fail as ARCHITECTURE.md says. Engine thread's loop.
 */
int engine_new(uv_loop_t *loop, struct store *store, const struct engine_config *c,
	struct engine **ret, struct err *e);
int engine_start(struct engine *en, struct err *e); /* timers, recovery of in-flight nodes */
void engine_stop(struct engine *en); /* takes no new change; what runs is left to recovery */
void engine_free(struct engine *en);
void engine_subscribe(struct engine *en, const struct news_subscriber *s); /* before start */

/*
 * How a refusal becomes HTTP (contract 2.2): err.code is one of
 *   ENOENT 404   EINVAL 400   EBUSY 409 (node locked)   EEXIST 409 (duplicate)   ESTALE 409 (wrong
 *   state)   EPERM 403   ENOTSUP 400 (interface cannot)   EAGAIN 503   EACCES 401   other 500
 */

/* A change or question. Fill the input, call engine_submit(); done() gets it back, to free it. */
enum request_kind {
	REQ_NODE_CREATE,	   /* record: struct node *; ports: none */
	REQ_NODE_UPDATE,	   /* ident, edit() */
	REQ_NODE_DELETE,	   /* ident */
	REQ_RECORD_CREATE,	   /* type, record: of that type; flag: see the kind's check() */
	REQ_RECORD_UPDATE,	   /* type, ident (uuid or name), edit() */
	REQ_RECORD_DELETE,	   /* type, ident */
	REQ_RECORDS_CLEAR,	   /* type, of records that belong to no node: all are deleted */
	REQ_PROVISION,		   /* ident, verb, args: the body of PUT states/provision */
	REQ_POWER,		   /* ident, power, args {"timeout"} */
	REQ_MAINTENANCE,	   /* ident, flag, text: reason */
	REQ_TRAITS,		   /* ident, args: the new array of traits */
	REQ_RAID_TARGET,	   /* ident, args: target_raid_config */
	REQ_VALIDATE,		   /* ident -> answer {interface: {result, reason}} */
	REQ_BOOT_DEVICE_GET,	   /* ident -> {"boot_device", "persistent"} */
	REQ_BOOT_DEVICE_SET,	   /* ident, args {"boot_device", "persistent"} */
	REQ_BOOT_DEVICE_SUPPORTED, /* ident -> {"supported_boot_devices": []} */
	REQ_ASK,		   /* ident, ask, args: see model/ask.h */
	REQ_ASKED,		   /* the engine's own: an ask has its answer */
	REQ_BMC,    /* ident, text: a name of bmc_call_names, args -> what the driver answers */
	REQ_VENDOR, /* ident, text: the method, args: the body -> its value, NULL: it was begun */
	REQ_VENDOR_METHODS, /* ident -> {method: {"async", "http_methods", "description", ...}} */
	REQ_LOOKUP, /* args {"addresses": [...], "node_uuid", "boot_token"} -> the lookup reply */
	REQ_HEARTBEAT,	    /* ident, args: the body; text: peer address */
	REQ_INSPECTION,	    /* args {"node_uuid", "data": the body} -> {"uuid"} or the lookup reply
			       (flag: reply as lookup) */
	REQ_PROGRESS,	    /* ident, args: body of the agent's progress report */
	REQ_PHONE_HOME,	    /* ident: the one-time token, args: the body */
	REQ_WHY,	    /* ident -> state, what it waits for, since, until, last events */
	REQ_PROGRESS_GET,   /* ident or NULL for all -> live view rows */
	REQ_QUEUE_LIST,	    /* -> {"slots": [...], "waiting": [...]}: see admission.c */
	REQ_QUEUE_PRIORITY, /* ident, args {"priority"}: where it stands in queues */
	REQ_BMC_LIST,	    /* flag: only troubled ones -> {"bmcs": [...]} */
	REQ_BOOT_RECORDS,   /* ident: a MAC -> {"address", "records": [...]} */
	REQ_WAITING_LIST,   /* -> {"waiting": [...]} */
	REQ_WAITING_ACCEPT, /* ident: a MAC, args: node fields to create it with -> the node */
	REQ_WAITING_IGNORE, /* ident: a MAC, flag: ignored or not */
	REQ_CONSOLE_SET,    /* ident, flag: enabled or not */
	/* ident -> {"console_enabled", "fake": there is none, "console": what is known of it, or
	 * null} */
	REQ_CONSOLE_GET,
	REQ_CONSOLE_WATCH, /* ident, record: struct console_watch *, the console's when it is taken
			    */
	REQ_CONSOLE_LEAVE, /* ident, text: the watch's id */
	REQ_CONSOLE_TYPE,  /* ident, args {"watch", "input", "take"} */
	/* -> {"drivers": [{name, type, hosts, default_*, enabled_*, properties}], "raid": {...}} */
	REQ_DRIVERS,
	REQ_COUNT
};

struct request {
	enum request_kind kind;
	char *ident; /* uuid or name, where one is needed; owned */
	enum verb verb;
	enum power_state power;
	enum node_ask ask;
	bool flag;
	int version;  /* PROVISION: the minor microversion it was asked in; 0: the newest */
	bool would;   /* PROVISION, NODE_DELETE: only say whether it would be taken, after edit() */
	char *text;   /* owned */
	json_t *args; /* owned */
	const struct record_type *type; /* RECORD_*: what record is; ports, chassis, ... */
	/* NODE_CREATE, RECORD_CREATE: owned by the request once submitted. CONSOLE_WATCH: the
	 * caller's again when the request was refused. */
	void *record;

	/*
	 * *_UPDATE: called on the engine thread with a copy of the current record; changes it or
	 * returns a negative errno. The engine then applies the contract's own rules (2.3) by
	 * comparing before and after. *_DELETE ignore it.
	 */
	int (*edit)(void *data, void *record, struct err *e);
	void *data; /* the caller's */
	char *user; /* who asks, for the history; may be NULL; owned */

	/* the answer, valid in done() */
	int result; /* 0 or negative errno */
	struct err err;
	json_t *answer; /* owned; the created or updated record where one was changed */
	void (*done)(struct request *r); /* on the engine or the writer thread; must not block */

	struct list link; /* the engine's */
};

struct request *request_new(enum request_kind kind, void (*done)(struct request *), void *data);
void request_free(struct request *r);
void engine_submit(struct engine *en, struct request *r); /* any thread */

/* Read-only helpers for the API, any thread. */
const char *engine_hostname(const struct engine *en);
int64_t engine_started_at_us(const struct engine *en);

/* What nodes wait for, and where flows fail; the names are those of /metrics. */
enum wait_kind {
	WAIT_NOTHING,
	WAIT_BMC,
	WAIT_BOOT,
	WAIT_AGENT,
	WAIT_OPERATOR,
	WAIT_QUEUE,
	WAIT_STORE,
	WAIT_COUNT
};
extern const char *const wait_names[WAIT_COUNT + 1]; /* ended by NULL */
enum cause { CAUSE_BMC, CAUSE_BOOT, CAUSE_AGENT, CAUSE_CONDUCTOR, CAUSE_COUNT };
extern const char *const cause_names[CAUSE_COUNT + 1];

/* Numbers for /metrics, any thread. */
struct engine_stats {
	uint64_t transitions, requests, refused, ops_started, ops_failed, power_polls,
		power_polls_spared;
	uint64_t nodes, nodes_by_state[PS_COUNT], nodes_by_health[HEALTH_COUNT];
	uint64_t sensor_polls, sensor_polls_failed;
	uint64_t slots_used[SLOT_COUNT], slots_waiting[SLOT_COUNT];
	uint64_t waiting[WAIT_COUNT], failures[CAUSE_COUNT];
};
void engine_get_stats(struct engine *en, struct engine_stats *ret);

#endif
