/* Records in memory, and their changes in flight; see records.h. */
#include "conductor/node/records.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define KEY_MAX 1024

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

static struct record_table *table_of(struct engine *en, const struct record_type *t)
{
	for (int i = 0; i < n_record_kinds; i++)
		if (record_kinds[i].type == t)
			return &en->records[i];
	return NULL;
}

static const struct record_kind *kind_of(const struct record_type *t)
{
	for (int i = 0; i < n_record_kinds; i++)
		if (record_kinds[i].type == t)
			return &record_kinds[i];
	return NULL;
}

static bool seen(const struct resident *r)
{
	return r && !r->fresh && !r->leaving;
}

static struct resident *by_key(
	struct engine *en, const struct record_type *t, int unique, const char *value)
{
	char key[KEY_MAX];
	struct resident *r;

	if (snprintf(key, sizeof(key), "%d%s", unique, value) >= (int)sizeof(key))
		return NULL;
	r = map_get(&table_of(en, t)->keys, key);
	return seen(r) ? r : NULL;
}

struct resident *resident_by(
	struct engine *en, const struct record_type *t, const char *field, const char *value)
{
	const struct record_kind *k = kind_of(t);

	for (int i = 0; value && i < UNIQUES_MAX; i++)
		if (str_eq(k->uniques[i].fields[0], field) && !k->uniques[i].fields[1])
			return by_key(en, t, i, value);
	return NULL;
}

struct resident *resident_find(struct engine *en, const struct record_type *t, const char *ident)
{
	struct resident *r = ident ? map_get(&table_of(en, t)->uuids, ident) : NULL;

	return seen(r) ? r : resident_by(en, t, "name", ident);
}

struct resident *resident_next(struct engine *en, const struct record_type *t, size_t *pos)
{
	void *r;

	while (map_next(&table_of(en, t)->uuids, pos, NULL, &r))
		if (seen(r))
			return r;
	return NULL;
}

struct resident *resident_of_node(
	const struct enode *e, const struct record_type *t, const struct resident *after)
{
	struct resident *r = after ? after->sibling : e->residents;

	while (r && (r->kind->type != t || !seen(r)))
		r = r->sibling;
	return r;
}

static const char *text_of(const struct record_type *t, const void *rec, const char *field)
{
	const struct field *f = field ? record_field(t, field) : NULL;

	return f ? FIELD_AT_CONST(rec, f, char *) : NULL;
}

static void put_text(const struct record_type *t, void *rec, const char *field, const char *text)
{
	const struct field *f = field ? record_field(t, field) : NULL;

	if (f)
		str_replace(&FIELD_AT(rec, f, char *), text);
}

static int64_t *time_of(const struct record_type *t, void *rec, const char *field)
{
	return &FIELD_AT(rec, record_field(t, field), int64_t);
}

/* The record as text, without what the resident's struct holds. */
static char *doc_of(const struct record_kind *k, const void *rec)
{
	_cleanup_json_ json_t *json = record_to_json_brief(k->type, rec);

	json_object_del(json, "uuid");
	json_object_del(json, "created_at");
	json_object_del(json, "updated_at");
	if (k->node_field)
		json_object_del(json, k->node_field);
	return json_text(json);
}

void resident_read(const struct resident *r, void *ret_rec)
{
	const struct record_type *t = r->kind->type;
	_cleanup_json_ json_t *json = NULL;
	struct err err;

	record_init(t, ret_rec);
	if (json_parse(r->doc, strlen(r->doc), 1000, &json, &err) < 0 ||
		record_from_json(t, ret_rec, json, &err) < 0)
		log_error("%s %s: its own record cannot be read: %s", t->name, r->uuid, err.text);
	put_text(t, ret_rec, "uuid", r->uuid);
	if (r->node)
		put_text(t, ret_rec, r->kind->node_field, r->node->uuid);
	*time_of(t, ret_rec, "created_at") = r->created_at;
	*time_of(t, ret_rec, "updated_at") = r->updated_at;
}

/* One value of a key as text; false: it is null. */
static bool put_value(struct buf *b, const struct record_type *t, const void *rec, const char *name)
{
	_cleanup_json_ json_t *v = record_field_to_json(record_field(t, name), rec);

	if (json_is_string(v))
		return buf_puts(b, json_string_value(v)) == 0;
	if (json_is_integer(v))
		return buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v)) == 0;
	return false;
}

