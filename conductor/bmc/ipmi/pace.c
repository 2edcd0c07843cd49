/*
 * Learns how fast a BMC may be asked. Some freeze for seconds when a request follows the last
 * answer too closely. Seen from here: a message sent soon after an answer is not answered, nor when
 * repeated, and a while later the BMC is back as if nothing had been. Then a gap is kept between an
 * answer and the next request, 200 ms at first, three times as much after each further freeze, 5 s
 * at most (what Ironic keeps for every BMC). After an hour without a freeze it is halved, as it may
 * have been the network.
 */
#include "conductor/bmc/ipmi/internal.h"

#define SOON_MS	     1000   /* a request that comes later after an answer is no haste */
#define FREEZE_MS    1000   /* silent for less: a packet was lost */
#define AWAY_MS	     120000 /* silent for longer: it was off or unplugged */
#define GAP_MS	     200
#define GAP_TIMES    3
#define GAP_MAX_MS   5000
#define HEALED_MS    3600000
#define GAP_LEAST_MS 50 /* a smaller one is given up */

unsigned pace_gap_ms(const struct ipmi_bmc *b)
{
	return b->pace.gap_ms > b->traits.gap_ms ? b->pace.gap_ms : b->traits.gap_ms;
}

void pace_sent(struct ipmi_bmc *b)
{
	int64_t after = engine_now(b->engine) - b->answered_ms;

	b->pace.after_ms = b->answered_ms && after < UINT16_MAX ? (uint16_t)after : UINT16_MAX;
}

void pace_silent(struct ipmi_bmc *b)
{
	if (!b->pace.suspected_ms && b->pace.after_ms < SOON_MS)
		b->pace.suspected_ms = engine_now(b->engine);
}

static void set_gap(struct ipmi_bmc *b, unsigned ms)
{
	bool had = b->pace.gap_ms != 0;

	b->pace.gap_ms = ms < GAP_MAX_MS ? (uint16_t)ms : GAP_MAX_MS;
	engine_count(&b->engine->stats.gaps_learned, (b->pace.gap_ms != 0) - had);
	b->pace.changed_ms = engine_now(b->engine);
}

void pace_answered(struct ipmi_bmc *b)
{
	struct pace *p = &b->pace;
	int64_t now = engine_now(b->engine), silent_ms = now - p->suspected_ms;
	unsigned gap = pace_gap_ms(b);

	if (p->suspected_ms) {
		p->suspected_ms = 0;
		if (silent_ms < FREEZE_MS || silent_ms > AWAY_MS)
			return;
		p->freezes++;
		set_gap(b, gap ? GAP_TIMES * gap : GAP_MS);
	} else if (p->gap_ms && now - p->changed_ms > HEALED_MS) {
		set_gap(b, p->gap_ms / 2 < GAP_LEAST_MS ? 0 : p->gap_ms / 2);
	}
}
