/*
 * One request's way over the wire: which packet comes next, when it is sent again, what an answer
 * means, and when to give up. The phases are those of enum bmc_phase from AUTH_CAPS on.
 */
#include <errno.h>
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"

#define FIRST_TIMEOUT_MS  500
#define TIMEOUT_MIN_MS	  250
#define TIMEOUT_MAX_MS	  8000
#define TRIES		  4
#define TRIES_KEPT	  2    /* on a session that was open before the request */
#define FRESH_MS	  3000 /* so long after an answer a session is taken for alive */
#define BUSY_TRIES	  8
#define BUSY_PAUSE_MS	  100 /* doubled each time */
#define BUSY_PAUSE_MAX_MS 2000
#define RESTARTS	  2

static void send_phase(struct ipmi_bmc *b);

static unsigned first_wait(const struct ipmi_bmc *b)
{
	unsigned first = b->traits.first_timeout_ms ? b->traits.first_timeout_ms : FIRST_TIMEOUT_MS;
	unsigned wait;

	if (!b->srtt_us)
		return first;
	wait = (b->srtt_us + 4 * b->rttvar_us) / 1000 + 1;
	return wait < TIMEOUT_MIN_MS ? TIMEOUT_MIN_MS : wait;
}

static void enter(struct ipmi_bmc *b, enum bmc_phase phase)
{
	b->phase = phase;
	b->sends = 0;
	b->wait_ms = first_wait(b);
	send_phase(b);
}

/* Waits without a packet on its way; others may use the place in the window. */
static void pause_for(struct ipmi_bmc *b, int64_t ms)
{
	b->phase = PHASE_PAUSE;
	b->phase_due_ms = engine_now(b->engine) + ms;
	engine_leave_window(b->engine, b);
}

static const struct cipher_suite *suite_now(const struct ipmi_bmc *b)
{
	return cipher_suite_find(
		b->traits.cipher_suite ? b->traits.cipher_suite : b->suites[b->suite_at]);
}

static uint8_t login_privilege(const struct ipmi_bmc *b)
{
	uint8_t limit = b->traits.privilege;

	return limit && limit < b->privilege ? limit : b->privilege;
}

static void open_session(struct ipmi_bmc *b)
{
	uint8_t random[16];

	bmc_drop_session(b, false);
	engine_random(b->engine, random, sizeof(random));
	b->session = xmalloc(sizeof(*b->session));
	session_init(b->session, suite_now(b), directory_new_id(b->engine, b), ++b->tag,
		login_privilege(b), random);
	b->current->opened = true;
	b->heard_caps = b->heard_pong = b->no_rmcpp = false;
	enter(b, PHASE_OPEN);
}

/* The next message of a session that is open, unless the BMC wants a pause first. */
static void enter_message(struct ipmi_bmc *b, enum bmc_phase phase)
{
	int64_t now = engine_now(b->engine);

	if (b->traits.gap_ms && now < b->next_ms) {
		pause_for(b, b->next_ms - now);
		return;
	}
	b->rqseq = (b->rqseq + 1) & 0x3f;
	enter(b, phase);
}

void exchange_start(struct ipmi_bmc *b)
{
	struct request *r = b->current;
	uint8_t want;

	if (!b->session_open) {
		if (b->traits.quirks & BMC_QUIRK_ASK_AUTH_CAPS)
			enter(b, PHASE_AUTH_CAPS);
		else
			open_session(b);
		return;
	}
	want = r->privilege ? r->privilege : b->session->privilege_max;
	if (want > b->session->privilege_max)
		want = b->session->privilege_max;
	if (r->once && engine_now(b->engine) - b->session_used_ms > FRESH_MS)
		enter_message(b, PHASE_PROBE);
	else if (want > b->session->privilege_now &&
		 !(b->traits.quirks & BMC_QUIRK_NO_SET_PRIVILEGE))
		enter_message(b, PHASE_PRIVILEGE);
	else
		enter_message(b, PHASE_REQUEST);
}

/* The message of the phase, before it is sealed. */
static size_t build_message(struct ipmi_bmc *b, uint8_t *out)
{
	struct request *r = b->current;
	uint8_t level;

	if (b->phase == PHASE_PROBE) /* Get Device ID */
		return wire_message_build(out, 0x06, b->rqseq, 0x01, NULL, 0);
	if (b->phase == PHASE_PRIVILEGE) { /* Set Session Privilege Level */
		level = r->privilege ? r->privilege : b->session->privilege_max;
		if (level > b->session->privilege_max)
			level = b->session->privilege_max;
		return wire_message_build(out, 0x06, b->rqseq, 0x3b, &level, 1);
	}
	return wire_message_build(out, r->netfn, b->rqseq, r->cmd, r->data, r->len);
}

