/* What the files of the API share about the API itself. */
#ifndef CONDUCTOR_API_INTERNAL_H
#define CONDUCTOR_API_INTERNAL_H

#include <stdatomic.h>

#include "conductor/api/api.h"
#include "conductor/api/auth.h"
#include "lib/http/server.h"

struct api {
	struct api_config config; /* strings are ours */
	struct auth *auth;
	struct http_server *server;
	atomic_ulong calls;  /* not ended; those the engine holds outlive api_stop() */
	atomic_uint batches; /* threads of batch.c */
	atomic_bool stopping;
};

void api_call_began(struct api *a);
void api_call_ended(struct api *a);

#endif
