/*
 * Verbs that look at what is below a node, a driver or a runbook: one table, one implementation.
 * Many nodes are asked at once; what is the same of several is printed once.
 */
#include "conductor/cli/below.h"
#include "conductor/cli/collate.h"
#include "conductor/cli/crudwords.h"
#include "conductor/cli/fan.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

/* --- what becomes rows -------------------------------------------------------------------------
 */

/* An object of objects: each with its key as "name". */
static json_t *rows_of_members(const json_t *answer)
{
	json_t *rows = json_array(), *value;
	const char *key;

	json_object_foreach ((json_t *)answer, key, value) {
		json_t *row = json_pack("{s:s}", "name", key);

		if (json_is_object(value))
			json_object_update(row, value);
		else
			json_object_set(row, "value", value);
		json_array_append_new(rows, row);
	}
	return rows;
}

/* A list of texts or numbers: each as "name". */
static json_t *rows_of_texts(const json_t *list)
{
	json_t *rows = json_array(), *text;
	size_t i;

	json_array_foreach ((json_t *)list, i, text)
		json_array_append_new(rows, json_is_object(text)
						    ? json_incref(text)
						    : json_pack("{s:O}", "name", text));
	return rows;
}

/* What is inside when there is one member, as in {"<setting>": {...}}. */
static json_t *only_member(const json_t *answer)
{
	void *first = json_object_iter((json_t *)answer);

	return json_object_size(answer) == 1 ? json_incref(json_object_iter_value(first))
					     : json_incref((json_t *)answer);
}

/* --- the table ---------------------------------------------------------------------------------
 */

#define NODES	 "/v1/nodes/"
#define DRIVERS	 "/v1/drivers/"
#define RUNBOOKS "/v1/runbooks/"

static const struct table_column names[] = {{"name", NULL}};
static const struct table_column settings[] = {{"name", "SETTING"}, {"value", NULL}};
static const struct table_column components[] = {{"component", NULL},
	{"current_version", "CURRENT"}, {"initial_version", "INITIAL"},
	{"last_version_flashed", "FLASHED"}, {"updated_at", "SEEN"}};
static const struct table_column vifs[] = {{"id", "VIF"}};
static const struct table_column events[] = {
	{"created_at", "WHEN"}, {"severity", NULL}, {"event", NULL}, {"uuid", NULL}};
static const struct table_column methods[] = {{"name", "METHOD"}, {"http_methods", "HTTP"},
	{"async", NULL}, {"description", NULL}, {"attach", "RESPONSE"}};
static const struct table_column results[] = {
	{"name", "INTERFACE"}, {"result", NULL}, {"reason", NULL}};
static const struct table_column properties[] = {{"name", "PROPERTY"}, {"value", "DESCRIPTION"}};
static const struct table_column indicators[] = {
	{"name", NULL}, {"component", NULL}, {"readonly", "READ ONLY"}, {"states", NULL}};

