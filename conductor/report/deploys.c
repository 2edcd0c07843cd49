/*
 * How long deploys take, told from the news alone: from the order until the node is active. A
 * rebuild counts as a deploy. One small entry per node that is being deployed.
 */
#include "conductor/report/hook.h"
#include "lib/base/map.h"
#include "lib/base/str.h"

struct deploys {
	struct map since; /* uuid -> int64_t *, wall clock in us */
};

struct deploys *deploys_new(void)
{
	return xcalloc(1, sizeof(struct deploys));
}

void deploys_free(struct deploys *d)
{
	const char *uuid;
	void *since;
	size_t pos = 0;

	if (!d)
		return;
	while (map_next(&d->since, &pos, &uuid, &since))
		free(since);
	map_done(&d->since);
	free(d);
}

static void begin(struct deploys *d, const struct news *news)
{
	int64_t *since;

	if (map_get(&d->since, news->node->uuid))
		return; /* back from waiting for the agent */
	since = xmalloc(sizeof(*since));
	*since = news->wall_us;
	map_put(&d->since, news->node->uuid, since);
}

static void end(struct deploys *d, const struct news *news, struct report_stats *stats, bool good)
{
	_cleanup_free_ int64_t *since = map_remove(&d->since, news->node->uuid);

	if (!since)
		return;
	if (good)
		report_observe(&stats->deploy_s, report_deploy_bounds_s,
			(double)(news->wall_us - *since) / 1e6);
	else
		stats->deploys_failed++;
}

void deploys_notify(struct deploys *d, const struct news *news, struct report_stats *stats)
{
	enum provision_state to = provision_state_parse(news->to ? news->to : "");

	if (news->kind == NEWS_NODE_DELETED)
		free(map_remove(&d->since, news->node->uuid));
	if (news->kind != NEWS_PROVISION_STATE)
		return;
	stats->transitions[to]++;
	switch (to) {
	case PS_DEPLOYING:
		begin(d, news);
		return;
	case PS_DEPLOY_WAIT:
	case PS_DEPLOY_HOLD:
		return;
	case PS_ACTIVE:
	case PS_DEPLOY_FAILED:
		end(d, news, stats, to == PS_ACTIVE);
		return;
	default: /* deleted in the middle */
		free(map_remove(&d->since, news->node->uuid));
	}
}