static size_t build_packet(struct ipmi_bmc *b, uint8_t *out)
{
	uint8_t message[WIRE_MESSAGE_MIN + IPMI_DATA_MAX], iv[16];
	size_t len;

	switch (b->phase) {
	case PHASE_AUTH_CAPS:
		return wire_auth_caps_build(out, b->tag & 0x3f, login_privilege(b));
	case PHASE_OPEN:
		return session_open_request(b->session, out);
	case PHASE_RAKP1:
		return session_rakp1(b->session, &b->who, out);
	case PHASE_RAKP3:
		return session_rakp3(b->session, &b->who, 0, out);
	default:
		len = build_message(b, message);
		engine_random(b->engine, iv, sizeof(iv));
		return session_seal(b->session, message, len, iv, out);
	}
}

/* Is anybody there at all? What answers decides what the error says. */
static void send_questions(struct ipmi_bmc *b)
{
	uint8_t packet[64];

	(void)net_send(b, packet, wire_ping_build(packet, b->tag));
	(void)net_send(b, packet, wire_auth_caps_build(packet, b->tag & 0x3f, login_privilege(b)));
}

static void send_phase(struct ipmi_bmc *b)
{
	uint8_t packet[SESSION_SEAL_MAX];
	int r;

	b->sent_ns = uv_hrtime();
	b->phase_due_ms = engine_now(b->engine) + b->wait_ms;
	if (b->sends++)
		b->retransmitted++;
	r = net_send(b, packet, build_packet(b, packet));
	if (r < 0) {
		bmc_drop_session(b, false);
		bmc_fail(b, IPMI_E_UNREACHABLE,
			"cannot send: %s; check the conductor's own network", strerror(-r));
		return;
	}
	if (b->phase == PHASE_OPEN && b->sends > 1)
		send_questions(b);
}

/* Round trip estimate, RFC 6298; an answer to a packet sent twice tells nothing. */
static void note_answer(struct ipmi_bmc *b)
{
	unsigned us = (unsigned)((uv_hrtime() - b->sent_ns) / 1000), diff;

	b->answered_ms = engine_now(b->engine);
	if (b->sends > 1)
		return;
	if (!b->srtt_us) {
		b->srtt_us = us ? us : 1;
		b->rttvar_us = us / 2;
		return;
	}
	diff = us > b->srtt_us ? us - b->srtt_us : b->srtt_us - us;
	b->rttvar_us = (3 * b->rttvar_us + diff) / 4;
	b->srtt_us = (7 * b->srtt_us + us) / 8;
	if (!b->srtt_us)
		b->srtt_us = 1;
}

/* Tries a cipher suite that this request has not tried; false when there is none. */
static bool next_suite(struct ipmi_bmc *b)
{
	struct request *r = b->current;

	if (b->traits.cipher_suite)
		return false;
	r->suites_tried |= (uint8_t)(1 << b->suite_at);
	for (uint8_t i = 0; b->suites[i]; i++)
		if (!(r->suites_tried & 1 << i)) {
			b->suite_at = i;
			open_session(b);
			return true;
		}
	return false;
}