static const struct below {
	const char *noun, *verb;
	const char *before, *after; /* of the path */
	bool name;		    /* a further argument is the last part of the path */
	const char *plural;	    /* where the list is; NULL: the answer is taken as it is */
	json_t *(*rows)(const json_t *list);
	const struct table_column *columns; /* NULL: it is one object */
	size_t n_columns;
	const char *long_query;
	const char *none; /* what is said of an empty list */
} table[] = {
#define COLUMNS(c) (c), ARRAY_SIZE(c)
	{"node", "validate", NODES, "/validate", false, NULL, rows_of_members, COLUMNS(results),
		NULL, "nothing was checked"},
	{"node", "trait list", NODES, "/traits", false, "traits", rows_of_texts, COLUMNS(names),
		NULL, "no traits"},
	{"node", "vif list", NODES, "/vifs", false, "vifs", NULL, COLUMNS(vifs), NULL, "no VIFs"},
	{"node", "bios setting list", NODES, "/bios", false, "bios", NULL, COLUMNS(settings),
		"?detail=True", "no BIOS settings are known"},
	{"node", "bios setting show", NODES, "/bios/", true, NULL, only_member, NULL, 0, NULL,
		NULL},
	{"node", "firmware list", NODES, "/firmware", false, "firmware", NULL, COLUMNS(components),
		NULL, "no firmware components are known"},
	{"node", "history list", NODES, "/history", false, "history", NULL, COLUMNS(events),
		"?detail=True", "nothing happened yet"},
	{"node", "history get", NODES, "/history/", true, NULL, NULL, NULL, 0, NULL, NULL},
	{"node", "children list", NODES, "/children", false, "children", rows_of_texts,
		COLUMNS(names), NULL, "no parts that are nodes"},
	{"node", "boot device show", NODES, "/management/boot_device", false, NULL, NULL, NULL, 0,
		NULL, NULL},
	{"node", "boot mode show", NODES, "?fields=boot_mode,secure_boot", false, NULL, NULL, NULL,
		0, NULL, NULL},
	{"node", "console show", NODES, "/states/console", false, NULL, NULL, NULL, 0, NULL, NULL},
	{"node", "states show", NODES, "/states", false, NULL, NULL, NULL, 0, NULL, NULL},
	{"node", "passthru list", NODES, "/vendor_passthru/methods", false, NULL, rows_of_members,
		COLUMNS(methods), NULL, "its driver has no methods of its own"},
	{"node", "indicator list", NODES, "/management/indicators", false, "indicators", NULL,
		COLUMNS(indicators), NULL, "no indicators"},
	{"node", "indicator show", NODES, "/management/indicators/", true, NULL, NULL, NULL, 0,
		NULL, NULL},
	{"node", "vmedia show", NODES, "/vmedia", false, NULL, NULL, NULL, 0, NULL,
		"no virtual media"},
	{"node", "allocation show", NODES, "/allocation", false, NULL, NULL, NULL, 0, NULL, NULL},
	{"driver", "property list", DRIVERS, "/properties", false, NULL, rows_of_members,
		COLUMNS(properties), NULL, "no properties"},
	{"driver", "raid property list", DRIVERS, "/raid/logical_disk_properties", false, NULL,
		rows_of_members, COLUMNS(properties), NULL, "no RAID properties"},
	{"driver", "passthru list", DRIVERS, "/vendor_passthru/methods", false, NULL,
		rows_of_members, COLUMNS(methods), NULL, "it has no methods of its own"},
	{"runbook", "trait list", RUNBOOKS, "/traits", false, "traits", rows_of_texts,
		COLUMNS(names), NULL, "no traits"},
};

static const struct below *below_of(const struct cli_line *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (str_eq(table[i].noun, line->verb->noun) &&
			str_eq(table[i].verb, line->verb->verb))
			return &table[i];
	return NULL;
}

/* --- printing ----------------------------------------------------------------------------------
 */

static json_t *rows_of(const struct below *b, const json_t *answer)
{
	const json_t *list = b->plural ? json_object_get(answer, b->plural) : answer;

	return b->rows ? b->rows(list) : json_incref((json_t *)list);
}

/* One answer as a person reads it. Allocated. */
static char *text_of(const struct cli_line *line, const struct below *b, const json_t *answer)
{
	_cleanup_json_ json_t *rows = rows_of(b, answer), *narrow = NULL, *shown = NULL;
	bool whole = cli_flag(line, "long");
	char *text = NULL;
	size_t len, i;
	json_t *row;
	FILE *f = open_memstream(&text, &len);

	if (!b->columns && b->none && !json_object_size(rows)) {
		fprintf(f, "%s\n", b->none);
	} else if (!b->columns) {
		narrow = print_narrow(line, rows);
		shown = json_copy(narrow);
		json_object_del(shown, "links");
		table_print_object(f, shown);
	} else if (!json_array_size(rows)) {
		fprintf(f, "%s\n", b->none);
	} else if (whole) {
		json_array_foreach (rows, i, row) {
			if (i)
				fputc('\n', f);
			table_print_object(f, row);
		}
	} else {
		print_table(line, f, b->columns, b->n_columns, rows);
	}
	fclose(f);
	return text;
}

static void print_people(const struct cli_line *line, const struct below *b,
	const struct names *nodes, const json_t *answers)
{
	struct collate c = {0};

	for (size_t i = 0; i < nodes->n; i++) {
		_cleanup_free_ char *text = text_of(line, b, json_array_get(answers, i));

		collate_add(&c, nodes->list[i], text);
	}
	collate_print(&c, stdout);
	collate_done(&c);
}

