/* ingot completion and man: what shells and readers of manuals get, out of the table of verbs. */
#include "conductor/cli/cmd.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <string.h>

int verb_completion(struct cli_line *line, void *data)
{
	const char *script = cli_completion_script(line->args[0]);

	if (!script)
		return fprintf(stderr, "ingot: '%s': expected bash, zsh or fish\n", line->args[0]),
		       CLI_USAGE;
	fputs(script, stdout);
	return CLI_OK;
}

static void print_if(FILE *out, const char *prefix, const char *word, const char *help)
{
	if (str_empty(word) || !str_starts(word, prefix))
		return;
	fprintf(out, str_empty(help) ? "%s\n" : "%s\t%s\n", word, help);
}

/* Names are asked of the conductor; a conductor that does not answer completes nothing. */
static void print_listed(struct cli_line *line, FILE *out, const char *prefix, const char *path,
	const char *plural, const char *key, const char *help)
{
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_json_ json_t *rows = NULL;
	struct err e;
	json_t *row;
	size_t i;

	if (conn_open(line, &c, &e) < 0 || conn_list(c, path, plural, &rows, &e) < 0)
		return;
	json_array_foreach (rows, i, row)
		print_if(out, prefix, json_str(row, key), json_str(row, help));
}

static void print_fixed(FILE *out, const char *prefix, const char *words)
{
	_cleanup_free_ char *copy = xstrdup(words);
	char *save = NULL;

	for (char *s = strtok_r(copy, "|", &save); s; s = strtok_r(NULL, "|", &save))
		print_if(out, prefix, s, NULL);
}

/* What stands for an argument of a kind; kinds are the words of the table in main.c. */
static const struct {
	const char *kind;
	const char *fixed; /* else path, plural, key and help */
	const char *path, *plural, *key, *help;
} kinds[] = {
	{"NODE", NULL, "/v1/nodes?fields=name,uuid,provision_state", "nodes", "name",
		"provision_state"},
	{"MAC", NULL, "/ingot/v1/waiting", "waiting", "address", "product"},
	{"UUID|MAC", NULL, "/v1/ports", "ports", "address", NULL},
	{"DRIVER", NULL, "/v1/drivers", "drivers", "name", NULL},
	{"STATE",
		"enroll|manageable|available|active|deploy failed|clean failed|inspect "
		"failed|error|"
		"rescue|adopt failed|deploying|wait call-back|cleaning|clean "
		"wait|inspecting|inspect "
		"wait",
		NULL, NULL, NULL, NULL},
	{"BOOL", "true|false", NULL, NULL, NULL, NULL},
	{"FORMAT", "json|csv|raw|qcow2", NULL, NULL, NULL, NULL},
	{"TYPE", "none|http_basic", NULL, NULL, NULL, NULL},
};

bool shell_words(const char *kind, const char *prefix, struct cli_line *line, FILE *out, void *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!str_eq(kinds[i].kind, kind))
			continue;
		if (kinds[i].fixed)
			print_fixed(out, prefix, kinds[i].fixed);
		else
			print_listed(line, out, prefix, kinds[i].path, kinds[i].plural,
				kinds[i].key, kinds[i].help);
		return true;
	}
	return false;
}

static const char about[] =
	".Nm\n"
	"talks to the REST API of an Ingot conductor, or of an OpenStack Ironic, and nothing "
	"else.\n"
	"It shows progress while it waits and says why when something does not go on.\n"
	".Pp\n"
	"Nodes are named by name or UUID, by a range\n"
	".Pq Ql r12u[01\\-40] , r[1\\-2]u[01,03] ,\n"
	"by a pattern\n"
	".Pq Ql r12* ,\n"
	"or all together by\n"
	".Fl \\-all .\n"
	"Ranges and patterns belong in quotes, or the shell takes them for names of files.\n"
	".Pp\n"
	"A command that destroys data shows the nodes, the systems and the disks it would touch, "
	"and asks;\n"
	"where there is nobody to ask, and systems or data are lost for sure, it wants\n"
	".Fl \\-yes .\n"
	"It refuses more than 50 nodes unless\n"
	".Fl \\-max\n"
	"allows them, and with\n"
	".Fl \\-dry\\-run\n"
	"it only shows what would be touched and what refused.\n"
	".Pp\n"
	"Answers go to standard output, everything else to standard error.\n"
	"Passwords come from a file, from the terminal, from the environment or from clouds.yaml, "
	"never from "
	"the\n"
	"command line.\n"
	".Pp\n";

int verb_man(struct cli_line *line, void *data)
{
	cli_man(line->program, about, stdout);
	return CLI_OK;
}
