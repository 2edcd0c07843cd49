/*
 * Batches; see batch.h. A thread per batch takes the nodes in the order given and keeps a window of
 * them under way; the requests about one node run one after the other, until one is refused.
 */
#include "conductor/api/batch.h"
#include "conductor/api/batchplan.h"
#include "conductor/api/handlers.h"
#include "conductor/api/internal.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "lib/base/deadline.h"
#include "lib/base/list.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define WINDOW	64
#define LOOK_MS 200 /* how soon a batch sees that the conductor stops */

struct item {
	struct batch *batch;
	const json_t *node;	/* of the body */
	const json_t *requests; /* of the body */
	size_t at;		/* the request under way */
	json_t *patch;		/* dry run: what was to be changed before the verb */
	int status;
	char *error;	  /* the call's own words */
	struct list link; /* of batch.ready */
};

struct batch {
	struct call *outer;
	bool would;
	struct item *items;
	size_t n;

	pthread_mutex_t lock; /* what is below, and the items' link and at */
	pthread_cond_t moved;
	struct list ready; /* items whose next request may go */
	size_t begun, in_flight, done;
	unsigned refs; /* the thread's, and one for each request in flight */
};

static void batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		json_decref(b->items[i].patch);
		free(b->items[i].error);
	}
	free(b->items);
	pthread_mutex_destroy(&b->lock);
	pthread_cond_destroy(&b->moved);
	free(b);
}

/* With the lock held; it is gone afterwards. */
static void batch_unref(struct batch *b)
{
	bool last = --b->refs == 0;

	pthread_mutex_unlock(&b->lock);
	if (last)
		batch_free(b);
}

/* An item's request was answered; any thread. */
static void answered(struct item *it, int status)
{
	struct batch *b = it->batch;

	pthread_mutex_lock(&b->lock);
	it->status = status;
	if (status < 400 && ++it->at < json_array_size(it->requests)) {
		list_append(&b->ready, &it->link);
	} else {
		b->in_flight--;
		b->done++;
	}
	pthread_cond_signal(&b->moved);
	batch_unref(b);
}

static void on_reply(int status, const char *body, size_t len, void *data)
{
	answered(data, status);
}

/* A dry run's patch is kept for the verb behind it, which is asked as if it had been applied. */
static int keep_for_later(struct item *it, struct call *c, const char *text, struct err *e)
{
	if (call_parse_body(c->route, c->version, text, strlen(text), &c->body, e) < 0 ||
		patch_check_roots(&node_schema, c->version, c->body, e) < 0)
		return -e->code;
	if (!it->patch)
		it->patch = json_array();
	json_array_extend(it->patch, c->body);
	call_reply_empty(c, 204);
	return 0;
}

/* Only provision requests and deletions can be asked what they would do. */
static bool can_tell(const struct route *route)
{
	return route->handler == states_provision || route->handler == node_delete;
}

/* What a dry run can say of another request: its body is right, and there is such a node. */
static int check_only(struct call *c, const char *text, struct err *e)
{
	_cleanup_json_ json_t *node = NULL;

	if (call_parse_body(c->route, c->version, text, strlen(text), &c->body, e) < 0 ||
		node_read(c, c->params[0], &node, e) < 0)
		return -e->code;
	call_reply_empty(c, 204);
	return 0;
}

static void step(struct item *it)
{
	const json_t *request = json_array_get(it->requests, it->at);
	const json_t *body = json_object_get(request, "body");
	_cleanup_free_ char *path = batch_path(it->node, request),
			    *text = body ? json_text(body) : xstrdup("");
	const char *method = json_str(request, "method");
	struct err e;
	struct call *c;
	int r;

	c = call_inner(it->batch->outer, method, path, &it->error, on_reply, it);
	c->would = it->batch->would;
	c->json = json_incref(it->patch);
	if (c->would && c->route->body == BODY_PATCH)
		r = keep_for_later(it, c, text, &e);
	else if (c->would && !can_tell(c->route))
		r = check_only(c, text, &e);
	else
		r = call_run(c, text, strlen(text), &e);
	if (r < 0)
		call_reply_error(c, &e);
}

