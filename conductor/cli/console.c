/*
 * ingot console: a node's serial console in this terminal, its recording, its replay. Output comes
 * by one connection in a thread of its own, keys go by another. However it ends, the terminal is
 * as it was before.
 */
#include "conductor/cli/act.h"
#include "conductor/cli/castview.h"
#include "conductor/cli/keys.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const char help_text[] = "\r\n[~.  leave    ~t  take the keyboard    ~~  a tilde    ~?  "
				"this; each at the beginning of "
				"a line]\r\n";

/* --- the terminal ------------------------------------------------------------------------------
 */

static struct termios saved;
static volatile sig_atomic_t is_raw;
static int wake_fds[2] = {-1, -1}; /* the output's end, and signals */

static void restore(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	is_raw = 0;
}

static void on_signal(int sig)
{
	if (write(wake_fds[1], "s", 1) < 0)
		_exit(128 + sig);
}

static int make_raw(struct err *e)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction sa = {.sa_handler = on_signal};
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return err_set(e, ENOTTY,
			"console: standard input is no terminal; --follow only shows it, --log "
			"prints what was recorded");
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaction(ending[i], &sa, NULL);
	atexit(restore);
	t = saved;
	cfmakeraw(&t);
	is_raw = 1;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
	return 0;
}

/* --- output ------------------------------------------------------------------------------------
 */

struct session {
	struct conn *in, *out; /* keys; output */
	const char *node;
	bool raw;
	struct castreader reader;
	pthread_mutex_t lock;
	char *id; /* of our watch, once it is known; under the lock */
	int r;	  /* how the output ended */
	struct err err;
};

static void show(void *data, int64_t wall_us, char code, const char *bytes, size_t len)
{
	const struct session *s = data;
	struct buf plain = BUF_INIT(4096);

	if (code == 'o') {
		fwrite(bytes, 1, len, stdout);
		fflush(stdout);
	} else if (code == 'm') {
		cast_plain(&plain, bytes, len);
		fprintf(stderr, "%s[%.*s]%s", s->raw ? "\r\n" : "",
			(int)strcspn(buf_str(&plain), "\n"), buf_str(&plain),
			s->raw ? "\r\n" : "\n");
	}
	buf_done(&plain);
}

static bool on_bytes(void *data, const char *bytes, size_t len)
{
	struct session *s = data;

	castreader_feed(&s->reader, bytes, len);
	if (s->reader.id && !s->id) {
		pthread_mutex_lock(&s->lock);
		s->id = xstrdup(s->reader.id);
		pthread_mutex_unlock(&s->lock);
	}
	return true;
}

static int follow(struct session *s)
{
	_cleanup_free_ char *path = conn_path("/ingot/v1/nodes/", s->node, "/console");
	int r;

	castreader_init(&s->reader, show, s);
	r = conn_stream(s->out, path, on_bytes, s, &s->err);
	castreader_done(&s->reader);
	return r;
}

