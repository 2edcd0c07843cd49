/*
 * What the files of the IPMI client share: the engine (sockets, timers, who is whose), the BMC with
 * its queue, and the request. Control flows engine -> bmc -> exchange -> command; nothing outside
 * of this folder and its fuzz target includes this header.
 */
#ifndef CONDUCTOR_BMC_IPMI_INTERNAL_H
#define CONDUCTOR_BMC_IPMI_INTERNAL_H

#include <netinet/in.h>

#include "conductor/bmc/ipmi/heap.h"
#include "conductor/bmc/ipmi/ipmi.h"
#include "conductor/bmc/ipmi/session.h"
#include "conductor/bmc/ipmi/wire.h"
#include "lib/base/list.h"

#define SOCKETS_MAX	 8
#define RECEIVE_BATCH	 32
#define RANDOM_POOL	 1024
#define DEADLINE_DEFAULT 60000
#define NEVER		 INT64_MAX

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

enum bmc_phase {
	PHASE_IDLE, /* no request; a session may be kept */
	PHASE_RESOLVING,
	PHASE_GAP,     /* requests wait because the BMC wants a pause */
	PHASE_WAITING, /* requests wait for room in the engine's window */
	/* From here on there is a current request. */
	PHASE_AUTH_CAPS,
	PHASE_OPEN,
	PHASE_RAKP1,
	PHASE_RAKP3,
	PHASE_PROBE,	 /* is the kept session still alive? */
	PHASE_PRIVILEGE, /* raising the session's level */
	PHASE_REQUEST,
	PHASE_PAUSE, /* before asking again a BMC that is busy */
	PHASE_COUNT
};

struct engine_socket {
	struct ipmi_engine *engine;
	uv_poll_t poll;
	int fd;
};

struct receive_buffers;

struct ipmi_engine {
	uv_loop_t *loop;
	struct engine_socket sockets[2][SOCKETS_MAX]; /* IPv4, IPv6 */
	unsigned n_sockets[2];
	struct receive_buffers *buffers;
	uv_timer_t timer; /* armed for armed_ms, the heap's first */
	int64_t armed_ms;
	struct heap heap;
	uv_idle_t idle;			   /* runs what ended inside a call */
	bool idling, in_callback, closing; /* in_callback: engine_dispatch() is to follow */
	unsigned handles, lookups;	   /* to be gone before the engine is */
	struct list bmcs;
	struct list ended;	/* requests whose completion is due */
	struct list waiting[2]; /* BMCs that wait for the window, by priority */
	unsigned window, asking;
	unsigned in_flight, in_flight_max; /* requests begun and not ended, also of BMCs away */
	unsigned sweep_every_s;		   /* as configured */
	unsigned rtt_us;		   /* of all BMCs, smoothed */
	bool admitting;
	struct ipmi_engine_stats stats;
	struct ipmi_bmc **slots; /* by the low bits of our session ids */
	size_t n_slots, cap_slots;
	uint32_t *free_slots;
	size_t n_free;
	struct ipmi_bmc **buckets; /* by address, chained */
	size_t n_buckets, n_addressed;
	ipmi_ticket last_ticket;
	uint8_t random[RANDOM_POOL];
	size_t random_left;
	/* A fuzz target looks at packets instead of sending them. NULL: the socket. */
	void (*capture)(void *data, const uint8_t *packet, size_t len);
	void *capture_data;
	struct ipmi_latency latency;
};

struct command;

