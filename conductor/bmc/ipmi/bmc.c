/* One BMC: its account and address, its queue, and the beginning and end of each request. */
#include "conductor/bmc/ipmi/job.h"

#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/str.h"

#define CLOSING_MS 500
#define SWEPT_MS   2000 /* a session that only sweeps use waits so long for another request */

const char *const bmc_phase_names[PHASE_COUNT] = {
	[PHASE_IDLE] = "idle",
	[PHASE_RESOLVING] = "looking up the host name",
	[PHASE_GAP] = "keeping the gap between requests",
	[PHASE_WAITING] = "waiting for its turn among all BMCs",
	[PHASE_AUTH_CAPS] = "asking for authentication capabilities",
	[PHASE_OPEN] = "opening a session",
	[PHASE_RAKP1] = "logging in (RAKP 1)",
	[PHASE_RAKP3] = "logging in (RAKP 3)",
	[PHASE_PROBE] = "checking the kept session",
	[PHASE_PRIVILEGE] = "raising the session's privilege",
	[PHASE_REQUEST] = "waiting for the answer",
	[PHASE_PAUSE] = "pausing, as the BMC wants it",
};

static const char *bmc_name(const struct ipmi_bmc *b, char *buf, size_t size)
{
	bool brackets = strchr(b->host, ':');

	snprintf(buf, size, "%s%.200s%s:%u", brackets ? "[" : "", b->host, brackets ? "]" : "",
		b->port);
	return buf;
}

/* Ends a request that is in no list; its callback comes later. */
static void end_request(struct ipmi_bmc *b, struct request *r)
{
	r->bmc = NULL;
	b->queued--;
	latency_note(b, r);
	engine_ended(b->engine, r);
}

static void __attribute__((format(printf, 4, 0)))
set_error(struct ipmi_bmc *b, struct request *r, int code, const char *fmt, va_list ap)
{
	char where[256], what[64];

	r->err = xcalloc(1, sizeof(*r->err));
	err_vset(r->err, code, fmt, ap);
	err_prefix(r->err, "%s on %s as %s", request_what(r, what, sizeof(what)),
		bmc_name(b, where, sizeof(where)),
		b->who.username_len ? b->who.username : "the anonymous user");
	if (code == IPMI_E_CANCELED)
		return;
	b->failed_ms = engine_now(b->engine);
	b->last_errno = code;
	engine_count(&b->engine->stats.failures, 1);
}

static void __attribute__((format(printf, 4, 5)))
fail_queued(struct ipmi_bmc *b, struct request *r, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_error(b, r, code, fmt, ap);
	va_end(ap);
	list_remove(&r->link);
	end_request(b, r);
}

void bmc_fail_queued(struct ipmi_bmc *b, enum ipmi_priority up_to, int code, const char *text)
{
	struct request *r, *tmp;

	for (int p = 0; p <= (int)up_to; p++)
		list_for_each_safe (r, tmp, &b->queue[p], link)
			fail_queued(b, r, code, "%s", text);
}

static struct request *first_queued(struct ipmi_bmc *b)
{
	struct request *r = list_first(&b->queue[IPMI_PRIORITY_COMMAND], struct request, link);

	return r ? r : list_first(&b->queue[IPMI_PRIORITY_SWEEP], struct request, link);
}

void bmc_drop_session(struct ipmi_bmc *b, bool tell)
{
	uint8_t message[WIRE_MESSAGE_MIN + 4], packet[SESSION_SEAL_MAX], iv[16], id[4];
	size_t len;

	if (!b->session)
		return;
	if (b->session_open && tell) {
		/* Close Session, IPMI 22.19; nobody waits for the answer. */
		put_le32(id, b->session->remote_id);
		len = wire_message_build(message, 0x06, b->rqseq++ & 0x3f, 0x3c, id, sizeof(id));
		engine_random(b->engine, iv, sizeof(iv));
		len = session_seal(b->session, message, len, iv, packet);
		(void)net_send(b, packet, len);
	}
	if (b->session_open)
		engine_count(&b->engine->stats.sessions, -1);
	mem_wipe(b->session, sizeof(*b->session));
	free(b->session);
	b->session = NULL;
	b->session_open = false;
}

/*
 * How long an idle session is kept. For the next sweep only when it will still be good then: the
 * BMC's few places are for others, too.
 */
static int64_t keep_ms(const struct ipmi_bmc *b)
{
	int64_t keep = (int64_t)b->traits.session_keep_s * 1000;
	bool commanded = b->commanded_ms && engine_now(b->engine) - b->commanded_ms < keep;

	if (commanded || b->engine->sweep_every_s < b->traits.session_keep_s || keep < SWEPT_MS)
		return keep;
	return SWEPT_MS;
}

