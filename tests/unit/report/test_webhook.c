/*
 * Webhooks against a real receiver: everything arrives once and in order, also when the receiver is
 * down for a while, answers errors, or the conductor is killed in between.
 */
#include "tests/unit/report/rig.h"

static char url[2][64];

static void use(struct rig *rig, const struct receiver *rc, int n)
{
	for (int i = 0; i < n; i++) {
		snprintf(url[i], sizeof(url[i]), "http://127.0.0.1:%d/hook", rc[i].port);
		rig->urls[i] = url[i];
	}
	rig->n_urls = n;
}

static void clear(const struct receiver *rc)
{
	unlink(rc->log);
}

static void says_what_happened(const struct receiver *rc)
{
	_cleanup_free_ char *path = xasprintf("%s.last", rc->log);
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *body = NULL;
	size_t len = 0;

	fs_read(path, 65536, &text, &len, NULL);
	json_parse(text ? text : "", len, 10, &body, NULL);
	is_str(json_str(body, "event"), "node.provision_state", "the event's name");
	is_str(json_str(body, "time"), "2023-11-14T22:13:20.000000+00:00", "its time");
	is_str(json_str(body, "from"), "deploying", "from");
	is_str(json_str(body, "to"), "active", "to");
	is_str(json_str(body, "cause"), "deploy done", "cause");
	is_int(json_int(body, "duration_ms", 0), 4200, "duration");
	is_str(json_str(body, "conductor"), "conductor-1", "conductor");
	is_str(json_str(json_object_get(body, "node"), "name"), "r12u07", "node");
	ok(text && !strstr(text, "hunter2"), "no secret of the node");
}

static void down_then_up(void)
{
	struct receiver rc = {0};
	struct rig rig = {0};
	struct report_stats stats;
	struct seen seen;

	receiver_start(&rc, "downup", NULL);
	receiver_stop(&rc); /* now the port is known and nobody listens */
	use(&rig, &rc, 1);
	rig_open(&rig);
	report_start(rig.report);
	for (int i = 1; i <= 5; i++)
		rig_news(&rig, i);
	report_kick(rig.report);
	ok(rig_run_failures(&rig, 3), "while it is down, attempts go on");
	report_get_stats(rig.report, &stats);
	is_int(stats.webhooks_failing, 1, "and the webhook is counted as failing");
	receiver_start(&rc, "downup", NULL);
	for (int i = 6; i <= 50; i++)
		rig_news(&rig, i);
	report_kick(rig.report);
	ok(rig_run(&rig), "all are delivered once it is up");
	receiver_read(&rc, &seen);
	is_int(seen.n, 50, "50 events");
	is_int(seen.repeated, 0, "none twice");
	is_int(seen.bad_header, 0, "the header repeats the id");
	ok(str_starts(seen.seqs, "1 2 3 4 5 6 7 8") && str_ends(seen.seqs, "47 48 49 50"),
		"in order");
	says_what_happened(&rc);
	report_get_stats(rig.report, &stats);
	is_int(stats.webhook_delivered, 50, "counted");
	is_int(stats.webhooks_failing, 0, "and no longer failing");
	rig_close(&rig);
	receiver_stop(&rc);
}

static void errors_keep_the_order(void)
{
	static const char *const statuses[] = {
		"500", "503", "200", "404", "302", "401", "200", "429", NULL};
	struct receiver rc = {0};
	struct rig rig = {0};
	struct seen seen;

	receiver_start(&rc, "errors", statuses);
	use(&rig, &rc, 1);
	rig_open(&rig);
	for (int i = 1; i <= 4; i++)
		rig_news(&rig, i);
	report_start(rig.report);
	ok(rig_run(&rig), "delivered in spite of errors");
	receiver_read(&rc, &seen);
	is_str(seen.seqs, "1 2 3 4", "in order: none passes one that failed");
	is_int(seen.refused, 6, "every error was seen");
	rig_close(&rig);
	receiver_stop(&rc);
}

