/*
 * A node as the engine holds it, and the engine's own parts. Internal to node/.
 *
 * A resident node is this struct and its record as one JSON text; the parsed record exists while
 * something happens to the node. Work on one node is strictly serial: while a commit of it is in
 * flight everything else for it waits in `requests` and `answers`.
 */
#ifndef CONDUCTOR_NODE_ENODE_H
#define CONDUCTOR_NODE_ENODE_H

#include <pthread.h>

#include "conductor/flow/outside.h"
#include "conductor/node/bootstep.h"
#include "conductor/node/engine.h"
#include "conductor/node/table.h"
#include "lib/base/map.h"

#define BOOTLOG_MAX 48		 /* records kept per MAC */
#define FLOW_CURSOR "ingot_flow" /* in driver_internal_info: where the flow is, for a restart */

/* What an agent told of its work, lately. */
struct progress {
	char phase[32], message[160];
	int64_t done, total, written, rate;
	int64_t at_ms; /* monotonic */
};

/* Messages of agents that were not this node's. */
struct refusal {
	unsigned n;
	int64_t wall_us; /* of the last one */
	char why[160];
};

struct enode {
	struct engine *en;
	char uuid[UUID_TEXT_MAX];
	char *name;	  /* as in the record; for the name table */
	char *doc;	  /* the record as JSON text, without what is as in a new one */
	struct node *hot; /* the parsed record while it is needed, else NULL */

	/* mirrors of the record, to answer without parsing */
	enum provision_state state;
	enum power_state power;
	bool maintenance;
	bool power_pending; /* it has a target_power_state */
	bool power_fault;   /* the sweep set its maintenance */
	unsigned console;   /* enum console_want */
	uint8_t health;	    /* enum health */
	uint16_t chassis;   /* enum chassis_fault */
	/* how the sweep asked, with this very record; NULL: not yet */
	bool power_asked; /* by the sweep, and the record has not changed since */

	bool committing;
	bool leaving;	      /* its deletion is in flight */
	uint16_t arriving;    /* records that are on their way to it: it has to stay until then */
	struct list requests; /* struct request */
	struct list answers;  /* struct op */

	/* the flow that runs, if any */
	struct flow_run *run;
	int call;      /* index of the call it is at */
	int sub;       /* in a step: index of the call of that */
	struct op *op; /* in flight, of this generation; NULL: none */
	uint64_t generation;
	/* of the boot the flow waits for; times are 0 after a restart, until the next boot */
	int64_t boot_since_ms;	/* monotonic; what was seen before is of another boot */
	int64_t powered_us;	/* wall clock; when it was switched on for it */
	int64_t boot_moved_ms;	/* monotonic; when it last came further than before */
	uint8_t boot_stage;	/* enum boot_stage: how far it came */
	bool boot_busy;		/* its last step takes as long as it takes: a download */
	uint8_t boots;		/* how often the flow has begun the boot again */
	bool heartbeat;		/* one came while the flow was not yet waiting */
	int64_t state_since_ms; /* monotonic */
	uv_timer_t timer;	/* of the op in flight, else of the state */
	bool timed_out;
	bool pausing;		 /* the timer is the pause before a silent BMC is asked again */
	int64_t silent_since_ms; /* monotonic; its BMC in this flow; 0: it answers */
	bool recovered; /* the agent is asked whether it was given its command before a restart */
	bool token_unsure;	/* a restart may have kept the token from its agent */
	struct err *failing;	/* why it fails once the agent's logs are there; else NULL */
	enum fsm_event unsaved; /* what the store did not take; unsaved.c */
	char *unsaved_text;	/* its cause, or the error of a failure */

	/* a power request of a client, or a sweep's answer, outside a flow */
	struct op *power_op;
	struct request *power_request;
	enum power_state power_target;
	bool power_sweep;
	bool asked;	    /* an interface was asked to change something, and has not answered */
	int power_failures; /* of the sweep, in a row */
	char *power_error;  /* the last one of them; NULL: none yet */

