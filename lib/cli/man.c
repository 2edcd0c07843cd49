/* The manual page of a program, out of its verb table, in mdoc(7); see verb.h. */
#include "lib/cli/verb.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <string.h>

/* Text that is only text: no request at a line's start, no escape, nothing mdoc takes for a macro.
 */
static void put_text(FILE *out, const char *s, size_t len)
{
	if (len && (*s == '.' || *s == '\''))
		fputs("\\&", out);
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\')
			fputs("\\e", out);
		else if (s[i] == '-')
			fputs("\\-", out);
		else
			fputc(s[i], out);
	}
}

static void put_line(FILE *out, const char *s)
{
	put_text(out, s, strlen(s));
	fputc('\n', out);
}

/* A macro's arguments: words that are macros' names themselves are kept from being called. */
static void put_arg(FILE *out, const char *s)
{
	fputs(" \\&", out);
	put_text(out, s, strlen(s));
}

static void put_options(FILE *out, const struct cli_options *o)
{
	for (size_t i = 0; i < o->n; i++) {
		fprintf(out, ".It Fl %s%s", o->list[i].name[1] ? "\\-" : "", o->list[i].name);
		if (o->list[i].arg) {
			fputs(" Ar", out);
			put_arg(out, o->list[i].arg);
		}
		fputc('\n', out);
		put_line(out, o->list[i].help);
	}
}

static void put_lines(FILE *out, const char *text)
{
	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\n");

		put_text(out, p, len);
		fputc('\n', out);
		p += len + (p[len] == '\n');
	}
}

static void put_verb(FILE *out, const struct cli_program *p, const struct cli_verb *v)
{
	bool any = false;

	fprintf(out, ".Ss %s %s%s%s\n.Nm\n.Cm %s%s%s", p->name, v->noun, v->verb ? " " : "",
		v->verb ? v->verb : "", v->noun, v->verb ? " " : "", v->verb ? v->verb : "");
	if (v->args) {
		fputs(" Ar", out);
		put_arg(out, v->args);
	}
	fputs("\n.Pp\n", out);
	fputc(toupper((unsigned char)*v->help), out);
	put_text(out, v->help + 1, strlen(v->help + 1));
	fputs(".\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(v->options); i++)
		any |= v->options[i].n > 0;
	if (any) {
		fputs(".Bl -tag -width Ds\n", out);
		for (size_t i = 0; i < ARRAY_SIZE(v->options); i++)
			put_options(out, &v->options[i]);
		fputs(".El\n", out);
	}
	fputs(".Bd -literal -offset indent\n", out);
	put_lines(out, v->examples);
	fputs(".Ed\n", out);
}

void cli_man(const struct cli_program *p, const char *about, FILE *out)
{
	fputs(".\\\" Made from the table of commands by \"ingot man\".\n.Dd $Mdocdate$\n.Dt ", out);
	for (const char *s = p->name; *s; s++)
		fputc(toupper((unsigned char)*s), out);
	fprintf(out,
		" 1\n.Os Ingot\n.Sh NAME\n.Nm %s\n.Nd %s\n.Sh SYNOPSIS\n.Nm\n.Cm command\n"
		".Op Ar options\n.Sh DESCRIPTION\n",
		p->name, p->help);
	if (about)
		fputs(about, out);
	fputs("Options of every command:\n.Bl -tag -width Ds\n", out);
	put_options(out, &p->options);
	fputs(".It Fl \\-help\nThe help of the program or of a command.\n.El\n.Sh COMMANDS\n", out);
	for (size_t i = 0; i < p->n_verbs; i++)
		put_verb(out, p, &p->verbs[i]);
	fputs(".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n.It 0\nAll went well.\n.It 1\nSome of "
	      "it "
	      "failed.\n.It 2\nWrong usage.\n.It 3\nTime\\-out.\n.El\n",
		out);
}