static void one_dead_url_harms_no_other(void)
{
	struct receiver rc[2] = {{0}, {0}};
	struct rig rig = {0};
	struct seen seen;
	int64_t end = time_mono_ms() + RIG_LIMIT_MS;

	receiver_start(&rc[0], "alive", NULL);
	receiver_start(&rc[1], "dead", NULL);
	receiver_stop(&rc[1]);
	use(&rig, rc, 2);
	rig_open(&rig);
	report_start(rig.report);
	for (int i = 1; i <= 3; i++)
		rig_news(&rig, i);
	report_kick(rig.report);
	uv_timer_start(&rig.tick, rig_tick, 2, 2);
	do {
		uv_run(&rig.loop, UV_RUN_ONCE);
		receiver_read(&rc[0], &seen);
	} while (seen.n < 3 && time_mono_ms() < end);
	uv_timer_stop(&rig.tick);
	is_str(seen.seqs, "1 2 3", "the live one gets everything");
	receiver_start(&rc[1], "dead", NULL);
	ok(rig_run(&rig), "the other one too, when it is back");
	receiver_read(&rc[1], &seen);
	is_str(seen.seqs, "1 2 3", "in order");
	rig_close(&rig);
	receiver_stop(&rc[0]);
	receiver_stop(&rc[1]);
}

static void a_full_store_repeats_nothing(void)
{
	struct receiver rc = {0};
	struct rig rig = {.fail_removals = 3};
	struct seen seen;

	receiver_start(&rc, "full", NULL);
	use(&rig, &rc, 1);
	rig_open(&rig);
	for (int i = 1; i <= 5; i++)
		rig_news(&rig, i);
	report_start(rig.report);
	ok(rig_run(&rig), "delivered events go from the store when it lets them");
	receiver_read(&rc, &seen);
	is_str(seen.seqs, "1 2 3 4 5", "all arrived");
	is_int(seen.repeated, 0, "none twice");
	rig_close(&rig);
	receiver_stop(&rc);
}

static void age(struct rig *rig, struct delivery *d)
{
	struct store_txn *t = store_txn_new();

	d->created_at = time_wall_us() - 3600LL * 1000000;
	d->attempts = 7;
	store_txn_put(t, &delivery_type, d);
	store_commit(rig->store, t, NULL);
}

static void copy_first(void *data, const struct delivery *d)
{
	record_copy(&delivery_type, data, d);
}

static void gives_up_what_is_too_old(void)
{
	static const char *const statuses[] = {"422", "422", "422", "422", "422", NULL};
	struct receiver rc = {0};
	struct rig rig = {.give_up_after_s = 600};
	struct report_stats stats;
	struct delivery d;
	struct seen seen;

	receiver_start(&rc, "old", statuses);
	use(&rig, &rc, 1);
	rig_open(&rig);
	rig_news(&rig, 1);
	rig_load(&rig, url[0], 1, copy_first, &d, NULL);
	age(&rig, &d);
	record_done(&delivery_type, &d);
	rig_news(&rig, 2); /* refused five times */
	rig_news(&rig, 3);
	report_start(rig.report);
	ok(rig_run(&rig), "the queue is emptied");
	receiver_read(&rc, &seen);
	is_str(seen.seqs, "3", "an event too old, and one refused for itself, are given up");
	is_int(seen.refused, 5, "after five attempts");
	report_get_stats(rig.report, &stats);
	is_int(stats.webhook_given_up, 2, "and counted");
	rig_close(&rig);
	receiver_stop(&rc);
}

static void forgets_what_nobody_configures(void)
{
	struct receiver rc = {0};
	struct rig rig = {0};
	struct seen seen;

	receiver_start(&rc, "gone", NULL);
	use(&rig, &rc, 1);
	rig_open(&rig);
	rig_news(&rig, 1);
	rig_close(&rig);
	rig.n_urls = 0;
	rig_open(&rig);
	report_start(rig.report);
	ok(rig_run(&rig), "events of a webhook that is gone are removed");
	receiver_read(&rc, &seen);
	is_int(seen.n, 0, "and not sent");
	rig_close(&rig);
	receiver_stop(&rc);
}

/*
 * A conductor in a process of its own: 60 events are durable before anybody is told of them on
 * standard output, then it goes on until it is killed.
 */
