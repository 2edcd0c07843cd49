/* Command lines: words, options, mistakes, help and completion from one table. */
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/cli/verb.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <stdlib.h>

static int ran(struct cli_line *line, void *data)
{
	return CLI_TIMEOUT;
}

static const struct cli_option program_options[] = {
	{"url", "URL", "where"}, {"json", NULL, "as JSON"}};
static const struct cli_option wait_options[] = {
	{"wait", NULL, "wait"}, {"timeout", "SECONDS", "not longer"}};
static const struct cli_option pair_options[] = {{"property", "KEY=VALUE", "a pair"}};
static const struct cli_option optional_options[] = {
	{"wait", "[SECONDS]", "wait"}, {"fields", "FIELD...", "these"}, {"f", "FIELD...", "these"}};
static const struct cli_verb verbs[] = {
	{"node", "list", NULL, 0, 0, {{0}}, "list nodes", "x node list", ran},
	{"node", "deploy", "NODE...", 1, -1, {CLI_OPTIONS(wait_options), CLI_OPTIONS(pair_options)},
		"deploy nodes", "x node deploy n1", ran},
	{"node", "power", "on|off NODE...", 1, -1, {{0}}, "switch", "x node power on n1", ran},
	{"node", "power show", "NODE...", 1, -1, {CLI_OPTIONS(optional_options)}, "is it on", "x",
		ran},
	{"node", "boot device set", "NODE DEVICE", 2, 2, {{0}}, "boot from there", "x", ran},
	{"port", "list", NULL, 0, 0, {{0}}, "list ports", "x port list", ran},
	{"port group", "list", NULL, 0, 0, {{0}}, "list port groups", "x port group list", ran},
	{"why", NULL, "NODE", 1, 1, {{0}}, "tell why", "x why n1", ran},
};

static bool takes(const char *kind, const char *word)
{
	return str_eq(kind, "SECONDS") ? *word >= '0' && *word <= '9' : str_starts(word, "field");
}

static const struct cli_program program = {.name = "x",
	.takes = takes,
	.help = "a program",
	.options = CLI_OPTIONS(program_options),
	.verbs = verbs,
	.n_verbs = ARRAY_SIZE(verbs)};

static int parse(const char *text, struct cli_line *line, struct err *e)
{
	static char copy[512];
	static char *argv[32];
	int argc = 0;

	snprintf(copy, sizeof(copy), "x %s", text);
	for (char *s = strtok(copy, " "); s && argc < 31; s = strtok(NULL, " "))
		argv[argc++] = s;
	argv[argc] = NULL;
	return cli_parse(&program, argc, argv, line, e);
}

static void test_words(void)
{
	struct cli_line l;
	struct err e = {0};
	size_t pos = 0;

	is_int(parse("--json node deploy n1 --property a=1 --timeout=9 n2 --property b --url u", &l,
		       &e),
		0, "options anywhere: %s", e.text);
	ok(l.verb == &verbs[1], "the verb");
	is_int(l.n_args, 2, "two arguments");
	is_str(l.args[1], "n2", "the second");
	ok(cli_flag(&l, "json") && !cli_flag(&l, "wait"), "flags");
	is_str(cli_value(&l, "timeout"), "9", "with '='");
	is_str(cli_value(&l, "url"), "u", "an option of the program after the verb");
	is_str(cli_next(&l, "property", &pos), "a=1", "the first of two");
	is_str(cli_next(&l, "property", &pos), "b", "the second");
	is_str(cli_next(&l, "property", &pos), NULL, "and no more");
	cli_line_done(&l);
	is_int(parse("why -- --odd", &l, &e), 0, "behind -- nothing is an option");
	is_str(l.args[0], "--odd", "but an argument");
	cli_line_done(&l);
}

/* The verb a line names, and its arguments in one word. */
static void means(const char *text, const char *command, const char *args)
{
	struct err e = {0};
	struct cli_line l;
	char got[256] = "";

	is_int(parse(text, &l, &e), 0, "'%s': %s", text, e.text);
	for (int i = 0; i < l.n_args; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", l.args[i]);
	is_str(l.command, command, "  is the command");
	is_str(got, args, "  with its arguments");
	cli_line_done(&l);
}

static void test_long_commands(void)
{
	means("node boot device set n1 disk", "node boot device set", "n1 disk ");
	means("port list", "port list", "");
	means("port group list", "port group list", "");
	means("node power on show", "node power", "on show ");
	means("node power show n1", "node power show", "n1 ");
	means("node power -- show n1", "node power", "show n1 ");
	means("why node", "why", "node ");
}

static void test_optional_values(void)
{
	struct err e = {0};
	struct cli_line l;
	size_t pos = 0;

	means("node power show --wait 9 n1", "node power show", "n1 ");
	means("node power show --wait n1", "node power show", "n1 ");
	means("node power show --wait=n1 n2", "node power show", "n2 ");
	means("node power show --fields uuid field2 n1", "node power show", "n1 ");
	is_int(parse("node power show -f uuid field2 n1 --wait", &l, &e), 0, "a letter: %s",
		e.text);
	is_str(cli_next(&l, "f", &pos), "uuid", "the first word is always taken");
	is_str(cli_next(&l, "f", &pos), "field2", "the others when they are of the kind");
	ok(cli_flag(&l, "wait") && !cli_value(&l, "wait"), "no value");
	cli_line_done(&l);
}

static void test_mistakes(void)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"", "x --help"},
		{"frob", "frob"},
		{"node", "x node --help"},
		{"node frob", "node has no verb 'frob'"},
		{"node boot", "node boot: a verb is missing"},
		{"node boot frob", "node boot has no verb 'frob'"},
		{"port group", "port group: a verb is missing"},
		{"-x", "unknown option -x"},
		{"--frob=secret", "unknown option --frob;"},
		{"node deploy", "expected NODE..."},
		{"node list n1", "expected no argument"},
		{"why a b", "expected NODE"},
		{"node deploy n1 --frob", "--frob"},
		{"node list --wait", "unknown option --wait"},
		{"node deploy n1 --timeout", "--timeout needs SECONDS"},
		{"node deploy n1 --wait=1", "--wait takes no value"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cli_line l;
		struct err e = {0};

		ok(parse(cases[i].line, &l, &e) == -EINVAL && strstr(e.text, cases[i].says),
			"'%s': %s", cases[i].line, e.text);
	}
}

static char *printed(void (*print)(FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	print(f);
	fclose(f);
	return text;
}

static void print_help(FILE *out)
{
	struct cli_line l;

	if (parse("node deploy --help", &l, NULL) == 0) {
		cli_help(&program, &l, out);
		cli_line_done(&l);
	}
}

static void test_output(void)
{
	_cleanup_free_ char *help = printed(print_help);
	char *argv[] = {(char *)"x", (char *)"why", (char *)"n", NULL};

	ok(strstr(help, "--timeout SECONDS") && strstr(help, "x node deploy n1"),
		"help has options and examples");
	is_int(cli_main(&program, 3, argv), CLI_TIMEOUT, "the verb's exit code is the program's");
}

int main(void)
{
	test_words();
	test_long_commands();
	test_optional_values();
	test_mistakes();
	test_output();
	return done_testing();
}
