/* What is known of a node's BMC, for people: whether it answers, and how its last request went. */
#include "conductor/driver/ipmi.h"
#include "lib/base/time.h"

#include <stdio.h>

/* A time of the loop's clock as the API shows times. */
static void put_loop_time(json_t *j, const char *key, const uv_loop_t *loop, int64_t at_ms)
{
	char when[TIME_TEXT_MAX];
	int64_t us = time_wall_us() + (at_ms - (int64_t)uv_now(loop)) * 1000;

	json_put_str(j, key, at_ms ? time_format(us, when, sizeof(when)) : NULL);
}

static void put_last(json_t *j, const struct ipmi_bmc_status *s, const uv_loop_t *loop)
{
	char text[64];

	if (!s->last_ms)
		return;
	if (s->last_what)
		snprintf(text, sizeof(text), "%s", s->last_what);
	else
		snprintf(text, sizeof(text), "command %02Xh of network function %02Xh", s->last_cmd,
			s->last_netfn);
	json_put_str(j, "last_request", text);
	snprintf(text, sizeof(text), "%02Xh (%s)", s->last_cc, ipmi_cc_text(s->last_cc));
	json_put_str(j, "last_answer", s->last_answered ? text : NULL);
	put_loop_time(j, "last_at", loop, s->last_ms);
	json_put_int(j, "last_took_ms", s->last_took_ms);
}

json_t *ipmi_state(struct driver_env *env, const char *node_uuid)
{
	const struct ipmi_bmc *bmc = ipmi_kept_bmc(env, node_uuid);
	struct ipmi_bmc_status s;
	json_t *j;

	if (!bmc)
		return NULL;
	ipmi_bmc_status(bmc, &s);
	j = json_pack("{s:s, s:s, s:s, s:b, s:i, s:i, s:i, s:s, s:i, s:i, s:i, s:i}", "protocol",
		"ipmi", "address", s.address, "doing", s.phase, "session", s.session,
		"cipher_suite", s.cipher_suite, "queued", s.queued, "rtt_ms", s.rtt_ms, "circuit",
		!s.open	    ? "closed"
		: s.probing ? "half-open"
			    : "open",
		"failures", s.failures, "gap_ms", s.gap_ms, "learned_gap_ms", s.learned_gap_ms,
		"freezes", s.freezes);
	put_loop_time(j, "answered_at", env->loop, s.answered_ms);
	put_loop_time(j, "failing_since", env->loop, s.failures ? s.failing_since_ms : 0);
	put_loop_time(j, "next_try", env->loop, s.open ? s.retry_ms : 0);
	json_put_str(j, "reason", s.why);
	json_put_str(j, "refused", s.refused);
	json_put_int(j, "sent", (int64_t)s.sent);
	json_put_int(j, "retransmitted", (int64_t)s.retransmitted);
	json_put_int(j, "received", (int64_t)s.received);
	json_put_int(j, "dropped", (int64_t)s.dropped);
	put_last(j, &s, env->loop);
	return j;
}
