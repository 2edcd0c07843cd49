/* Live lines with and without a terminal; tables; what wires send is harmless in both. */
#include "lib/base/mem.h"
#include "lib/cli/live.h"
#include "lib/cli/table.h"
#include "tests/unit/tap.h"

#include <stdlib.h>

static void test_plain(void)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct live *l = live_new(f, 2, 0);

	live_set(l, 0, "deploying", "u1 10%");
	live_set(l, 0, "deploying", "u1 20%");
	live_set(l, 1, "active", "u2 done");
	live_draw(l);
	live_set(l, 0, "active", "u1 done");
	live_draw(l);
	live_free(l);
	fclose(f);
	is_str(text, "u1 10%\nu2 done\nu1 done\n", "a line when what matters changes, no escapes");
}

static void test_terminal(void)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct live *l = live_new(f, 2, 1);

	live_set(l, 0, "a", "u1 10%");
	live_set(l, 1, "a", "u2 10%");
	live_draw(l);
	live_set(l, 0, "a", "u1 20%");
	live_draw(l);
	live_free(l);
	fclose(f);
	is_str(text,
		"\033[2Ku1 10%\n\033[2Ku2 10%\n\033[J\033[2A\033[2Ku1 20%\n\033[2Ku2 10%\n\033[J",
		"the block is drawn again in its place");
}

static void test_long(void)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct live *l = live_new(f, 100, 1);

	for (size_t i = 0; i < 100; i++)
		live_set(l, i, "a", "line");
	live_finish(l, 0);
	live_draw(l);
	live_free(l);
	fclose(f);
	ok(strstr(text, "... and 78 more"), "22 of 100 lines fit into 24 rows");
}

static void test_table(void)
{
	static const struct table_column columns[] = {{"name", NULL}, {"a.b", "AB"}};
	json_t *rows = json_pack("[{s:s, s:{s:i}}, {s:s}]", "name", "n\033[2J", "a", "b", 5, "name",
		"\xc3\xa4\xc2\x9b");
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	table_print(f, columns, 2, rows);
	fclose(f);
	is_str(text, "NAME   AB\nn?[2J  5\n\xc3\xa4\?\?    -\n",
		"columns count characters; escapes from wires, in 7 and 8 bits, are shown as '?'");
	json_decref(rows);
}

int main(void)
{
	test_plain();
	test_terminal();
	test_long();
	test_table();
	return done_testing();
}
