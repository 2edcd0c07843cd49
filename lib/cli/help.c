/* Help out of the verb table; see verb.h. */
#include "lib/cli/verb.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <string.h>

/* What is too long for its column has a line of its own. */
static void put_pair(FILE *out, const char *left, int width, const char *right)
{
	if ((int)strlen(left) > width)
		fprintf(out, "  %s\n  %*s %s\n", left, width, "", right);
	else
		fprintf(out, "  %-*s %s\n", width, left, right);
}

static void help_options(const struct cli_options *o, FILE *out)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct cli_option *one = &o->list[i];
		char left[64];

		snprintf(left, sizeof(left), "%s%s%s%s", one->name[1] ? "--" : "-", one->name,
			one->arg ? " " : "", one->arg ? one->arg : "");
		put_pair(out, left, 28, one->help);
	}
}

static void help_examples(const char *examples, FILE *out)
{
	for (const char *p = examples; *p;) {
		size_t len = strcspn(p, "\n");

		fprintf(out, "  %.*s\n", (int)len, p);
		p += len + (p[len] == '\n');
	}
}

static void help_verb(const struct cli_program *p, const struct cli_verb *v, FILE *out)
{
	bool any = false;

	fprintf(out, "%s %s%s%s%s%s [options]\n\n%s\n", p->name, v->noun, v->verb ? " " : "",
		v->verb ? v->verb : "", v->args ? " " : "", v->args ? v->args : "", v->help);
	for (size_t i = 0; i < ARRAY_SIZE(v->options); i++)
		any |= v->options[i].n > 0;
	if (any)
		fprintf(out, "\nOptions:\n");
	for (size_t i = 0; i < ARRAY_SIZE(v->options); i++)
		help_options(&v->options[i], out);
	fprintf(out, "\nExamples:\n");
	help_examples(v->examples, out);
	fprintf(out, "\nOptions of every command: see %s --help\n", p->name);
}

static bool is_below(const struct cli_verb *v, const char *command)
{
	char have[CLI_COMMAND_MAX];

	cli_command(v, have, sizeof(have));
	return !*command || (str_starts(have, command) && strchr(" ", have[strlen(command)]));
}

/* The commands that begin with these words, one a line. */
static void help_list(const struct cli_program *p, const char *command, FILE *out)
{
	for (size_t i = 0; i < p->n_verbs; i++) {
		const struct cli_verb *v = &p->verbs[i];
		char have[CLI_COMMAND_MAX], left[128];

		if (!is_below(v, command))
			continue;
		snprintf(left, sizeof(left), "%s%s%s", cli_command(v, have, sizeof(have)),
			v->args ? " " : "", v->args ? v->args : "");
		put_pair(out, left, 34, v->help);
	}
}

/* The verbs of one noun, from *at on, wrapped; leaves *at behind them. */
static void help_noun(const struct cli_program *p, size_t *at, FILE *out)
{
	const char *noun = p->verbs[*at].noun;
	int column = fprintf(out, "  %-18s", noun);

	for (; *at < p->n_verbs && str_eq(p->verbs[*at].noun, noun); ++*at) {
		const struct cli_verb *v = &p->verbs[*at];
		bool last = *at + 1 == p->n_verbs || !str_eq(p->verbs[*at + 1].noun, noun);
		const char *word = v->verb ? v->verb : v->help;

		if (column + 2 + (int)strlen(word) > 96)
			column = fprintf(out, "\n  %-18s", "") - 1;
		column += fprintf(out, " %s%s", word, last ? "" : ",");
	}
	fputc('\n', out);
}

static void help_program(const struct cli_program *p, FILE *out)
{
	fprintf(out, "%s - %s\n\n%s COMMAND [options]\n\nCommands:\n", p->name, p->help, p->name);
	for (size_t i = 0; i < p->n_verbs;)
		help_noun(p, &i, out);
	fprintf(out, "\nOptions of every command:\n");
	help_options(&p->options, out);
	fprintf(out, "  %-28s %s\n", "--help",
		"this, or the help of a command: its options, examples");
	fprintf(out,
		"\nExit status: 0 all went well, 1 some of it failed, 2 wrong usage, 3 time-out\n");
}

void cli_help(const struct cli_program *p, const struct cli_line *line, FILE *out)
{
	if (line->verb) {
		help_verb(p, line->verb, out);
		return;
	}
	if (!*line->command) {
		help_program(p, out);
		return;
	}
	fprintf(out, "%s %s - commands:\n\n", p->name, line->command);
	help_list(p, line->command, out);
	fprintf(out, "\nExamples:\n");
	for (size_t i = 0; i < p->n_verbs; i++) {
		size_t len = strcspn(p->verbs[i].examples, "\n");

		if (is_below(&p->verbs[i], line->command))
			fprintf(out, "  %.*s\n", (int)len, p->verbs[i].examples);
	}
	fprintf(out, "\nOptions of every command: see %s --help\n", p->name);
}
