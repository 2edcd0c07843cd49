/*
 * Completion: what may come next on a command line, out of the verb table and of what the program
 * knows; and the scripts by which shells ask. See verb.h.
 */
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/cli/verb.h"

#include <string.h>

static void put(FILE *out, const char *prefix, const char *word, const char *help)
{
	if (str_starts(word, prefix))
		fprintf(out, help ? "%s\t%s\n" : "%s\n", word, help);
}

static void put_options(FILE *out, const char *prefix, const struct cli_options *o)
{
	for (size_t i = 0; i < o->n; i++) {
		_cleanup_free_ char *word =
			xasprintf("%s%s", o->list[i].name[1] ? "--" : "-", o->list[i].name);

		put(out, prefix, word, o->list[i].help);
	}
}

/* The word of v's command that comes behind those of `command`; NULL: none. Allocated. */
static char *word_behind(const struct cli_verb *v, const char *command, bool *ret_last)
{
	size_t len = strlen(command);
	char have[CLI_COMMAND_MAX];
	const char *at = have;

	cli_command(v, have, sizeof(have));
	if (len && (!str_starts(have, command) || have[len] != ' '))
		return NULL;
	at += len ? len + 1 : 0;
	*ret_last = !strchr(at, ' ');
	return xstrndup(at, strcspn(at, " "));
}

static void put_verbs(
	FILE *out, const char *prefix, const struct cli_program *p, const char *command)
{
	for (size_t i = 0; i < p->n_verbs; i++) {
		bool last = false, other, again = false;
		_cleanup_free_ char *word = word_behind(&p->verbs[i], command, &last);

		for (size_t k = 0; word && !again && k < i; k++) {
			_cleanup_free_ char *before = word_behind(&p->verbs[k], command, &other);

			again = str_eq(before, word);
		}
		if (word && !again)
			put(out, prefix, word, last ? p->verbs[i].help : NULL);
	}
}

/* "on|off" */
static void put_choices(FILE *out, const char *prefix, const char *kind)
{
	_cleanup_free_ char *copy = xstrdup(kind);
	char *save = NULL;

	for (char *s = strtok_r(copy, "|", &save); s; s = strtok_r(NULL, "|", &save))
		put(out, prefix, s, NULL);
}

/* One word of a kind as the table writes it: "NODE...", "[NODE...]", "FILE.csv", "on|off". */
static void put_kind(
	FILE *out, const char *prefix, const char *kind, size_t len, struct cli_line *l)
{
	const struct cli_program *p = l->program;
	_cleanup_free_ char *name = NULL;

	if (len && *kind == '[')
		kind++, len -= 2;
	if (len > 3 && !memcmp(kind + len - 3, "...", 3))
		len -= 3;
	name = xstrndup(kind, len);
	if (str_starts(name, "FILE"))
		fputs(":file\n", out);
	else if (strchr(name, '|') && str_eq(name, "SUM|URL") == false && *name >= 'a')
		put_choices(out, prefix, name);
	else if (p->words)
		p->words(name, prefix, l, out, p->data);
}

/* The kind of the argument at a place; the last one of a verb that takes any number stays. */
static const char *kind_at(const struct cli_verb *v, int place, size_t *ret_len)
{
	const char *kind = v->args;

	if (!kind)
		return NULL;
	for (*ret_len = strcspn(kind, " "); place > 0 && kind[*ret_len]; place--) {
		kind += *ret_len + 1;
		*ret_len = strcspn(kind, " ");
	}
	if (place > 0 && v->max_args >= 0)
		return NULL;
	return kind;
}

static const struct cli_option *option_of(
	const struct cli_program *p, const struct cli_verb *v, const char *name)
{
	for (size_t i = 0; v && i < ARRAY_SIZE(v->options); i++)
		for (size_t k = 0; k < v->options[i].n; k++)
			if (str_eq(v->options[i].list[k].name, name))
				return &v->options[i].list[k];
	for (size_t i = 0; i < p->options.n; i++)
		if (str_eq(p->options.list[i].name, name))
			return &p->options.list[i];
	return NULL;
}

/* What the words before the last one have come to. */
struct place {
	char command[CLI_COMMAND_MAX];
	const struct cli_verb *verb;
	const struct cli_option *value_of; /* the last word is this option's value */
	int n_args;
	bool lost; /* there is no such command */
};

