/* What records.c, staging.c and recordreq.c share: the inner life of a resident record.. */
#ifndef CONDUCTOR_NODE_RESIDENT_H
#define CONDUCTOR_NODE_RESIDENT_H

#include "conductor/node/records.h"
#include "lib/base/buf.h"

struct record_table *record_table_of(struct engine *en, const struct record_type *t);
const struct record_kind *record_kind_of(const struct record_type *t);

/* Members of a record by name; the text is borrowed, NULL when there is no such field. */
const char *record_text(const struct record_type *t, const void *rec, const char *field);
int64_t *record_time(const struct record_type *t, void *rec, const char *field);

/* The record as text, allocated, without what the resident's struct holds. */
char *record_doc(const struct record_kind *k, const void *rec);

/* One value of a key as text; false: it is null. */
bool record_put_value(
	struct buf *b, const struct record_type *t, const void *rec, const char *name);

/* The keys of a record, allocated; NULL where something is null. */
void record_keys(const struct record_kind *k, const void *rec, char *ret[static UNIQUES_MAX]);
void record_keys_free(char *keys[static UNIQUES_MAX]);

/* The record its parent field names; NULL: none. */
struct resident *record_parent(struct engine *en, const struct record_kind *k, const void *rec);

struct resident *resident_new(const struct record_kind *k, const void *rec); /* fresh */
void resident_free(struct resident *r);
void resident_use(struct resident *r); /* one user more; NULL allowed */
void resident_leave(struct resident *r);
void resident_link(struct engine *en, struct resident *r, const char *node_uuid); /* "": to none */
void resident_unlink(struct resident *r);

#endif
