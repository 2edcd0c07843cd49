/* YAML as JSON: what PyYAML, which baremetal reads such files with, makes of the same texts. */
#include "conductor/cli/yaml.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <errno.h>

static void becomes(const char *yaml, const char *json)
{
	_cleanup_json_ json_t *value = NULL;
	_cleanup_free_ char *text = NULL;
	struct err e = {0};

	is_int(yaml_parse(yaml, strlen(yaml), &value, &e), 0, "%s %s", yaml, e.text);
	text = json_text(value);
	is_str(text, json, "  is what it should be");
}

static void test_values(void)
{
	becomes("- interface: deploy\n  step: erase_devices\n  args: {}\n",
		"[{\"interface\":\"deploy\",\"step\":\"erase_devices\",\"args\":{}}]");
	becomes("{a: 1, b: -2, c: 0x1F, d: 1.5, e: '1', f: \"x\\ty\"}",
		"{\"a\":1,\"b\":-2,\"c\":31,\"d\":1.5,\"e\":\"1\",\"f\":\"x\\ty\"}");
	becomes("[yes, No, TRUE, off, ~, null, '', 'yes', 1.2.3, 1e, 0x, -]",
		"[true,false,true,false,null,null,\"\",\"yes\",\"1.2.3\",\"1e\",\"0x\",\"-\"]");
	becomes("a: &x [1, 2]\nb: *x\n", "{\"a\":[1,2],\"b\":[1,2]}");
	becomes("a: |\n  two\n  lines\n", "{\"a\":\"two\\nlines\\n\"}");
	becomes("{\"json\": [true, null, 1, \"\\u00e9\"]}",
		"{\"json\":[true,null,1,\"\xc3\xa9\"]}");
	becomes("99999999999999999999", "\"99999999999999999999\""); /* beyond 64 bits: text */
}

static void test_refused(void)
{
	static const char *const bad[] = {"", "# nothing\n", "a: 1\na: 2\n", "? [a]\n: b\n", "[",
		"\t- a", "a: *b", "&a [*a]", /* an alias within itself */
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"};
	/* a billion laughs */
	static const char laughs[] =
		"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n"
		"c: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\n"
		"e: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e]\n";
	json_t *value = NULL;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		is_int(yaml_parse(bad[i], strlen(bad[i]), &value, &e), -EINVAL, "refused: %s",
			e.text);
	is_int(yaml_parse(laughs, sizeof(laughs) - 1, &value, &e), -EINVAL, "refused: %s", e.text);
	ok(!value, "and nothing is left");
}

int main(void)
{
	test_values();
	test_refused();
	return done_testing();
}
