/* CSV: RFC 4180 and what spreadsheets add to it; mistakes name their line. */
#include "lib/base/mem.h"
#include "lib/cli/csv.h"
#include "tests/unit/tap.h"

#include <errno.h>

static void test_reads(void)
{
	static const char text[] = "\xef\xbb\xbfName, mac ,note\r\n"
				   "# a comment, with a comma\r\n"
				   "r1 , 52:54:00:00:00:01,\"a, \"\"b\"\"\r\nc\"\r\n"
				   "\r\n"
				   " \"r 2\" ,,";
	struct csv c = {0};
	struct err e = {0};

	is_int(csv_parse(text, sizeof(text) - 1, &c, &e), 0, "a spreadsheet's file: %s", e.text);
	is_int(c.n_columns, 3, "three columns");
	is_int(c.n_rows, 2, "two rows");
	if (c.n_rows != 2)
		return;
	is_str(csv_field(&c, &c.rows[0], "NAME"), "r1", "by name in any case, trimmed");
	is_str(csv_field(&c, &c.rows[0], "mac"), "52:54:00:00:00:01", "a plain field");
	is_str(csv_field(&c, &c.rows[0], "note"), "a, \"b\"\r\nc", "quotes keep commas and lines");
	is_str(csv_field(&c, &c.rows[1], "name"), "r 2", "spaces outside quotes go");
	is_str(csv_field(&c, &c.rows[1], "note"), "", "an empty field at the end of the file");
	is_str(csv_field(&c, &c.rows[1], "none"), NULL, "no such column");
	is_int(c.rows[0].line, 3, "its line counts comments");
	is_int(c.rows[1].line, 6, "and lines inside quotes");
	csv_done(&c);
}

static void test_mistakes(void)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "header"},
		{"\n\n# only a comment\n", "header"},
		{"a,b\n1\n", "line 2: 1 fields"},
		{"a,b\n1,2,3\n", "line 2: 3 fields"},
		{"a,b\n1,2\n\n\n3\n", "line 5"},
		{"a,a\n", "'a' twice"},
		{"a,A\n", "twice"},
		{"a,,b\n", "column 2"},
		{"a\n\"x\n", "line 2: a quote"},
		{"a\n\"x\"y\n", "line 2: text after"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct csv c = {0};
		struct err e = {0};
		int r = csv_parse(cases[i].text, strlen(cases[i].text), &c, &e);

		ok(r == -EINVAL && strstr(e.text, cases[i].says), "refused, says '%s': %s",
			cases[i].says, e.text);
		csv_done(&c);
	}
}

static void test_limits(void)
{
	char wide[2 * CSV_COLUMNS_MAX + 8] = "a";
	struct csv c = {0};
	struct err e = {0};

	for (int i = 0; i <= CSV_COLUMNS_MAX; i++)
		strcat(wide, ",b");
	is_int(csv_parse(wide, strlen(wide), &c, &e), -EINVAL, "too many columns: %s", e.text);
	is_int(csv_parse("a\0b", 3, &c, &e), -EINVAL, "a NUL byte: %s", e.text);
}

int main(void)
{
	test_reads();
	test_mistakes();
	test_limits();
	return done_testing();
}