/* The keys of a record, allocated; NULL where something is null. */
static void keys_of(const struct record_kind *k, const void *rec, char *ret[static UNIQUES_MAX])
{
	for (int i = 0; i < UNIQUES_MAX; i++) {
		const char *const *f = k->uniques[i].fields;
		_cleanup_(buf_done) struct buf b = BUF_INIT(KEY_MAX - 1);
		bool given = f[0] != NULL;

		buf_printf(&b, "%d", i);
		given = given && put_value(&b, k->type, rec, f[0]);
		if (given && f[1])
			given = buf_puts(&b, "\x1f") == 0 && put_value(&b, k->type, rec, f[1]);
		ret[i] = given && !b.overflow ? xstrdup(buf_str(&b)) : NULL;
	}
}

static void keys_free(char *keys[static UNIQUES_MAX])
{
	for (int i = 0; i < UNIQUES_MAX; i++)
		free(TAKE_PTR(keys[i]));
}

/* "Port with address 00:..:01 already exists: <uuid>; it is of node <uuid> (r12u07)" */
static int taken(const struct record_kind *k, int unique, const void *rec,
	const struct resident *holder, struct err *e)
{
	_cleanup_(buf_done) struct buf what = BUF_INIT(400);
	const char *const *f = k->uniques[unique].fields;

	for (int i = 0; i < 2 && f[i]; i++) {
		buf_printf(&what, "%s%s ", i ? " and " : "", f[i]);
		put_value(&what, k->type, rec, f[i]);
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
	struct map *keys = &table_of(en, s->r->kind->type)->keys;
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
	keys_free(s->keys);
	keys_free(s->old_keys);
	free(s->doc);
	free(s);
}

static void use(struct resident *r)
{
	if (r)
		r->users++;
}

static void leave(struct resident *r)
{
	if (r)
		r->users--;
}

static struct resident *resident_new(const struct record_kind *k, const void *rec)
{
	struct resident *r = xcalloc(1, sizeof(*r));

	r->kind = k;
	str_copy(r->uuid, sizeof(r->uuid), record_uuid(k->type, rec));
	r->created_at = *time_of(k->type, (void *)rec, "created_at");
	r->updated_at = *time_of(k->type, (void *)rec, "updated_at");
	r->doc = doc_of(k, rec);
	r->fresh = true;
	return r;
}

static void resident_free(struct resident *r)
{
	free(r->doc);
	free(r);
}

static struct resident *parent_of(struct engine *en, const struct record_kind *k, const void *rec)
{
	const char *uuid = text_of(k->type, rec, k->parent_field);

	return uuid ? resident_find(en, k->parent, uuid) : NULL;
}

static void old_keys_of(const struct resident *r, char *ret[static UNIQUES_MAX])
{
	_cleanup_free_ void *old = xmalloc(r->kind->type->size);

	resident_read(r, old);
	keys_of(r->kind, old, ret);
	record_done(r->kind->type, old);
}

/* A staged NEW or CHANGE, once its keys are its own. */
static void stage_rest(struct commit *c, struct staged *s, const void *rec)
{
	const struct record_kind *k = s->r->kind;
	const char *node = text_of(k->type, rec, k->node_field);

	str_copy(s->node_uuid, sizeof(s->node_uuid), node ? node : "");
	s->parent = parent_of(c->en, k, rec);
	use(s->parent);
	s->r->busy = true;
	if (s->what == STAGED_NEW) {
		map_put(&table_of(c->en, k->type)->uuids, s->r->uuid, s->r);
		store_txn_insert(c->txn, k->type, rec);
	} else {
		s->doc = doc_of(k, rec);
		s->updated_at = *time_of(k->type, (void *)rec, "updated_at");
		store_txn_put(c->txn, k->type, rec);
	}
}

int record_put(struct commit *c, const struct record_type *t, const void *rec, struct err *e)
{
	const struct record_kind *k = kind_of(t);
	struct resident *there = map_get(&table_of(c->en, t)->uuids, record_uuid(t, rec));
	struct staged *s;
	int r;

	if (there && (there->busy || there->fresh))
		return err_set(
			e, EBUSY, "%s %s is being changed; try again", k->called, there->uuid);
	s = stage(c, there ? STAGED_CHANGE : STAGED_NEW, there ? there : resident_new(k, rec));
	keys_of(k, rec, s->keys);
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
	use(r);
	stage(c, STAGED_PIN, r);
}

static void unlink_node(struct resident *r)
{
	struct resident **p;

	if (!r->node)
		return;
	for (p = &r->node->residents; *p != r; p = &(*p)->sibling)
		;
	*p = r->sibling;
	r->sibling = NULL;
	r->node = NULL;
}

static void link_node(struct engine *en, struct resident *r, const char *node_uuid)
{
	struct enode *e = *node_uuid ? map_get(&en->nodes, node_uuid) : NULL;

	if (r->node == e)
		return;
	unlink_node(r);
	r->node = e;
	if (!e)
		return;
	r->sibling = e->residents;
	e->residents = r;
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
		leave(s->parent);
		resident_free(r);
		return;
	}
	r->fresh = r->busy = false;
	r->parent = s->parent;
	link_node(c->en, r, s->node_uuid);
}

