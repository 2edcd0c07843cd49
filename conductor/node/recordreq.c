/*
 * Clients' changes of stored records: REQ_RECORD_CREATE, _UPDATE and _DELETE of any kind. Those of
 * a node's records wait for their turn at that node like everything about it; those of records that
 * have none, for the end of the change that is in flight.
 */
#include "conductor/node/resident.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>

static char **text_at(const struct record_kind *k, void *rec, const char *field)
{
	return &FIELD_AT(rec, record_field(k->type, field), char *);
}

static void change_free(struct record_change *ch)
{
	const struct record_type *t = ch->kind->type;

	if (ch->announced)
		ch->node->arriving--;
	if (ch->old)
		record_done(t, ch->old);
	if (ch->new)
		record_done(t, ch->new);
	free(ch->old);
	free(ch->new);
	free(ch);
}

/* What it belongs to, by the names that the record gives. */
static int find_relations(struct record_change *ch, struct err *e)
{
	const struct record_kind *k = ch->kind;
	void *rec = ch->new ? ch->new : ch->old;
	char **name;

	if (k->node_field) {
		name = text_at(k, rec, k->node_field);
		ch->node = *name ? engine_find(ch->en, *name) : NULL;
		if (!ch->node && ch->new && (*name || !k->node_optional))
			return err_set(e, EINVAL, "%s: Node %s could not be found.", k->node_field,
				*name ? *name : "(none)");
		if (ch->node)
			str_replace(name, ch->node->uuid);
	}
	if (k->parent_field) {
		name = text_at(k, rec, k->parent_field);
		ch->parent = *name ? resident_find(ch->en, k->parent, *name) : NULL;
		if (*name && !ch->parent && ch->new)
			return err_set(
				e, EINVAL, "%s: %s could not be found.", k->parent_field, *name);
		if (ch->parent)
			str_replace(name, ch->parent->uuid);
	}
	return 0;
}

static void complete_new(struct record_change *ch)
{
	const struct record_type *t = ch->kind->type;
	int64_t now = time_wall_us();
	char uuid[UUID_TEXT_MAX];

	if (!*text_at(ch->kind, ch->new, "uuid")) {
		uuid_new(uuid);
		str_replace(text_at(ch->kind, ch->new, "uuid"), uuid);
	}
	FIELD_AT(ch->new, record_field(t, "created_at"), int64_t) = now;
}

static int prepare(struct record_change *ch, struct err *e)
{
	const struct record_type *t = ch->kind->type;
	struct request *r = ch->request;
	int ret = 0;

	if (ch->resident) {
		ch->old = xmalloc(t->size);
		resident_read(ch->resident, ch->old);
	}
	if (r->kind == REQ_RECORD_UPDATE) {
		ch->new = xmalloc(t->size);
		record_copy(t, ch->new, ch->old);
		ret = r->edit(r->data, ch->new, e);
	} else if (r->kind == REQ_RECORD_CREATE) {
		ch->new = TAKE_PTR(r->record);
		complete_new(ch);
	}
	if (ret == 0)
		ret = find_relations(ch, e);
	if (ret == 0 && !ch->new && ch->resident->users)
		ret = err_set(e, EINVAL, "%s %s is not empty: %u %s it; remove them first",
			ch->kind->called, ch->resident->uuid, ch->resident->users,
			ch->resident->users == 1 ? "is in" : "are in");
	if (ret == 0 && ch->kind->check)
		ret = ch->kind->check(ch, e);
	return ret;
}

/* Like Ironic: while something works on its node, what it has can be added to, but not changed. */
static int locked(const struct enode *e, const struct record_change *ch, struct err *err)
{
	if (e && ch->resident && e->run && !provision_state_is_wait(e->state))
		return enode_locked(e, err);
	return e && ch->resident && power_changing(e) ? enode_locked(e, err) : 0;
}

/* Of a record that goes to another node: that has to be there when it comes. */
static int announce(struct record_change *ch, const struct enode *from, struct err *err)
{
	if (!ch->new || !ch->node || ch->node == from)
		return 0;
	if (ch->node->leaving)
		return err_set(err, EINVAL, "%s: Node %s could not be found.", ch->kind->node_field,
			ch->node->uuid);
	ch->node->arriving++;
	ch->announced = true;
	return 0;
}