/* Sessions are closed some at a time: waking up for each costs more than to close it. */
static int64_t together(int64_t due_ms)
{
	return (due_ms / CLOSING_MS + 1) * CLOSING_MS;
}

static void go_idle(struct ipmi_bmc *b)
{
	b->phase = PHASE_IDLE;
	b->phase_due_ms = NEVER;
	if (!b->session_open)
		return;
	if (b->traits.session_keep_s == 0 && pace_gap_ms(b) == 0)
		bmc_drop_session(b, true);
	else
		b->phase_due_ms = together(b->session_used_ms + keep_ms(b) + pace_gap_ms(b));
}

void bmc_kick(struct ipmi_bmc *b)
{
	struct request *r = first_queued(b);

	if (b->current || b->phase == PHASE_RESOLVING)
		return;
	if (r && b->on_list && b->list_priority == r->priority)
		return; /* it keeps its place */
	b->phase_due_ms = NEVER;
	if (!r) {
		engine_leave_window(b->engine, b);
		go_idle(b);
	} else if (b->address.any.sa_family == AF_UNSPEC) {
		resolve_start(b);
	} else if (engine_now(b->engine) < b->next_ms) {
		b->phase = PHASE_GAP;
		b->phase_due_ms = b->next_ms;
	} else {
		b->phase = PHASE_WAITING;
		engine_want_window(b->engine, b, r->priority);
	}
	bmc_rearm(b);
}

void bmc_begin(struct ipmi_bmc *b)
{
	struct request *r = first_queued(b);

	if (!r) {
		bmc_kick(b);
		return;
	}
	list_remove(&r->link);
	b->current = r;
	b->engine->in_flight++;
	engine_count(&b->engine->stats.in_flight, 1);
	engine_count(&b->engine->stats.requests, 1);
	exchange_start(b);
	bmc_rearm(b);
}

void bmc_rearm(struct ipmi_bmc *b)
{
	int64_t due = b->phase_due_ms;
	struct request *r;

	if (b->current && b->current->deadline_ms < due)
		due = b->current->deadline_ms;
	for (int p = 0; p < 2; p++)
		list_for_each (r, &b->queue[p], link)
			if (r->deadline_ms < due)
				due = r->deadline_ms;
	engine_arm(b->engine, b, due);
}

/* The current request leaves the BMC, ended or not; the BMC looks for the next. */
static struct request *release_current(struct ipmi_bmc *b)
{
	struct request *r = b->current;

	b->current = NULL;
	b->engine->in_flight--;
	engine_count(&b->engine->stats.in_flight, -1);
	if (!b->session_open)
		bmc_drop_session(b, false);
	b->phase = PHASE_IDLE;
	engine_leave_window(b->engine, b);
	return r;
}

void bmc_finish(struct ipmi_bmc *b)
{
	b->last_errno = 0;
	circuit_answered(b);
	end_request(b, release_current(b));
	bmc_kick(b);
}

/* What makes every other waiting sweep of this BMC as hopeless as the one that found out. */
bool bmc_is_dead(int code)
{
	return code == IPMI_E_SILENT || code == IPMI_E_REFUSED || code == IPMI_E_UNREACHABLE ||
	       code == IPMI_E_NOT_RMCPP;
}

