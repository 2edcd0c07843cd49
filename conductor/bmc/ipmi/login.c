/*
 * Opening a session: Open Session and RAKP 1 to 4, the choice of the cipher suite, and what is said
 * of a BMC that does not let us in.
 */
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"

#define RESTARTS 2

static const struct cipher_suite *suite_now(const struct ipmi_bmc *b)
{
	return cipher_suite_find(
		b->traits.cipher_suite ? b->traits.cipher_suite : b->suites[b->suite_at]);
}

uint8_t login_privilege(const struct ipmi_bmc *b)
{
	uint8_t limit = b->traits.privilege;

	return limit && limit < b->privilege ? limit : b->privilege;
}

void login_start(struct ipmi_bmc *b)
{
	uint8_t random[16];

	bmc_drop_session(b, false);
	engine_random(b->engine, random, sizeof(random));
	b->session = xmalloc(sizeof(*b->session));
	session_init(b->session, suite_now(b), directory_new_id(b->engine, b), ++b->tag,
		login_privilege(b), random);
	b->current->opened = true;
	b->heard_caps = b->heard_pong = b->no_rmcpp = false;
	transmit_enter(b, PHASE_OPEN);
}

/*
 * Tries a cipher suite that this request has not tried; false when there is none. Silence is no
 * reason to leave a suite that has worked before.
 */
bool login_next_suite(struct ipmi_bmc *b, bool refused)
{
	struct request *r = b->current;

	if (b->traits.cipher_suite || (!refused && b->suite_good == suite_now(b)->id))
		return false;
	r->suites_tried |= (uint8_t)(1 << b->suite_at);
	for (uint8_t i = 0; b->suites[i]; i++)
		if (!(r->suites_tried & 1 << i)) {
			b->suite_at = i;
			login_start(b);
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

static void on_status(struct ipmi_bmc *b, uint8_t status)
{
	const struct rakp_status *st = rakp_status_find(status);
	const char *doing = bmc_phase_names[b->phase];
	char suites[32];

	switch (st->action) {
	case RAKP_NEXT_SUITE:
		if (login_next_suite(b, true))
			return;
		bmc_fail(b, st->code,
			"%s, the BMC accepts none of the cipher suites %s: status %02Xh (%s); %s",
			doing, suites_text(b, suites, sizeof(suites)), status, st->text,
			st->advice);
		b->suite_at = 0;
		return;
	case RAKP_LATER:
		bmc_drop_session(b, false);
		if (transmit_when_free(b, st->text))
			return;
		break;
	case RAKP_RESTART:
		if (b->current->restarts++ < RESTARTS) {
			login_start(b);
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
	engine_count(&b->engine->stats.sessions, 1);
	b->session_used_ms = engine_now(b->engine);
	b->next_ms = b->session_used_ms + pace_gap_ms(b);
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
		transmit_answered(b);
		on_status(b, status);
		return;
	case SESSION_BAD_PASSWORD:
		on_bad_password(b);
		return;
	case SESSION_BAD_KEY:
		bmc_fail(b, IPMI_E_KG,
			"the password is right, but the BMC made the session's keys with another "
			"K_g "
			"(RAKP 4); set ipmi_hex_kg_key to the BMC key%s",
			b->who.has_kg ? "" : ", or clear the key on the BMC");
		return;
	case SESSION_BAD_ANSWER:
		if (!login_next_suite(b, true))
			bmc_fail(b, IPMI_E_CIPHER,
				"the BMC agreed to another cipher suite than it was asked for; "
				"set ipmi_cipher_suite to one that it has enabled");
		return;
	case SESSION_OK:
		break;
	}
	transmit_answered(b);
	if (b->phase == PHASE_RAKP3)
		on_open_session(b);
	else
		transmit_enter(b, b->phase == PHASE_OPEN ? PHASE_RAKP1 : PHASE_RAKP3);
}

void login_input(struct ipmi_bmc *b, const struct wire_packet *w)
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

void login_heard(struct ipmi_bmc *b, const struct wire_packet *w)
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
		login_start(b);
	bmc_rearm(b);
}

/* Open Session was never answered: what did answer? */
void login_give_up(struct ipmi_bmc *b)
{
	unsigned sends = b->sends;

	if (b->heard_caps && !b->no_rmcpp && login_next_suite(b, false))
		return;
	if (b->heard_caps)
		bmc_fail(b, IPMI_E_NOT_RMCPP, "the BMC speaks IPMI, but %s; %s",
			b->no_rmcpp ? "only version 1.5, without RMCP+"
				    : "left Open Session unanswered",
			b->no_rmcpp ? "update its firmware"
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