/* How many of the arguments name nodes. */
static int n_named(const struct cli_line *line, const struct below *b)
{
	return b->name ? 1 : line->n_args;
}

/* JSON of one is the API's own answer; of many each with its node. */
static void print_json(const struct cli_line *line, const struct below *b,
	const struct names *nodes, json_t *answers)
{
	_cleanup_json_ json_t *all = json_array();
	json_t *answer;
	size_t i;

	json_array_foreach (answers, i, answer) {
		json_t *row = json_pack("{s:s}", "node", nodes->list[i]);

		json_object_update(row, answer);
		json_array_append_new(all, row);
	}
	cmd_print_json(words_many(line, n_named(line, b)) ? all : json_array_get(answers, 0));
}

/* CSV and bare values: a row for each, with the node first where there are many. */
static void print_rows(const struct cli_line *line, const struct below *b,
	const struct names *nodes, const json_t *answers)
{
	_cleanup_json_ json_t *all = json_array();
	struct table_column columns[16] = {{"node", NULL}};
	size_t n = words_many(line, n_named(line, b)), i, k;
	json_t *answer, *row;

	json_array_foreach ((json_t *)answers, i, answer) {
		_cleanup_json_ json_t *rows = rows_of(b, answer);

		if (!b->columns) {
			_cleanup_json_ json_t *one = json_pack("[O]", rows);

			json_array_extend(all, one);
			continue;
		}
		json_array_foreach (rows, k, row) {
			json_t *copy = json_copy(row);

			json_put_str(copy, "node", nodes->list[i]);
			json_array_append_new(all, copy);
		}
	}
	for (i = 0; b->columns && i < b->n_columns && n < ARRAY_SIZE(columns); i++)
		columns[n++] = b->columns[i];
	if (b->columns)
		cmd_print(line, columns, n, all);
	else
		json_array_foreach (all, i, row)
			print_object(line, row);
}

/* --- asking ------------------------------------------------------------------------------------
 */

/* "/bios/ProcVirtualization", with what the options ask for. Allocated. */
static char *after_of(const struct cli_line *line, const struct below *b)
{
	const char *name = b->name ? line->args[1] : NULL;
	const char *query = cli_flag(line, "long") && b->long_query ? b->long_query : "";

	if (str_eq(b->verb, "boot device show") && cli_flag(line, "supported"))
		return xstrdup("/management/boot_device/supported");
	return name ? conn_path(b->after, name, query) : xasprintf("%s%s", b->after, query);
}

/* The nodes the line names; of drivers and runbooks the words are taken as they are. */
static int select_below(const struct cli_line *line, const struct below *b, struct conn *c,
	struct names *ret, struct err *e)
{
	if (!str_eq(b->before, NODES)) {
		names_append(ret, line->args[0]);
		return 0;
	}
	if (n_named(line, b) < line->n_args)
		return select_nodes(c, line->args, 1, false, ret, e);
	return cmd_select(c, line, 0, ret, e);
}

int verb_below(struct cli_line *line, void *data)
{
	const struct below *b = below_of(line);
	_cleanup_free_ char *after = after_of(line, b);
	struct fan_call call = {.method = "GET", .before = b->before, .after = after};
	_cleanup_json_ json_t *answers = NULL;
	_cleanup_conn_ struct conn *c = NULL;
	struct failures failed = {0};
	struct names nodes = {0};
	struct err e = {0};
	int code = CLI_OK;

	if (print_check(line, &e) < 0 || conn_open(line, &c, &e) < 0 ||
		select_below(line, b, c, &nodes, &e) < 0) {
		names_done(&nodes);
		return cmd_fail_usage(&e);
	}
	answers = fan_call(c, &nodes, &call, &failed);
	fan_drop_failed(&nodes, answers);
	if (!nodes.n)
		code = CLI_FAILED;
	else if (print_as_json(line))
		print_json(line, b, &nodes, answers);
	else if (print_as_table(line))
		print_people(line, b, &nodes, answers);
	else
		print_rows(line, b, &nodes, answers);
	failures_print(&failed);
	code = failed.n ? CLI_FAILED : code;
	failures_done(&failed);
	names_done(&nodes);
	return code;
}
