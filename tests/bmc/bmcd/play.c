/* One timer for each rule that has a time, and one for each fault that is to end. A fault ends by
 * becoming 0, whatever it was before. */
#include "tests/bmc/bmcd/play.h"

#include <errno.h>

#include "lib/base/list.h"
#include "lib/base/mem.h"

#define SCRIPTS_MAX 64
#define CUES_MAX    100000 /* timers under way */
#define EVERY_BMC   SIZE_MAX

struct play {
	uv_loop_t *loop;
	struct farm *farm;
	uint64_t seed;
	struct list cues;
	size_t n_cues;
	struct script *scripts[SCRIPTS_MAX];
	size_t n_scripts;
};

/* What is to happen at a time. */
struct cue {
	struct list member;
	struct play *play;
	const struct script_rule *rule;
	size_t bmc; /* or EVERY_BMC that the rule means */
	bool ends;  /* the fault is taken away */
	uv_timer_t timer;
};

static void on_cue_closed(uv_handle_t *h)
{
	free(h->data);
}

static void cue_free(struct cue *q)
{
	q->play->n_cues--;
	list_remove(&q->member);
	uv_close((uv_handle_t *)&q->timer, on_cue_closed);
}

static void on_cue(uv_timer_t *t);

static void cue_add(struct play *p, const struct script_rule *rule, size_t bmc, bool ends)
{
	uint32_t ms = ends ? rule->for_ms : rule->when == SCRIPT_ON ? 1 : rule->time_ms;
	struct cue *q;

	if (p->n_cues >= CUES_MAX)
		return;
	q = xcalloc(1, sizeof(*q));
	q->play = p;
	q->rule = rule;
	q->bmc = bmc;
	q->ends = ends;
	p->n_cues++;
	list_append(&p->cues, &q->member);
	uv_timer_init(p->loop, &q->timer);
	q->timer.data = q;
	uv_timer_start(&q->timer, on_cue, ms, rule->when == SCRIPT_EVERY && !ends ? ms : 0);
}

static void act(const struct script_rule *rule, struct farm_node *n, bool ends)
{
	switch (rule->action) {
	case SCRIPT_FAULT: /* looked at when the script was read */
		bmcemu_set_fault(n->bmc, rule->fault, ends ? "0" : rule->value, NULL);
		break;
	case SCRIPT_RESET:
		bmcemu_reset(n->bmc);
		break;
	case SCRIPT_POWER_ON:
	case SCRIPT_POWER_OFF:
		simmachine_set_power(n->machine, rule->action == SCRIPT_POWER_ON);
		break;
	case SCRIPT_REBOOT:
		simmachine_reboot(n->machine);
		break;
	case SCRIPT_CLEAR:
		bmcemu_clear_faults(n->bmc);
		break;
	}
}

/* Acts on one BMC, or on all that the rule means, and sees to the end of it. */
static void perform(struct play *p, const struct script_rule *rule, size_t bmc, bool ends)
{
	size_t from = bmc == EVERY_BMC ? 0 : bmc, to = bmc == EVERY_BMC ? p->farm->n : bmc + 1;

	for (size_t i = from; i < to; i++)
		if (script_rule_means(rule, p->seed, (uint32_t)i))
			act(rule, &p->farm->nodes[i], ends);
	if (rule->for_ms && !ends)
		cue_add(p, rule, bmc, true);
}

static void on_cue(uv_timer_t *t)
{
	struct cue *q = t->data;
	struct play *p = q->play;
	const struct script_rule *rule = q->rule;
	size_t bmc = q->bmc;
	bool ends = q->ends;

	if (rule->when != SCRIPT_EVERY || ends)
		cue_free(q);
	perform(p, rule, bmc, ends);
}

struct play *play_new(uv_loop_t *loop, struct farm *farm, uint64_t seed)
{
	struct play *p = xcalloc(1, sizeof(*p));

	p->loop = loop;
	p->farm = farm;
	p->seed = seed;
	list_init(&p->cues);
	return p;
}

int play_add(struct play *p, struct script *s, struct err *e)
{
	if (p->n_scripts == SCRIPTS_MAX) {
		script_free(s);
		return err_set(e, ENOSPC, "script: %d are being played already", SCRIPTS_MAX);
	}
	p->scripts[p->n_scripts++] = s;
	for (size_t i = 0; i < s->n; i++) {
		if (s->rules[i].when == SCRIPT_ALWAYS)
			perform(p, &s->rules[i], EVERY_BMC, false);
		else if (s->rules[i].when != SCRIPT_ON)
			cue_add(p, &s->rules[i], EVERY_BMC, false);
	}
	return 0;
}

/* A fault acts at once; what moves the machine or the BMC waits until the command that it came from
 * has been answered. */
void play_event(struct play *p, size_t i, enum bmcemu_machine_event event)
{
	for (size_t k = 0; k < p->n_scripts; k++)
		for (size_t n = 0; n < p->scripts[k]->n; n++) {
			const struct script_rule *rule = &p->scripts[k]->rules[n];

			if (rule->when != SCRIPT_ON || rule->event != event ||
				!script_rule_means(rule, p->seed, (uint32_t)i))
				continue;
			if (rule->action == SCRIPT_FAULT)
				perform(p, rule, i, false);
			else
				cue_add(p, rule, i, false);
		}
}

void play_free(struct play *p)
{
	struct cue *q, *next;

	if (!p)
		return;
	list_for_each_safe (q, next, &p->cues, member)
		cue_free(q);
	for (size_t i = 0; i < p->n_scripts; i++)
		script_free(p->scripts[i]);
	free(p);
}
