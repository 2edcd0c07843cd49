/* Changes of records on their way into the store; see records.h. */
#include "conductor/node/resident.h"
#include "lib/base/str.h"

#include <errno.h>

enum staged_what { STAGED_NEW, STAGED_CHANGE, STAGED_GONE, STAGED_PIN };

struct staged {
	struct staged *next;
	enum staged_what what;
	struct resident *r;
	char *doc; /* CHANGE: the next one */
	int64_t updated_at;
	char node_uuid[UUID_TEXT_MAX]; /* NEW, CHANGE; "": none */
	struct resident *parent;       /* CHANGE: the next one */
	char *keys[UNIQUES_MAX], *old_keys[UNIQUES_MAX];
};

/* Holds the place of a key that a change in flight has taken. */
static struct resident nobody = {.fresh = true};

/* "Port with address 00:..:01 already exists: <uuid>; it is of node <uuid> (r12u07)" */
static int taken(const struct record_kind *k, int unique, const void *rec,
	const struct resident *holder, struct err *e)
{
	_cleanup_(buf_done) struct buf what = BUF_INIT(400);
	const char *const *f = k->uniques[unique].fields;

	for (int i = 0; i < 2 && f[i]; i++) {
		buf_printf(&what, "%s%s ", i ? " and " : "", f[i]);
		record_put_value(&what, k->type, rec, f[i]);
		buf_puts(&what, " ");
	}
	if (holder == &nobody)
		return err_set(e, EEXIST, "%s with %sis being made", k->called, buf_str(&what));
	err_set(e, EEXIST, "%s with %salready exists: %s", k->called, buf_str(&what), holder->uuid);
	if (holder->node)
		return err_advise(e, "it is of node %s (%s)", holder->node->uuid,
			holder->node->name ? holder->node->name : "without a name");
	return -EEXIST;
}

/* Takes the new keys; those that are as before stay. On failure none is taken. */
static int take_keys(struct engine *en, struct staged *s, const void *rec, struct err *e)
{
	struct map *keys = &record_table_of(en, s->r->kind->type)->keys;
	struct resident *who = s->what == STAGED_NEW ? s->r : &nobody, *holder;
	int i, r = 0;

	for (i = 0; i < UNIQUES_MAX && r == 0; i++) {
		if (!s->keys[i] || str_eq(s->keys[i], s->old_keys[i]))
			continue;
		holder = map_get(keys, s->keys[i]);
		if (holder)
			r = taken(s->r->kind, i, rec, holder, e);
		else
			map_put(keys, s->keys[i], who);
	}
	for (i -= 2; r < 0 && i >= 0; i--)
		if (s->keys[i] && !str_eq(s->keys[i], s->old_keys[i]))
			map_remove(keys, s->keys[i]);
	return r;
}

static struct staged *stage(struct commit *c, enum staged_what what, struct resident *r)
{
	struct staged *s = xcalloc(1, sizeof(*s));

	s->what = what;
	s->r = r;
	s->next = c->staged;
	c->staged = s;
	return s;
}

static void unstage(struct commit *c)
{
	struct staged *s = c->staged;

	c->staged = s->next;
	record_keys_free(s->keys);
	record_keys_free(s->old_keys);
	free(s->doc);
	free(s);
}

static void old_keys_of(const struct resident *r, char *ret[static UNIQUES_MAX])
{
	_cleanup_free_ void *old = xmalloc(r->kind->type->size);

	resident_read(r, old);
	record_keys(r->kind, old, ret);
	record_done(r->kind->type, old);
}

/* A staged NEW or CHANGE, once its keys are its own. */
static void stage_rest(struct commit *c, struct staged *s, const void *rec)
{
	const struct record_kind *k = s->r->kind;
	const char *node = record_text(k->type, rec, k->node_field);

	str_copy(s->node_uuid, sizeof(s->node_uuid), node ? node : "");
	s->parent = record_parent(c->en, k, rec);
	resident_use(s->parent);
	s->r->busy = true;
	if (s->what == STAGED_NEW) {
		map_put(&record_table_of(c->en, k->type)->uuids, s->r->uuid, s->r);
		store_txn_insert(c->txn, k->type, rec);
	} else {
		s->doc = record_doc(k, rec);
		s->updated_at = *record_time(k->type, (void *)rec, "updated_at");
		store_txn_put(c->txn, k->type, rec);
	}
}

