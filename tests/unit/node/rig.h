/*
 * An engine with its loop in a thread of its own, a store in a file that goes away, and machines of
 * the fake driver. ask() is what an API thread does: it submits and waits.
 */
#ifndef TESTS_UNIT_NODE_RIG_H
#define TESTS_UNIT_NODE_RIG_H

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "conductor/driver/driver.h"
#include "conductor/node/engine.h"
#include "lib/base/fs.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/base/uuid.h"
#include "conductor/flow/flow.h"
#include "tests/unit/tap.h"

#define LIMIT_MS 20000 /* of every wait: a test that gets there has failed */

static char rig_dir[64];

static void rig_remove(void)
{
	if (rig_dir[0])
		fs_rm_rf(rig_dir, NULL);
}

struct rig {
	uv_loop_t loop;
	uv_async_t stop;
	pthread_t thread;
	struct store *store;
	struct driver_env drivers;
	struct flow_env flow;
	struct engine *engine;
	int max_clean; /* set between rig_open() and rig_run(); 0: no limit */
};

/* A request and whether it was answered. */
struct ask {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	int done;
};

static inline void on_answer(struct request *r)
{
	struct ask *a = r->data;

	pthread_mutex_lock(&a->lock);
	a->done++;
	pthread_cond_broadcast(&a->answered);
	pthread_mutex_unlock(&a->lock);
}

static inline void ask_init(struct ask *a)
{
	*a = (struct ask){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
}

/* Waits until n requests were answered. */
static inline bool ask_wait(struct ask *a, int n)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LIMIT_MS / 1000;
	pthread_mutex_lock(&a->lock);
	while (a->done < n && r == 0)
		r = pthread_cond_timedwait(&a->answered, &a->lock, &until);
	pthread_mutex_unlock(&a->lock);
	return r == 0;
}

static inline struct request *rq_new(struct ask *a, enum request_kind kind, const char *ident)
{
	struct request *r = request_new(kind, on_answer, a);

	r->ident = ident ? xstrdup(ident) : NULL;
	r->args = json_object();
	return r;
}

/* Submits, waits, gives the result; *ret, if wanted, gets the answer. */
static inline int ask(struct rig *rig, struct request *r, json_t **ret, struct err *e)
{
	struct ask *a = r->data;
	int result;

	engine_submit(rig->engine, r);
	if (!ask_wait(a, 1)) {
		printf("Bail out! a request of kind %d was not answered\n", r->kind);
		_exit(1);
	}
	result = r->result;
	if (ret)
		*ret = json_incref(r->answer);
	if (e)
		*e = r->err;
	request_free(r);
	return result;
}

static inline int provision(struct rig *rig, const char *name, enum verb verb, struct err *e)
{
	struct request *r;
	struct ask a;

	ask_init(&a);
	r = rq_new(&a, REQ_PROVISION, name);
	r->verb = verb;
	return ask(rig, r, NULL, e);
}

/* The node's live view; {} when there is none. */
static inline json_t *why(struct rig *rig, const char *name)
{
	json_t *answer = NULL;
	struct ask a;

	ask_init(&a);
	ask(rig, rq_new(&a, REQ_WHY, name), &answer, NULL);
	return answer ? answer : json_object();
}

/* Waits for a state; the last one seen is copied out. */
static inline const char *reach(struct rig *rig, const char *name, const char *state)
{
	static char seen[32];
	int64_t end = time_mono_ms() + LIMIT_MS;

	do {
		_cleanup_json_ json_t *j = why(rig, name);

		str_copy(seen, sizeof(seen), json_str(j, "provision_state") ?: "(none)");
		if (str_eq(seen, state))
			break;
		usleep(1000);
	} while (time_mono_ms() < end);
	return seen;
}

/* The record as the store has it. */
static inline void stored(struct rig *rig, const char *name, struct node *ret)
{
	node_init(ret);
	store_get(rig->store, &node_type, "name", name, ret, NULL);
}

static inline struct node *node_make(const char *name, json_t *driver_info)
{
	struct node *n = xmalloc(sizeof(*n));

	node_init(n);
	n->name = xstrdup(name);
	n->driver = xstrdup("fake-hardware");
	if (driver_info) {
		json_decref(n->driver_info);
		n->driver_info = driver_info;
	}
	return n;
}

static inline int create(struct rig *rig, const char *name, json_t *driver_info)
{
	struct request *r;
	struct ask a;

	ask_init(&a);
	r = rq_new(&a, REQ_NODE_CREATE, NULL);
	r->record = node_make(name, driver_info);
	return ask(rig, r, NULL, NULL);
}

static inline void on_stop(uv_async_t *h)
{
	struct rig *rig = h->data;

	engine_stop(rig->engine);
	uv_stop(&rig->loop);
}

static inline void *rig_thread(void *data)
{
	struct rig *rig = data;

	uv_run(&rig->loop, UV_RUN_DEFAULT);
	driver_env_done(&rig->drivers);
	for (int i = 0; i < 20; i++)
		uv_run(&rig->loop, UV_RUN_NOWAIT);
	return NULL;
}

static inline void must(int r, const struct err *e)
{
	if (r == 0)
		return;
	printf("Bail out! %s\n", e->text);
	exit(1);
}

/* Opens the store; records may be put into it before rig_run(). */
static inline void rig_open(struct rig *rig)
{
	_cleanup_free_ char *url = NULL;
	struct err e;

	if (!rig_dir[0]) {
		strcpy(rig_dir, "/tmp/ingot-engine.XXXXXX");
		if (!mkdtemp(rig_dir))
			abort();
		atexit(rig_remove);
		log_set_level(LOG_LEVEL_ERROR);
	}
	memset(rig, 0, sizeof(*rig));
	url = xasprintf("sqlite:%s/engine.sqlite", rig_dir);
	must(store_open(url, &rig->store, &e), &e);
}

static inline void rig_run(struct rig *rig)
{
	struct engine_config c = {.hostname = "rig",
		.flow = &rig->flow,
		.history_per_node = 50,
		.max_clean = rig->max_clean};
	struct err e;

	uv_loop_init(&rig->loop);
	uv_async_init(&rig->loop, &rig->stop, on_stop);
	rig->stop.data = rig;
	driver_env_init(&rig->drivers, &rig->loop);
	rig->flow = (struct flow_env){.driver = &rig->drivers,
		.enabled_drivers = "",
		.automated_clean = true,
		.call_timeout_s = 10,
		.agent_timeout_s = 10};
	must(engine_new(&rig->loop, rig->store, &c, &rig->engine, &e), &e);
	must(engine_start(rig->engine, &e), &e);
	pthread_create(&rig->thread, NULL, rig_thread, rig);
}

static inline void rig_start(struct rig *rig)
{
	rig_open(rig);
	rig_run(rig);
}

/* Ends it as SIGTERM does; what is in the store stays for the next rig_open(). */
static inline void rig_stop(struct rig *rig)
{
	uv_async_send(&rig->stop);
	pthread_join(rig->thread, NULL);
	uv_close((uv_handle_t *)&rig->stop, NULL);
	store_close(rig->store, 5000);
	engine_free(rig->engine);
	uv_run(&rig->loop, UV_RUN_NOWAIT);
	ok(uv_loop_close(&rig->loop) == 0, "nothing is left on the loop");
}

/* Ends it and forgets the store. */
static inline void rig_end(struct rig *rig)
{
	rig_stop(rig);
	fs_rm_rf(rig_dir, NULL);
	rig_dir[0] = '\0';
}

#endif