struct request {
	struct list link; /* in the BMC's queue, or in engine->ended */
	struct ipmi_engine *engine;
	struct ipmi_bmc *bmc; /* NULL once it has ended */
	ipmi_ticket ticket;
	int64_t deadline_ms, started_ms;
	enum ipmi_priority priority;
	ipmi_done *done;
	void *done_data;
	const struct command *command;
	uint8_t step, netfn, lun, cmd, privilege;
	uint8_t args[4];	/* of the typed commands */
	uint8_t first_cc;	/* the answer that made a command look again */
	bool once;		/* must not be carried out twice */
	uint8_t busy_tries;	/* of its options */
	bool opened, reopened;	/* its session was opened for it; a lost one was replaced */
	bool raised;		/* tried again at the highest level */
	uint8_t busy, restarts; /* answers "busy", handshakes begun anew */
	uint8_t suites_tried;	/* bits by index in the BMC's list */
	bool answered;		/* result is valid */
	struct ipmi_result result;
	struct err *err; /* NULL: success */
	size_t len;
	uint8_t data[IPMI_DATA_MAX]; /* of the request, then of the answer */
};

struct lookup {
	uv_getaddrinfo_t req;
	struct ipmi_engine *engine;
	struct ipmi_bmc *bmc; /* NULL: nobody waits any more */
};

/* Whether it is worth while to ask, see circuit.c. */
struct circuit {
	bool open;
	uint8_t failures; /* in a row, 255 at most */
	int code;	  /* enum ipmi_errno of the last one */
	int64_t since_ms; /* of the first one */
	int64_t retry_ms; /* open: a sweep asks again from then on */
	char *why;	  /* the last one in words; NULL: none */
};

/* How fast it may be asked, as found out; see pace.c. */
struct pace {
	uint16_t gap_ms;      /* learned; 0: none */
	uint16_t freezes;     /* seen so far */
	uint16_t after_ms;    /* so long after an answer the message in flight was sent */
	int64_t suspected_ms; /* asked soon after an answer, then silent, since; 0: no */
	int64_t changed_ms;   /* when gap_ms was set last */
};

struct ipmi_bmc {
	struct ipmi_engine *engine;
	struct list link; /* in engine->bmcs */
	struct list window_link;
	struct heap_item timer;
	char *host;
	uint16_t port;
	bool literal; /* host is an address, not a name */
	struct credentials who;
	uint8_t suites[5];  /* ended by 0 */
	uint8_t suite_at;   /* index of the one in use */
	uint8_t suite_good; /* id that worked; 0: none yet */
	uint8_t privilege;  /* as configured */
	struct bmc_traits traits;
	union address address; /* family 0: not looked up */
	struct ipmi_bmc *next_in_bucket;
	struct lookup *lookup;
	uint32_t slot;
	struct list jobs; /* reads of many steps, see job.h */
	uint8_t chunk;	  /* bytes it lets read at once; 0: not found out */
	struct list queue[2];
	unsigned queued; /* with the current one */
	struct request *current;
	enum bmc_phase phase;
	int64_t phase_due_ms, next_ms; /* next_ms: not before, because of the gap */
	bool in_window, on_list;
	uint8_t list_priority;	 /* on_list: of which list */
	struct session *session; /* open, or being opened */
	bool session_open;
	bool heard_caps, heard_pong, no_rmcpp; /* while opening: what else answered */
	uint8_t rqseq, tag, sends;	       /* sends: of this packet so far */
	unsigned wait_ms;		       /* for the answer to the latest send */
	unsigned slow_ms;    /* an answer took a repetition after so long; 0: none did since */
	uint8_t patience_ms; /* after that it gives its place in the window away */
	struct circuit circuit;
	struct pace pace;
	const char *pause_why; /* while pausing: what the BMC said; or NULL */
	bool pause_sessions;   /* and that was: all of its sessions are taken */
	uint64_t sent_ns;
	unsigned srtt_us, rttvar_us;
	int64_t answered_ms, session_used_ms, failed_ms;
	int64_t commanded_ms; /* last request of somebody who waits; 0: never */
	int last_errno;
	uint32_t sent, retransmitted, received, dropped;
	struct { /* the request that ended last; ipmi_bmc_status */
		const char *what;
		int64_t at_ms;
		unsigned took_ms;
		uint8_t netfn, cmd, cc;
		bool answered;
	} last;
};

