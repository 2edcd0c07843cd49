/*
 * An engine for API tests: keeps what it is handed in a real store, at once and without rules, and
 * remembers the last request so that a test can look at it.
 */
#ifndef TESTS_UNIT_API_FAKE_ENGINE_H
#define TESTS_UNIT_API_FAKE_ENGINE_H

#include "conductor/node/engine.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/base/uuid.h"

#include <errno.h>

struct engine {
	struct store *store;
	enum request_kind last;
	enum verb verb;
	enum power_state power;
	char *ident, *text, *args;
	struct err refuse; /* code: fail every request so */
};

struct request *request_new(enum request_kind kind, void (*done)(struct request *), void *data)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->kind = kind;
	r->done = done;
	r->data = data;
	return r;
}

static const struct record_type *request_type(const struct request *r)
{
	return r->type ? r->type : &node_type;
}

void request_free(struct request *r)
{
	if (r->record) {
		record_done(request_type(r), r->record);
		free(r->record);
	}
	free(r->ident);
	free(r->text);
	free(r->user);
	json_decref(r->args);
	json_decref(r->answer);
	free(r);
}

static int fake_save(struct engine *en, struct request *r, void *rec, bool insert)
{
	const struct record_type *t = request_type(r);
	struct store_txn *txn = store_txn_new();

	if (insert)
		store_txn_insert(txn, t, rec);
	else
		store_txn_put(txn, t, rec);
	r->answer = record_to_json(t, rec);
	return store_commit(en->store, txn, &r->err);
}

static int fake_change(struct engine *en, struct request *r)
{
	const struct record_type *t = request_type(r);
	void *rec = xcalloc(1, t->size);
	int n;

	record_init(t, rec);
	n = store_get(en->store, t, uuid_valid(r->ident) ? "uuid" : "name", r->ident, rec, &r->err);
	if (n == 0 && r->edit) {
		n = r->edit(r->data, rec, &r->err);
		if (n == 0)
			n = fake_save(en, r, rec, false);
	} else if (n == 0) {
		struct store_txn *txn = store_txn_new();

		store_txn_delete(txn, t, record_uuid(t, rec));
		n = store_commit(en->store, txn, &r->err);
	}
	record_done(t, rec);
	free(rec);
	return n;
}

static void fake_uuid(struct request *r)
{
	char **uuid = &FIELD_AT(r->record, &r->type->fields[0], char *), text[UUID_TEXT_MAX];

	uuid_new(text);
	if (!*uuid)
		*uuid = xstrdup(text);
}

static int fake_run(struct engine *en, struct request *r)
{
	if (en->refuse.code) {
		r->err = en->refuse;
		return -en->refuse.code;
	}
	switch (r->kind) {
	case REQ_NODE_CREATE:
		((struct node *)r->record)->created_at = time_wall_us();
		return fake_save(en, r, r->record, true);
	case REQ_RECORD_CREATE:
		fake_uuid(r);
		return fake_save(en, r, r->record, true);
	case REQ_NODE_UPDATE:
	case REQ_NODE_DELETE:
	case REQ_RECORD_UPDATE:
	case REQ_RECORD_DELETE:
		return fake_change(en, r);
	case REQ_DRIVERS:
		r->answer = json_pack("{s:[{s:s, s:s, s:[s], s:s, s:{s:s}}]}", "drivers", "name",
			"fake-hardware", "type", "dynamic", "hosts", "here",
			"default_power_interface", "fake", "properties", "a", "what a is");
		return 0;
	default:
		return 0;
	}
}

void engine_submit(struct engine *en, struct request *r)
{
	en->last = r->kind;
	en->verb = r->verb;
	en->power = r->power;
	str_replace(&en->ident, r->ident);
	str_replace(&en->text, r->text);
	free(en->args);
	en->args = r->args ? json_text(r->args) : NULL;
	r->result = fake_run(en, r);
	r->done(r);
}

const char *engine_hostname(const struct engine *en)
{
	return "here";
}

int64_t engine_started_at_us(const struct engine *en)
{
	return 1000000;
}

static inline void fake_engine_done(struct engine *en)
{
	free(en->ident);
	free(en->text);
	free(en->args);
}

#endif