	/* for people */
	char *waits_for;			/* NULL: for nothing */
	int64_t waits_since_ms, waits_until_ms; /* monotonic; until 0: without a limit */
	uint8_t wait;				/* enum wait_kind; counted in engine.stats */
	struct progress *progress;		/* NULL: nothing told in this flow */
	struct refusal *refused;		/* NULL: no agent was refused in this flow */
	int64_t agent_seen_ms;			/* monotonic; last heartbeat */

	/* admission.c */
	struct list slot_link;		/* in slot.waiting or slot.holders */
	uint8_t slot_held, slot_wanted; /* enum flow_slot */
	bool slot_admitted;		/* its turn has come; to be made durable */
	int16_t slot_priority;
	int64_t slot_since_us, slot_at_ms; /* waits since (wall clock); holds since (monotonic) */

	struct resident *residents, *stands_in; /* records.h; the second is its chassis */

	struct list link; /* engine.ready */
	bool queued;
};

/* What there may be only so many of at the same time. */
struct slot {
	unsigned limit, used, n_waiting; /* limit 0: none */
	struct list waiting, holders;	 /* struct enode; first come first */
};

struct bootlog;
struct resident;
struct record_table;
struct staged;

/* Why a node is in maintenance without being asked for: names are Ironic's. */
#define FAULT_POWER   "power failure" /* its BMC did not answer the sweep */
#define FAULT_CLEAN   "clean failure"
#define FAULT_SERVICE "service failure"

struct engine {
	uv_loop_t *loop;
	struct store *store;
	struct engine_config config;
	struct flow_env *flow;
	char *hostname;
	int64_t started_us; /* wall clock */
	int64_t started_ms; /* monotonic */
	bool stopping;

	struct map nodes;      /* uuid -> enode */
	struct map names;      /* name -> enode */
	struct map bootlogs;   /* MAC -> struct bootlog */
	struct map waiting;    /* MAC -> struct waiting */
	struct map phone_home; /* token -> uuid text (owned) */

	struct record_table *records; /* by kind, see records.h */
	struct list record_waits;     /* requests that wait for a change of a record */
	struct list allocations;      /* without a node yet, see allocate.h */
	uv_timer_t allocation_timer;

	struct news_subscriber subscribers[8];
	int n_subscribers;

	uv_async_t wake;      /* from other threads */
	uv_idle_t again;      /* from its own, which costs no system call */
	pthread_mutex_t lock; /* guards the four below */
	struct list requests, answers, commits;
	struct engine_stats shown;
	struct list todo_answers, todo_commits; /* taken over, not looked at yet */

	struct list ready;	/* enodes with something to do */
	uv_timer_t sweep;	/* power synchronisation */
	size_t sweep_pos;	/* its place in `nodes` */
	int64_t sweep_at_ms;	/* of the last tick */
	int64_t sweep_credit;	/* nodes to be asked, in 1/interval_ms */
	char *boot_troubles;	/* NULL: none */
	int64_t store_away_ms;	/* monotonic, since when it takes no changes; 0: it does */
	uint64_t store_refused; /* changes since then */
	struct list walks;	/* lists of all nodes in the making */
	uv_idle_t walking;
	struct slot slots[SLOT_COUNT];
	uv_timer_t slot_timer; /* of the machine that boots longest */
	bool slots_changed;
	uv_timer_t reading_timer; /* of sensors */
	size_t reading_pos;
	int64_t reading_credit;
	unsigned reading;    /* BMCs that are being read */
	struct map readings; /* node uuid -> struct reading; guarded by lock */
	struct engine_stats stats;
};

/* One commit in flight: the next record of a node and what goes with it. */
struct commit {
	struct enode *node; /* NULL: no node */
	struct engine *en;
	struct node *next;     /* the record once durable; NULL: unchanged */
	struct node *born;     /* a node that is new with it; not owned; NULL: none */
	struct staged *staged; /* what happens to other records, see records.h */
	struct store_txn *txn;
	struct news news; /* published when durable, if has_news; strings are in text[] */
	bool has_news;
	char cause[900];
	void (*then)(struct commit *c, void *data); /* c->r, c->err say how it went */
	void *data;
	int r;
	bool has_disks;	   /* what was done to disks is written with it */
	bool has_settings; /* so are BIOS settings and firmware components */
	bool store_away;   /* with r < 0: the store is out of order, the change may be right */
	struct err err;
	struct list link;
};

