/* How the rack's process is asked: one JSON request and one JSON answer per connection. */
#ifndef TESTS_VRACK_CONTROL_H
#define TESTS_VRACK_CONTROL_H

#include <jansson.h>
#include <uv.h>

#include "lib/base/err.h"

#define CONTROL_SOCKET	  "control.sock"
#define CONTROL_LINE_MAX  4096
#define CONTROL_REPLY_MAX (1024 * 1024)

struct control;

/* Gives the answer to a request object, a new reference; {"error": TEXT} tells a failure. */
typedef json_t *(*control_handler)(void *data, const json_t *request);

/* Listens on a UNIX socket at path (mode 0600), replacing what is there. Loop thread. */
int control_start(uv_loop_t *loop, const char *path, control_handler handler, void *data,
	struct control **ret, struct err *e);

/* Closes all; the memory goes when the loop has run once more. NULL is fine. */
void control_stop(struct control *c);

/*
 * Asks the rack whose socket is `path` in `folder` and waits for at most limit_ms for the answer, a
 * new reference. -ENOENT or -ECONNREFUSED: no rack runs there. An answer {"error"} becomes e.
 */
int control_ask(
	const char *folder, const json_t *request, int limit_ms, json_t **ret, struct err *e);

#endif
