/* Asking about many things at once; see fan.h. */
#include "conductor/cli/fan.h"
#include "lib/base/str.h"

#include <pthread.h>
#include <stdatomic.h>

#define CONNECTIONS_MAX 8

struct fan {
	fan_work work;
	void *data;
	size_t n;
	atomic_size_t next;
};

struct worker {
	struct fan *fan;
	struct conn *c;
	pthread_t thread;
};

static void *run(void *data)
{
	struct worker *w = data;
	size_t i;

	while ((i = atomic_fetch_add(&w->fan->next, 1)) < w->fan->n)
		w->fan->work(w->c, i, w->fan->data);
	return NULL;
}

void fan_out(struct conn *c, size_t n, fan_work work, void *data)
{
	struct fan fan = {work, data, n, 0};
	struct worker workers[CONNECTIONS_MAX] = {{.fan = &fan, .c = c}};
	size_t more = 1;

	for (; more < CONNECTIONS_MAX && more < n; more++) {
		struct worker *w = &workers[more];

		w->fan = &fan;
		if (conn_twin(c, &w->c, NULL) < 0)
			break;
		if (pthread_create(&w->thread, NULL, run, w)) {
			conn_close(w->c);
			break;
		}
	}
	run(&workers[0]);
	while (--more > 0) {
		pthread_join(workers[more].thread, NULL);
		conn_close(workers[more].c);
	}
}

struct asking {
	const struct names *names;
	const struct fan_call *call;
	json_t **answers;
	char **errors;
};

static void ask_one_of(struct conn *c, size_t i, void *data)
{
	struct asking *a = data;
	const struct fan_call *call = a->call;
	const char *name = a->names->list[i];
	_cleanup_free_ char *path = NULL;
	struct err e = {0};
	int r = 0;

	if (call->path)
		r = call->path(c, name, call, &path, &e);
	else
		path = conn_path(call->before, name, call->after ? call->after : "");
	if (r == 0)
		r = conn_call(c, call->method, path, call->body, &a->answers[i], &e);
	if (r < 0)
		a->errors[i] = xstrdup(e.text);
}

json_t *fan_call(struct conn *c, const struct names *names, const struct fan_call *call,
	struct failures *failed)
{
	struct asking a = {names, call, xcalloc(names->n + 1, sizeof(json_t *)),
		xcalloc(names->n + 1, sizeof(char *))};
	json_t *all = json_array();

	fan_out(c, names->n, ask_one_of, &a);
	for (size_t i = 0; i < names->n; i++) {
		if (a.errors[i])
			failures_add(failed, names->list[i], a.errors[i]);
		json_array_append_new(all, a.answers[i] ? a.answers[i] : json_null());
		free(a.errors[i]);
	}
	free(a.errors);
	free(a.answers);
	return all;
}

void fan_drop_failed(struct names *names, json_t *answers)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->n; i++) {
		if (json_is_null(json_array_get(answers, kept))) {
			json_array_remove(answers, kept);
			free(names->list[i]);
		} else {
			names->list[kept++] = names->list[i];
		}
	}
	names->n = kept;
}
