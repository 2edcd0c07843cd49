/* ingot completion and man: what shells and readers of manuals get, out of the table of verbs. */
#include "conductor/cli/resource.h"
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
		print_if(out, prefix,
			json_str(row, key) ? json_str(row, key) : json_str(row, "uuid"),
			help ? json_str(row, help) : NULL);
}

static void print_fixed(FILE *out, const char *prefix, const char *words)
{
	_cleanup_free_ char *copy = xstrdup(words);
	char *save = NULL;

	for (char *s = strtok_r(copy, "|", &save); s; s = strtok_r(NULL, "|", &save))
		print_if(out, prefix, s, NULL);
}

/* What stands for an argument of a kind beside resources; kinds are the words of the tables. */
static const struct {
	const char *kind;
	const char *fixed; /* else path, plural, key and help */
	const char *path, *plural, *key, *help;
} kinds[] = {
	{"NODE", NULL, "/v1/nodes?fields=name,uuid,provision_state", "nodes", "name",
		"provision_state"},
	{"MAC|NODE", NULL, "/v1/nodes?fields=name,uuid,provision_state", "nodes", "name",
		"provision_state"},
	{"MAC", NULL, "/ingot/v1/waiting", "waiting", "address", "product"},
	{"STATE",
		"enroll|verifying|manageable|available|active|deploying|wait call-back|deploy "
		"hold|deploy "
		"failed|cleaning|clean wait|clean hold|clean failed|inspecting|inspect "
		"wait|inspect "
		"failed|adopting|adopt failed|rescuing|rescue wait|rescue|rescue "
		"failed|unrescuing|unrescue failed|servicing|service wait|service hold|service "
		"failed|deleting|error",
		NULL, NULL, NULL, NULL},
	{"BOOL", "true|false", NULL, NULL, NULL, NULL},
	{"DEVICE", "pxe|disk|cdrom|bios|safe|wanboot", NULL, NULL, NULL, NULL},
	{"FORMAT", "table|json|csv|value|raw|qcow2", NULL, NULL, NULL, NULL},
	{"TYPE", "none|http_basic", NULL, NULL, NULL, NULL},
	{"MODE", "active-backup|802.3ad|balance-rr|balance-xor|balance-tlb|balance-alb|broadcast",
		NULL, NULL, NULL, NULL},
};

/* The member people know records by: the name, else what comes last. */
static const char *known_by(const struct resource *r)
{
	const char *comma = strrchr(r->idents, ',');

	return strstr(r->idents, ",name") ? "name" : comma ? comma + 1 : r->idents;
}

static bool print_resource(struct cli_line *line, FILE *out, const char *prefix, const char *kind)
{
	for (size_t i = 0; i < n_resources; i++) {
		const struct resource *r = resources[i];
		_cleanup_free_ char *path = xasprintf("%s%s%s", r->path,
			r->no_fields ? "" : "?fields=", r->no_fields ? "" : r->idents);
		_cleanup_free_ char *first = xstrndup(r->kind, strcspn(r->kind, "|"));

		if (!str_eq(r->kind, kind) && !str_eq(first, kind))
			continue;
		print_listed(line, out, prefix, path, r->plural, known_by(r), NULL);
		return true;
	}
	return false;
}

/* The fields of the verb's resource, each once. */
static void print_field_names(struct cli_line *line, FILE *out, const char *prefix)
{
	const struct resource *r = line->verb ? resource_of(line) : NULL;
	struct names names = {0};

	for (size_t i = 0; r && i < r->n_columns; i++)
		names_add(&names, r->columns[i].key);
	for (size_t i = 0; r && i < r->n_fields; i++)
		if (r->fields[i].use & IN_ALL)
			names_add(&names, r->fields[i].member);
	for (size_t i = 0; i < names.n; i++)
		print_if(out, prefix, names.list[i], NULL);
	names_done(&names);
}

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
	if (str_ends(kind, "FIELD")) {
		print_field_names(line, out, prefix);
		return true;
	}
	return print_resource(line, out, prefix, kind);
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
	"as a group, or all together by\n"
	".Fl \\-all .\n"
	"The group\n"
	".Ql @r12\n"
	"are the nodes whose\n"
	".Ql properties.rack\n"
	"is r12, and those in the chassis of that UUID or description;\n"
	".Ql @FIELD=VALUE\n"
	"are those whose field is that, as in\n"
	".Ql @driver=ipmi\n"
	"or\n"
	".Ql @properties.vendor=Dell* .\n"
	"Ranges and patterns belong in quotes, or the shell takes them for names of files.\n"
	".Pp\n"
	"Verbs are there in the order that\n"
	".Xr baremetal 1\n"
	"has them, too, with its options; of\n"
	".Fl \\-wait\n"
	"a number of seconds may follow.\n"
	"What many nodes answer alike is printed once, under their names folded into a range.\n"
	".Pp\n"
	"Answers are tables for people; with\n"
	".Fl \\-json\n"
	"or\n"
	".Fl \\-format\n"
	".Ql json , csv\n"
	"or\n"
	".Ql value\n"
	"they are for scripts.\n"
	"JSON of one thing that is named is that thing, of a range, a "
	"pattern or\n"
	"several names a list.\n"
	".Fl \\-fields\n"
	"chooses what is shown;\n"
	".Fl f\n"
	"takes either, a format or fields.\n"
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
	"Passwords belong in a file, the environment or clouds.yaml, or are asked for on the "
	"terminal; on\n"
	"the command line every user of the machine can read them.\n"
	".Pp\n"
	"The conductor is found by\n"
	".Fl \\-url\n"
	"or\n"
	".Fl \\-os\\-endpoint ,\n"
	"else\n"
	".Ev INGOT_URL , OS_ENDPOINT\n"
	"or\n"
	".Ev OS_ENDPOINT_OVERRIDE ,\n"
	"else in clouds.yaml by\n"
	".Fl \\-os\\-cloud\n"
	"or\n"
	".Ev OS_CLOUD ,\n"
	"where\n"
	".Ql auth_type\n"
	"is none or http_basic.\n"
	".Pp\n";

int verb_man(struct cli_line *line, void *data)
{
	cli_man(line->program, about, stdout);
	return CLI_OK;
}
