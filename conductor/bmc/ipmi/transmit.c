/* One packet at a time: what is sent in each phase, how long an answer is waited for, when to
 * pause. */
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"

#define FIRST_TIMEOUT_MS  500
#define TIMEOUT_MIN_MS	  250
#define PATIENCE_MIN_MS	  3
#define PATIENCE_MAX_MS	  50
#define BUSY_TRIES	  8
#define BUSY_PAUSE_MS	  100 /* doubled each time */
#define BUSY_PAUSE_MAX_MS 2000

static unsigned first_wait(const struct ipmi_bmc *b)
{
	unsigned first = b->traits.first_timeout_ms ? b->traits.first_timeout_ms : FIRST_TIMEOUT_MS;
	unsigned wait, gap = pace_gap_ms(b);

	if (!b->srtt_us)
		return first > b->slow_ms ? first : b->slow_ms;
	wait = (b->srtt_us + 4 * b->rttvar_us) / 1000 + 1;
	if (wait < b->slow_ms)
		wait = b->slow_ms;
	if (wait < gap)
		wait = gap; /* a repetition is a request, too */
	return wait < TIMEOUT_MIN_MS ? TIMEOUT_MIN_MS : wait;
}

/*
 * How long a BMC that does not answer keeps its place in the window: half as long again as an
 * answer takes. A thousand that are silent would cost those that are alive all of that time
 * otherwise.
 */
static uint8_t patience(const struct ipmi_engine *e)
{
	unsigned ms = 3 * e->rtt_us / 2000 + 1;

	if (ms > PATIENCE_MAX_MS)
		return PATIENCE_MAX_MS;
	return (uint8_t)(ms < PATIENCE_MIN_MS ? PATIENCE_MIN_MS : ms);
}

void transmit_enter(struct ipmi_bmc *b, enum bmc_phase phase)
{
	b->phase = phase;
	b->sends = 0;
	b->wait_ms = first_wait(b);
	transmit_phase(b);
}

/* Waits without a packet on its way; others may use the place in the window. */
void transmit_pause(struct ipmi_bmc *b, int64_t ms)
{
	b->phase = PHASE_PAUSE;
	b->pause_why = NULL;
	b->pause_sessions = false;
	b->phase_due_ms = engine_now(b->engine) + ms;
	engine_leave_window(b->engine, b);
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
	return wire_message_set_lun(
		out, r->lun, wire_message_build(out, r->netfn, b->rqseq, r->cmd, r->data, r->len));
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

void transmit_phase(struct ipmi_bmc *b)
{
	uint8_t packet[SESSION_SEAL_MAX];
	int r;

	b->sent_ns = uv_hrtime();
	b->phase_due_ms = engine_now(b->engine) + b->wait_ms;
	if (b->sends++)
		b->retransmitted++;
	if (b->in_window && bmc_is_dead(b->last_errno))
		engine_leave_window(b->engine, b); /* it is asked, but nobody waits for it */
	b->patience_ms = patience(b->engine);
	if (b->in_window && b->wait_ms > b->patience_ms)
		b->phase_due_ms -= b->wait_ms - b->patience_ms;
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

/*
 * Round trip estimate, RFC 6298. An answer to a packet sent twice tells nothing but that the time
 * was too short: what it was in the end is kept until an answer comes in time.
 */
void transmit_answered(struct ipmi_bmc *b)
{
	unsigned us = (unsigned)((uv_hrtime() - b->sent_ns) / 1000), diff;
	struct ipmi_engine *e = b->engine;

	b->answered_ms = engine_now(e);
	b->slow_ms = b->sends > 1 ? b->wait_ms : 0;
	if (b->sends > 1)
		return;
	diff = us < 1000 * PATIENCE_MAX_MS ? us : 1000 * PATIENCE_MAX_MS;
	e->rtt_us = (31 * e->rtt_us + diff) / 32;
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

static void ask_later(struct ipmi_bmc *b, const char *why)
{
	struct request *r = b->current;
	int64_t ms = (int64_t)BUSY_PAUSE_MS << (r->busy < 8 ? r->busy : 8);

	if (r->busy < UINT8_MAX)
		r->busy++;
	transmit_pause(b, ms < BUSY_PAUSE_MAX_MS ? ms : BUSY_PAUSE_MAX_MS);
	b->pause_why = why;
}

/* Asks again after a while; false when that was done often enough. */
bool transmit_later(struct ipmi_bmc *b, const char *why)
{
	struct request *r = b->current;
	unsigned most = b->traits.busy_tries ? b->traits.busy_tries : BUSY_TRIES;

	if (r->busy_tries && r->busy_tries < most)
		most = r->busy_tries;
	if (r->busy >= most)
		return false;
	ask_later(b, why);
	return true;
}

/*
 * A session that nobody ended (its client was killed, perhaps that was us) is over after a minute:
 * a command waits for that as long as it may. IPMI 2.0, 6.12.15: 60 s +/- 3 s.
 */
bool transmit_when_free(struct ipmi_bmc *b, const char *why)
{
	const struct request *r = b->current;
	bool limited =
		r->priority != IPMI_PRIORITY_COMMAND || r->busy_tries || b->traits.busy_tries;

	if (limited && !transmit_later(b, why))
		return false;
	if (!limited)
		ask_later(b, why);
	b->pause_sessions = true;
	return true;
}
