/* Completion: what may come next, out of the table and of what the program knows. */
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/cli/verb.h"
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

static int ran(struct cli_line *line, void *data)
{
	return CLI_OK;
}

static const struct cli_option program_options[] = {{"url", "URL", "where"}};
static const struct cli_option options[] = {
	{"state", "STATE", "only these"}, {"steps", "FILE", "what to do"}, {"wait", NULL, "wait"}};
static const struct cli_verb verbs[] = {
	{"node", "list", "[NODE...]", 0, -1, {CLI_OPTIONS(options)}, "list nodes", "x", ran},
	{"node", "power", "on|off NODE...", 1, -1, {{0}}, "switch nodes", "x", ran},
	{"node", "boot device set", "NODE DEVICE", 2, 2, {{0}}, "boot from there", "x", ran},
	{"node", "boot mode set", "NODE uefi|bios", 2, 2, {{0}}, "boot so", "x", ran},
	{"rack", "import", "FILE.csv", 1, 1, {{0}}, "import", "x", ran},
	{"why", NULL, "NODE", 1, 1, {{0}}, "tell why", "x", ran},
};

static bool words(
	const char *kind, const char *prefix, struct cli_line *line, FILE *out, void *data)
{
	const char *url = cli_value(line, "url");

	if (str_eq(kind, "NODE"))
		fprintf(out, "r1u1\tactive\n");
	if (str_eq(kind, "STATE"))
		fprintf(out, "state of %s at %s\n", prefix, url ? url : "-");
	return true;
}

static const struct cli_program program = {.name = "x",
	.help = "a program",
	.options = CLI_OPTIONS(program_options),
	.verbs = verbs,
	.n_verbs = ARRAY_SIZE(verbs),
	.words = words};

/* The words typed so far; one blank at the end: a new word begins. */
static void completes(const char *line, const char *want, const char *what)
{
	char *copy = strdup(line), *argv[16], *got = NULL, *save = NULL;
	size_t size, len = strlen(line);
	int argc = 0;
	FILE *out = open_memstream(&got, &size);

	for (char *s = strtok_r(copy, " ", &save); s && argc < 14; s = strtok_r(NULL, " ", &save))
		argv[argc++] = s;
	if (!len || line[len - 1] == ' ')
		argv[argc++] = (char *)"";
	cli_complete(&program, argc, argv, out);
	fclose(out);
	is_str(got, want, "%s", what);
	free(got);
	free(copy);
}

int main(void)
{
	completes("", "node\nrack\nwhy\ttell why\n", "nouns, each once");
	completes("no", "node\n", "a noun begun");
	completes(
		"node ", "list\tlist nodes\npower\tswitch nodes\nboot\n", "verbs with their help");
	completes("node boot ", "device\nmode\n", "the next word of longer ones");
	completes("node boot device ", "set\tboot from there\n", "and the last");
	completes("node boot mode set n ", "uefi\nbios\n", "then their arguments");
	completes("node frob", "", "no such verb");
	completes("why ", "r1u1\tactive\n", "nodes, as the program knows them");
	completes("node list a b ", "r1u1\tactive\n", "any number of them");
	completes("node power ", "on\noff\n", "choices");
	completes("node power of", "off\n", "a choice begun");
	completes("node power on ", "r1u1\tactive\n", "what comes behind");
	completes("rack import ", ":file\n", "files");
	completes("rack import a.csv ", "", "no more than one");
	completes("node list --st", "--state\tonly these\n--steps\twhat to do\n", "options");
	completes("node list --u", "--url\twhere\n", "of the program too");
	completes("node list --steps ", ":file\n", "a file as an option's value");
	completes("node list --url h --state ac", "state of ac at h\n",
		"values, with the options so far");
	completes("--url h node li", "list\tlist nodes\n", "options in front");
	completes("node list --wait ", "r1u1\tactive\n", "a flag takes no value");
	ok(cli_completion_script("bash") && cli_completion_script("zsh") &&
			cli_completion_script("fish"),
		"scripts for three shells");
	ok(!cli_completion_script("csh"), "and no other");
	return done_testing();
}
