/* Words that mean nodes: names, ranges, globs, groups; and what is the same of many, told once. */
#include "conductor/cli/collate.h"
#include "conductor/cli/select.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const rows[] = {
	"{\"uuid\": \"f0000000-0000-4000-8000-000000000001\", \"name\": \"r12u01\", \"driver\": "
	"\"ipmi\","
	" \"properties\": {\"rack\": \"r12\", \"vendor\": \"Dell Inc.\"}, \"maintenance\": true}",
	"{\"uuid\": \"f0000000-0000-4000-8000-000000000002\", \"name\": \"r12u02\", \"driver\": "
	"\"fake\","
	" \"properties\": {\"rack\": \"r13\"}, \"maintenance\": false}",
	"{\"uuid\": \"f0000000-0000-4000-8000-000000000003\", \"name\": null, \"properties\": {}}",
};

/* Which rows words mean, as "12"; and how many of the words mean none. */
static void means(const char *text, const char *want, int lost, const char *what)
{
	_cleanup_free_ char *copy = xstrdup(text);
	const char *words[8];
	char *save = NULL, got[8] = "";
	bool hit[64] = {0};
	struct selection s;
	struct err e = {0};
	size_t n = 0;
	int misses = 0;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	if (!is_int(selection_init(&s, words, n, &e), 0, "%s: %s", text, e.text))
		return;
	selection_note(&s, "@row4", "f0000000-0000-4000-8000-000000000002");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ json_t *row = json_loads(rows[i], 0, NULL);

		if (selection_mark(&s, row, hit))
			sprintf(got + strlen(got), "%zu", i + 1);
	}
	for (size_t i = 0; i < s.exact.n + s.patterns.n; i++)
		misses += !hit[i];
	is_str(got, want, "%s: %s", text, what);
	is_int(misses, lost, "  words that mean nothing");
	selection_done(&s);
}

static void test_words(void)
{
	struct selection s;
	struct err e = {0};

	means("r12u01", "1", 0, "a name");
	means("r12u[01-03]", "12", 1, "a range");
	means("f0000000-0000-4000-8000-000000000003 r12u02", "23", 0, "a UUID");
	means("r12*", "12", 0, "a glob over names");
	means("f*", "3", 0, "over UUIDs only where there is no name");
	means("@r12", "1", 0, "a rack");
	means("@row4", "2", 0, "a chassis whose nodes were asked for");
	means("@driver=ipmi", "1", 0, "a field");
	means("@properties.vendor=Dell*", "1", 0, "a field within one, by a pattern");
	means("@maintenance=false", "2", 0, "a boolean");
	means("@nothing r9*", "", 2, "groups and globs that mean none");
	for (size_t i = 0; i < 3; i++) {
		static const char *const bad[] = {"@", "@=x", "r[1-"};

		is_int(selection_init(&s, &bad[i], 1, &e), -EINVAL, "refused: %s", e.text);
	}
}

static void test_fields(void)
{
	static const char *const words[] = {
		"n1", "@r12", "@driver=x", "@properties.vendor=y", "n*"};
	_cleanup_free_ char *fields = NULL;
	struct selection s;

	selection_init(&s, words, ARRAY_SIZE(words), NULL);
	fields = selection_fields(&s);
	is_str(fields, "uuid,name,properties,driver", "what they look at, each once");
	selection_done(&s);
}

static void collated(const char *const *pairs, const char *want, const char *what)
{
	struct collate c = {0};
	char *got = NULL;
	size_t len;
	FILE *f = open_memstream(&got, &len);

	for (; pairs[0]; pairs += 2)
		collate_add(&c, pairs[0], pairs[1]);
	collate_print(&c, f);
	fclose(f);
	is_str(got, want, "%s", what);
	collate_done(&c);
	free(got);
}

static void test_collate(void)
{
	collated((const char *const[]){"n1", "text\n", NULL}, "text\n", "one node: the text alone");
	collated((const char *const[]){"n1", "a\n", "n2", "b\n", "n3", "a\n", NULL},
		"------\nn[1,3] (2)\n------\na\n--\nn2\n--\nb\n", "equal texts once");
}

int main(void)
{
	test_words();
	test_fields();
	test_collate();
	return done_testing();
}
