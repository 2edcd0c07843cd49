/* Live progress; see watch.h. */
#include "conductor/cli/watch.h"
#include "lib/base/buf.h"
#include "conductor/cli/view.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/cli/live.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SILENCE_MS   10000 /* of the conductor, which may be restarting */
#define PAUSE_MIN_MS 40
#define PAUSE_MAX_MS 500
#define PAUSE_FACTOR 20 /* looking takes at most a twentieth of the time */

void watch_progress(struct buf *b, const json_t *p)
{
	int64_t done = json_int(p, "bytes_done", 0), total = json_int(p, "bytes_total", 0);
	int64_t rate = json_int(p, "rate_bps", 0);

	if (json_str(p, "phase"))
		buf_printf(b, "%s%s", b->len ? "  " : "", json_str(p, "phase"));
	if (total > 0)
		buf_printf(b, " %d%%", (int)(done * 100 / total));
	if (done > 0) {
		buf_puts(b, " ");
		text_size(b, done);
	}
	if (total > 0) {
		buf_puts(b, " of ");
		text_size(b, total);
	}
	if (rate > 0) {
		buf_puts(b, ", ");
		text_size(b, rate);
		buf_puts(b, "/s");
	}
	if (!str_empty(json_str(p, "message")))
		buf_printf(b, "  %s", json_str(p, "message"));
}

static bool is_failed(const char *state)
{
	return str_eq(state, "error") || str_ends(state ? state : "", " failed");
}

/* What is said of a row behind the name. */
static char *row_text(const json_t *row)
{
	struct buf b = BUF_INIT(4096);
	const char *state = json_str(row, "provision_state"), *waits = json_str(row, "waits_for");
	const json_t *progress = json_object_get(row, "progress");
	char *line;

	if (json_object_get(row, "target_power_state")) /* a node's states, not the live view */
		state = json_str(row, "power_state");
	buf_printf(&b, "%-14s", state ? state : "-");
	if (json_is_object(progress) && !is_failed(state))
		watch_progress(&b, progress);
	if (waits)
		buf_printf(&b, "  waits for: %s", waits);
	while (b.len && b.data[b.len - 1] == ' ')
		buf_truncate(&b, b.len - 1);
	line = buf_take(&b);
	text_clean(line);
	return line;
}

char *watch_line(const json_t *row, int width)
{
	_cleanup_free_ char *text = row_text(row);
	char *line = xasprintf("%-*s  %s", width, row_name(row) ? row_name(row) : "?", text);

	text_clean(line);
	return line;
}

/* What has to differ for a line to be printed again where there is no terminal. */
static char *mark_of(const json_t *row)
{
	const json_t *p = json_object_get(row, "progress");
	const char *state = json_str(row, "provision_state"), *phase = json_str(p, "phase"),
		   *waits = json_str(row, "waits_for"), *power = json_str(row, "power_state");

	return xasprintf("%s|%s|%s|%s", state ? state : "", phase ? phase : "", waits ? waits : "",
		power ? power : "");
}

static int power_verdict(const json_t *row, const struct watch_goal *goal, struct err *e)
{
	const char *state = json_str(row, "power_state"), *error = json_str(row, "last_error");

	if (json_str(row, "target_power_state"))
		return 0;
	if (!goal->power_state || str_eq(state, goal->power_state))
		return 1;
	return err_set(e, EIO, "%s: %s", state ? state : "power unknown",
		error ? error : "the change has ended, and gives no reason; see ingot why");
}

static bool at_goal(const json_t *row, const struct watch_goal *goal)
{
	const char *state = json_str(row, "provision_state");

	if (json_str(row, "target_provision_state"))
		return false;
	return *goal->provision_state ? str_eq(state, goal->provision_state)
				      : !is_failed(state) && !json_str(row, "last_error");
}

