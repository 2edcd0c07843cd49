/* What the files of agentlink share. */
#ifndef CONDUCTOR_AGENTLINK_INTERNAL_H
#define CONDUCTOR_AGENTLINK_INTERNAL_H

#include "conductor/agentlink/agentlink.h"
#include "lib/http/async.h"

struct agentlink {
	uv_loop_t *loop;
	struct http_async *http;
	char *logs_folder; /* NULL: logs are not kept */
	int logs_keep;
	unsigned saving; /* files being written */
};

#endif
