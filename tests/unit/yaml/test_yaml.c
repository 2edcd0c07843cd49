/* YAML into JSON: what scalars become, and what is refused. */
#include "lib/yaml/yaml.h"
#include "tests/unit/tap.h"

#include <errno.h>

static const struct {
	const char *yaml, *json; /* NULL: refused */
} cases[] = {
	{"- a: 1\n  b: [x, 'y', 2.5]\n- {c: null, d: true}\n",
		"[{\"a\":1,\"b\":[\"x\",\"y\",2.5]},{\"c\":null,\"d\":true}]"},
	{"[{\"op\": \"eq\", \"args\": [1, \"1\"]}]", "[{\"op\":\"eq\",\"args\":[1,\"1\"]}]"},
	{"a: '{inventory[cpu]}'\nb: \"true\"\nc: ~\nd: 0x10\ne: 1.2.3\nf: -7\n",
		"{\"a\":\"{inventory[cpu]}\",\"b\":\"true\",\"c\":null,\"d\":\"0x10\",\"e\":\"1.2."
		"3\",\"f\":-7}"},
	{"a: &x [1]\nb: *x\n", "{\"a\":[1],\"b\":[1]}"},
	{"# nothing\n", "null"},
	{"a: [1", NULL},
	{"a: b: c", NULL},
	{"? [1]\n: 2\n", NULL},
	{"&a [&b [*a]]", NULL},
};

/* Each alias stands for ten of the one before. */
static const char bomb[] =
	"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
	"c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
	"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";

int main(void)
{
	json_t *json = NULL;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = yaml_to_json(cases[i].yaml, strlen(cases[i].yaml), &json, &e);
		_cleanup_free_ char *text = r == 0 ? json_text(json) : NULL;

		is_str(text, cases[i].json, "%s", cases[i].yaml);
		if (r == 0)
			json_decref(json);
	}
	is_int(yaml_to_json(bomb, strlen(bomb), &json, &e), -E2BIG, "a bomb does not go off");
	return done_testing();
}
