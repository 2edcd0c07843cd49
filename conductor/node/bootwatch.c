/*
 * A machine that is to come by network: whether it moves, when its boot begins once more, and when
 * that was in vain. A machine that was seen making progress is never switched.
 */
#include "conductor/node/run.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

#include <stdio.h>

#define BOOTS_AGAIN_MAX 1 /* a boot that came to nothing twice will the third time, too */

bool boot_is_awaited(const struct enode *e)
{
	const struct flow_call *call = e->run ? run_call(e) : NULL;

	return call && e->slot_wanted == SLOT_NONE &&
	       (call->kind == CALL_HEARTBEAT || call->kind == CALL_INSPECTION);
}

void boot_begins(struct enode *e)
{
	e->boot_since_ms = e->boot_moved_ms = time_mono_ms();
	e->powered_us = time_wall_us();
	e->boot_stage = STAGE_NONE;
	e->boot_busy = false;
	free(TAKE_PTR(e->refused));
}

/* The last time something moved: the boot path, the agent, or the node's own state. */
static int64_t moved_ms(const struct enode *e)
{
	int64_t at = e->state_since_ms;

	if (e->boot_moved_ms > at)
		at = e->boot_moved_ms;
	if (e->agent_seen_ms > at)
		at = e->agent_seen_ms;
	return at;
}

/* The second try gets twice the time: the machine may just be slow. */
static int64_t patience_ms(const struct enode *e)
{
	return (int64_t)e->en->config.boot_retry_s * 1000 * (e->boots + 1);
}

/* Without calls to make it over again, as after a fast track's hand-over, there is no second try.
 */
static bool can_begin_again(const struct enode *e)
{
	const struct flow_call *before = run_call_before(e);

	return e->boots < BOOTS_AGAIN_MAX && before && before->boots != BOOTS_NOT;
}

int64_t boot_due_ms(const struct enode *e)
{
	int retry_s = e->en->config.boot_retry_s, limit_s = state_limit_s(e);

	if (retry_s <= 0 || !boot_is_awaited(e) || (!e->boots && !can_begin_again(e)))
		return 0;
	if (limit_s && limit_s < 2 * retry_s)
		return 0; /* no time for a second try */
	return moved_ms(e) + patience_ms(e);
}

static void begin_again(struct enode *e)
{
	char last[500], cause[700];

	bootlog_last(e, last, sizeof(last));
	snprintf(cause, sizeof(cause),
		"no progress for %d s, so the boot device is set again and the machine restarted, "
		"once: %s",
		e->en->config.boot_retry_s, last);
	run_boot_again(e, cause);
}

void boot_look(struct enode *e)
{
	int64_t due = boot_due_ms(e);

	if (!due || e->maintenance || e->boot_busy || time_mono_ms() < due)
		state_look_again(e);
	else if (can_begin_again(e))
		begin_again(e);
	else
		run_wait_failed(e);
}

void boot_way(struct enode *e, char *buf, size_t size)
{
	buf[0] = '\0';
	if (boot_is_awaited(e) && e->powered_us)
		bootlog_way(e, buf, size);
}

void agent_last(const struct enode *e, char *buf, size_t size)
{
	char when[TIME_TEXT_MAX];
	int64_t ago_us = (time_mono_ms() - e->agent_seen_ms) * 1000;

	if (e->agent_seen_ms)
		snprintf(buf, size, "the agent was last heard at %s; look at the machine's console",
			boot_clock(time_wall_us() - ago_us, when, sizeof(when)));
	else
		snprintf(buf, size, "the agent was not heard since the conductor was restarted");
}
