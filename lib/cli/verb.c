/* Parsing and help from the verb table; see verb.h. */
#include "lib/cli/verb.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
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

const char *cli_command(const struct cli_verb *v, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", v->noun, v->verb ? " " : "", v->verb ? v->verb : "");
	return buf;
}

static int usage(const struct cli_line *l, struct err *e)
{
	return err_advise(e, "see %s%s%s --help", l->program->name, l->verb ? " " : "",
		l->verb ? l->command : "");
}

bool cli_take_word(
	const struct cli_program *p, char *command, const struct cli_verb **verb, const char *word)
{
	_cleanup_free_ char *more = xasprintf("%s%s%s", command, *command ? " " : "", word);
	const struct cli_verb *exact = NULL;
	char have[CLI_COMMAND_MAX];
	bool begins = false;

	for (size_t i = 0; i < p->n_verbs; i++) {
		cli_command(&p->verbs[i], have, sizeof(have));
		if (str_eq(have, more))
			exact = &p->verbs[i];
		begins |= str_starts(have, more) && have[strlen(more)] == ' ';
	}
	if (!exact && (*verb || !begins))
		return false;
	*verb = exact;
	return str_copy(command, CLI_COMMAND_MAX, more);
}

static int unknown_word(const struct cli_line *l, const char *word, struct err *e)
{
	const char *name = l->program->name;

	if (*l->command)
		return err_set(e, EINVAL, "%s has no verb '%.64s'; see %s %s --help", l->command,
			word, name, l->command);
	return err_set(e, EINVAL, "unknown command '%.64s'; see %s --help", word, name);
}

static void add_value(struct cli_line *l, const struct cli_option *o, const char *value)
{
	l->values = xrealloc(l->values, (l->n_values + 1) * sizeof(*l->values));
	l->values[l->n_values++] = (struct cli_value){o, value};
}

/* Whether a word that follows an option belongs to it, of "[SECONDS]" and "FIELD...". */
static bool takes(const struct cli_line *l, const struct cli_option *o, const char *word)
{
	size_t len = strlen(o->arg);
	_cleanup_free_ char *kind = *o->arg == '[' ? xstrndup(o->arg + 1, len - 2)
						   : xstrndup(o->arg, len > 3 ? len - 3 : 0);

	return word && *word != '-' && l->program->takes && l->program->takes(kind, word);
}

static int take_value(struct cli_line *l, const struct cli_option *o, const char *equals, int argc,
	char **argv, int *i, struct err *e)
{
	const char *next = *i + 1 < argc ? argv[*i + 1] : NULL;

	if (equals) {
		add_value(l, o, equals + 1);
	} else if (*o->arg == '[') {
		add_value(l, o, takes(l, o, next) ? argv[++*i] : NULL);
	} else if (!next) {
		err_set(e, EINVAL, "--%s needs %s", o->name, o->arg);
		return usage(l, e);
	} else {
		add_value(l, o, argv[++*i]);
	}
	while (str_ends(o->arg, "...") && *i + 1 < argc && takes(l, o, argv[*i + 1]))
		add_value(l, o, argv[++*i]);
	return 0;
}

/* argv[*i] begins with "-". */
static int take_option(struct cli_line *l, int argc, char **argv, int *i, struct err *e)
{
	const char *name = argv[*i] + 1 + (argv[*i][1] == '-'), *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_option *o = find_option(l, name, len);

	if (!o) {
		err_set(e, EINVAL, "unknown option %.*s",
			(int)(name - argv[*i] + (len < 64 ? len : 64)), argv[*i]);
		return usage(l, e);
	}
	if (o->arg)
		return take_value(l, o, equals, argc, argv, i, e);
	if (equals) {
		err_set(e, EINVAL, "--%s takes no value", o->name);
		return usage(l, e);
	}
	add_value(l, o, NULL);
	return 0;
}

static int check_count(struct cli_line *l, struct err *e)
{
	const struct cli_verb *v = l->verb;
	const char *name = l->program->name;

	if (l->help)
		return 0;
	if (!v && *l->command)
		return err_set(e, EINVAL, "%s: a verb is missing; see %s %s --help", l->command,
			name, l->command);
	if (!v)
		return err_set(e, EINVAL, "a command is missing; see %s --help", name);
	if (l->n_args < v->min_args || (v->max_args >= 0 && l->n_args > v->max_args)) {
		err_set(e, EINVAL, "expected %s, got %d argument%s",
			v->args ? v->args : "no argument", l->n_args, l->n_args == 1 ? "" : "s");
		return usage(l, e);
	}
	return 0;
}

/* "-f", "--json"; not "-" nor a number. */
static bool is_option(const char *word)
{
	return word[0] == '-' && (word[1] == '-' || isalpha((unsigned char)word[1]));
}

int cli_parse(
	const struct cli_program *p, int argc, char **argv, struct cli_line *ret, struct err *e)
{
	struct cli_line l = {.program = p, .args = xcalloc((size_t)argc + 1, sizeof(char *))};
	bool options = true;
	int r = 0;

	for (int i = 1; r == 0 && i < argc; i++) {
		if (options && str_eq(argv[i], "--"))
			options = false;
		else if (options && (str_eq(argv[i], "--help") || str_eq(argv[i], "-h")))
			l.help = true;
		else if (options && is_option(argv[i]))
			r = take_option(&l, argc, argv, &i, e);
		else if (!l.n_args && (options || !l.verb) &&
			 cli_take_word(p, l.command, &l.verb, argv[i]))
			continue;
		else if (l.verb)
			l.args[l.n_args++] = argv[i];
		else
			r = unknown_word(&l, argv[i], e);
	}
	if (r == 0)
		r = check_count(&l, e);
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
	bool help = argc > 1 && str_eq(argv[1], "help");
	int code;

	if (argc > 2 && str_eq(argv[1], "__complete")) {
		cli_complete(p, argc - 2, argv + 2, stdout);
		return CLI_OK;
	}
	if (help)
		argv[1] = (char *)"--help";
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