static int stage_change(struct record_change *ch, struct commit *c, struct err *e)
{
	const struct record_type *t = ch->kind->type;

	if (!ch->new) {
		record_remove(c, ch->resident);
		return 0;
	}
	if (ch->resident)
		FIELD_AT(ch->new, record_field(t, "updated_at"), int64_t) = time_wall_us();
	else if (map_get(&ch->en->records[ch->kind - record_kinds].uuids, record_uuid(t, ch->new)))
		return err_set(e, EEXIST, "%s with uuid %s already exists", ch->kind->called,
			record_uuid(t, ch->new));
	return record_put(c, t, ch->new, e);
}

static void changed(struct commit *c, void *data)
{
	struct record_change *ch = data;
	struct request *r = ch->request;

	if (c->r == 0 && ch->kind->after)
		ch->kind->after(ch);
	if (c->r == 0 && ch->new)
		request_answer(r, record_to_json(ch->kind->type, ch->new));
	change_free(ch);
	request_finish(r, c->r, &c->err);
}

/* In the turn of its node, if it has one: e. */
static void record_change(
	struct engine *en, struct enode *e, struct resident *res, struct request *r)
{
	struct record_change *ch = xcalloc(1, sizeof(*ch));
	struct commit *c;
	struct err err;
	int ret;

	*ch = (struct record_change){
		.en = en, .kind = record_kind_of(r->type), .request = r, .resident = res};
	ret = locked(e, ch, &err);
	if (ret == 0)
		ret = prepare(ch, &err);
	if (ret == 0)
		ret = announce(ch, e, &err);
	if (ret < 0 || r->would) {
		change_free(ch);
		request_finish(r, ret, ret < 0 ? &err : NULL);
		return;
	}
	c = commit_bare(en);
	c->node = e;
	ret = stage_change(ch, c, &err);
	if (ret < 0) {
		commit_drop(c);
		change_free(ch);
		request_finish(r, ret, &err);
		return;
	}
	if (ch->kind->with)
		ch->kind->with(ch, c);
	commit_submit(c, changed, ch);
}

/* The record that a request names: 0, 1 when the request has to wait for it, or -ENOENT. */
static int named(struct engine *en, struct request *r, struct resident **ret, struct err *e)
{
	*ret = NULL;
	if (r->kind == REQ_RECORD_CREATE)
		return 0;
	*ret = resident_find(en, r->type, r->ident);
	if (!*ret)
		return err_set(e, ENOENT, "%s %s could not be found.",
			record_kind_of(r->type)->called, r->ident ? r->ident : "(none)");
	if (!(*ret)->busy)
		return 0;
	list_append(&en->record_waits, &r->link);
	return 1;
}

static struct enode *node_of(struct engine *en, const struct request *r, const struct resident *res)
{
	const struct record_kind *k = record_kind_of(r->type);
	const char *ident;

	if (res || !k->node_field)
		return res ? res->node : NULL;
	ident = *text_at(k, r->record, k->node_field);
	return ident ? engine_find(en, ident) : NULL;
}

void on_record(struct engine *en, struct request *r)
{
	struct resident *res;
	struct enode *e;
	struct err err;
	int ret = named(en, r, &res, &err);

	if (ret < 0)
		request_finish(r, ret, &err);
	if (ret)
		return;
	e = node_of(en, r, res);
	if (!e) {
		record_change(en, NULL, res, r);
		return;
	}
	list_append(&e->requests, &r->link);
	enode_ready(e);
}

void on_record_of_node(struct enode *e, struct request *r)
{
	struct resident *res;
	struct err err;
	int ret = named(e->en, r, &res, &err);

	if (ret < 0)
		request_finish(r, ret, &err);
	else if (ret == 0 && node_of(e->en, r, res) != e)
		on_record(e->en, r); /* it went to another node meanwhile */
	else if (ret == 0)
		record_change(e->en, e, res, r);
}

static void cleared(struct commit *c, void *data)
{
	request_finish(data, c->r, &c->err);
}

void on_records_clear(struct engine *en, struct request *r)
{
	struct commit *c = commit_bare(en);
	struct resident *res;

	for (size_t pos = 0; (res = resident_next(en, r->type, &pos));)
		record_remove(c, res);
	commit_submit(c, cleared, r);
}

void records_wake(struct engine *en)
{
	struct list waits;
	struct request *r;

	if (en->stopping)
		return; /* records_free() answers them */
	list_init(&waits);
	while ((r = list_first(&en->record_waits, struct request, link))) {
		list_remove(&r->link);
		list_append(&waits, &r->link);
	}
	while ((r = list_first(&waits, struct request, link))) {
		list_remove(&r->link);
		request_dispatch(en, r);
	}
}
