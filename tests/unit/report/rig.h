/*
 * A conductor's outgoing half for tests: store, loop, HTTP and report wired together as main does,
 * and a receiver in Python.
 */
#ifndef TESTS_UNIT_REPORT_RIG_H
#define TESTS_UNIT_REPORT_RIG_H

#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "conductor/report/report.h"
#include "tests/unit/store/fixture.h"

#define RIG_LIMIT_MS 20000 /* for what takes milliseconds: a test that hangs must end */

struct rig {
	uv_loop_t loop;
	uv_timer_t tick;
	struct http_async *http;
	struct store *store;
	struct report *report;
	const char *urls[2];
	int n_urls;
	unsigned give_up_after_s;
	int fail_removals;	      /* so many of the next ones */
	bool slow;		      /* reading takes a moment */
	atomic_int readings, reading; /* that have begun; that go on */
};

struct load {
	report_delivery_fn each;
	void *data;
};

static int load_one(void *data, const void *rec)
{
	struct load *l = data;

	l->each(l->data, rec);
	return 0;
}

static inline int rig_load(void *data, const char *url, int limit, report_delivery_fn each,
	void *each_data, struct err *e)
{
	struct rig *rig = data;
	struct load l = {each, each_data};
	struct store_filter f = {"url", STORE_EQ, url};
	struct store_query q = {.filters = &f, .n_filters = url ? 1 : 0, .limit = limit};
	int r;

	rig->reading++;
	rig->readings++;
	if (rig->slow)
		usleep(50000);
	r = store_list(rig->store, &delivery_type, &q, load_one, &l, e);
	rig->reading--;
	return r;
}

static inline void rig_save(void *data, const struct delivery *d)
{
	struct rig *rig = data;
	struct store_txn *t = store_txn_new();

	store_txn_put(t, &delivery_type, d);
	store_submit(rig->store, t, NULL, NULL);
}

struct removal {
	report_stored_fn done;
	void *data;
};

static void removal_done(void *data, int r, const struct err *e)
{
	struct removal *rm = data;

	rm->done(rm->data, r);
	free(rm);
}

static inline void rig_remove(void *data, const char *uuid, report_stored_fn done, void *done_data)
{
	struct rig *rig = data;
	struct removal *rm = xmalloc(sizeof(*rm));
	struct store_txn *t;

	*rm = (struct removal){done, done_data};
	if (rig->fail_removals) {
		rig->fail_removals--;
		removal_done(rm, -ENOSPC, NULL);
		return;
	}
	t = store_txn_new();
	store_txn_delete(t, &delivery_type, uuid);
	store_submit(rig->store, t, removal_done, rm);
}

static inline void rig_open(struct rig *rig)
{
	struct report_store rs = {rig, rig_load, rig_save, rig_remove};
	struct report_config c = {.urls = rig->urls,
		.n_urls = rig->n_urls,
		.hostname = "conductor-1",
		.retry_min_ms = 10,
		.retry_max_ms = 50,
		.timeout_ms = 5000,
		.give_up_after_s = rig->give_up_after_s};
	struct err e = {0};

	uv_loop_init(&rig->loop);
	uv_timer_init(&rig->loop, &rig->tick);
	rig->store = fixture_open("report");
	if (http_async_new(&rig->loop, 0, &rig->http, &e) < 0 ||
		report_new(&rig->loop, rig->http, &rs, &c, &rig->report, &e) < 0) {
		printf("Bail out! %s\n", e.text);
		exit(1);
	}
}

static inline void rig_close(struct rig *rig)
{
	report_free(rig->report);
	http_async_free(rig->http);
	uv_close((uv_handle_t *)&rig->tick, NULL);
	uv_run(&rig->loop, UV_RUN_DEFAULT);
	store_close(rig->store, 5000);
	is_int(uv_loop_close(&rig->loop), 0, "every handle was closed");
}

static inline void rig_add(void *txn, const struct delivery *d)
{
	store_txn_put(txn, &delivery_type, d);
}

