/* Ranges of names, out and back. */
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/cli/range.h"
#include "tests/unit/tap.h"

#include <errno.h>

static char *expanded(const char *word, int *ret, struct err *e)
{
	struct names names = {0};
	struct buf b = BUF_INIT(1 << 20);

	*ret = range_expand(word, &names, e);
	for (size_t i = 0; i < names.n; i++)
		buf_printf(&b, "%s%s", i ? " " : "", names.list[i]);
	names_done(&names);
	return b.data ? buf_take(&b) : xstrdup("");
}

static void test_expand(void)
{
	static const struct {
		const char *word, *want; /* NULL: refused */
	} cases[] = {
		{"r12u07", "r12u07"},
		{"r12u[01-03]", "r12u01 r12u02 r12u03"},
		{"r[1-2]u[01,03]", "r1u01 r1u03 r2u01 r2u03"},
		{"u[8-11]", "u8 u9 u10 u11"},
		{"u[08-11]", "u08 u09 u10 u11"},
		{"u[1,3,5-6].lab", "u1.lab u3.lab u5.lab u6.lab"},
		{"metal3~host-0", "metal3~host-0"},
		{"u[1-", NULL},
		{"u[]", NULL},
		{"u[a-b]", NULL},
		{"u[3-1]", NULL},
		{"u[1;2]", NULL},
		{"u[1-9999999999]", NULL},
		{"u[1-99999999]", NULL},
		{"u[0-999][0-999]", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = {0};
		int r;
		_cleanup_free_ char *got = expanded(cases[i].word, &r, &e);

		if (cases[i].want)
			is_str(got, cases[i].want, "%s", cases[i].word);
		else
			ok(r == -EINVAL && strstr(e.text, cases[i].word), "refused: %.80s", e.text);
	}
}

static void test_once(void)
{
	struct names names = {0};

	range_expand("u[1-3]", &names, NULL);
	range_expand("u2", &names, NULL);
	range_expand("u[3-4]", &names, NULL);
	is_int(names.n, 4, "each name once");
	names_done(&names);
}

static void test_fold(void)
{
	static const struct {
		const char *words[6], *want;
	} cases[] = {
		{{"u03", "u01", "u02"}, "u[01-03]"},
		{{"u1", "u3"}, "u[1,3]"},
		{{"r1u04", "r1u01", "r1u02", "r1u06", "r1u07"}, "r1u[01-02,04,06-07]"},
		{{"r1u01", "r2u01"}, "r1u01 r2u01"},
		{{"u10", "u9", "u11"}, "u9 u[10-11]"},
		{{"a1", "b1", "b2"}, "a1 b[1-2]"},
		{{"gw"}, "gw"},
		{{NULL}, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct names names = {0};
		_cleanup_free_ char *got = NULL;

		for (int k = 0; cases[i].words[k]; k++)
			names_add(&names, cases[i].words[k]);
		got = range_fold(&names);
		is_str(got, cases[i].want, "folded");
		names_done(&names);
	}
}

int main(void)
{
	test_expand();
	test_once();
	test_fold();
	return done_testing();
}
