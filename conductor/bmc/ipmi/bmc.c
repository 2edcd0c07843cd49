/* One BMC: its account and address, its queue, and the beginning and end of each request. */
#include "conductor/bmc/ipmi/internal.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "lib/base/str.h"

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

static void fail_all(struct ipmi_bmc *b, enum ipmi_priority up_to, int code, const char *text)
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
		wire_put32(id, b->session->remote_id);
		len = wire_message_build(message, 0x06, b->rqseq++ & 0x3f, 0x3c, id, sizeof(id));
		engine_random(b->engine, iv, sizeof(iv));
		len = session_seal(b->session, message, len, iv, packet);
		(void)net_send(b, packet, len);
	}
	mem_wipe(b->session, sizeof(*b->session));
	free(b->session);
	b->session = NULL;
	b->session_open = false;
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct lookup *l = container_of(req, struct lookup, req);
	struct ipmi_engine *e = l->engine;
	struct ipmi_bmc *b = l->bmc;
	union address a = {0};

	engine_enter(e);
	e->lookups--;
	if (b) {
		b->lookup = NULL;
		b->phase = PHASE_IDLE;
		if (status == 0 && found && found->ai_addrlen <= sizeof(a)) {
			memcpy(&a, found->ai_addr, found->ai_addrlen);
			a.v4.sin_port = htons(b->port);
			directory_set_address(e, b, &a);
		} else {
			fail_all(b, IPMI_PRIORITY_COMMAND, IPMI_E_NAME,
				"the host name has no address; check ipmi_address and the "
				"resolver");
		}
		bmc_kick(b);
	}
	uv_freeaddrinfo(found);
	free(l);
	engine_dispatch(e);
	engine_maybe_delete(e);
}

static void resolve(struct ipmi_bmc *b)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
	struct lookup *l = xcalloc(1, sizeof(*l));

	l->engine = b->engine;
	l->bmc = b;
	if (uv_getaddrinfo(b->engine->loop, &l->req, on_resolved, b->host, NULL, &hints) < 0) {
		free(l);
		fail_all(b, IPMI_PRIORITY_COMMAND, IPMI_E_NAME,
			"this is not a host name; correct ipmi_address");
		b->phase = PHASE_IDLE;
		return;
	}
	b->lookup = l;
	b->engine->lookups++;
	b->phase = PHASE_RESOLVING;
}

static void go_idle(struct ipmi_bmc *b)
{
	b->phase = PHASE_IDLE;
	b->phase_due_ms = NEVER;
	if (!b->session_open)
		return;
	if (b->traits.session_keep_s == 0)
		bmc_drop_session(b, true);
	else
		b->phase_due_ms = b->session_used_ms + b->traits.session_keep_s * 1000;
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
		resolve(b);
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
	r->started_ms = engine_now(b->engine);
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
	if (!b->session_open)
		bmc_drop_session(b, false);
	b->phase = PHASE_IDLE;
	engine_leave_window(b->engine, b);
	return r;
}

void bmc_finish(struct ipmi_bmc *b)
{
	b->last_errno = 0;
	end_request(b, release_current(b));
	bmc_kick(b);
}

