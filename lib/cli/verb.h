/*
 * Command lines of nouns and verbs, described by one table: parsing, checks, help with examples and
 * shell completion all come from it.
 */
#ifndef LIB_CLI_VERB_H
#define LIB_CLI_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/base/err.h"

/* Exit codes of a program. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1, /* some of it failed */
	CLI_USAGE = 2,
	CLI_TIMEOUT = 3,
};

/*
 * arg is the kind of its value, "FILE"; NULL: a flag. "[SECONDS]": it may be left out, "FIELD...":
 * further words may belong to it; cli_program.takes says of a word that follows whether it does.
 */
struct cli_option {
	const char *name; /* without the dashes; of one letter: it has one dash */
	const char *arg;
	const char *help;
};

struct cli_options {
	const struct cli_option *list;
	size_t n;
};
#define CLI_OPTIONS(a)                                                                             \
	{                                                                                          \
		(a), ARRAY_SIZE(a)                                                                 \
	}

#define CLI_COMMAND_MAX 64

struct cli_line;

/* Returns an enum cli_exit. */
typedef int (*cli_run)(struct cli_line *line, void *data);

struct cli_verb {
	const char *noun;	/* "node", "port group"; the command itself when verb is NULL */
	const char *verb;	/* "list", "boot device set" */
	const char *args;	/* "NODE...", for people; NULL: none */
	int min_args, max_args; /* max -1: any number */
	struct cli_options options[5]; /* beside the program's */
	const char *help;	       /* one line */
	const char *examples;	       /* one per line, each a whole command; never NULL */
	cli_run run;
};

/*
 * Prints candidates for an argument of a kind ("NODE", "STATE", as the table calls it) that begin
 * with prefix, one a line. False: nothing is known of that kind. The line holds the options so far.
 */
typedef bool (*cli_words)(
	const char *kind, const char *prefix, struct cli_line *line, FILE *out, void *data);

struct cli_program {
	const char *name, *help;
	struct cli_options options; /* taken before and after the verb */
	const struct cli_verb *verbs;
	size_t n_verbs;
	bool (*takes)(const char *kind, const char *word); /* see struct cli_option; may be NULL */
	cli_words words;				   /* for completion; may be NULL */
	void *data;					   /* given to run and words */
};

struct cli_value {
	const struct cli_option *option;
	const char *value; /* NULL for a flag */
};

struct cli_line {
	const struct cli_program *program;
	const struct cli_verb *verb;
	const char **args;
	int n_args;
	struct cli_value *values; /* in the order given */
	size_t n_values;
	bool help;
	char command[CLI_COMMAND_MAX]; /* its words so far: "node boot" */
};

/* The words of a verb as they are typed: "node boot device set". Writes to buf, returns it. */
const char *cli_command(const struct cli_verb *v, char *buf, size_t size);

/*
 * 0, or -EINVAL with what is wrong and which help to read. Strings stay argv's. Of commands of
 * which one begins with the other ("node history", "node history list") the longest that fits is
 * meant.
 */
int cli_parse(
	const struct cli_program *p, int argc, char **argv, struct cli_line *ret, struct err *e);
void cli_line_done(struct cli_line *line);

/*
 * One more word of a command, CLI_COMMAND_MAX bytes, of which *verb is what it names so far, or
 * NULL. False: it is none of a command.
 */
bool cli_take_word(
	const struct cli_program *p, char *command, const struct cli_verb **verb, const char *word);

/* Parses and runs; prints help and mistakes. "help WORD..." is the help of a command. Returns the
 * exit code. */
int cli_main(const struct cli_program *p, int argc, char **argv);

bool cli_flag(const struct cli_line *line, const char *option);
const char *cli_value(const struct cli_line *line, const char *option); /* the last; NULL: none */
/* Each value of a repeated option; start with *pos = 0; NULL at the end. */
const char *cli_next(const struct cli_line *line, const char *option, size_t *pos);

void cli_help(const struct cli_program *p, const struct cli_line *line, FILE *out);

/*
 * Prints what may stand for the last of `words` (which may be ""), the program's name not among
 * them: one candidate a line, a tab and its help behind it; ":file" alone stands for names of
 * files.
 */
void cli_complete(const struct cli_program *p, int n_words, char **words, FILE *out);

/* The script that makes a shell (bash, zsh, fish) ask for it. NULL: another shell. */
const char *cli_completion_script(const char *shell);

/* The manual page, in mdoc(7), out of the verb table. `about` holds further sections; NULL: none.
 */
void cli_man(const struct cli_program *p, const char *about, FILE *out);

#endif
