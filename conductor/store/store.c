/*
 * The store's face: finds the backend by the URL's scheme, checks names of columns, and turns
 * stored text into records. It knows no database.
 */
#include "conductor/store/store_backend.h"
#include "conductor/store/txn.h"
#include "lib/base/str.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define DOC_DEPTH_MAX 64 /* a record's own levels above JSON_DEPTH_MAX of what a client sent */

static const struct scheme {
	const char *name;
	const struct store_backend *backend;
	const char *why_not;
} schemes[] = {
	{"sqlite:", &sqlite_backend, NULL},
	{"postgresql:", NULL, "PostgreSQL is not built into this version; use sqlite:PATH"},
};

/* A URL may hold a password, so only its scheme is ever shown. */
int store_open(const char *url, struct store **ret, struct err *e)
{
	const struct scheme *s;

	for (s = schemes; s < schemes + ARRAY_SIZE(schemes); s++)
		if (str_starts(url, s->name))
			break;
	if (s == schemes + ARRAY_SIZE(schemes))
		return err_set(e, EINVAL, "store url \"%.*s\": unknown scheme; use sqlite:PATH",
			(int)strcspn(url, ":"), url);
	if (!s->backend)
		return err_set(e, ENOTSUP, "store url %s: %s", s->name, s->why_not);
	return s->backend->open(url + strlen(s->name), ret, e);
}

void store_close(struct store *s, int timeout_ms)
{
	if (s)
		s->backend->close(s, timeout_ms);
}

void store_submit(struct store *s, struct store_txn *t, store_done_fn done, void *data)
{
	t->done = done;
	t->data = data;
	s->backend->submit(s, t);
}

bool store_out_of_order(int r)
{
	static const int codes[] = {ENOSPC, EIO, EUCLEAN, EAGAIN};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (r == -codes[i])
			return true;
	return false;
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool ended;
	int r;
	struct err *e;
};

static void wake(void *data, int r, const struct err *e)
{
	struct waiter *w = data;

	pthread_mutex_lock(&w->lock);
	w->r = r;
	w->ended = true;
	if (r < 0 && w->e)
		*w->e = *e;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

int store_commit(struct store *s, struct store_txn *t, struct err *e)
{
	struct waiter w = {
		.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER, .e = e};

	store_submit(s, t, wake, &w);
	pthread_mutex_lock(&w.lock);
	while (!w.ended)
		pthread_cond_wait(&w.cond, &w.lock);
	pthread_mutex_unlock(&w.lock);
	return w.r;
}

static int check_column(const struct record_type *t, const char *name, struct err *e)
{
	const struct field *f = record_field(t, name);

	if (f && field_is_column(f))
		return 0;
	return err_set(e, EINVAL, "%s: cannot filter or sort by \"%.64s\"", t->plural, name);
}

/* Text, numbers and times can be sorted by, objects and arrays not. */
static int check_sort_key(const struct record_type *t, const char *name, struct err *e)
{
	const struct field *f = record_field(t, name);

	if (f && f->type != FIELD_OBJECT && f->type != FIELD_ARRAY)
		return 0;
	return err_set(e, EINVAL, "%s: cannot sort by \"%.64s\"", t->plural, name);
}

static int check_query(const struct record_type *t, const struct store_query *q, struct err *e)
{
	int r = 0;

	for (int i = 0; r >= 0 && i < q->n_filters; i++)
		r = check_column(t, q->filters[i].column, e);
	if (r >= 0 && q->sort_key && !str_eq(q->sort_key, "id"))
		r = check_sort_key(t, q->sort_key, e);
	return r;
}

int store_list_text(struct store *s, const struct record_type *type, const struct store_query *q,
	store_each_text_fn each, void *data, struct err *e)
{
	static const struct store_query everything;
	int r = check_query(type, q ? q : &everything, e);

	return r < 0 ? r : s->backend->list(s, type, q ? q : &everything, each, data, e);
}

int store_count(struct store *s, const struct record_type *type, const struct store_query *q,
	int64_t *ret, struct err *e)
{
	static const struct store_query everything;
	int r = check_query(type, q ? q : &everything, e);

	return r < 0 ? r : s->backend->count(s, type, q ? q : &everything, ret, e);
}

int store_count_by(struct store *s, const struct record_type *type, const char *column,
	store_each_count_fn each, void *data, struct err *e)
{
	const struct field *f = record_field(type, column);

	if (!f || !field_is_column(f) || !field_is_text(f))
		return err_set(e, EINVAL, "%s: %s is no column of texts", type->plural, column);
	return s->backend->count_by(s, type, column, each, data, e);
}

static int parse_record(const struct record_type *type, const char *uuid, const char *doc,
	size_t len, void *rec, struct err *e)
{
	_cleanup_json_ json_t *object = NULL;
	int r = json_parse(doc, len, DOC_DEPTH_MAX, &object, e);

	if (r >= 0)
		r = record_from_json(type, rec, object, e);
	if (r >= 0)
		return 0;
	err_prefix(e, "stored %s %s", type->name, uuid);
	return -EIO;
}

struct list_walk {
	const struct record_type *type;
	store_each_fn each;
	void *data;
	struct err *e;
};

static int each_record(void *data, const char *uuid, const char *doc, size_t len)
{
	struct list_walk *w = data;
	_cleanup_free_ void *rec = xmalloc(w->type->size);
	int r;

	record_init(w->type, rec);
	r = parse_record(w->type, uuid, doc, len, rec, w->e);
	if (r >= 0)
		r = w->each(w->data, rec);
	record_done(w->type, rec);
	return r;
}

int store_list(struct store *s, const struct record_type *type, const struct store_query *q,
	store_each_fn each, void *data, struct err *e)
{
	struct list_walk w = {.type = type, .each = each, .data = data, .e = e};

	return store_list_text(s, type, q, each_record, &w, e);
}

struct get_one {
	const struct record_type *type;
	void *rec;
	bool found;
	struct err *e;
};

static int take_one(void *data, const char *uuid, const char *doc, size_t len)
{
	struct get_one *g = data;

	g->found = true;
	return parse_record(g->type, uuid, doc, len, g->rec, g->e);
}

int store_get(struct store *s, const struct record_type *type, const char *column,
	const char *value, void *ret_rec, struct err *e)
{
	struct store_filter filter = {.column = column, .op = STORE_EQ, .value = value};
	struct store_query q = {.filters = &filter, .n_filters = 1, .limit = 1};
	struct get_one g = {.type = type, .rec = ret_rec, .e = e};
	int r = store_list_text(s, type, &q, take_one, &g, e);

	if (r < 0)
		return r;
	if (!g.found)
		return err_set(e, ENOENT, "no %s with %s %.255s", type->name, column,
			value ? value : "null");
	return 0;
}

void store_get_stats(struct store *s, struct store_stats *ret)
{
	s->backend->get_stats(s, ret);
}
