/* Names of news; see news.h. */
#include "conductor/model/news.h"

const char *const news_kind_names[NEWS_COUNT] = {
	[NEWS_PROVISION_STATE] = "node.provision_state",
	[NEWS_POWER_STATE] = "node.power_state",
	[NEWS_NODE_CREATED] = "node.created",
	[NEWS_NODE_DELETED] = "node.deleted",
	[NEWS_MAINTENANCE] = "node.maintenance",
	[NEWS_HEALTH] = "node.health",
	[NEWS_PHONE_HOME] = "node.phone_home",
};
