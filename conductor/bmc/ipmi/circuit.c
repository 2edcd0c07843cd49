/*
 * The circuit breaker of a BMC. Requests that fail though a working BMC would have answered them
 * are counted; after three in a row the circuit is open: sweeps' requests fail at once and nothing
 * is sent for them, but one after a pause that doubles from 10 s to 300 s, to find out. So a dead
 * BMC costs next to nothing, and one whose password is wrong is not asked until it locks the
 * account. A command is always sent. Pauses differ by up to a fifth, lest those that died together
 * are asked together.
 */
#include <errno.h>
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"
#include "lib/base/str.h"

#define FAILURES_MAX 3
#define PAUSE_MS     10000
#define PAUSE_MAX_MS 300000

/* Does the failure tell of the BMC, and not of what it was asked for? */
static bool counts(int code)
{
	static const int codes[] = {IPMI_E_SILENT, IPMI_E_NOT_RMCPP, IPMI_E_REFUSED,
		IPMI_E_UNREACHABLE, IPMI_E_NAME, IPMI_E_PASSWORD, IPMI_E_USER, IPMI_E_KG,
		IPMI_E_CIPHER, IPMI_E_SESSIONS, IPMI_E_LOST, IPMI_E_DEADLINE};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

static int64_t pause_ms(struct ipmi_bmc *b)
{
	unsigned doubled = b->circuit.failures - FAILURES_MAX;
	int64_t ms = doubled < 5 ? PAUSE_MS << doubled : PAUSE_MAX_MS;
	uint16_t random;

	engine_random(b->engine, &random, sizeof(random));
	return ms - ms / 5 + 2 * ms / 5 * random / UINT16_MAX;
}

void circuit_failed(struct ipmi_bmc *b, int code, const char *why)
{
	struct circuit *c = &b->circuit;
	int64_t now = engine_now(b->engine);

	if (!counts(code))
		return;
	if (c->failures == 0)
		c->since_ms = now;
	if (c->failures < UINT8_MAX)
		c->failures++;
	c->code = code;
	str_replace(&c->why, why);
	if (c->failures < FAILURES_MAX)
		return;
	if (!c->open)
		engine_count(&b->engine->stats.circuits_open, 1);
	c->open = true;
	c->retry_ms = now + pause_ms(b);
}

void circuit_answered(struct ipmi_bmc *b)
{
	if (b->circuit.failures == 0)
		return;
	circuit_done(b);
}

bool circuit_rests(const struct ipmi_bmc *b)
{
	return b->circuit.open && engine_now(b->engine) < b->circuit.retry_ms;
}

bool circuit_probing(const struct ipmi_bmc *b)
{
	return b->circuit.open && b->current && b->current->priority == IPMI_PRIORITY_SWEEP;
}

void circuit_done(struct ipmi_bmc *b)
{
	if (b->circuit.open)
		engine_count(&b->engine->stats.circuits_open, -1);
	free(b->circuit.why);
	b->circuit = (struct circuit){0};
}