static const char *suites_text(const struct ipmi_bmc *b, char *buf, size_t size)
{
	size_t n = 0;

	if (b->traits.cipher_suite) {
		snprintf(buf, size, "%u", b->traits.cipher_suite);
		return buf;
	}
	for (int i = 0; b->suites[i] && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%u", i ? ", " : "", b->suites[i]);
	return buf;
}

/* Asks again after a while; false when that was done often enough. */
static bool later(struct ipmi_bmc *b)
{
	struct request *r = b->current;
	unsigned most = b->traits.busy_tries ? b->traits.busy_tries : BUSY_TRIES;
	int64_t ms = BUSY_PAUSE_MS;

	if (r->busy >= most)
		return false;
	ms <<= r->busy < 8 ? r->busy : 8;
	r->busy++;
	pause_for(b, ms < BUSY_PAUSE_MAX_MS ? ms : BUSY_PAUSE_MAX_MS);
	return true;
}

static void on_status(struct ipmi_bmc *b, uint8_t status)
{
	const struct rakp_status *st = rakp_status_find(status);
	const char *doing = bmc_phase_names[b->phase];
	char suites[32];

	switch (st->action) {
	case RAKP_NEXT_SUITE:
		if (next_suite(b))
			return;
		bmc_fail(b, st->code,
			"%s, the BMC accepts none of the cipher suites %s: status %02Xh (%s); %s",
			doing, suites_text(b, suites, sizeof(suites)), status, st->text,
			st->advice);
		b->suite_at = 0;
		return;
	case RAKP_LATER:
		bmc_drop_session(b, false);
		if (later(b))
			return;
		break;
	case RAKP_RESTART:
		if (b->current->restarts++ < RESTARTS) {
			open_session(b);
			return;
		}
		break;
	case RAKP_FAIL:
		break;
	}
	bmc_fail(b, st->code, "%s at level %u, the BMC answered status %02Xh (%s); %s", doing,
		login_privilege(b), status, st->text, st->advice);
}

static void on_open_session(struct ipmi_bmc *b)
{
	b->session_open = true;
	b->session_used_ms = engine_now(b->engine);
	b->suite_good = b->session->suite->id;
	exchange_start(b);
}

static void on_bad_password(struct ipmi_bmc *b)
{
	uint8_t packet[SESSION_SEAL_MAX];

	/* Says so to the BMC, which frees its session slot. */
	(void)net_send(b, packet, session_rakp3(b->session, &b->who, 0x0f, packet));
	bmc_fail(b, IPMI_E_PASSWORD,
		"the BMC proved that it knows another password than ours (RAKP 2); check "
		"ipmi_password, "
		"and ipmi_username, as many BMCs answer so for a user they do not know");
}

static void on_verdict(struct ipmi_bmc *b, enum session_verdict verdict, uint8_t status)
{
	switch (verdict) {
	case SESSION_IGNORE:
		b->dropped++;
		return;
	case SESSION_STATUS:
		note_answer(b);
		on_status(b, status);
		return;
	case SESSION_BAD_PASSWORD:
		on_bad_password(b);
		return;
	case SESSION_BAD_KEY:
		bmc_fail(b, IPMI_E_KG,
			"the password is right, but the BMC made the session's keys with another "
			"K_g "
			"(RAKP 4); set ipmi_kg to the BMC key%s",
			b->who.has_kg ? "" : ", or clear the key on the BMC");
		return;
	case SESSION_BAD_ANSWER:
		if (!next_suite(b))
			bmc_fail(b, IPMI_E_CIPHER,
				"the BMC agreed to another cipher suite than it was asked for; "
				"set ipmi_cipher_suite to one that it has enabled");
		return;
	case SESSION_OK:
		break;
	}
	note_answer(b);
	if (b->phase == PHASE_RAKP3)
		on_open_session(b);
	else
		enter(b, b->phase == PHASE_OPEN ? PHASE_RAKP1 : PHASE_RAKP3);
}

static void on_handshake(struct ipmi_bmc *b, const struct wire_packet *w)
{
	enum session_verdict verdict = SESSION_IGNORE;
	struct credentials zero_kg;
	uint8_t status = 0;

	if (b->phase == PHASE_OPEN && w->payload_type == WIRE_PAYLOAD_OPEN_RESPONSE)
		verdict = session_open_response(b->session, w->payload, w->payload_len, &status);
	else if (b->phase == PHASE_RAKP1 && w->payload_type == WIRE_PAYLOAD_RAKP2)
		verdict = session_rakp2(b->session, &b->who, w->payload, w->payload_len, &status);
	else if (b->phase == PHASE_RAKP3 && w->payload_type == WIRE_PAYLOAD_RAKP4) {
		zero_kg = b->who;
		zero_kg.has_kg |= (b->traits.quirks & BMC_QUIRK_ZERO_KG) != 0;
		verdict = session_rakp4(b->session, &zero_kg, w->payload, w->payload_len, &status);
		mem_wipe(&zero_kg, sizeof(zero_kg));
	}
	on_verdict(b, verdict, status);
}

static void store_result(struct request *r, const struct wire_message *m)
{
	r->answered = true;
	r->result.cc = m->cc;
	r->result.len = (uint8_t)(m->len < sizeof(r->data) ? m->len : sizeof(r->data));
	memcpy(r->data, m->data, r->result.len);
}

static void fail_completion(struct ipmi_bmc *b, uint8_t cc)
{
	static const struct {
		enum cc_action action;
		int code;
		const char *advice;
	} ways[] = {
		{CC_FAIL, IPMI_E_COMMAND, "see the BMC's event log"},
		{CC_BUSY, IPMI_E_BUSY, "wait, or reset the BMC if it stays so"},
		{CC_PRIVILEGE, IPMI_E_PRIVILEGE,
			"give the BMC's user a higher level, or raise ipmi_priv_level"},
		{CC_UNSUPPORTED, IPMI_E_UNSUPPORTED,
			"this BMC cannot do that; update its firmware"},
	};
	enum cc_action action = ipmi_cc_action(cc);

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (ways[i].action == action)
			bmc_fail(b, ways[i].code, "the BMC answered %02Xh (%s)%s; %s", cc,
				ipmi_cc_text(cc),
				action == CC_BUSY ? ", each time it was asked" : "",
				ways[i].advice);
}

/* An answer that no general rule takes care of: the command decides. */
static void on_command_answer(struct ipmi_bmc *b, const struct wire_message *m)
{
	struct request *r = b->current;
	enum command_verdict verdict = m->cc ? COMMAND_FAILED : COMMAND_DONE;
	struct err err = {0};

	if (r->command->answer)
		verdict = r->command->answer(r, m, &err);
	switch (verdict) {
	case COMMAND_AGAIN:
		r->command->prepare(r);
		exchange_start(b);
		return;
	case COMMAND_DONE:
		store_result(r, m);
		bmc_finish(b);
		return;
	case COMMAND_FAILED:
		store_result(r, m);
		if (err.code)
			bmc_fail(b, err.code, "%s", err.text);
		else
			fail_completion(b, r->first_cc ? r->first_cc : m->cc);
		return;
	}
}

static void on_answer(struct ipmi_bmc *b, const struct wire_message *m)
{
	struct request *r = b->current;
	enum cc_action action = m->cc ? ipmi_cc_action(m->cc) : CC_FAIL;

	/* A time-out inside the BMC leaves open whether it was carried out. */
	if (action == CC_BUSY && !(r->once && (m->cc == 0xc3 || m->cc == 0xcf)) && later(b))
		return;
	if (action == CC_PRIVILEGE && !r->raised &&
		b->session->privilege_now < b->session->privilege_max) {
		r->raised = true;
		r->privilege = b->session->privilege_max;
		exchange_start(b);
		return;
	}
	on_command_answer(b, m);
}

static void on_privilege(struct ipmi_bmc *b, const struct wire_message *m)
{
	struct request *r = b->current;
	uint8_t want = r->privilege ? r->privilege : b->session->privilege_max;

	if (m->cc == 0) {
		b->session->privilege_now =
			want < b->session->privilege_max ? want : b->session->privilege_max;
		exchange_start(b);
	} else if (ipmi_cc_action(m->cc) != CC_BUSY || !later(b)) {
		store_result(r, m);
		bmc_fail(b, IPMI_E_PRIVILEGE,
			"the BMC refused privilege level %u (Set Session Privilege Level: %02Xh, "
			"%s); "
			"give the BMC's user that level on its LAN channel",
			want, m->cc,
			m->cc == 0x80 || m->cc == 0x81 ? "above the user's limit"
						       : ipmi_cc_text(m->cc));
	}
}

/* Does the message answer the one that is on its way? */
static bool is_answer(const struct ipmi_bmc *b, const struct wire_message *m)
{
	uint8_t netfn = 0x06, cmd = 0x01;

	if (b->phase == PHASE_PRIVILEGE) {
		cmd = 0x3b;
	} else if (b->phase == PHASE_REQUEST) {
		netfn = b->current->netfn;
		cmd = b->current->cmd;
	} else if (b->phase != PHASE_PROBE) {
		return false;
	}
	return m->rqseq == b->rqseq && m->netfn == (netfn | 1) && m->cmd == cmd;
}

static void on_sealed(struct ipmi_bmc *b, const uint8_t *packet, const struct wire_packet *w)
{
	uint8_t plain[WIRE_PACKET_MAX];
	struct wire_message m;
	size_t len;

	if (!b->session_open || w->session_id != b->session->local_id ||
		session_open(b->session, packet, w, plain, &len) < 0 ||
		wire_message_parse(plain, len, b->traits.quirks & BMC_QUIRK_IGNORE_CHECKSUM, &m) <
			0 ||
		!is_answer(b, &m)) {
		b->dropped++;
		return;
	}
	note_answer(b);
	b->session_used_ms = b->answered_ms;
	b->next_ms = b->answered_ms + b->traits.gap_ms;
	if (b->phase == PHASE_REQUEST)
		on_answer(b, &m);
	else if (b->phase == PHASE_PRIVILEGE)
		on_privilege(b, &m);
	else
		exchange_start(b);
}

void exchange_input(struct ipmi_bmc *b, const uint8_t *packet, const struct wire_packet *w)
{
	if (!b->current || !b->session) {
		b->dropped++;
		return;
	}
	if (w->payload_type == WIRE_PAYLOAD_IPMI)
		on_sealed(b, packet, w);
	else
		on_handshake(b, w);
	bmc_rearm(b);
}

void exchange_heard(struct ipmi_bmc *b, const struct wire_packet *w)
{
	struct wire_message m;

	if (b->phase != PHASE_OPEN && b->phase != PHASE_AUTH_CAPS)
		return;
	if (w->kind == WIRE_PONG) {
		b->heard_pong = true;
		return;
	}
	if (w->session_id != 0 || wire_message_parse(w->payload, w->payload_len, false, &m) < 0 ||
		m.netfn != 0x07 || m.cmd != 0x38 || m.cc != 0 || m.len < 4)
		return;
	b->heard_caps = true;
	/* Bit 7: the extended capabilities are there; their bit 1: IPMI 2.0. IPMI table 22-15. */
	b->no_rmcpp = !(m.data[1] & 0x80) || !(m.data[3] & 0x02);
	if (b->phase == PHASE_AUTH_CAPS)
		open_session(b);
	bmc_rearm(b);
}

/* Open Session was never answered: what did answer? */
static void give_up_open(struct ipmi_bmc *b)
{
	unsigned sends = b->sends;

	if (b->heard_caps && !b->no_rmcpp && next_suite(b))
		return;
	if (b->heard_caps)
		bmc_fail(b, IPMI_E_NOT_RMCPP, "the BMC speaks IPMI, but %s; %s",
			b->no_rmcpp ? "only version 1.5, without RMCP+"
				    : "left Open Session unanswered",
			b->no_rmcpp ? "update its firmware, or use power_interface=ipmitool with "
				      "ipmi_protocol_version=1.5"
				    : "set ipmi_cipher_suite, or reset the BMC");
	else if (b->heard_pong)
		bmc_fail(b, IPMI_E_NOT_RMCPP,
			"something answers a ping on that UDP port, but no IPMI; enable IPMI over "
			"LAN, "
			"or reset the BMC");
	else
		bmc_fail(b, IPMI_E_SILENT,
			"no answer to anything (Open Session sent %u times, ping, authentication "
			"capabilities); check that the BMC has power and network, its address, and "
			"that "
			"IPMI over LAN is enabled",
			sends);
}

static void give_up(struct ipmi_bmc *b)
{
	struct request *r = b->current;
	const char *doing = bmc_phase_names[b->phase];
	bool sent_command = b->phase == PHASE_REQUEST;
	unsigned sends = b->sends;

	if (b->phase == PHASE_AUTH_CAPS) {
		open_session(b);
		return;
	}
	if (b->phase == PHASE_OPEN) {
		give_up_open(b);
		return;
	}
	/* Some BMCs agree to a suite and then cannot; the next one may do. */
	if ((b->phase == PHASE_RAKP1 || b->phase == PHASE_RAKP3) && next_suite(b))
		return;
	bmc_drop_session(b, false);
	if (!r->opened && !r->reopened && !(r->once && sent_command)) {
		r->reopened = true;
		exchange_start(b);
		return;
	}
	bmc_fail(b, IPMI_E_LOST,
		"the BMC answered at first, then fell silent while %s (sent %u times)%s; %s", doing,
		sends, r->once && sent_command ? "; whether it was carried out is unknown" : "",
		sent_command ? "check the BMC's network, or reset the BMC"
			     : "some BMCs do so for an unknown user: check ipmi_username and "
			       "ipmi_password, then the BMC's network");
}

static unsigned tries(const struct ipmi_bmc *b)
{
	unsigned n = b->traits.tries ? b->traits.tries : TRIES;

	if (b->phase == PHASE_AUTH_CAPS)
		return TRIES_KEPT;
	if (b->phase == PHASE_OPEN && b->heard_caps)
		n = 3;
	/* A kept session may be forgotten; a new one costs less than to go on asking. */
	if (b->phase >= PHASE_PROBE && !b->current->opened &&
		(b->phase == PHASE_PROBE || !b->current->once))
		n = TRIES_KEPT;
	return n;
}

void exchange_overdue(struct ipmi_bmc *b)
{
	if (b->phase == PHASE_PAUSE) {
		exchange_start(b);
		return;
	}
	engine_leave_window(b->engine, b);
	if (b->sends >= tries(b)) {
		give_up(b);
		return;
	}
	b->wait_ms = 2 * b->wait_ms < TIMEOUT_MAX_MS ? 2 * b->wait_ms : TIMEOUT_MAX_MS;
	send_phase(b);
}
