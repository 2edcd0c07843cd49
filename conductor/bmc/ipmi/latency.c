/* What an operator may want to know: of one BMC how its last request went, of all how long they
 * take. */
#include "conductor/bmc/ipmi/internal.h"

const unsigned ipmi_took_bounds_ms[IPMI_TOOK_BUCKETS] = {
	1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20000};

/* Written by the loop's thread alone, read by any. */
static void add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static void note_took(struct ipmi_latency *s, unsigned ms)
{
	int i = 0;

	while (i < IPMI_TOOK_BUCKETS && ms > ipmi_took_bounds_ms[i])
		i++;
	add(&s->took[i], 1);
	add(&s->sum_ms, ms);
}

void latency_note(struct ipmi_bmc *b, const struct request *r)
{
	struct ipmi_latency *s = &b->engine->latency;
	int64_t now = engine_now(b->engine);

	if (r->err && r->err->code == IPMI_E_CANCELED)
		return;
	b->last.what = r->command->what;
	b->last.netfn = r->netfn;
	b->last.cmd = r->cmd;
	b->last.answered = r->answered;
	b->last.cc = r->answered ? r->result.cc : 0;
	b->last.at_ms = now;
	b->last.took_ms = (unsigned)(now - r->started_ms);
	if (!r->err)
		note_took(s, b->last.took_ms);
}

void ipmi_get_latency(struct ipmi_engine *e, struct ipmi_latency *ret)
{
	const uint64_t *from = (const uint64_t *)&e->latency;
	uint64_t *to = (uint64_t *)ret;

	for (size_t i = 0; i < sizeof(*ret) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}
