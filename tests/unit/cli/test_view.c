/* The live view of many nodes: groups, bars, the summary, and that it fits every terminal. */
#include "conductor/cli/view.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

static json_t *row(const char *state, const char *waits, int done, int total, int rate)
{
	json_t *j = json_pack("{s:s, s:s?}", "provision_state", state, "waits_for", waits);

	if (total)
		json_object_set_new(j, "progress",
			json_pack("{s:s, s:I, s:I, s:I}", "phase", "write", "bytes_done",
				(json_int_t)done * 1000000, "bytes_total",
				(json_int_t)total * 1000000, "rate_bps",
				(json_int_t)rate * 1000000));
	return j;
}

static size_t lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static size_t widest(const char *text)
{
	size_t most = 0;

	while (*text) {
		size_t n = strcspn(text, "\n");

		most = n > most ? n : most;
		text += n + (text[n] == '\n');
	}
	return most;
}

#define N 40

static void fill(struct view_node *nodes, char (*names)[16], json_t *active, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "r12u%02u", (unsigned)(i + 1) % 10000);
		nodes[i] = (struct view_node){names[i], active, false};
	}
}

static void test_rack(void)
{
	_cleanup_json_ json_t *active = row("active", NULL, 0, 0, 0);
	_cleanup_json_ json_t *writes = row("deploying", "write the image", 213, 300, 29);
	_cleanup_json_ json_t *bad = row("deploy failed", NULL, 0, 0, 0);
	struct view_shape shape = {.columns = 100, .rows = 22, .elapsed_ms = 341000};
	struct view_node nodes[N];
	_cleanup_free_ char *text = NULL, *narrow = NULL;
	char names[N][16];

	fill(nodes, names, active, N);
	json_put_str(bad, "last_error", "no disk fits the hint");
	nodes[18] = (struct view_node){names[18], bad, true};
	nodes[37].row = writes;
	text = view_text(nodes, N, &shape);
	ok(strstr(text, "40 nodes: 38 active, 1 deploy failed, 1 deploying   elapsed 05:41\n") ==
			text,
		"a summary first");
	ok(strstr(text, "\nr12u[01-18,20-37,39-40]  active"), "those that do the same in one line");
	ok(strstr(text, "\nr12u19  deploy failed  no disk fits the hint\n"),
		"a failure with its cause");
	ok(strstr(text,
		   "\nr12u38  deploying  write  [##############------] 71% of 300 MB, 29 MB/s, "
		   "00:03 left"),
		"a bar with rate and what is left: %s", text);
	is_int((long)lines(text), 4, "in four lines");
	shape.columns = 40;
	narrow = view_text(nodes, N, &shape);
	ok(widest(narrow) <= 40 && strstr(narrow, "active"), "a narrow terminal: %s", narrow);
}

/* A thousand nodes, all of them writing. */
static void test_many(void)
{
	static struct view_node nodes[1000];
	static char names[1000][16];
	_cleanup_json_ json_t *writes = row("deploying", "write the image", 100, 400, 10);
	struct view_shape shape = {.columns = 120, .rows = 10};
	_cleanup_free_ char *text = NULL, *none = NULL;

	fill(nodes, names, writes, 1000);
	text = view_text(nodes, 1000, &shape);
	is_int((long)lines(text), 2, "one line for all: %s", text);
	ok(strstr(text, "\nr12u[01-99] r12u[100-999] r12u1000  deploying  write  [#####-------") &&
			strstr(text, "] 25% of 400 GB, 10 GB/s, 00:30 left"),
		"with one bar in common");
	none = view_text(nodes, 0, &shape);
	ok(str_starts(none, "0 nodes:"), "no nodes");
}

static void test_room(void)
{
	static struct view_node nodes[100];
	static char names[100][16];
	struct view_shape shape = {.columns = 80, .rows = 10};
	_cleanup_free_ char *text = NULL;
	json_t *rows[100];

	fill(nodes, names, NULL, 100);
	for (int i = 0; i < 100; i++) {
		char waits[32];

		snprintf(waits, sizeof(waits), "thing %d", i);
		nodes[i].row = rows[i] = row("cleaning", waits, 0, 0, 0);
	}
	text = view_text(nodes, 100, &shape);
	is_int((long)lines(text), 10, "as many lines as there are");
	ok(strstr(text, "... and 92 more groups"), "and it says what is left out");
	for (int i = 0; i < 100; i++)
		json_decref(rows[i]);
}

int main(void)
{
	test_rack();
	test_many();
	test_room();
	return done_testing();
}
