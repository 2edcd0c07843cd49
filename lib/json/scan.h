/*
 * Walking through JSON text without building a tree of it: where the members of an object and the
 * items of an array stand. For text of our own (json_text()) that goes elsewhere as it is; it
 * checks nothing but that it stays inside. Of other text it gives -EINVAL or pieces of that text.
 */
#ifndef LIB_JSON_SCAN_H
#define LIB_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of text, borrowed, not NUL-terminated. */
struct json_span {
	const char *at;
	size_t len;
};

struct json_walk {
	const char *at, *end;
	bool begun;
};

/* text begins with `open`, '{' or '['. 0 or -EINVAL. */
int json_walk_init(struct json_walk *w, struct json_span text, char open);

/* 1 and the next one, 0 at the end, -EINVAL. A key is given with its quotes, as it is written. */
int json_walk_member(struct json_walk *w, struct json_span *ret_key, struct json_span *ret_value);
int json_walk_item(struct json_walk *w, struct json_span *ret_value);

#endif