/* engine.c */
int64_t engine_now(const struct ipmi_engine *e); /* the loop's clock, ms */
void engine_random(struct ipmi_engine *e, void *out, size_t len);
void engine_ended(struct ipmi_engine *e, struct request *r); /* its completion will come */
void engine_enter(struct ipmi_engine *e);    /* at the start of each callback of the loop */
void engine_dispatch(struct ipmi_engine *e); /* at its end */
void engine_wake(struct ipmi_engine *e);     /* have engine_dispatch() called soon */
void engine_arm(struct ipmi_engine *e, struct ipmi_bmc *b, int64_t due_ms);
void engine_want_window(struct ipmi_engine *e, struct ipmi_bmc *b, enum ipmi_priority priority);
void engine_leave_window(struct ipmi_engine *e, struct ipmi_bmc *b);
void engine_admit(struct ipmi_engine *e);
void engine_count(uint64_t *counter, int by); /* of its stats; other threads read them */
void engine_maybe_delete(struct ipmi_engine *e);

/* directory.c: whose packet is it? */
bool directory_full(const struct ipmi_engine *e);
void directory_add(struct ipmi_engine *e, struct ipmi_bmc *b); /* gives it a slot */
void directory_remove(struct ipmi_engine *e, struct ipmi_bmc *b);
struct ipmi_bmc *directory_by_id(const struct ipmi_engine *e, uint32_t session_id);
uint32_t directory_new_id(struct ipmi_engine *e, const struct ipmi_bmc *b);
void directory_set_address(struct ipmi_engine *e, struct ipmi_bmc *b, const union address *a);
void directory_clear_address(struct ipmi_engine *e, struct ipmi_bmc *b);
struct ipmi_bmc *directory_by_address(const struct ipmi_engine *e, const union address *a);
struct ipmi_bmc *directory_next(const struct ipmi_bmc *b); /* another one at the same address */
bool address_equal(const union address *a, const union address *b);

/* net.c */
int net_open(struct ipmi_engine *e, unsigned per_family, struct err *err);
void net_close(struct ipmi_engine *e);
int net_send(struct ipmi_bmc *b, const uint8_t *packet, size_t len); /* 0 or -errno */
void net_input(struct ipmi_engine *e, const uint8_t *packet, size_t len, const union address *from);
void net_unreachable(struct ipmi_engine *e, const union address *who, int code);

/* bmc.c */
extern const char *const bmc_phase_names[PHASE_COUNT];
void bmc_kick(struct ipmi_bmc *b);  /* looks for the next thing to do */
void bmc_begin(struct ipmi_bmc *b); /* there is room in the window */
void bmc_rearm(struct ipmi_bmc *b);
/* A command takes the place of a sweep's request that the BMC leaves unanswered; false: none may.
 */
