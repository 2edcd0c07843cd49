/*
 * Records as answers show them, made of the text that the store keeps, without a tree: members go
 * out as they stand there, those with secrets masked, with links. What a resource's answer can hold
 * is found out once per resource; what one request wants of it once per request.
 */
#ifndef CONDUCTOR_API_RENDER_H
#define CONDUCTOR_API_RENDER_H

#include "conductor/api/resource.h"
#include "lib/base/buf.h"
#include "lib/json/scan.h"

#define VIEW_ITEMS_MAX 128
#define ANSWER_MAX     ((size_t)256 * 1024 * 1024)

struct shape;

/* What of a resource one call shows. */
struct view {
	const struct call *c;
	const struct resource *res;
	const struct shape *shape;
	bool wanted[VIEW_ITEMS_MAX];
	struct buf self, bookmark; /* what hrefs begin with */
};

/* fields: which, NULL-terminated; NULL: all. Of these, what the call's version knows. */
void view_init(struct view *v, const struct call *c, const struct resource *res,
	const char *const *fields);

void view_done(struct view *v);

/* Appends the answer for one stored record. 0; -EIO when the text is no such record. */
int view_render(const struct view *v, struct json_span stored, struct buf *out);

#endif