static int doomed_conductor(const char *folder, int port, bool delivering)
{
	struct receiver rc = {.port = port};
	struct rig rig = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	str_copy(fixture_dir, sizeof(fixture_dir), folder);
	use(&rig, &rc, 1);
	rig_open(&rig);
	for (int i = 1; i <= 60; i++)
		rig_news(&rig, i);
	if (write(STDOUT_FILENO, "x", 1) < 0)
		return 1;
	if (delivering)
		report_start(rig.report);
	uv_timer_start(&rig.tick, rig_tick, 1000, 1000);
	uv_run(&rig.loop, UV_RUN_DEFAULT);
	return 1;
}

static pid_t start_doomed(const struct receiver *rc, bool delivering, int *ret_fd)
{
	char port[16];
	int fds[2];
	pid_t pid;

	snprintf(port, sizeof(port), "%d", rc->port);
	if (pipe(fds) < 0)
		abort();
	fflush(NULL);
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl("/proc/self/exe", "test_webhook", fixture_folder(), port,
			delivering ? "deliver" : "keep", NULL);
		_exit(127);
	}
	close(fds[1]);
	*ret_fd = fds[0];
	return pid;
}

static void killed_conductor(struct receiver *rc, bool delivering)
{
	int fd;
	char c;
	pid_t pid = start_doomed(rc, delivering, &fd);

	is_int(read(fd, &c, 1), 1, "60 events are durable");
	for (int i = 0; delivering && i < RIG_LIMIT_MS; i++) {
		struct seen seen;

		receiver_read(rc, &seen);
		if (seen.n >= 20)
			break;
		usleep(1000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
}

static void survives_kill(bool delivering)
{
	struct receiver rc = {0};
	struct rig rig = {0};
	struct seen seen;
	char want[256] = "1";

	receiver_start(&rc, delivering ? "kill2" : "kill1", NULL);
	killed_conductor(&rc, delivering);
	use(&rig, &rc, 1);
	rig_open(&rig);
	report_start(rig.report);
	ok(rig_run(&rig), "killed %s: the next one delivers",
		delivering ? "while delivering" : "between commit and delivery");
	for (int i = 2; i <= 60; i++)
		snprintf(want + strlen(want), sizeof(want) - strlen(want), " %d", i);
	receiver_read(&rc, &seen);
	is_str(seen.seqs, want, "all 60, in order");
	ok(seen.repeated <= 33, "few twice, with the same id (%d)", seen.repeated);
	clear(&rc);
	rig_close(&rig);
	receiver_stop(&rc);
}

/* The store is closed once the report was freed, whoever reads it then. */
static void ends_while_the_store_is_read(void)
{
	struct rig rig = {.slow = true};

	rig_open(&rig);
	report_start(rig.report);
	while (!rig.readings)
		usleep(1000);
	report_free(rig.report);
	is_int(rig.reading, 0, "nobody reads the store when the report has gone");
	rig.report = NULL;
	rig_close(&rig);
}

static void bad_config(void)
{
	const char *const urls[] = {"http://127.0.0.1/a", "ftp://127.0.0.1/"};
	const char *const twice[] = {"http://127.0.0.1/a", "http://127.0.0.1/a"};
	struct report_config c = {.urls = urls, .n_urls = 2};
	struct report_store rs = {0};
	struct report *r = NULL;
	struct err e = {0};
	uv_loop_t loop;

	uv_loop_init(&loop);
	is_int(report_new(&loop, NULL, &rs, &c, &r, &e), -EINVAL, "only http and https");
	c.urls = twice;
	is_int(report_new(&loop, NULL, &rs, &c, &r, &e), -EINVAL, "each URL once");
	uv_loop_close(&loop);
}

int main(int argc, char **argv)
{
	if (argc == 4)
		return doomed_conductor(argv[1], atoi(argv[2]), str_eq(argv[3], "deliver"));
	bad_config();
	down_then_up();
	errors_keep_the_order();
	one_dead_url_harms_no_other();
	a_full_store_repeats_nothing();
	gives_up_what_is_too_old();
	forgets_what_nobody_configures();
	survives_kill(false);
	survives_kill(true);
	ends_while_the_store_is_read();
	return done_testing();
}
