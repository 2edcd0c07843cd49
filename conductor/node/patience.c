/*
 * A BMC that falls silent in the middle of a flow is not dead: it starts anew, which takes a minute
 * or two, or its network does. What was asked of it is asked again as long as patience lasts; see
 * run.h. What is silent at the first question of a flow is told at once.
 */
#include "conductor/node/run.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <errno.h>

#define PAUSE_MS	5000	       /* before it is asked again */
#define SESSIONS_END_MS INT64_C(75000) /* IPMI 2.0, 6.12.15: 60 s, and some */

/* Nobody there, or there no more: the ways a transport says it. */
static bool is_silence(int result)
{
	return result == -ETIMEDOUT || result == -ECONNREFUSED || result == -EHOSTUNREACH ||
	       result == -ENETUNREACH || result == -ECONNRESET || result == -ETIME;
}

/*
 * A conductor that was killed has left its sessions in the BMCs, which forget them after a minute.
 * A BMC that had no session for us was not told anything, so the call begins again.
 */
static bool sessions_will_end(const struct enode *e, int result)
{
	return result == -EUSERS && run_call(e)->kind == CALL_OP && !run_call(e)->once &&
	       time_mono_ms() - e->en->started_ms < SESSIONS_END_MS;
}

static void ask_again(struct enode *e, int64_t since_ms, int64_t until_ms, const struct err *err)
{
	e->pausing = true;
	enode_arm(e, PAUSE_MS);
	enode_waits(e, until_ms, "%s: the BMC fell silent %lld s ago and is asked again (%s)",
		run_call(e)->what, (long long)(time_mono_ms() - since_ms) / 1000, err->text);
	enode_wait_set(e, WAIT_BMC);
}

bool run_has_patience(struct enode *e, const struct op *op)
{
	int64_t now_ms = time_mono_ms(), until_ms;

	if (sessions_will_end(e, op->result)) {
		run_start_call(e);
		return true;
	}
	if (!run_call(e)->patient || !is_silence(op->result))
		return false;
	if (!e->silent_since_ms) {
		e->silent_since_ms = now_ms;
		log_warning("node %s: %s: %s; it is asked again for %d s",
			e->name ? e->name : e->uuid, run_call(e)->what, op->err.text,
			e->en->config.bmc_patience_s);
	}
	until_ms = e->silent_since_ms + (int64_t)e->en->config.bmc_patience_s * 1000;
	if (now_ms + PAUSE_MS >= until_ms)
		return false;
	ask_again(e, e->silent_since_ms, until_ms, &op->err);
	return true;
}