int watch_verdict(const json_t *row, const struct watch_goal *goal, struct err *e)
{
	const char *state = json_str(row, "provision_state"), *error = json_str(row, "last_error");

	if (!goal->provision_state)
		return power_verdict(row, goal, e);
	if (at_goal(row, goal))
		return 1;
	if (is_failed(state) || !json_str(row, "target_provision_state")) {
		if (error)
			err_set(e, EIO, "%s: %s", state ? state : "no state", error);
		else
			err_set(e, EIO, "%s, and not on its way to %s", state ? state : "no state",
				goal->provision_state);
		return -1;
	}
	return 0;
}

struct watch {
	struct conn *c;
	const struct names *names;
	const struct watch_goal *goal;
	struct failures *failed;
	struct live *live;
	bool tty;
	bool plain; /* the conductor has no live view: each node's states are asked */
	int64_t began_ms;
	json_t **rows; /* the last of each node */
	char **marks;  /* what mattered of it */
	bool *ended, *changed, *bad;
	size_t left;
	int width;
};

/* Rows by name and by UUID. */
static void index_rows(const json_t *rows, struct map *index)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (json_str(row, "name"))
			map_put(index, json_str(row, "name"), row);
		if (json_str(row, "uuid"))
			map_put(index, json_str(row, "uuid"), row);
	}
}

static void end_node(struct watch *w, size_t i, const char *failure)
{
	w->ended[i] = true;
	w->left--;
	w->bad[i] = failure != NULL;
	if (failure)
		failures_add(w->failed, w->names->list[i], failure);
}

static void look_at(struct watch *w, size_t i, const json_t *row)
{
	_cleanup_free_ char *mark = mark_of(row);
	struct err e;
	int verdict = watch_verdict(row, w->goal, &e);

	json_decref(w->rows[i]);
	w->rows[i] = json_incref((json_t *)row);
	w->changed[i] |= !str_eq(w->marks[i], mark);
	str_replace(&w->marks[i], mark);
	if (verdict)
		end_node(w, i, verdict < 0 ? e.text : NULL);
}

/* target_power_state is not in the live view, so that power asks the node's states; an Ironic has
 * no live view at all. */
static int ask_states(struct watch *w, size_t i, struct err *e)
{
	_cleanup_free_ char *path = conn_path("/v1/nodes/", w->names->list[i], "/states");
	_cleanup_json_ json_t *row = NULL;
	int r = conn_call(w->c, "GET", path, NULL, &row, e);

	if (r < 0) {
		end_node(w, i, e->text);
		return 0;
	}
	json_put_str(row, "name", w->names->list[i]);
	if (w->goal->provision_state)
		json_object_del(row, "target_power_state"); /* see row_text() */
	look_at(w, i, row);
	return 0;
}

static int poll_states(struct watch *w, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->names->n; i++)
		if (!w->ended[i])
			r = ask_states(w, i, e);
	return r;
}

static int poll_progress(struct watch *w, struct err *e)
{
	_cleanup_json_ json_t *answer = NULL;
	struct map index = {0};
	int r = conn_call(w->c, "GET", "/ingot/v1/progress", NULL, &answer, e);

	if (r < 0)
		return r;
	index_rows(json_object_get(answer, "nodes"), &index);
	for (size_t i = 0; i < w->names->n; i++) {
		const json_t *row = w->ended[i] ? NULL : map_get(&index, w->names->list[i]);

		if (row)
			look_at(w, i, row);
		else if (!w->ended[i])
			end_node(w, i, "the conductor does not know it any more");
	}
	map_done(&index);
	return 0;
}

/* Where there is no terminal: a line for all nodes that have come to the same. */
static void print_changes(struct watch *w)
{
	size_t n = w->names->n;

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *text = w->changed[i] ? row_text(w->rows[i]) : NULL;
		_cleanup_free_ char *folded = NULL;
		struct names same = {0};

		for (size_t k = i; text && k < n; k++) {
			_cleanup_free_ char *other = w->changed[k] ? row_text(w->rows[k]) : NULL;

			if (!str_eq(text, other))
				continue;
			w->changed[k] = false;
			names_add(&same, w->names->list[k]);
		}
		folded = range_fold(&same);
		if (text)
			fprintf(stderr, "%-*s  %s\n", w->width, folded, text);
		names_done(&same);
	}
}

