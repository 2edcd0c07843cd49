/* News: what `node` publishes and `report` subscribes to. */
#ifndef CONDUCTOR_MODEL_NEWS_H
#define CONDUCTOR_MODEL_NEWS_H

#include "conductor/model/node.h"

enum news_kind {
	NEWS_PROVISION_STATE, /* a transition, durable already */
	NEWS_POWER_STATE,
	NEWS_NODE_CREATED,
	NEWS_NODE_DELETED,
	NEWS_MAINTENANCE,
	NEWS_HEALTH,	 /* "from" and "to" are names of health */
	NEWS_PHONE_HOME, /* a deployed system reported itself */
	NEWS_COUNT
};
extern const char *const news_kind_names[NEWS_COUNT]; /* "node.provision_state", ... */

/* Everything is borrowed for the length of the call. */
struct news {
	enum news_kind kind;
	const struct node *node;
	const char *from, *to; /* names of states */
	const char *cause;     /* "manage asked", "agent heartbeat", or the error */
	int64_t wall_us;
	int64_t duration_ms; /* spent in `from` */
	json_t *details;     /* may be NULL */
};

/* Called on the engine thread; must not block. */
struct news_subscriber {
	void (*notify)(void *data, const struct news *news);
	void *data;
};

#endif
