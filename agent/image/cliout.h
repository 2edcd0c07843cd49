/* What "ingot-agent write" prints: progress on standard error, the result on standard output. */
#ifndef AGENT_IMAGE_CLIOUT_H
#define AGENT_IMAGE_CLIOUT_H

#include "agent/image/image.h"

/* An image_progress_fn; data is an int64_t, -1000 at the start. About one line a second. */
void cliout_progress(const struct image_progress *p, void *data);

void cliout_text(const struct image_result *res);

/* One object; e NULL: it went well. */
void cliout_json(const struct image_result *res, const struct err *e);

#endif