/* engine.c */
void request_dispatch(struct engine *en, struct request *r);	 /* as if it had come now */
struct enode *engine_find(struct engine *en, const char *ident); /* uuid or name */
void engine_again(struct engine *en); /* its thread only: have another turn soon */
void enode_ready(struct enode *e);    /* look at it again in this turn of the loop */
void request_finish(struct request *r, int result, const struct err *err);
void request_answer(struct request *r, json_t *answer); /* takes it, and shares nothing of it */
void engine_publish(struct engine *en, const struct news *news);
struct op *op_new(struct enode *e, const char *what, unsigned timeout_s);
void op_free(struct op *op);

/* enode.c */
struct enode *enode_new(struct engine *en, const struct node *n);
void enode_free(struct enode *e);	       /* of a deleted node */
const struct node *enode_get(struct enode *e); /* the record, parsed; valid until the next commit */
void enode_cool(struct enode *e);
void enode_arm(struct enode *e, int64_t ms);		  /* its timer, from now */
int enode_locked(const struct enode *e, struct err *err); /* -EBUSY, as Ironic says it */
/* As flow_interface_check(), and with what the node has beside its record. */
int enode_interface_check(struct enode *e, enum interface i, struct err *err);
/* A new record is durable: it takes n in place of the old one. For commit.c. */
void enode_replace(struct enode *e, struct node *n);

/* commit.c */
struct commit *commit_bare(struct engine *en); /* of records that are no node's, or a new one's */
/* nodes.c: the chassis that the node names stays until then; -EINVAL when there is none. */
int commit_pin_chassis(struct commit *c, const struct node *n, struct err *err);
void commit_drop(struct commit *c);	    /* instead of submitting it */
struct commit *commit_new(struct enode *e); /* next is a copy of the record */
void commit_news(
	struct commit *c, enum news_kind kind, const char *from, const char *to, const char *cause);
void commit_submit(struct commit *c, void (*then)(struct commit *c, void *data), void *data);
void commit_finished(struct commit *c);			/* engine thread: durable or refused */
const struct node *commit_node(const struct commit *c); /* the record as it will be */
void history_add(struct commit *c, const char *severity, const char *type, const char *from,
	const char *to, int64_t duration_ms, const char *user, const char *text);