/* What makes every other waiting sweep of this BMC as hopeless as the one that found out. */
static bool is_dead(int code)
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
	end_request(b, release_current(b));
	if (is_dead(code)) {
		va_start(ap, fmt);
		err_vset(&why, code, fmt, ap);
		va_end(ap);
		fail_all(b, IPMI_PRIORITY_SWEEP, code, why.text);
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
	if (r && r->deadline_ms <= now)
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
	r->engine = b->engine;
	r->command = command;
	r->privilege = command->privilege;
	r->done = done;
	r->done_data = done_data;
	return r;
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

static int config_check(const struct ipmi_config *c, struct err *err)
{
	if (str_empty(c->address) || strlen(c->address) > 255)
		return err_set(err, EINVAL,
			"the address of the BMC is %s; set ipmi_address to a name or an address",
			str_empty(c->address) ? "missing" : "too long");
	if (c->username && strlen(c->username) > IPMI_USERNAME_MAX)
		return err_set(err, EINVAL,
			"the user name has %zu characters; IPMI allows %d: rename the BMC's user",
			strlen(c->username), IPMI_USERNAME_MAX);
	if (c->password && strlen(c->password) > IPMI_PASSWORD_MAX)
		return err_set(err, EINVAL,
			"the password has %zu bytes; IPMI allows %d: give the BMC's user a shorter "
			"one",
			strlen(c->password), IPMI_PASSWORD_MAX);
	if (c->kg_len > IPMI_KG_MAX || (c->kg_len && !c->kg))
		return err_set(err, EINVAL, "the BMC key (K_g) has %zu bytes; IPMI allows %d",
			c->kg_len, IPMI_KG_MAX);
	if (c->privilege > IPMI_PRIVILEGE_ADMIN)
		return err_set(err, EINVAL,
			"privilege level %u is none of callback (1), user, operator, administrator "
			"(4)",
			c->privilege);
	for (int i = 0; i < 4 && c->cipher_suites[i]; i++)
		if (!cipher_suite_find(c->cipher_suites[i]))
			return err_set(err, EINVAL,
				"cipher suite %u is none of 17 and 3; use one of them, or "
				"power_interface=ipmitool",
				c->cipher_suites[i]);
	return 0;
}

/* An address written out; a name is looked up at the first request. */
static void set_literal(struct ipmi_bmc *b)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST}, *found;
	union address a = {0};

	if (getaddrinfo(b->host, NULL, &hints, &found) != 0)
		return;
	if (found->ai_addrlen <= sizeof(a)) {
		memcpy(&a, found->ai_addr, found->ai_addrlen);
		a.v4.sin_port = htons(b->port);
		directory_set_address(b->engine, b, &a);
		b->literal = true;
	}
	freeaddrinfo(found);
}

static void set_account(struct ipmi_bmc *b, const struct ipmi_config *c)
{
	if (c->username) {
		b->who.username_len = (uint8_t)strlen(c->username);
		memcpy(b->who.username, c->username, b->who.username_len);
	}
	if (c->password)
		memcpy(b->who.password, c->password, strlen(c->password));
	if (c->kg_len)
		memcpy(b->who.kg, c->kg, c->kg_len);
	for (size_t i = 0; i < sizeof(b->who.kg); i++)
		b->who.has_kg |= b->who.kg[i] != 0;
	memcpy(b->suites, c->cipher_suites, 4);
	if (!b->suites[0])
		memcpy(b->suites, (const uint8_t[]){17, 3}, 2);
	b->privilege = c->privilege ? c->privilege : IPMI_PRIVILEGE_ADMIN;
}

int ipmi_bmc_new(struct ipmi_engine *e, const struct ipmi_config *config, struct ipmi_bmc **ret,
	struct err *err)
{
	struct ipmi_bmc *b;
	int r = config_check(config, err);

	if (r < 0)
		return r;
	b = xcalloc(1, sizeof(*b));
	b->engine = e;
	b->host = xstrdup(config->address);
	b->port = config->port ? config->port : IPMI_PORT;
	b->phase_due_ms = NEVER;
	list_init(&b->queue[0]);
	list_init(&b->queue[1]);
	list_init(&b->window_link);
	list_append(&e->bmcs, &b->link);
	set_account(b, config);
	ipmi_bmc_set_traits(b, &config->traits);
	engine_random(e, &b->tag, sizeof(b->tag));
	directory_add(e, b);
	set_literal(b);
	*ret = b;
	return 0;
}

void ipmi_bmc_free(struct ipmi_bmc *b)
{
	if (!b)
		return;
	if (b->current)
		bmc_fail(b, IPMI_E_CANCELED, "canceled, as the BMC is no longer used");
	fail_all(b, IPMI_PRIORITY_COMMAND, IPMI_E_CANCELED,
		"canceled, as the BMC is no longer used");
	bmc_drop_session(b, true);
	engine_leave_window(b->engine, b);
	engine_arm(b->engine, b, NEVER);
	if (b->lookup)
		b->lookup->bmc = NULL;
	directory_remove(b->engine, b);
	list_remove(&b->link);
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
		.sent = b->sent,
		.retransmitted = b->retransmitted,
		.received = b->received,
		.dropped = b->dropped,
	};
}