static void finish_change(struct commit *c, struct staged *s, struct record_table *table)
{
	struct resident *r = s->r;

	r->busy = false;
	if (c->r < 0) {
		drop_keys(&table->keys, s->keys, s->old_keys);
		leave(s->parent);
		return;
	}
	drop_keys(&table->keys, s->old_keys, s->keys);
	for (int i = 0; i < UNIQUES_MAX; i++)
		if (s->keys[i])
			map_put(&table->keys, s->keys[i], r);
	leave(r->parent);
	r->parent = s->parent;
	free(r->doc);
	r->doc = TAKE_PTR(s->doc);
	r->updated_at = s->updated_at;
	link_node(c->en, r, s->node_uuid);
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
	unlink_node(r);
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
			leave(TAKE_PTR(s->r->parent));
	while ((s = c->staged)) {
		if (s->what == STAGED_PIN)
			leave(s->r);
		else
			finish[s->what](c, s, table_of(c->en, s->r->kind->type));
		unstage(c);
	}
	if (any)
		records_wake(c->en);
}

struct loading {
	struct engine *en;
	const struct record_kind *kind;
	struct record_table *table;
};

static int load_one(void *data, const void *rec)
{
	struct loading *l = data;
	struct resident *r = resident_new(l->kind, rec);
	const char *node = text_of(l->kind->type, rec, l->kind->node_field);
	char *keys[UNIQUES_MAX];

	r->fresh = false;
	map_put(&l->table->uuids, r->uuid, r);
	keys_of(l->kind, rec, keys);
	for (int i = 0; i < UNIQUES_MAX; i++)
		if (keys[i])
			map_put(&l->table->keys, keys[i], r);
	keys_free(keys);
	r->parent = parent_of(l->en, l->kind, rec);
	use(r->parent);
	if (node)
		link_node(l->en, r, node);
	return 0;
}

int records_load(struct engine *en, bool of_nodes, struct err *e)
{
	int r = 0;

	for (int i = 0; i < n_record_kinds && r == 0; i++) {
		struct loading l = {en, &record_kinds[i], &en->records[i]};

		if (of_nodes == (record_kinds[i].node_field != NULL))
			r = store_list(en->store, record_kinds[i].type, &(struct store_query){0},
				load_one, &l, e);
	}
	return r < 0 ? err_prefix(e, "load the records") : 0;
}

void records_free(struct engine *en)
{
	struct request *waits;
	struct err err;
	void *r;

	err_set(&err, EAGAIN, "this conductor is stopping; try again in a moment");
	while ((waits = list_first(&en->record_waits, struct request, link))) {
		list_remove(&waits->link);
		request_finish(waits, -EAGAIN, &err);
	}

	for (int i = 0; i < n_record_kinds; i++) {
		for (size_t pos = 0; map_next(&en->records[i].uuids, &pos, NULL, &r);)
			resident_free(r);
		map_done(&en->records[i].uuids);
		map_done(&en->records[i].keys);
	}
	free(en->records);
}
