/* Every command's examples are commands: they parse, name that command, and its help shows them. */
#include "conductor/cli/verbs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

/* Words as a shell makes them, quotes and a pipe's or redirection's end included. In place. */
static int words_of(char *text, char **argv, int max)
{
	int argc = 0;
	char *to;

	for (char *p = text; *p && argc < max;) {
		char quote = 0;

		p += strspn(p, " ");
		if (!*p || *p == '|' || *p == '>')
			break;
		argv[argc++] = to = p;
		for (; *p && (quote || *p != ' '); p++) {
			if (quote ? *p == quote : *p == '\'' || *p == '"')
				quote = quote ? 0 : *p;
			else
				*to++ = *p;
		}
		p += *p == ' ';
		*to = 0;
	}
	return argc;
}

static void parses(const struct cli_verb *v, const char *line, size_t len)
{
	_cleanup_free_ char *copy = xstrndup(line, len), *words = xstrndup(line, len);
	char want[CLI_COMMAND_MAX], *argv[64] = {0};
	int argc = words_of(words, argv, 63);
	struct cli_line parsed;
	struct err e = {0};

	if (*copy == '#')
		return;
	if (!is_int(cli_parse(ingot_program(), argc, argv, &parsed, &e), 0, "%s %s", copy, e.text))
		return;
	is_str(parsed.command, cli_command(v, want, sizeof(want)), "  is of its command");
	cli_line_done(&parsed);
}

static void test_examples(void)
{
	const struct cli_program *p = ingot_program();

	for (size_t i = 0; i < p->n_verbs; i++)
		for (const char *at = p->verbs[i].examples; *at;) {
			size_t len = strcspn(at, "\n");

			parses(&p->verbs[i], at, len);
			at += len + (at[len] == '\n');
		}
}

/* Each command has its own words, and each of its options once. */
static void test_tables(void)
{
	const struct cli_program *p = ingot_program();

	for (size_t i = 0; i < p->n_verbs; i++) {
		const struct cli_verb *v = &p->verbs[i];
		char command[CLI_COMMAND_MAX], other[CLI_COMMAND_MAX];
		struct names seen = {0};
		bool once = true;

		cli_command(v, command, sizeof(command));
		for (size_t k = 0; k < i; k++)
			once &= !str_eq(command, cli_command(&p->verbs[k], other, sizeof(other)));
		for (size_t o = 0; o < p->options.n; o++)
			names_add(&seen, p->options.list[o].name);
		for (size_t o = 0; o < ARRAY_SIZE(v->options); o++)
			for (size_t k = 0; k < v->options[o].n; k++) {
				once &= !names_have(&seen, v->options[o].list[k].name);
				names_add(&seen, v->options[o].list[k].name);
			}
		ok(once && !str_empty(v->help) && !str_empty(v->examples),
			"%s: one of its kind, each option once, with help and an example", command);
		names_done(&seen);
	}
}

int main(void)
{
	test_examples();
	test_tables();
	return done_testing();
}