/* state.c */
struct state_change {
	enum fsm_event event;
	const char *cause; /* for history and news */
	const char *error; /* becomes last_error; NULL clears it on a verb, keeps it otherwise */
	const char *user;
	struct request *request;  /* answered once durable; NULL: none */
	struct node *next;	  /* the record to change, taken; NULL: a copy of the current one */
	struct flow_found *found; /* to be written with it; taken; may be NULL */
};
/* Moves the node along the table; -ESTALE when the table has no such row. */
int state_apply(struct enode *e, const struct state_change *s, struct err *err);
int state_limit_s(const struct enode *e); /* of the current state; 0: none */
void state_timer(struct enode *e);	  /* sets the limit of the state that is entered */
void state_timer_again(struct enode *e);  /* after a restart: what is left of it */
void state_look_again(struct enode *e);	  /* its boot was looked at; the limit stays */
void enode_wait_set(struct enode *e, enum wait_kind kind); /* for /metrics */
void enode_waits(struct enode *e, int64_t until_ms, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* disks.c: what the run's agent did to disks goes into the transaction, and out of the run. */
void disks_note(struct commit *c, struct flow_run *run);
/* settings.c: so do BIOS settings and firmware components that the run's steps left. */
void settings_note(struct commit *c, struct flow_run *run);
void settings_delete(struct commit *c, const char *node_uuid);
/* admission.c */
void slots_init(struct engine *en);
void slots_pump(struct engine *en);			  /* gives free slots to those that wait */
bool slot_take(struct enode *e, enum flow_slot want);	  /* false: it has to wait */
void slot_hold(struct enode *e, enum flow_slot slot);	  /* in any case: it began before */
void slot_queue(struct enode *e, enum flow_slot want);	  /* its state says that it waits */
void slot_reorder(struct enode *e, const struct node *n); /* its record has changed */
void slot_leave(struct enode *e);			  /* holds none and wants none any more */
void slot_admit(struct enode *e);
void slot_show(const struct enode *e, json_t *row);
void on_queue_list(struct engine *en, struct request *r);
void on_queue_priority(struct enode *e, struct request *r);
void on_bmc_list(struct engine *en, struct request *r);

/* logs.c */
bool logs_wanted(struct enode *e); /* the flow is failing, and its agent has logs to be kept */
void logs_collect(struct enode *e, const struct err *why);
void logs_done(struct enode *e, const struct op *op); /* op NULL: no answer; the flow fails now */

/* run.c */
void run_queued(struct enode *e); /* the call at hand waits for its slot */
void run_start(struct enode *e, enum flow_kind kind, bool manual);
void run_waits(struct enode *e);    /* the state waits now: for what, and until when */
void run_holds(struct enode *e);    /* it is held: by which step, and for whom */
void run_next(struct enode *e);	    /* goes on at the current call */
void run_continue(struct enode *e); /* goes on after a wait or a hold */
void run_answer(struct enode *e, struct op *op);
void run_timeout(struct enode *e);
void run_resume(struct enode *e); /* what the node waited for has come */
/* The same in a state that waits; the request is answered once that is durable. */
void run_resume_for(struct enode *e, struct request *r);
void run_fail(struct enode *e, const struct err *err); /* collects logs first, if any */
void run_fail_now(struct enode *e, const struct err *err, const char *logs); /* NULL: none */
void run_drop(struct enode *e); /* forgets the flow; a late answer is ignored */
bool run_undo_powers_off(struct enode *e, enum provision_state failed_from);
void run_undo_power_off(struct enode *e);
/* A service that was aborted is over; to_system: its machine is brought back to its own system. */
void run_undo_service(struct enode *e, bool to_system);

/* recover.c */
void run_recover(struct enode *e); /* at start */

/* health.c: what a power read or the sensors say; true: a commit began */
bool health_chassis(struct enode *e, unsigned faults);
/* In a flow: the first "OK" of a node goes with what the flow writes anyway. */
void health_first(struct node *n, unsigned faults);
void health_sensors(struct enode *e, const json_t *value);
void health_mirror(struct enode *e, const struct node *n);
char *health_reason(const struct node *n); /* allocated; NULL: nothing is wrong */

/* unsaved.c: the store is out of order; tried again until it takes it. */
void unsaved_call(struct enode *e); /* the flow's next call could not be noted */
void unsaved_transition(struct enode *e, enum fsm_event event, const char *text, struct commit *c);
void unsaved_retry(struct enode *e);
void unsaved_forget(struct enode *e);
/* The boot begins again, from the boot device on; in a state that waits for it. */
void run_boot_again(struct enode *e, const char *cause);
void run_wait_failed(struct enode *e); /* what it waits for did not come in time */

/* bootwatch.c: a machine that is to come by network. */
bool boot_is_awaited(const struct enode *e);
void boot_begins(struct enode *e);	    /* it is switched on now */
int64_t boot_due_ms(const struct enode *e); /* monotonic; when to look at it again; 0: never */
void boot_look(struct enode *e);	    /* its time to come is over */
void boot_way(struct enode *e, char *buf, size_t size);
void agent_last(const struct enode *e, char *buf, size_t size);

/* rebase.c: the record is no longer `old` but `new`; the working copy follows. */
void run_rebase(struct enode *e, const struct node *old, const struct node *new);

/* requests by kind; each finishes the request now or later */
void on_provision(struct enode *e, struct request *r);
/* plan.c: the steps of a runbook or of templates come into the request. -EINVAL, -ENOENT. */
int plan_take(struct enode *e, struct request *r, struct err *err);
void on_power(struct enode *e, struct request *r);
/* A client, or a flow of the sweep, has its power or something of an interface changed now. */
bool power_changing(const struct enode *e);
void power_answer(struct enode *e, struct op *op);
void power_recover(struct enode *e); /* at start, of a node without a flow */
void sweep_start(struct engine *en);
/*
 * How many of n nodes are to be asked now, when all are to be in interval_ms and the last look was
 * past_ms ago: evenly, one after the other. After a pause (the process was stopped, the machine
 * asleep) nobody is asked in a hurry, the round only ends later. *credit is the caller's, 0 at
 * first.
 */
size_t sweep_share(int64_t *credit, size_t n, int64_t past_ms, int64_t interval_ms);
bool power_swept(struct enode *e); /* it may be asked when nobody waits for the answer */
/* readings.c */
void readings_start(struct engine *en);
void readings_free(struct engine *en);
void reading_take(struct enode *e, const json_t *value); /* an answer of BMC_SENSORS */
void reading_forget(struct enode *e);
void on_management(struct enode *e, struct request *r);
void on_bmc(struct enode *e, struct request *r); /* bmc.c */
void on_ask(struct enode *e, struct request *r); /* asks.c */
void on_asked(struct enode *e, struct request *r);
void on_vendor(struct enode *e, struct request *r);
void on_vendor_methods(struct enode *e, struct request *r);
/* An op whose answer is that of a request; it belongs to no flow. */
struct op *op_direct(struct enode *e, struct request *r, const char *what, unsigned timeout_s);
void on_node_create(struct engine *en, struct request *r);
void on_node_update(struct enode *e, struct request *r);
void on_node_delete(struct enode *e, struct request *r);
void on_maintenance(struct enode *e, struct request *r);
void on_traits(struct enode *e, struct request *r);
void on_raid_target(struct enode *e, struct request *r);
void on_validate(struct enode *e, struct request *r);
/* ports.c */
struct enode *enode_of_mac(struct engine *en, const char *mac); /* or NULL */
json_t *port_addresses(const struct enode *e); /* the MACs of its ports, a new array */
void on_lookup(struct engine *en, struct request *r);
void on_heartbeat(struct enode *e, struct request *r);
void on_inspection(struct engine *en, struct request *r);
void on_progress_report(struct enode *e, struct request *r);
void on_phone_home(struct engine *en, struct request *r);
/* console.c */
unsigned console_wanted(const struct engine *en, const struct node *n);
void console_follow(struct enode *e, const struct node *before, unsigned wanted_before);
void on_console_set(struct enode *e, struct request *r);
void on_console_get(struct enode *e, struct request *r);
void on_console_watch(struct enode *e, struct request *r);
void on_console_leave(struct enode *e, struct request *r);
void on_console_type(struct enode *e, struct request *r);
void on_why(struct enode *e, struct request *r);
json_t *progress_row(struct enode *e);
void on_progress_list(struct engine *en, struct request *r);
void on_drivers_list(struct engine *en, struct request *r);
void on_boot_records(struct engine *en, struct request *r);
void on_waiting_list(struct engine *en, struct request *r);
void on_waiting_accept(struct engine *en, struct request *r);
void on_waiting_ignore(struct engine *en, struct request *r);
int waiting_load(struct engine *en, struct err *e);
void waiting_forget(struct engine *en, struct store_txn *txn, const char *mac);
void waiting_free(struct engine *en);
/* Whether a machine that is no node's asked since then: a sentence, or "". */
void stranger_hint(struct engine *en, const char *mac, int64_t since_us, char *buf, size_t size);

/* bootlog.c */
void bootlogs_free(struct engine *en);
json_t *bootlog_of_mac(struct engine *en, const char *mac, int most);
json_t *bootlog_of_node(struct enode *e, int most);
void bootlog_last(struct enode *e, char *buf, size_t size); /* the last step, as a sentence */
void bootlog_way(struct enode *e, char *buf, size_t size);  /* of a boot that ended well; or "" */

#endif
