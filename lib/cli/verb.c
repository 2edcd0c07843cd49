/* Parsing and help from the verb table; see verb.h. */
#include "lib/cli/verb.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static const struct cli_option *in_options(
	const struct cli_options *o, const char *name, size_t len)
{
	for (size_t i = 0; i < o->n; i++)
		if (strlen(o->list[i].name) == len && !memcmp(o->list[i].name, name, len))
			return &o->list[i];
	return NULL;
}

static const struct cli_option *find_option(const struct cli_line *l, const char *name, size_t len)
{
	const struct cli_option *o = in_options(&l->program->options, name, len);

	for (size_t i = 0; !o && l->verb && i < ARRAY_SIZE(l->verb->options); i++)
		o = in_options(&l->verb->options[i], name, len);
	return o;
}

static bool noun_known(const struct cli_program *p, const char *noun)
{
	for (size_t i = 0; i < p->n_verbs; i++)
		if (str_eq(p->verbs[i].noun, noun))
			return true;
	return false;
}

static int usage(const struct cli_line *l, struct err *e)
{
	const struct cli_verb *v = l->verb;

	if (v)
		return err_advise(e, "see %s %s%s%s --help", l->program->name, v->noun,
			v->verb ? " " : "", v->verb ? v->verb : "");
	return err_advise(e, "see %s --help", l->program->name);
}

/* Takes words until they name a verb. */
static int take_word(struct cli_line *l, const char **noun, const char *word, struct err *e)
{
	const struct cli_program *p = l->program;

	for (size_t i = 0; i < p->n_verbs; i++) {
		const struct cli_verb *v = &p->verbs[i];

		if (!*noun ? !v->verb && str_eq(v->noun, word)
			   : str_eq(v->noun, *noun) && str_eq(v->verb, word)) {
			l->verb = v;
			return 0;
		}
	}
	if (!*noun && noun_known(p, word)) {
		*noun = word;
		return 0;
	}
	if (*noun)
		err_set(e, EINVAL, "%s has no verb '%.64s'; see %s %s --help", *noun, word, p->name,
			*noun);
	else
		err_set(e, EINVAL, "unknown command '%.64s'; see %s --help", word, p->name);
	return -EINVAL;
}

static void add_value(struct cli_line *l, const struct cli_option *o, const char *value)
{
	l->values = xrealloc(l->values, (l->n_values + 1) * sizeof(*l->values));
	l->values[l->n_values++] = (struct cli_value){o, value};
}

/* argv[*i] begins with "--". */
static int take_option(struct cli_line *l, int argc, char **argv, int *i, struct err *e)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_option *o = find_option(l, name, len);

	if (!o) {
		err_set(e, EINVAL, "unknown option --%.*s", (int)(len < 64 ? len : 64), name);
		return usage(l, e);
	}
	if (!o->arg && equals) {
		err_set(e, EINVAL, "--%s takes no value", o->name);
		return usage(l, e);
	}
	if (o->arg && !equals && *i + 1 >= argc) {
		err_set(e, EINVAL, "--%s needs %s", o->name, o->arg);
		return usage(l, e);
	}
	add_value(l, o, !o->arg ? NULL : equals ? equals + 1 : argv[++*i]);
	return 0;
}

static int check_count(struct cli_line *l, const char *noun, struct err *e)
{
	const struct cli_verb *v = l->verb;

	if (l->help)
		return 0;
	if (!v) {
		err_set(e, EINVAL,
			noun ? "%s: a verb is missing; see %s %s --help"
			     : "a command is missing%s; see %s --help%s",
			noun ? noun : "", l->program->name, noun ? noun : "");
		return -EINVAL;
	}
	if (l->n_args < v->min_args || (v->max_args >= 0 && l->n_args > v->max_args)) {
		err_set(e, EINVAL, "expected %s, got %d argument%s",
			v->args ? v->args : "no argument", l->n_args, l->n_args == 1 ? "" : "s");
		return usage(l, e);
	}
	return 0;
}

int cli_parse(
	const struct cli_program *p, int argc, char **argv, struct cli_line *ret, struct err *e)
{
	struct cli_line l = {.program = p, .args = xcalloc((size_t)argc + 1, sizeof(char *))};
	const char *noun = NULL;
	bool options = true;
	int r = 0;

	for (int i = 1; r == 0 && i < argc; i++) {
		if (options && str_eq(argv[i], "--"))
			options = false;
		else if (options && (str_eq(argv[i], "--help") || str_eq(argv[i], "-h")))
			l.help = true;
		else if (options && str_starts(argv[i], "--"))
			r = take_option(&l, argc, argv, &i, e);
		else if (!l.verb)
			r = take_word(&l, &noun, argv[i], e);
		else
			l.args[l.n_args++] = argv[i];
	}
	l.help_noun = noun;
	if (r == 0)
		r = check_count(&l, noun, e);
	if (r < 0)
		cli_line_done(&l);
	else
		*ret = l;
	return r;
}

void cli_line_done(struct cli_line *l)
{
	free(l->args);
	free(l->values);
	memset(l, 0, sizeof(*l));
}

bool cli_flag(const struct cli_line *l, const char *option)
{
	for (size_t i = 0; i < l->n_values; i++)
		if (str_eq(l->values[i].option->name, option))
			return true;
	return false;
}

const char *cli_value(const struct cli_line *l, const char *option)
{
	for (size_t i = l->n_values; i-- > 0;)
		if (str_eq(l->values[i].option->name, option))
			return l->values[i].value;
	return NULL;
}

const char *cli_next(const struct cli_line *l, const char *option, size_t *pos)
{
	while (*pos < l->n_values)
		if (str_eq(l->values[(*pos)++].option->name, option))
			return l->values[*pos - 1].value;
	return NULL;
}

int cli_main(const struct cli_program *p, int argc, char **argv)
{
	struct cli_line line = {0};
	struct err e = {0};
	int code;

	if (argc > 2 && str_eq(argv[1], "__complete")) {
		cli_complete(p, argc - 2, argv + 2, stdout);
		return CLI_OK;
	}

	if (cli_parse(p, argc, argv, &line, &e) < 0) {
		fprintf(stderr, "%s: %s\n", p->name, e.text);
		return CLI_USAGE;
	}
	if (line.help) {
		cli_help(p, &line, stdout);
		code = CLI_OK;
	} else {
		code = line.verb->run(&line, p->data);
	}
	cli_line_done(&line);
	if (fflush(stdout) != 0 && code == CLI_OK)
		code = CLI_FAILED;
	return code;
}