int record_put(struct commit *c, const struct record_type *t, const void *rec, struct err *e)
{
	const struct record_kind *k = record_kind_of(t);
	struct resident *there = map_get(&record_table_of(c->en, t)->uuids, record_uuid(t, rec));
	struct staged *s;
	int r;

	if (there && (there->busy || there->fresh))
		return err_set(
			e, EBUSY, "%s %s is being changed; try again", k->called, there->uuid);
	s = stage(c, there ? STAGED_CHANGE : STAGED_NEW, there ? there : resident_new(k, rec));
	record_keys(k, rec, s->keys);
	if (there)
		old_keys_of(there, s->old_keys);
	r = take_keys(c->en, s, rec, e);
	if (r == 0) {
		stage_rest(c, s, rec);
		return 0;
	}
	if (!there)
		resident_free(s->r);
	unstage(c);
	return r;
}

void record_remove(struct commit *c, struct resident *r)
{
	struct staged *s;

	if (r->busy)
		return; /* it is on its way already */
	s = stage(c, STAGED_GONE, r);
	old_keys_of(r, s->old_keys);
	r->busy = r->leaving = true;
	store_txn_delete(c->txn, r->kind->type, r->uuid);
}

void record_pin(struct commit *c, struct resident *r)
{
	resident_use(r);
	stage(c, STAGED_PIN, r);
}

static void drop_keys(struct map *keys, char *drop[static UNIQUES_MAX], char *const *but)
{
	for (int i = 0; i < UNIQUES_MAX; i++)
		if (drop[i] && !(but && str_eq(drop[i], but[i])))
			map_remove(keys, drop[i]);
}

static void finish_new(struct commit *c, struct staged *s, struct record_table *table)
{
	struct resident *r = s->r;

	if (c->r < 0) {
		map_remove(&table->uuids, r->uuid);
		drop_keys(&table->keys, s->keys, NULL);
		resident_leave(s->parent);
		resident_free(r);
		return;
	}
	r->fresh = r->busy = false;
	r->parent = s->parent;
	resident_link(c->en, r, s->node_uuid);
}

static void finish_change(struct commit *c, struct staged *s, struct record_table *table)
{
	struct resident *r = s->r;

	r->busy = false;
	if (c->r < 0) {
		drop_keys(&table->keys, s->keys, s->old_keys);
		resident_leave(s->parent);
		return;
	}
	drop_keys(&table->keys, s->old_keys, s->keys);
	for (int i = 0; i < UNIQUES_MAX; i++)
		if (s->keys[i])
			map_put(&table->keys, s->keys[i], r);
	resident_leave(r->parent);
	r->parent = s->parent;
	free(r->doc);
	r->doc = TAKE_PTR(s->doc);
	r->updated_at = s->updated_at;
	resident_link(c->en, r, s->node_uuid);
}

static void finish_gone(struct commit *c, struct staged *s, struct record_table *table)
{
	struct resident *r = s->r;

	if (c->r < 0) {
		r->busy = r->leaving = false;
		return;
	}
	map_remove(&table->uuids, r->uuid);
	drop_keys(&table->keys, s->old_keys, NULL);
	resident_unlink(r);
	resident_free(r);
}

void records_finish(struct commit *c)
{
	static void (*const finish[])(struct commit *, struct staged *, struct record_table *) = {
		[STAGED_NEW] = finish_new,
		[STAGED_CHANGE] = finish_change,
		[STAGED_GONE] = finish_gone,
	};
	bool any = c->staged;
	struct staged *s;

	for (s = c->staged; s && c->r == 0; s = s->next) /* a parent may go with its children */
		if (s->what == STAGED_GONE)
			resident_leave(TAKE_PTR(s->r->parent));
	while ((s = c->staged)) {
		if (s->what == STAGED_PIN)
			resident_leave(s->r);
		else
			finish[s->what](c, s, record_table_of(c->en, s->r->kind->type));
		unstage(c);
	}
	if (any)
		records_wake(c->en);
}
