/*
 * One request's way over the wire, once a session is open: which message comes next, what an answer
 * means, and when to give up. login.c opens the session, transmit.c sends and waits.
 */
#include <errno.h>
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"

#define TRIES	   4
#define TRIES_KEPT 2	/* on a session that was open before the request */
#define FRESH_MS   3000 /* so long after an answer a session is taken for alive */

/* The next message of a session that is open, unless the BMC wants a pause first. */
static void enter_message(struct ipmi_bmc *b, enum bmc_phase phase)
{
	int64_t now = engine_now(b->engine);

	if (pace_gap_ms(b) && now < b->next_ms) {
		transmit_pause(b, b->next_ms - now);
		return;
	}
	b->rqseq = (b->rqseq + 1) & 0x3f;
	pace_sent(b);
	transmit_enter(b, phase);
}

void exchange_start(struct ipmi_bmc *b)
{
	struct request *r = b->current;
	uint8_t want;

	if (!b->session_open) {
		if (b->traits.quirks & BMC_QUIRK_ASK_AUTH_CAPS)
			transmit_enter(b, PHASE_AUTH_CAPS);
		else
			login_start(b);
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
		if (r->command->ends_session)
			bmc_drop_session(b, false);
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
	if (action == CC_BUSY && !(r->once && (m->cc == 0xc3 || m->cc == 0xcf)) &&
		transmit_later(b, ipmi_cc_text(m->cc)))
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
	} else if (ipmi_cc_action(m->cc) != CC_BUSY || !transmit_later(b, ipmi_cc_text(m->cc))) {
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
	pace_answered(b);
	transmit_answered(b);
	b->session_used_ms = b->answered_ms;
	b->next_ms = b->answered_ms + pace_gap_ms(b);
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
		login_input(b, w);
	bmc_rearm(b);
}

static void give_up(struct ipmi_bmc *b)
{
	struct request *r = b->current;
	const char *doing = bmc_phase_names[b->phase];
	bool sent_command = b->phase == PHASE_REQUEST;
	unsigned sends = b->sends;

	if (b->phase == PHASE_AUTH_CAPS) {
		login_start(b);
		return;
	}
	if (b->phase == PHASE_OPEN) {
		login_give_up(b);
		return;
	}
	/* Some BMCs agree to a suite and then cannot; the next one may do. */
	if ((b->phase == PHASE_RAKP1 || b->phase == PHASE_RAKP3) && login_next_suite(b, false))
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
	/* Is it back? Nobody waits for the answer. */
	if (b->phase == PHASE_OPEN && circuit_probing(b))
		n = TRIES_KEPT;
	return n;
}

void exchange_overdue(struct ipmi_bmc *b)
{
	if (b->phase == PHASE_PAUSE) {
		exchange_start(b);
		return;
	}
	if (b->in_window) {
		engine_leave_window(b->engine, b);
		if (b->wait_ms > b->patience_ms) {
			b->phase_due_ms = engine_now(b->engine) + b->wait_ms - b->patience_ms;
			return;
		}
	}
	if (b->phase >= PHASE_PROBE && b->sends > 1)
		pace_silent(b);
	if (bmc_overtake(b)) {
		/* an answer that comes late is another message's */
		if (b->phase < PHASE_PROBE)
			transmit_enter(b, b->phase);
		else
			exchange_start(b);
		return;
	}
	if (b->sends >= tries(b)) {
		give_up(b);
		return;
	}
	b->wait_ms = 2 * b->wait_ms < TIMEOUT_MAX_MS ? 2 * b->wait_ms : TIMEOUT_MAX_MS;
	transmit_phase(b);
}
