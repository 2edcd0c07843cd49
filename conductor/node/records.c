/* Records in memory: how they are found, read and loaded; see records.h. */
#include "conductor/node/resident.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define KEY_MAX 1024

struct record_table *record_table_of(struct engine *en, const struct record_type *t)
{
	for (int i = 0; i < n_record_kinds; i++)
		if (record_kinds[i].type == t)
			return &en->records[i];
	return NULL;
}

const struct record_kind *record_kind_of(const struct record_type *t)
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
	r = map_get(&record_table_of(en, t)->keys, key);
	return seen(r) ? r : NULL;
}

struct resident *resident_by(
	struct engine *en, const struct record_type *t, const char *field, const char *value)
{
	const struct record_kind *k = record_kind_of(t);

	for (int i = 0; value && i < UNIQUES_MAX; i++)
		if (str_eq(k->uniques[i].fields[0], field) && !k->uniques[i].fields[1])
			return by_key(en, t, i, value);
	return NULL;
}

struct resident *resident_find(struct engine *en, const struct record_type *t, const char *ident)
{
	struct resident *r = ident ? map_get(&record_table_of(en, t)->uuids, ident) : NULL;

	return seen(r) ? r : resident_by(en, t, "name", ident);
}

struct resident *resident_next(struct engine *en, const struct record_type *t, size_t *pos)
{
	void *r;

	while (map_next(&record_table_of(en, t)->uuids, pos, NULL, &r))
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

const char *record_text(const struct record_type *t, const void *rec, const char *field)
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

int64_t *record_time(const struct record_type *t, void *rec, const char *field)
{
	return &FIELD_AT(rec, record_field(t, field), int64_t);
}

/* The record as text, without what the resident's struct holds. */
char *record_doc(const struct record_kind *k, const void *rec)
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
	*record_time(t, ret_rec, "created_at") = r->created_at;
	*record_time(t, ret_rec, "updated_at") = r->updated_at;
}

/* One value of a key as text; false: it is null. */
bool record_put_value(struct buf *b, const struct record_type *t, const void *rec, const char *name)
{
	_cleanup_json_ json_t *v = record_field_to_json(record_field(t, name), rec);

	if (json_is_string(v))
		return buf_puts(b, json_string_value(v)) == 0;
	if (json_is_integer(v))
		return buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v)) == 0;
	return false;
}

/* The keys of a record, allocated; NULL where something is null. */
void record_keys(const struct record_kind *k, const void *rec, char *ret[static UNIQUES_MAX])
{
	for (int i = 0; i < UNIQUES_MAX; i++) {
		const char *const *f = k->uniques[i].fields;
		_cleanup_(buf_done) struct buf b = BUF_INIT(KEY_MAX - 1);
		bool given = f[0] != NULL;

		buf_printf(&b, "%d", i);
		given = given && record_put_value(&b, k->type, rec, f[0]);
		if (given && f[1])
			given = buf_puts(&b, "\x1f") == 0 &&
				record_put_value(&b, k->type, rec, f[1]);
		ret[i] = given && !b.overflow ? xstrdup(buf_str(&b)) : NULL;
	}
}

void record_keys_free(char *keys[static UNIQUES_MAX])
{
	for (int i = 0; i < UNIQUES_MAX; i++)
		free(TAKE_PTR(keys[i]));
}

struct resident *resident_new(const struct record_kind *k, const void *rec)
{
	struct resident *r = xcalloc(1, sizeof(*r));

	r->kind = k;
	str_copy(r->uuid, sizeof(r->uuid), record_uuid(k->type, rec));
	r->created_at = *record_time(k->type, (void *)rec, "created_at");
	r->updated_at = *record_time(k->type, (void *)rec, "updated_at");
	r->doc = record_doc(k, rec);
	r->fresh = true;
	return r;
}

void resident_free(struct resident *r)
{
	free(r->doc);
	free(r);
}

struct resident *record_parent(struct engine *en, const struct record_kind *k, const void *rec)
{
	const char *uuid = record_text(k->type, rec, k->parent_field);

	return uuid ? resident_find(en, k->parent, uuid) : NULL;
}

void resident_use(struct resident *r)
{
	if (r)
		r->users++;
}

void resident_leave(struct resident *r)
{
	if (r)
		r->users--;
}

void resident_unlink(struct resident *r)
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

void resident_link(struct engine *en, struct resident *r, const char *node_uuid)
{
	struct enode *e = *node_uuid ? map_get(&en->nodes, node_uuid) : NULL;

	if (r->node == e)
		return;
	resident_unlink(r);
	r->node = e;
	if (!e)
		return;
	r->sibling = e->residents;
	e->residents = r;
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
	const char *node = record_text(l->kind->type, rec, l->kind->node_field);
	char *keys[UNIQUES_MAX];

	r->fresh = false;
	map_put(&l->table->uuids, r->uuid, r);
	record_keys(l->kind, rec, keys);
	for (int i = 0; i < UNIQUES_MAX; i++)
		if (keys[i])
			map_put(&l->table->keys, keys[i], r);
	record_keys_free(keys);
	r->parent = record_parent(l->en, l->kind, rec);
	resident_use(r->parent);
	if (node)
		resident_link(l->en, r, node);
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