static void show(struct watch *w)
{
	struct view_node *nodes;
	struct view_shape shape = {.elapsed_ms = time_mono_ms() - w->began_ms};
	char *text;

	if (!w->tty) {
		print_changes(w);
		return;
	}
	live_size(w->live, &shape.columns, &shape.rows);
	nodes = xcalloc(w->names->n + 1, sizeof(*nodes));
	for (size_t i = 0; i < w->names->n; i++)
		nodes[i] = (struct view_node){w->names->list[i], w->rows[i], w->bad[i]};
	text = view_text(nodes, w->names->n, &shape);
	live_block(w->live, text);
	free(text);
	free(nodes);
}

static int poll_once(struct watch *w, struct err *e)
{
	int r = w->goal->provision_state && !w->plain ? poll_progress(w, e) : poll_states(w, e);

	if (r == -ENOENT && !w->plain) {
		w->plain = true;
		r = poll_states(w, e);
	}
	if (r == 0)
		show(w);
	return r;
}

static int time_out(struct watch *w)
{
	for (size_t i = 0; i < w->names->n; i++) {
		const char *waits = json_str(w->rows[i], "waits_for");
		const char *state = json_str(w->rows[i], "provision_state");
		_cleanup_free_ char *text = xasprintf("not done after %d s, still %s%s%s",
			w->goal->timeout_s, state ? state : "under way",
			waits ? ", waits for: " : "", waits ? waits : "");

		if (!w->ended[i])
			failures_add(w->failed, w->names->list[i], text);
	}
	return CLI_TIMEOUT;
}

/* Until the next look: short where looking is cheap, long where there are thousands of nodes. */
static void pause_after(int64_t took_ms)
{
	int64_t ms = took_ms * PAUSE_FACTOR;

	if (ms < PAUSE_MIN_MS)
		ms = PAUSE_MIN_MS;
	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	usleep((useconds_t)ms * 1000);
}

static int loop(struct watch *w)
{
	int64_t until = time_mono_ms() + (int64_t)w->goal->timeout_s * 1000;
	size_t failed_before = w->failed->n;
	int64_t answered = time_mono_ms();
	struct err e;

	while (w->left) {
		int64_t began = time_mono_ms();

		if (poll_once(w, &e) == 0) {
			answered = began;
		} else if (began - answered > SILENCE_MS) {
			cmd_fail(&e);
			return CLI_FAILED;
		}
		if (!w->left)
			break;
		if (w->goal->timeout_s && time_mono_ms() >= until)
			return time_out(w);
		pause_after(answered == began ? time_mono_ms() - began : PAUSE_MAX_MS);
	}
	return w->failed->n > failed_before ? CLI_FAILED : CLI_OK;
}

int watch_nodes(struct conn *c, const struct names *names, const struct watch_goal *goal,
	struct failures *failed)
{
	struct watch w = {.c = c, .names = names, .goal = goal, .failed = failed, .left = names->n};
	int code;

	w.live = live_new(stderr, 0, -1);
	w.tty = isatty(STDERR_FILENO);
	w.began_ms = time_mono_ms();
	w.rows = xcalloc(names->n + 1, sizeof(*w.rows));
	w.marks = xcalloc(names->n + 1, sizeof(*w.marks));
	w.ended = xcalloc(names->n + 1, sizeof(*w.ended));
	w.changed = xcalloc(names->n + 1, sizeof(*w.changed));
	w.bad = xcalloc(names->n + 1, sizeof(*w.bad));
	for (size_t i = 0; i < names->n; i++)
		if ((int)strlen(names->list[i]) > w.width)
			w.width = (int)strlen(names->list[i]);
	code = loop(&w);
	live_free(w.live);
	for (size_t i = 0; i < names->n; i++) {
		json_decref(w.rows[i]);
		free(w.marks[i]);
	}
	free(w.rows);
	free(w.marks);
	free(w.ended);
	free(w.changed);
	free(w.bad);
	return code;
}
