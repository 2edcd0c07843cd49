/* Showing recordings of consoles: as they come, as a log of lines, or at their own pace. */
#ifndef CONDUCTOR_CLI_CASTVIEW_H
#define CONDUCTOR_CLI_CASTVIEW_H

#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/cast/cast.h"

/* Takes a recording in pieces and gives its events, one by one, with their wall clock. */
struct castreader {
	struct buf line;
	int64_t start_us;
	char *id; /* of the header */
	void (*event)(void *data, int64_t wall_us, char code, const char *bytes, size_t len);
	void *data;
};

void castreader_init(struct castreader *r,
	void (*event)(void *data, int64_t wall_us, char code, const char *bytes, size_t len),
	void *data);
/* Lines that are none of a recording are left out. */
void castreader_feed(struct castreader *r, const char *bytes, size_t len);
void castreader_done(struct castreader *r);

/* "90s", "10m", "2h", "1d" ago, or a time as the API writes it. 0 or -EINVAL. */
int castview_since(const char *text, int64_t now_us, int64_t *ret_us, struct err *e);

/* A whole recording as lines with their time, without escapes. */
void castview_log(const char *text, size_t len, int64_t since_us, FILE *out);

/* A whole recording as it happened, `speed` times as fast; no pause is longer than three seconds.
 */
void castview_replay(const char *text, size_t len, int64_t since_us, double speed, FILE *out);

#endif