static void take(struct place *at, struct cli_line *l, const char *word)
{
	const struct cli_program *p = l->program;

	if (at->value_of) {
		l->values = xrealloc(l->values, (l->n_values + 1) * sizeof(*l->values));
		l->values[l->n_values++] = (struct cli_value){at->value_of, word};
		at->value_of = NULL;
	} else if (word[0] == '-' && word[1]) {
		const struct cli_option *o = option_of(p, at->verb, word + 1 + (word[1] == '-'));

		at->value_of = o && o->arg && *o->arg != '[' ? o : NULL;
	} else if (at->n_args || !cli_take_word(p, at->command, &at->verb, word)) {
		at->n_args++;
		at->lost |= !at->verb;
	}
}

static void put_last(const struct place *at, struct cli_line *l, const char *prefix, FILE *out)
{
	const struct cli_program *p = l->program;
	const char *kind;
	size_t len;

	if (at->value_of) {
		put_kind(out, prefix, at->value_of->arg, strlen(at->value_of->arg), l);
	} else if (*prefix == '-') {
		for (size_t i = 0; at->verb && i < ARRAY_SIZE(at->verb->options); i++)
			put_options(out, prefix, &at->verb->options[i]);
		put_options(out, prefix, &p->options);
		put(out, prefix, "--help", "the help of the command");
	} else if (!at->lost) {
		if (!at->n_args)
			put_verbs(out, prefix, p, at->command);
		kind = at->verb ? kind_at(at->verb, at->n_args, &len) : NULL;
		if (kind)
			put_kind(out, prefix, kind, len, l);
	}
}

void cli_complete(const struct cli_program *p, int n_words, char **words, FILE *out)
{
	struct cli_line line = {.program = p};
	struct place at = {0};

	for (int i = 0; i + 1 < n_words; i++)
		take(&at, &line, words[i]);
	line.verb = at.verb;
	put_last(&at, &line, n_words ? words[n_words - 1] : "", out);
	free(line.values);
}

/* @ stands for the program's name in nothing here: the scripts ask the command that is completed.
 */
static const char bash[] = "_ingot() {\n"
			   "\tlocal IFS=$'\\n' cur=${COMP_WORDS[COMP_CWORD]} found\n"
			   "\tfound=($(\"${COMP_WORDS[0]}\" __complete "
			   "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
			   "\tif [ \"${found[0]}\" = :file ]; then\n"
			   "\t\tcompopt -o filenames 2>/dev/null\n"
			   "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
			   "\telse\n"
			   "\t\tCOMPREPLY=(\"${found[@]%%$'\\t'*}\")\n"
			   "\tfi\n"
			   "}\n"
			   "complete -F _ingot ingot\n";

static const char zsh[] =
	"#compdef ingot\n"
	"_ingot() {\n"
	"\tlocal -a found\n"
	"\tlocal line\n"
	"\tfor line in \"${(@f)$(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" "
	"2>/dev/null)}\"; do\n"
	"\t\tif [[ $line == :file ]]; then _files; return; fi\n"
	"\t\t[[ -n $line ]] && "
	"found+=(\"${${line%%$'\\t'*}//:/\\\\:}${${line#*$'\\t'}:+:${line#*$'\\t'}}\")\n"
	"\tdone\n"
	"\t_describe ingot found\n"
	"}\n"
	"if [ \"$funcstack[1]\" = _ingot ]; then _ingot \"$@\"; else compdef _ingot ingot; fi\n";

static const char fish[] = "function __ingot_complete\n"
			   "\tset -l tokens (commandline -opc) (commandline -ct)\n"
			   "\tset -l found ($tokens[1] __complete $tokens[2..-1] 2>/dev/null)\n"
			   "\tif test \"$found[1]\" = :file\n"
			   "\t\t__fish_complete_path (commandline -ct)\n"
			   "\telse\n"
			   "\t\tprintf '%s\\n' $found\n"
			   "\tend\n"
			   "end\n"
			   "complete -c ingot -f -a '(__ingot_complete)'\n";

const char *cli_completion_script(const char *shell)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		if (str_eq(scripts[i].shell, shell))
			return scripts[i].script;
	return NULL;
}