void bmc_fail(struct ipmi_bmc *b, int code, const char *fmt, ...)
{
	struct request *r = b->current;
	struct err why;
	va_list ap;

	va_start(ap, fmt);
	set_error(b, r, code, fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	err_vset(&why, code, fmt, ap);
	va_end(ap);
	if (r->answered)
		circuit_answered(b); /* with a refusal, which is an answer */
	else
		circuit_failed(b, code, why.text);
	end_request(b, release_current(b));
	if (bmc_is_dead(code)) {
		bmc_fail_queued(b, IPMI_PRIORITY_SWEEP, code, why.text);
		/* A name may lead elsewhere by now. */
		if (!b->literal)
			directory_clear_address(b->engine, b);
	}
	bmc_kick(b);
}

static void expire(struct ipmi_bmc *b)
{
	int64_t now = engine_now(b->engine);
	struct request *r, *tmp;

	for (int p = 0; p < 2; p++)
		list_for_each_safe (r, tmp, &b->queue[p], link)
			if (r->deadline_ms <= now)
				fail_queued(b, r, IPMI_E_DEADLINE,
					"its time was over before its turn came: the BMC is %s; "
					"give it more time or look at its other requests",
					bmc_phase_names[b->phase]);
	r = b->current;
	if (r && r->deadline_ms <= now && b->phase == PHASE_PAUSE && b->pause_why)
		bmc_fail(b, b->pause_sessions ? IPMI_E_SESSIONS : IPMI_E_DEADLINE,
			"refused for %lld ms, the last time because: %s; end other users' "
			"sessions, "
			"or wait until they are over",
			(long long)(now - r->started_ms), b->pause_why);
	else if (r && r->deadline_ms <= now)
		bmc_fail(b, IPMI_E_DEADLINE,
			"no answer within %lld ms; it was %s, and the last packet was sent %u "
			"times; "
			"check that the BMC is reachable or give it more time",
			(long long)(now - r->started_ms), bmc_phase_names[b->phase], b->sends);
}

void bmc_timer(struct ipmi_bmc *b)
{
	expire(b);
	if (b->phase_due_ms <= engine_now(b->engine)) {
		b->phase_due_ms = NEVER;
		if (b->current)
			exchange_overdue(b);
		else if (b->phase == PHASE_GAP)
			bmc_kick(b);
		else if (b->phase == PHASE_IDLE)
			bmc_drop_session(b, true);
	}
	bmc_rearm(b);
}

struct request *bmc_request_new(
	struct ipmi_bmc *b, const struct command *command, ipmi_done *done, void *done_data)
{
	struct request *r = xcalloc(1, sizeof(*r));

	list_init(&r->link);
	r->started_ms = engine_now(b->engine);
	r->engine = b->engine;
	r->command = command;
	r->privilege = command->privilege;
	r->done = done;
	r->done_data = done_data;
	return r;
}

/*
 * The session's login, if one is under way, goes on for the command. The sweep's request waits at
 * the head of its queue and is sent anew.
 */
bool bmc_overtake(struct ipmi_bmc *b)
{
	struct request *command = first_queued(b), *sweep = b->current;

	if (!sweep || sweep->priority == IPMI_PRIORITY_COMMAND || !command ||
		command->priority != IPMI_PRIORITY_COMMAND)
		return false;
	list_remove(&command->link);
	list_prepend(&b->queue[IPMI_PRIORITY_SWEEP], &sweep->link);
	command->opened = sweep->opened;
	sweep->opened = false;
	b->current = command;
	return true;
}

/* Somebody waits now for a BMC that had a sweep's request and all the time in the world. */
static void hurry(struct ipmi_bmc *b)
{
	bool silent = b->sends > 1 || b->phase == PHASE_PAUSE, opening = b->phase < PHASE_PROBE;

	if ((!silent && !opening) || !bmc_overtake(b) || !silent)
		return;
	if (opening)
		transmit_enter(b, b->phase);
	else
		exchange_start(b);
}

/* What a sweep hears of a BMC that is left alone. */
static void refuse_sweep(struct ipmi_bmc *b, struct request *r)
{
	const struct circuit *c = &b->circuit;
	int64_t now = engine_now(b->engine);

	engine_count(&b->engine->stats.spared, 1);
	fail_queued(b, r, c->code,
		"not asked again for %lld s, as %u requests in a row have failed, the first of "
		"them %lld s ago (a command would be sent): %s",
		(long long)(c->retry_ms - now + 999) / 1000, c->failures,
		(long long)(now - c->since_ms) / 1000, c->why);
}

ipmi_ticket bmc_submit(struct ipmi_bmc *b, struct request *r, const struct ipmi_opts *opts)
{
	struct ipmi_engine *e = b->engine;
	unsigned deadline_ms = opts && opts->deadline_ms ? opts->deadline_ms : DEADLINE_DEFAULT;
	ipmi_ticket ticket = ++e->last_ticket;

	if (!e->in_callback)
		uv_update_time(e->loop);
	r->bmc = b;
	r->ticket = ticket;
	r->priority = opts && opts->priority == IPMI_PRIORITY_COMMAND ? IPMI_PRIORITY_COMMAND
								      : IPMI_PRIORITY_SWEEP;
	r->deadline_ms = engine_now(e) + deadline_ms;
	list_append(&b->queue[r->priority], &r->link);
	if (b->queued++ >= IPMI_QUEUE_MAX)
		fail_queued(b, r, IPMI_E_QUEUE,
			"%u requests wait for this BMC already; wait until they have ended",
			IPMI_QUEUE_MAX);
	else if (r->len > IPMI_DATA_MAX)
		fail_queued(b, r, EMSGSIZE, "a request carries at most %d bytes", IPMI_DATA_MAX);
	else if (r->priority == IPMI_PRIORITY_SWEEP && circuit_rests(b))
		refuse_sweep(b, r);
	else if (r->priority == IPMI_PRIORITY_COMMAND) {
		b->commanded_ms = engine_now(e);
		if (b->current)
			hurry(b);
	}
	bmc_kick(b);
	bmc_rearm(b);
	if (!e->in_callback)
		engine_admit(e);
	return ticket;
}

static struct request *find(struct ipmi_bmc *b, ipmi_ticket ticket)
{
	struct request *r;

	if (b->current && b->current->ticket == ticket)
		return b->current;
	for (int p = 0; p < 2; p++)
		list_for_each (r, &b->queue[p], link)
			if (r->ticket == ticket)
				return r;
	return NULL;
}

bool ipmi_cancel(struct ipmi_bmc *b, ipmi_ticket ticket)
{
	struct request *r = find(b, ticket);

	if (!r)
		return false;
	if (r == b->current)
		bmc_fail(b, IPMI_E_CANCELED, "canceled");
	else
		fail_queued(b, r, IPMI_E_CANCELED, "canceled");
	bmc_kick(b);
	bmc_rearm(b);
	if (!b->engine->in_callback)
		engine_admit(b->engine);
	return true;
}

int ipmi_bmc_new(struct ipmi_engine *engine, const struct ipmi_config *config,
	struct ipmi_bmc **ret, struct err *e)
{
	struct ipmi_bmc *b;
	int r = account_check(config, e);

	if (r < 0)
		return r;
	if (directory_full(engine))
		return err_set(e, ENOSPC, "a million BMCs are known already");
	b = xcalloc(1, sizeof(*b));
	b->engine = engine;
	b->host = xstrdup(config->address);
	b->port = config->port ? config->port : IPMI_PORT;
	b->phase_due_ms = NEVER;
	list_init(&b->queue[0]);
	list_init(&b->queue[1]);
	list_init(&b->jobs);
	list_init(&b->window_link);
	list_append(&engine->bmcs, &b->link);
	account_set(b, config);
	ipmi_bmc_set_traits(b, &config->traits);
	engine_random(engine, &b->tag, sizeof(b->tag));
	directory_add(engine, b);
	resolve_literal(b);
	*ret = b;
	return 0;
}

void ipmi_bmc_free(struct ipmi_bmc *b)
{
	struct ipmi_job *j, *tmp;

	if (!b)
		return;
	list_for_each_safe (j, tmp, &b->jobs, link) {
		j->bmc = NULL;
		list_remove(&j->link);
	}
	if (b->current)
		bmc_fail(b, IPMI_E_CANCELED, "canceled, as the BMC is no longer used");
	bmc_fail_queued(b, IPMI_PRIORITY_COMMAND, IPMI_E_CANCELED,
		"canceled, as the BMC is no longer used");
	bmc_drop_session(b, true);
	engine_leave_window(b->engine, b);
	engine_arm(b->engine, b, NEVER);
	if (b->lookup)
		b->lookup->bmc = NULL;
	directory_remove(b->engine, b);
	list_remove(&b->link);
	engine_count(&b->engine->stats.gaps_learned, b->pace.gap_ms ? -1 : 0);
	circuit_done(b);
	free(b->host);
	mem_wipe(b, sizeof(*b));
	free(b);
}

void ipmi_bmc_set_traits(struct ipmi_bmc *b, const struct bmc_traits *traits)
{
	b->traits = *traits;
	if (!cipher_suite_find(b->traits.cipher_suite))
		b->traits.cipher_suite = 0;
}

bool ipmi_bmc_rests(const struct ipmi_bmc *b)
{
	return circuit_rests(b);
}

void ipmi_bmc_status(const struct ipmi_bmc *b, struct ipmi_bmc_status *ret)
{
	*ret = (struct ipmi_bmc_status){
		.address = b->host,
		.phase = bmc_phase_names[b->phase],
		.cipher_suite = b->suite_good,
		.session = b->session_open,
		.queued = b->queued,
		.rtt_ms = (b->srtt_us + 500) / 1000,
		.answered_ms = b->answered_ms,
		.failed_ms = b->failed_ms,
		.last_errno = b->last_errno,
		.failures = b->circuit.failures,
		.open = b->circuit.open,
		.probing = circuit_probing(b),
		.failing_since_ms = b->circuit.since_ms,
		.retry_ms = b->circuit.retry_ms,
		.why = b->circuit.why,
		.refused = b->phase == PHASE_PAUSE ? b->pause_why : NULL,
		.gap_ms = pace_gap_ms(b),
		.learned_gap_ms = b->pace.gap_ms,
		.freezes = b->pace.freezes,
		.sent = b->sent,
		.retransmitted = b->retransmitted,
		.received = b->received,
		.dropped = b->dropped,
		.last_what = b->last.what,
		.last_netfn = b->last.netfn,
		.last_cmd = b->last.cmd,
		.last_cc = b->last.cc,
		.last_answered = b->last.answered,
		.last_took_ms = b->last.took_ms,
		.last_ms = b->last.at_ms,
	};
}
