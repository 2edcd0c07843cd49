/* The blast radius; see blast.h. */
#include "conductor/cli/blast.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/cli/prompt.h"
#include "lib/cli/table.h"

#include <errno.h>
#include <string.h>

#define TYPE_COUNT_FROM 10 /* nodes: from here on their number is typed instead of y */

static int64_t disks_size(const json_t *disks)
{
	int64_t sum = 0;
	json_t *disk;
	size_t i;

	json_array_foreach (disks, i, disk)
		sum += json_int(disk, "size", 0);
	return sum;
}

static char *disks_text(const json_t *disks)
{
	struct buf b = BUF_INIT(4096);
	json_t *disk;
	size_t i;

	json_array_foreach (disks, i, disk) {
		const char *name = json_str(disk, "name"), *serial = json_str(disk, "serial");

		buf_printf(&b, "%s%s ", i ? ", " : "", name ? name : "?");
		text_size(&b, json_int(disk, "size", 0));
		if (serial)
			buf_printf(&b, " %s", serial);
	}
	return b.len ? buf_take(&b) : xstrdup("not inspected");
}

/* What runs there, as far as is known: what the system called itself, else its image. */
static const char *system_of(const json_t *row)
{
	static const char *const with_system[] = {
		"active", "rescue", "error", "service failed", "rescue failed", "unrescue failed"};
	const char *state = json_str(row, "provision_state"), *system = json_str(row, "system");

	for (size_t i = 0; i < ARRAY_SIZE(with_system); i++)
		if (str_eq(state, with_system[i]))
			return system ? system : json_str(row, "image");
	return NULL;
}

static void print_rows(FILE *out, const json_t *rows)
{
	static const struct table_column columns[] = {{"node", NULL}, {"provision_state", "STATE"},
		{"runs", NULL}, {"disks", NULL}, {"refused", NULL}};
	_cleanup_json_ json_t *table = json_array();
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		_cleanup_free_ char *disks = disks_text(json_object_get(row, "disks"));
		json_t *line = json_pack("{s:O, s:O?, s:s}", "node", json_object_get(row, "node"),
			"provision_state", json_object_get(row, "provision_state"), "disks", disks);

		json_put_str(line, "runs", system_of(row));
		json_put_str(line, "refused", json_str(row, "error"));
		json_array_append_new(table, line);
	}
	table_print(out, columns, ARRAY_SIZE(columns), table);
}

char *blast_summary(const char *what, const json_t *rows)
{
	size_t nodes = 0, systems = 0, disks = 0, i;
	struct buf b = BUF_INIT(4096);
	int64_t bytes = 0;
	json_t *row;

	json_array_foreach (rows, i, row) {
		const json_t *list = json_object_get(row, "disks");

		if (!ask_taken(row))
			continue;
		nodes++;
		systems += system_of(row) != NULL;
		disks += json_array_size(list);
		bytes += disks_size(list);
	}
	buf_printf(&b, "%s %zu node%s", what, nodes, nodes == 1 ? "" : "s");
	if (systems)
		buf_printf(&b, ", %zu of them with a system on it", systems);
	if (disks) {
		buf_printf(&b, ": %zu disk%s, ", disks, disks == 1 ? "" : "s");
		text_size(&b, bytes);
	}
	if (nodes < json_array_size(rows))
		buf_printf(&b, " (%zu refused)", json_array_size(rows) - nodes);
	return buf_take(&b);
}

static size_t taken(const json_t *rows)
{
	size_t n = 0, i;
	json_t *row;

	json_array_foreach (rows, i, row)
		n += ask_taken(row);
	return n;
}

static int dry_run(const struct cli_line *line, const char *what, const json_t *rows)
{
	_cleanup_free_ char *summary = blast_summary(what, rows);

	if (print_as_json(line)) {
		cmd_print_json(rows);
	} else {
		print_rows(stdout, rows);
		printf("%s. Nothing was changed.\n", summary);
	}
	return taken(rows) < json_array_size(rows) ? CLI_FAILED : CLI_OK;
}

bool blast_few_enough(const struct cli_line *line, const struct names *names, int *ret_code)
{
	const char *text = cli_value(line, "max");
	int max = BLAST_MAX;

	*ret_code = CLI_USAGE;
	if (text && str_to_int(text, 1, RANGE_NAMES_MAX, &max) < 0) {
		fprintf(stderr, "ingot: --max %s: expected a number of nodes\n", text);
		return false;
	}
	if (names->n <= (size_t)max)
		return true;
	fprintf(stderr,
		"ingot: this would touch %zu, more than %d; --dry-run shows them, --max %zu "
		"allows "
		"them\n",
		names->n, max, names->n);
	return false;
}

bool blast_sure(
	const struct cli_line *line, const char *what, const char *name, bool sure, int *ret_code)
{
	_cleanup_free_ char *text = xasprintf("%s %s", what, name),
			    *question = xasprintf("%s?", text);

	if (cli_flag(line, "yes") || (!prompt_possible() && !sure))
		return true;
	if (!prompt_possible()) {
		fprintf(stderr, "ingot: %s: say --yes when there is no terminal\n", text);
		*ret_code = CLI_USAGE;
		return false;
	}
	*ret_code = CLI_FAILED;
	return prompt_yes(question);
}

/* Many nodes are not waved through: their number is typed. */
static bool confirmed(const char *summary, size_t nodes)
{
	_cleanup_free_ char *question = xasprintf("%s?", summary);

	return nodes < TYPE_COUNT_FROM ? prompt_yes(question) : prompt_number(question, nodes);
}

static int ask_person(const char *what, const struct names *names, const json_t *rows)
{
	_cleanup_free_ char *folded = range_fold(names), *summary = NULL;
	size_t n = names->n;

	if (rows) {
		print_rows(stderr, rows);
		n = taken(rows);
		if (!n) {
			fprintf(stderr, "ingot: nothing was done: %s refused\n",
				names->n == 1 ? "it is" : "all are");
			return CLI_FAILED;
		}
		summary = blast_summary(what, rows);
	} else {
		summary = xasprintf("%s %s", what, folded);
	}
	return confirmed(summary, n) ? CLI_OK : CLI_FAILED;
}

static int decide(const struct cli_line *line, const struct names *names, const char *what,
	enum blast_ask ask, const json_t *rows)
{
	_cleanup_free_ char *folded = NULL;

	if (prompt_possible())
		return ask_person(what, names, rows);
	if (ask == BLAST_ON_TERMINAL)
		return CLI_OK;
	folded = range_fold(names);
	fprintf(stderr, "ingot: %s of %s: say --yes when there is no terminal\n", what, folded);
	return CLI_USAGE;
}

bool blast_allowed(const struct cli_line *line, struct conn *c, const struct names *names,
	const struct ask *a, const char *what, enum blast_ask ask, int *ret_code)
{
	bool dry = cli_flag(line, "dry-run"), quiet = cli_flag(line, "yes");
	_cleanup_json_ json_t *rows = NULL;
	struct err e;

	*ret_code = CLI_USAGE;
	if (!dry && !blast_few_enough(line, names, ret_code))
		return false;
	if (!dry && quiet)
		return true;
	if (dry || prompt_possible()) {
		int r = ask_nodes(c, names, a, true, &rows, &e);

		if (r < 0 && (dry || r != -ENOSYS))
			return *ret_code = cmd_fail(&e), false;
	}
	*ret_code = dry ? dry_run(line, what, rows) : decide(line, names, what, ask, rows);
	return !dry && *ret_code == CLI_OK;
}
