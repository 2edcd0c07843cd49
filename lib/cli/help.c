/* Help out of the verb table; see verb.h. */
#include "lib/cli/verb.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <string.h>

static void help_options(const struct cli_options *o, FILE *out)
{
	for (size_t i = 0; i < o->n; i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", o->list[i].name, o->list[i].arg ? " " : "",
			o->list[i].arg ? o->list[i].arg : "");
		fprintf(out, "  %-28s %s\n", left, o->list[i].help);
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

static void help_list(const struct cli_program *p, const char *noun, FILE *out)
{
	for (size_t i = 0; i < p->n_verbs; i++) {
		const struct cli_verb *v = &p->verbs[i];
		char left[80];

		if (noun && !str_eq(noun, v->noun))
			continue;
		snprintf(left, sizeof(left), "%s%s%s%s%s", v->noun, v->verb ? " " : "",
			v->verb ? v->verb : "", v->args ? " " : "", v->args ? v->args : "");
		fprintf(out, "  %-34s %s\n", left, v->help);
	}
}

void cli_help(const struct cli_program *p, const struct cli_line *line, FILE *out)
{
	const char *noun = line->help_noun;

	if (line->verb) {
		help_verb(p, line->verb, out);
		return;
	}
	fprintf(out, "%s - %s\n\n%s COMMAND [options]\n\nCommands:\n", p->name, p->help, p->name);
	help_list(p, noun, out);
	fprintf(out, "\nExamples:\n");
	for (size_t i = 0; i < p->n_verbs; i++) {
		size_t len = strcspn(p->verbs[i].examples, "\n");

		if (!noun || str_eq(noun, p->verbs[i].noun))
			fprintf(out, "  %.*s\n", (int)len, p->verbs[i].examples);
	}
	fprintf(out, "\nOptions of every command:\n");
	help_options(&p->options, out);
	fprintf(out, "  %-28s %s\n", "--help", "this, or the help of a command");
	fprintf(out,
		"\nExit status: 0 all went well, 1 some of it failed, 2 wrong usage, 3 time-out\n");
}