/* The next item to be stepped, with the lock held; NULL: none now. */
static struct item *next_item(struct batch *b)
{
	struct item *it = list_first(&b->ready, struct item, link);

	if (it) {
		list_remove(&it->link);
		return it;
	}
	if (b->begun == b->n || b->in_flight == WINDOW)
		return NULL;
	b->in_flight++;
	return &b->items[b->begun++];
}

/* Until all are answered, or the conductor stops. With the lock held. */
static void run_items(struct batch *b, atomic_bool *stopping)
{
	while (b->done < b->n && !atomic_load(stopping)) {
		struct item *it = next_item(b);

		if (!it) {
			deadline_wait(&b->moved, &b->lock, time_mono_ms() + LOOK_MS);
			continue;
		}
		b->refs++;
		pthread_mutex_unlock(&b->lock);
		step(it);
		pthread_mutex_lock(&b->lock);
	}
}

static void reply(struct batch *b)
{
	json_t *results = json_array();
	size_t failed = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		json_t *row = json_object();

		failed += it->status >= 400;
		json_object_set(row, "node", batch_node_name(it->node));
		json_put_int(row, "status", it->status);
		json_put_str(row, "error", it->error);
		if (b->would)
			batch_describe(b->outer, row);
		json_array_append_new(results, row);
	}
	call_reply_json(b->outer, 200,
		json_pack("{s:b, s:I, s:I, s:o}", "dry_run", b->would, "nodes", (json_int_t)b->n,
			"failed", (json_int_t)failed, "results", results));
}

static void *batch_thread(void *data)
{
	struct batch *b = data;
	struct api *a = b->outer->api;
	bool whole;

	pthread_mutex_lock(&b->lock);
	run_items(b, &a->stopping);
	whole = b->done == b->n;
	pthread_mutex_unlock(&b->lock);
	if (whole)
		reply(b);
	else
		call_reply_error(b->outer,
			&(struct err){.code = EAGAIN, .text = "The conductor is stopping"});
	pthread_mutex_lock(&b->lock);
	batch_unref(b);
	atomic_fetch_sub(&a->batches, 1);
	return NULL;
}

static struct batch *batch_new(struct call *c, bool would)
{
	const json_t *nodes = json_object_get(c->body, "nodes");
	struct batch *b = xcalloc(1, sizeof(*b));

	b->outer = c;
	b->would = would;
	b->n = json_array_size(nodes);
	b->items = xcalloc(b->n ? b->n : 1, sizeof(*b->items));
	b->refs = 1;
	list_init(&b->ready);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->moved, NULL);
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];

		it->batch = b;
		it->node = json_array_get(nodes, i);
		it->requests = batch_requests(c->body, it->node);
		list_init(&it->link);
	}
	return b;
}

int batch_post(struct call *c, struct err *e)
{
	struct api *a = c->api;
	struct batch *b;
	pthread_t thread;
	int r = batch_check(c->body, e);

	if (r < 0)
		return r;
	if (atomic_fetch_add(&a->batches, 1) >= BATCHES_MAX) {
		atomic_fetch_sub(&a->batches, 1);
		return err_set(e, EAGAIN,
			"%d batches are under way already; try again when one has ended",
			BATCHES_MAX);
	}
	b = batch_new(c, json_flag(c->body, "dry_run", false));
	r = pthread_create(&thread, NULL, batch_thread, b);
	if (r) {
		atomic_fetch_sub(&a->batches, 1);
		batch_free(b);
		return err_set(e, EAGAIN, "no thread for the batch: %s", strerror(r));
	}
	pthread_detach(thread);
	return 0;
}

void batch_wait(struct api *a)
{
	while (atomic_load(&a->batches))
		usleep(5000);
}