bool bmc_overtake(struct ipmi_bmc *b);
void bmc_timer(struct ipmi_bmc *b);
void bmc_finish(struct ipmi_bmc *b); /* the current request has succeeded */
/* The current request ends with "<what> on <where> as <who>: <text>". */
void bmc_fail(struct ipmi_bmc *b, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Ends all that waits, up to that priority. */
void bmc_fail_queued(struct ipmi_bmc *b, enum ipmi_priority up_to, int code, const char *text);
bool bmc_is_dead(int code); /* does the failure say that nobody is there? */
void bmc_drop_session(struct ipmi_bmc *b, bool tell);
ipmi_ticket bmc_submit(struct ipmi_bmc *b, struct request *r, const struct ipmi_opts *opts);
struct request *bmc_request_new(
	struct ipmi_bmc *b, const struct command *command, ipmi_done *done, void *done_data);

/* circuit.c: dead BMCs are not asked by sweeps, but now and then */
void circuit_failed(struct ipmi_bmc *b, int code, const char *why); /* a request of it has */
void circuit_answered(struct ipmi_bmc *b);			    /* the BMC did what it does */
bool circuit_rests(const struct ipmi_bmc *b);	/* a sweep's request is to fail at once */
bool circuit_probing(const struct ipmi_bmc *b); /* what is asked now is to find out */
void circuit_done(struct ipmi_bmc *b);

/* pace.c: BMCs that freeze when asked too fast */
unsigned pace_gap_ms(const struct ipmi_bmc *b); /* least time between answer and next request */
void pace_sent(struct ipmi_bmc *b);		/* a message, for the first time */
void pace_silent(struct ipmi_bmc *b);		/* it was repeated, and is not answered */
void pace_answered(struct ipmi_bmc *b);

/* account.c */
int account_check(const struct ipmi_config *c, struct err *err);
void account_set(struct ipmi_bmc *b, const struct ipmi_config *c);

/* latency.c */
void latency_note(struct ipmi_bmc *b, const struct request *r); /* it has ended */

/* resolve.c */
void resolve_literal(struct ipmi_bmc *b); /* an address written out */
void resolve_start(struct ipmi_bmc *b);	  /* anything else, when the first request comes */

/* exchange.c */
void exchange_start(struct ipmi_bmc *b);   /* does what is next for the current request */
void exchange_overdue(struct ipmi_bmc *b); /* the phase's time is over */
void exchange_input(struct ipmi_bmc *b, const uint8_t *packet, const struct wire_packet *w);

/* login.c */
void login_start(struct ipmi_bmc *b);
bool login_next_suite(struct ipmi_bmc *b, bool refused); /* false: there is no other to try */
uint8_t login_privilege(const struct ipmi_bmc *b);
void login_input(struct ipmi_bmc *b, const struct wire_packet *w);
void login_heard(struct ipmi_bmc *b, const struct wire_packet *w); /* outside of a session */
void login_give_up(struct ipmi_bmc *b); /* Open Session was never answered */

/* transmit.c */
#define TIMEOUT_MAX_MS 8000
void transmit_enter(struct ipmi_bmc *b, enum bmc_phase phase); /* and sends its first packet */
void transmit_phase(struct ipmi_bmc *b);		       /* sends it again */
void transmit_answered(struct ipmi_bmc *b);		       /* measures the round trip */
void transmit_pause(struct ipmi_bmc *b, int64_t ms);
/* "busy", as it said why: pauses; false: often enough */
bool transmit_later(struct ipmi_bmc *b, const char *why);
/* The same of a BMC all of whose sessions are taken. */
bool transmit_when_free(struct ipmi_bmc *b, const char *why);

/* text.c */
enum cc_action { CC_FAIL, CC_BUSY, CC_PRIVILEGE, CC_UNSUPPORTED };
enum cc_action ipmi_cc_action(uint8_t cc);

enum rakp_action { RAKP_FAIL, RAKP_LATER, RAKP_RESTART, RAKP_NEXT_SUITE };
struct rakp_status {
	uint8_t status;
	enum rakp_action action;
	int code; /* enum ipmi_errno */
	const char *text, *advice;
};
const struct rakp_status *rakp_status_find(uint8_t status); /* never NULL */

/* command.c */
enum command_verdict { COMMAND_DONE, COMMAND_AGAIN, COMMAND_FAILED };
struct command {
	const char *what; /* "power status"; NULL: named by its numbers */
	uint8_t privilege;
	/* Fills netfn, cmd, data and len for r->step. */
	void (*prepare)(struct request *r);
	/*
	 * Looks at an answer, also at one with a completion code. AGAIN: prepare() the next step.
	 * FAILED: the completion code is the failure, or err is set. NULL: done when the code is 0.
	 */
	enum command_verdict (*answer)(
		struct request *r, const struct wire_message *m, struct err *err);
	bool ends_session; /* the BMC forgets its sessions when it has carried it out */
};
/* 0, or -EBADMSG when it is too short. */
int device_id_parse(const uint8_t *data, size_t len, struct ipmi_device_id *ret);
const char *request_what(const struct request *r, char *buf, size_t size);

#endif