static void *output_thread(void *data)
{
	struct session *s = data;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	s->r = follow(s);
	if (write(wake_fds[1], "e", 1) < 0)
		perror("ingot");
	return NULL;
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* Bytes that JSON has no text for are left out. */
static json_t *input_text(const char *bytes, size_t len)
{
	_cleanup_free_ char *clean = xmalloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			clean[n++] = bytes[i];
	return n ? json_stringn(clean, n) : NULL;
}

static void type(struct session *s, const char *bytes, size_t len, bool take)
{
	_cleanup_free_ char *path = conn_path("/ingot/v1/nodes/", s->node, "/console/input");
	_cleanup_json_ json_t *body = NULL;
	json_t *input = len ? input_text(bytes, len) : json_string("");
	struct err e;

	pthread_mutex_lock(&s->lock);
	if (input && s->id)
		body = json_pack("{s:s, s:O, s:b}", "watch", s->id, "input", input, "take", take);
	pthread_mutex_unlock(&s->lock);
	json_decref(input);
	if (body && conn_call(s->in, "POST", path, body, NULL, &e) < 0)
		fprintf(stderr, "\r\n[%s]\r\n", e.text);
}

/* False: the person wants to leave. */
static bool typed(struct session *s, struct keys *k, const char *bytes, size_t len)
{
	char out[1025];
	size_t done = 0, n;
	enum keys_wish wish;

	while (done < len) {
		done += keys_read(k, bytes + done, len - done, out, &n, &wish);
		if (n)
			type(s, out, n, false);
		if (wish == KEYS_LEAVE)
			return false;
		if (wish == KEYS_HELP)
			fputs(help_text, stderr);
		if (wish == KEYS_TAKE)
			type(s, "", 0, true);
	}
	return true;
}

/* Others may have the keyboard at once; the conductor would find out by itself in a while. */
static void say_goodbye(struct session *s)
{
	_cleanup_free_ char *after = NULL, *path = NULL;
	struct err e;

	pthread_mutex_lock(&s->lock);
	after = s->id ? xasprintf("/console/%s", s->id) : NULL;
	pthread_mutex_unlock(&s->lock);
	if (!after)
		return;
	path = conn_path("/ingot/v1/nodes/", s->node, after);
	conn_call(s->in, "DELETE", path, NULL, NULL, &e);
}

/* Until `~.`, a signal, the end of the input, or of the output. True: the output ended. */
static bool read_keys(struct session *s)
{
	struct pollfd fds[2] = {
		{.fd = wake_fds[0], .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	struct keys k = {.fresh = true};
	char bytes[1024], why;
	size_t have = 0, whole;
	ssize_t n;

	for (;;) {
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		if (fds[0].revents)
			return read(wake_fds[0], &why, 1) == 1 && why == 'e';
		n = read(STDIN_FILENO, bytes + have, sizeof(bytes) - have);
		whole = n > 0 ? cast_whole(bytes, have + (size_t)n) : 0;
		if (n <= 0 || !typed(s, &k, bytes, whole))
			return false;
		have = have + (size_t)n - whole; /* the beginning of a character */
		memmove(bytes, bytes + whole, have);
	}
}

/* --- verbs -------------------------------------------------------------------------------------
 */

static int enable(struct conn *c, const char *node, struct err *e)
{
	_cleanup_free_ char *path = conn_path("/v1/nodes/", node, "/states/console");
	_cleanup_json_ json_t *now = NULL, *on = json_pack("{s:b}", "enabled", 1);
	int r = conn_call(c, "GET", path, NULL, &now, e);

	if (r < 0 || json_flag(now, "console_enabled", false))
		return r;
	r = conn_call(c, "PUT", path, on, NULL, e);
	if (r == 0)
		fprintf(stderr,
			"[the console of %s is enabled; ingot node console off %s closes it]\n",
			node, node);
	return r;
}

static int interact(struct conn *c, const char *node)
{
	struct session s = {.in = c, .node = node, .raw = true, .lock = PTHREAD_MUTEX_INITIALIZER};
	_cleanup_conn_ struct conn *out = NULL;
	pthread_t thread;
	bool ended;

	if (pipe(wake_fds) < 0 || conn_twin(c, &out, &s.err) < 0)
		return cmd_fail(&s.err);
	s.out = out;
	fprintf(stderr, "[console of %s; leave with Enter ~. , help with Enter ~? ]\n", node);
	if (make_raw(&s.err) < 0)
		return cmd_fail(&s.err);
	if (pthread_create(&thread, NULL, output_thread, &s) != 0) {
		restore();
		return CLI_FAILED;
	}
	ended = read_keys(&s);
	restore();
	if (!ended) { /* the thread ends with the program: nothing of it has to be kept */
		pthread_detach(thread);
		say_goodbye(&s);
		fprintf(stderr, "\n[left the console of %s]\n", node);
		fflush(stdout);
		_exit(CLI_OK);
	}
	pthread_join(thread, NULL);
	free(s.id);
	if (s.r < 0)
		return cmd_fail(&s.err);
	fprintf(stderr, "\n[the conductor closed the console]\n");
	return CLI_FAILED;
}

static int only_follow(struct conn *c, const char *node)
{
	struct session s = {.out = c, .node = node, .lock = PTHREAD_MUTEX_INITIALIZER};
	int r = follow(&s);

	free(s.id);
	if (r < 0)
		return cmd_fail(&s.err);
	fprintf(stderr, "[the conductor closed the console]\n");
	return CLI_FAILED;
}

static int read_options(
	const struct cli_line *line, int64_t *since_us, double *speed, struct err *e)
{
	const char *since = cli_value(line, "since"), *fast = cli_value(line, "speed");
	char *end = NULL;

	if (since && castview_since(since, time_wall_us(), since_us, e) < 0)
		return -EINVAL;
	if (fast)
		*speed = strtod(fast, &end);
	if (fast && (!*fast || *end || !(*speed >= 0.01 && *speed <= 1000)))
		return err_set(e, EINVAL, "--speed %s: expected a number from 0.01 to 1000", fast);
	return 0;
}

static int show_recording(struct cli_line *line, struct conn *c)
{
	_cleanup_free_ char *path = conn_path("/ingot/v1/nodes/", line->args[0], "/console/log");
	_cleanup_free_ char *text = NULL;
	int64_t since = 0;
	double speed = 1;
	struct err e;

	if (read_options(line, &since, &speed, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	if (conn_text(c, path, &text, &e) < 0)
		return cmd_fail(&e);
	if (cli_flag(line, "replay"))
		castview_replay(text, strlen(text), since, speed, stdout);
	else if (print_as_json(line))
		fputs(text, stdout);
	else
		castview_log(text, strlen(text), since, stdout);
	return CLI_OK;
}

int verb_console(struct cli_line *line, void *data)
{
	bool recorded = cli_flag(line, "log") || cli_flag(line, "replay");
	int kinds = cli_flag(line, "log") + cli_flag(line, "replay") + cli_flag(line, "follow");
	const char *node = line->args[0];
	_cleanup_conn_ struct conn *c = NULL;
	struct err e;

	if (kinds > 1)
		return fprintf(stderr, "ingot: --log, --replay and --follow exclude each other\n"),
		       CLI_USAGE;
	if (!recorded && (cli_value(line, "since") || cli_value(line, "speed")))
		return fprintf(stderr, "ingot: --since and --speed go with --log or --replay\n"),
		       CLI_USAGE;
	if (conn_open(line, &c, &e) < 0)
		return cmd_fail(&e);
	if (recorded)
		return show_recording(line, c);
	if (!cli_flag(line, "follow") && !isatty(STDIN_FILENO))
		return fprintf(stderr, "ingot: standard input is no terminal; --follow only shows "
				       "the console, "
				       "--log prints what was recorded\n"),
		       CLI_USAGE;
	if (enable(c, node, &e) < 0)
		return cmd_fail(&e);
	return cli_flag(line, "follow") ? only_follow(c, node) : interact(c, node);
}