/* One piece of news, durable with its deliveries as the engine does it. */
static inline void rig_news(struct rig *rig, int seq)
{
	struct store_txn *t = store_txn_new();
	struct err e = {0};
	struct node n;
	struct news news = {.kind = NEWS_PROVISION_STATE,
		.node = &n,
		.from = "deploying",
		.to = "active",
		.cause = "deploy done",
		.wall_us = 1700000000000000,
		.duration_ms = 4200};

	fixture_node(&n, "r12u07");
	json_object_set_new(n.driver_info, "ipmi_password", json_string("hunter2"));
	news.details = json_pack("{s:i}", "seq", seq);
	report_deliveries(rig->report, &news, rig_add, t);
	if (store_commit(rig->store, t, &e) < 0)
		printf("# %s\n", e.text);
	json_decref(news.details);
	node_done(&n);
}

struct receiver {
	pid_t pid;
	int port;
	char log[128];
};

/* Ends with the test, however that ends. */
static inline void receiver_start(
	struct receiver *rc, const char *name, const char *const *statuses)
{
	char *argv[24] = {NULL}, port[16], path[160];
	int n = 0, status;

	snprintf(rc->log, sizeof(rc->log), "%s/%s", fixture_folder(), name);
	snprintf(path, sizeof(path), "%s.port", rc->log);
	snprintf(port, sizeof(port), "%d", rc->port);
	unlink(path);
	argv[n++] = (char *)"python3";
	argv[n++] = (char *)"tests/unit/report/receiver.py";
	argv[n++] = port;
	argv[n++] = rc->log;
	while (statuses && *statuses && n < 23)
		argv[n++] = (char *)*statuses++;
	fflush(NULL);
	rc->pid = fork();
	if (!rc->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp("python3", argv);
		_exit(127);
	}
	for (int i = 0; i < RIG_LIMIT_MS; i++) {
		_cleanup_free_ char *text = fs_read_line(path);

		if (text && !str_to_int(text, 1, 65535, &rc->port))
			return;
		if (waitpid(rc->pid, &status, WNOHANG) == rc->pid)
			break;
		usleep(1000);
	}
	printf("Bail out! no receiver\n");
	exit(1);
}

static inline void receiver_stop(struct receiver *rc)
{
	kill(rc->pid, SIGKILL);
	waitpid(rc->pid, NULL, 0);
}

/* "1 2 3": seq of the events answered with 200, in order, without repeated ids. */
struct seen {
	char seqs[8192];
	int n, repeated, refused, bad_header;
};

static inline void receiver_read(const struct receiver *rc, struct seen *s)
{
	char id[64], header[64], (*ids)[64] = xcalloc(4096, 64);
	int status, seq;
	FILE *f = fopen(rc->log, "r");

	memset(s, 0, sizeof(*s));
	while (f && fscanf(f, "%d %63s %d %63s", &status, id, &seq, header) == 4) {
		bool again = false;

		s->bad_header += !str_eq(id, header);
		if (status != 200) {
			s->refused++;
			continue;
		}
		for (int i = 0; i < s->n && !again; i++)
			again = str_eq(ids[i], id);
		s->repeated += again;
		if (again || s->n == 4096)
			continue;
		str_copy(ids[s->n++], 64, id);
		snprintf(s->seqs + strlen(s->seqs), sizeof(s->seqs) - strlen(s->seqs), "%s%d",
			s->n > 1 ? " " : "", seq);
	}
	if (f)
		fclose(f);
	free(ids);
}

static inline void rig_tick(uv_timer_t *t)
{
}

/* Runs the loop until no delivery is left in the store. */
static inline bool rig_run(struct rig *rig)
{
	int64_t end = time_mono_ms() + RIG_LIMIT_MS, left = 1;

	uv_timer_start(&rig->tick, rig_tick, 2, 2);
	while (left && time_mono_ms() < end) {
		uv_run(&rig->loop, UV_RUN_ONCE);
		store_count(rig->store, &delivery_type, NULL, &left, NULL);
	}
	uv_timer_stop(&rig->tick);
	return !left;
}

/* Runs the loop until so many attempts have failed. */
static inline bool rig_run_failures(struct rig *rig, uint64_t failures)
{
	int64_t end = time_mono_ms() + RIG_LIMIT_MS;
	struct report_stats stats = {0};

	uv_timer_start(&rig->tick, rig_tick, 2, 2);
	while (stats.webhook_failures < failures && time_mono_ms() < end) {
		uv_run(&rig->loop, UV_RUN_ONCE);
		report_get_stats(rig->report, &stats);
	}
	uv_timer_stop(&rig->tick);
	return stats.webhook_failures >= failures;
}

#endif
