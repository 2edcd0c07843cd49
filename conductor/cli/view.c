/* Nodes as groups, with bars and a summary; see view.h. */
#include "lib/base/buf.h"
#include "conductor/cli/view.h"
#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

#define BAR_WIDTH 20
#define OWN_BARS  12 /* nodes that transfer and still get a line each */

/* Nodes that do the same. */
struct group {
	char *what;
	struct names names;
	int64_t done, total, rate;
	bool failed;
};

struct groups {
	struct group *list;
	size_t n;
};

static void put_duration(struct buf *b, int64_t s)
{
	if (s >= 3600)
		buf_printf(b, "%d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
	else
		buf_printf(b, "%02d:%02d", (int)(s / 60), (int)(s % 60));
}

static bool transfers(const json_t *row)
{
	return json_int(json_object_get(row, "progress"), "bytes_total", 0) > 0;
}

/* State, phase and wait: what nodes of one group have in common. */
static char *what_of(const struct view_node *v)
{
	const json_t *p = json_object_get(v->row, "progress");
	const char *state = json_str(v->row, "provision_state"),
		   *waits = json_str(v->row, "waits_for");
	const char *error = json_str(v->row, "last_error"), *phase = json_str(p, "phase");

	if (v->failed)
		return xasprintf("%s  %s", state ? state : "failed", error ? error : "");
	return xasprintf("%s%s%s%s%s", state ? state : "-", phase ? "  " : "", phase ? phase : "",
		waits && !transfers(v->row) ? "  waits for: " : "",
		waits && !transfers(v->row) ? waits : "");
}

/* alone: a group of its own, whatever others do. */
static void group_add(struct groups *g, const struct view_node *v, bool alone)
{
	const json_t *p = json_object_get(v->row, "progress");
	_cleanup_free_ char *what = what_of(v);
	size_t i = alone ? g->n : 0;

	while (i < g->n && !str_eq(g->list[i].what, what))
		i++;
	if (i == g->n) {
		g->list = xrealloc(g->list, (g->n + 1) * sizeof(*g->list));
		g->list[g->n++] = (struct group){.what = TAKE_PTR(what), .failed = v->failed};
	}
	names_add(&g->list[i].names, v->name);
	if (!transfers(v->row))
		return;
	g->list[i].done += json_int(p, "bytes_done", 0);
	g->list[i].total += json_int(p, "bytes_total", 0);
	g->list[i].rate += json_int(p, "rate_bps", 0);
}

static void put_bar(struct buf *b, const struct group *g)
{
	int64_t done = g->done > g->total ? g->total : g->done;
	int filled = (int)(done * BAR_WIDTH / g->total);

	buf_puts(b, "  [");
	for (int i = 0; i < BAR_WIDTH; i++)
		buf_puts(b, i < filled ? "#" : "-");
	buf_printf(b, "] %d%% of ", (int)(done * 100 / g->total));
	text_size(b, g->total);
	if (g->rate <= 0)
		return;
	buf_puts(b, ", ");
	text_size(b, g->rate);
	buf_puts(b, "/s, ");
	put_duration(b, (g->total - done + g->rate - 1) / g->rate);
	buf_puts(b, " left");
}

/* Cut to the width; what wires sent cannot command the terminal. */
static void put_line(struct buf *out, char *line, int columns)
{
	size_t bytes = 0;

	text_clean(line);
	for (int n = 0; line[bytes] && n < columns; n++) {
		bytes++;
		while (((unsigned char)line[bytes] & 0xc0) == 0x80)
			bytes++;
	}
	buf_printf(out, "%s%.*s", out->len ? "\n" : "", (int)bytes, line);
}

static void put_group(struct buf *out, const struct group *g, int columns)
{
	_cleanup_free_ char *names = range_fold(&g->names);
	struct buf line = BUF_INIT(1 << 20);
	char *text;
	int most = columns / 2; /* of the names: what they do is to be read, too */

	if ((int)strlen(names) > most && most > 12)
		buf_printf(&line, "%.*s... (%zu)", most - 10, names, g->names.n);
	else
		buf_puts(&line, names);
	buf_printf(&line, "  %s", g->what);
	if (g->total > 0)
		put_bar(&line, g);
	text = buf_take(&line);
	put_line(out, text, columns);
	free(text);
}

/* "40 nodes: 36 active, 2 deploying" */
static void put_summary(
	struct buf *out, const struct view_node *nodes, size_t n, const struct view_shape *shape)
{
	struct groups states = {0};
	struct buf line = BUF_INIT(1 << 16);
	char *text;

	buf_printf(&line, "%zu node%s:", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++) {
		const char *state = json_str(nodes[i].row, "provision_state");
		size_t k = 0;

		state = state ? state : "not asked yet";
		while (k < states.n && !str_eq(states.list[k].what, state))
			k++;
		if (k == states.n) {
			states.list = xrealloc(states.list, (k + 1) * sizeof(*states.list));
			states.list[states.n++] = (struct group){.what = xstrdup(state)};
		}
		states.list[k].done++;
	}
	for (size_t k = 0; k < states.n; k++) {
		buf_printf(&line, "%s %lld %s", k ? "," : "", (long long)states.list[k].done,
			states.list[k].what);
		free(states.list[k].what);
	}
	free(states.list);
	buf_puts(&line, "   elapsed ");
	put_duration(&line, shape->elapsed_ms / 1000);
	text = buf_take(&line);
	put_line(out, text, shape->columns);
	free(text);
}

/* Failures first, then what moves, then what waits, the large groups before the small. */
static int by_interest(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->failed != y->failed)
		return x->failed ? -1 : 1;
	if ((x->total > 0) != (y->total > 0))
		return x->total > 0 ? -1 : 1;
	if (x->names.n != y->names.n)
		return x->names.n > y->names.n ? -1 : 1;
	return strcmp(x->names.list[0], y->names.list[0]);
}

char *view_text(const struct view_node *nodes, size_t n, const struct view_shape *shape)
{
	struct buf out = BUF_INIT(1 << 20);
	struct groups g = {0};
	size_t moving = 0, room = shape->rows > 2 ? (size_t)shape->rows - 2 : 1, shown = 0;

	for (size_t i = 0; i < n; i++)
		moving += transfers(nodes[i].row);
	for (size_t i = 0; i < n; i++)
		if (nodes[i].row)
			group_add(&g, &nodes[i],
				transfers(nodes[i].row) && moving <= OWN_BARS && moving < room);
	if (g.n)
		qsort(g.list, g.n, sizeof(*g.list), by_interest);
	put_summary(&out, nodes, n, shape);
	for (; shown < g.n && (shown < room || g.n == room + 1); shown++)
		put_group(&out, &g.list[shown], shape->columns);
	if (shown < g.n)
		buf_printf(&out, "\n... and %zu more groups", g.n - shown);
	for (size_t i = 0; i < g.n; i++) {
		free(g.list[i].what);
		names_done(&g.list[i].names);
	}
	free(g.list);
	return buf_take(&out);
}
