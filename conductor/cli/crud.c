/* list and show of every resource; see crud.h. */
#include "conductor/cli/crud.h"
#include "conductor/cli/collate.h"
#include "conductor/cli/crudwords.h"
#include "conductor/cli/fan.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

/* The roots of "name,properties.rack", each once, beside those in b. */
static void add_roots(struct buf *b, const char *fields)
{
	while (*fields) {
		size_t len = strcspn(fields, ","), root = strcspn(fields, ".,");
		_cleanup_free_ char *have = xasprintf(",%s,", buf_str(b));
		_cleanup_free_ char *want = xasprintf(",%.*s,", (int)root, fields);

		if (root && !strstr(have, want))
			buf_printf(b, "%s%.*s", b->len ? "," : "", (int)root, fields);
		fields += len + (fields[len] == ',');
	}
}

/* What the list is asked for: the fields of its columns or of --fields. */
static char *wanted_fields(const struct cli_line *line, const struct resource *r)
{
	_cleanup_free_ char *fields = print_fields(line);
	struct buf b = BUF_INIT(8192);

	if (fields)
		add_roots(&b, fields);
	for (size_t i = 0; !fields && i < r->n_columns; i++)
		add_roots(&b, r->columns[i].key);
	return buf_take(&b);
}

static int add_sort(struct buf *b, const struct cli_line *line, struct err *e)
{
	const char *sort = cli_value(line, "sort"), *colon = sort ? strrchr(sort, ':') : NULL;
	_cleanup_free_ char *key = NULL;

	if (!sort)
		return 0;
	if (colon && !str_eq(colon, ":asc") && !str_eq(colon, ":desc"))
		return err_set(
			e, EINVAL, "--sort %.64s: expected FIELD, FIELD:asc or FIELD:desc", sort);
	key = xstrndup(sort, colon ? (size_t)(colon - sort) : strlen(sort));
	for (char *p = key; *p; p++)
		*p = *p == '-' ? '_' : *p;
	buf_printf(b, "&sort_key=%s&sort_dir=%s", key, colon ? colon + 1 : "asc");
	return 0;
}

static int limit_of(const struct cli_line *line, size_t *ret, struct err *e)
{
	const char *text = cli_value(line, "limit");
	int n = 0;

	if (text && str_to_int(text, 0, 1000000, &n) < 0)
		return err_set(e, EINVAL, "--limit %.32s: expected a number, 0 for all", text);
	*ret = n ? (size_t)n : SIZE_MAX;
	return 0;
}

/* The path and query of a list. `more` are fields that the words of the line look at. */
static int list_path(const struct cli_line *line, const struct resource *r, const char *more,
	size_t limit, char **ret, struct err *e)
{
	_cleanup_free_ char *fields = wanted_fields(line, r), *filters = NULL;
	struct buf b = BUF_INIT(32768);
	const char *marker = cli_value(line, "marker");
	struct buf all = BUF_INIT(8192);

	if (fields_query(line, r, &filters, e) < 0)
		return -e->code;
	if (!r->no_pages)
		buf_printf(&b, "&limit=%zu", limit < 1000 && !more ? limit : 1000);
	add_roots(&all, fields);
	add_roots(&all, more ? more : "");
	if (cli_flag(line, "long"))
		buf_puts(&b, "&detail=True");
	else if (!r->no_fields)
		buf_printf(&b, "&fields=%s", buf_str(&all));
	buf_done(&all);
	buf_printf(&b, "%s%s%s", filters, marker ? "&marker=" : "", marker ? marker : "");
	if (add_sort(&b, line, e) < 0) {
		buf_done(&b);
		return -e->code;
	}
	*ret = xasprintf("%s%s%s", r->path, b.len ? "?" : "", b.len ? b.data + 1 : "");
	buf_done(&b);
	return 0;
}

/* Drops the rows that the words do not mean, and says which words mean none. */
static size_t keep_meant(const struct selection *s, json_t *rows, struct failures *failed)
{
	_cleanup_free_ bool *hit = xcalloc(s->exact.n + s->patterns.n + 1, sizeof(*hit));
	_cleanup_json_ json_t *kept = json_array();
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (selection_mark(s, row, hit))
			json_array_append(kept, row);
	json_array_clear(rows);
	json_array_extend(rows, kept);
	for (i = 0; i < s->exact.n; i++)
		if (!hit[i])
			failures_add(failed, s->exact.list[i], "there is none of this name");
	for (i = 0; i < s->patterns.n; i++)
		if (!hit[s->exact.n + i])
			failures_add(failed, s->patterns.list[i], "nothing fits this");
	return failed->n;
}

static void print_list(
	const struct cli_line *line, const struct resource *r, json_t *rows, const char *fields)
{
	size_t i;
	json_t *row;

	if (cli_flag(line, "long")) {
		crud_print(line, rows, true);
		return;
	}
	json_array_foreach (rows, i, row)
		words_narrow(row, fields);
	cmd_print(line, r->columns, r->n_columns, rows);
}

int crud_list(struct cli_line *line, void *data)
{
	const struct resource *r = resource_of(line);
	_cleanup_free_ char *path = NULL, *more = NULL, *fields = wanted_fields(line, r);
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_json_ json_t *rows = NULL;
	struct failures failed = {0};
	struct selection s = {0};
	struct err e = {0};
	size_t limit = 0;
	int code = CLI_OK;

	if (print_check(line, &e) < 0 || limit_of(line, &limit, &e) < 0 ||
		selection_init(&s, line->args, (size_t)line->n_args, &e) < 0)
		return cmd_fail_usage(&e);
	more = line->n_args ? words_fields(r, &s) : NULL;
	if (list_path(line, r, more, limit, &path, &e) < 0)
		code = cmd_fail_usage(&e);
	else if (conn_open(line, &c, &e) < 0 || selection_prepare(c, &s, &e) < 0 ||
		 conn_list_some(c, path, r->plural, more ? SIZE_MAX : limit, &rows, &e) < 0)
		code = cmd_fail(&e);
	if (code == CLI_OK && line->n_args && keep_meant(&s, rows, &failed))
		code = CLI_FAILED;
	while (json_array_size(rows) > limit)
		json_array_remove(rows, json_array_size(rows) - 1);
	if (rows)
		print_list(line, r, rows, r->no_fields ? NULL : fields);
	failures_print(&failed);
	failures_done(&failed);
	selection_done(&s);
	return code;
}

/* What a person wants to see of a record; null and empty members and links are left out. */
static json_t *worth_showing(const json_t *record)
{
	static const char *const links[] = {
		"links", "ports", "states", "volume", "portgroups", "nodes", "properties"};
	json_t *out = json_object(), *value;
	const char *key;

	json_object_foreach ((json_t *)record, key, value) {
		bool empty = json_is_null(value) ||
			     (json_is_object(value) && !json_object_size(value)) ||
			     (json_is_array(value) && !json_array_size(value)) ||
			     (json_is_string(value) && !json_string_length(value));
		bool link = false;

		for (size_t i = 0; i < ARRAY_SIZE(links); i++)
			link |= str_eq(key, links[i]) &&
				json_object_get(json_array_get(value, 0), "href");
		if (!empty && !link)
			json_object_set(out, key, value);
	}
	return out;
}

void crud_print(const struct cli_line *line, const json_t *records, bool many)
{
	_cleanup_free_ char *fields = print_fields(line);
	struct table_column none[1] = {{"uuid", NULL}};
	json_t *record;
	size_t i;

	if (print_as_json(line) && !fields) {
		cmd_print_json(many ? records : json_array_get(records, 0));
		return;
	}
	if (many && !print_as_table(line)) {
		cmd_print(line, none, 1, records);
		return;
	}
	json_array_foreach (records, i, record) {
		_cleanup_json_ json_t *shown = fields ? json_incref(record) : worth_showing(record);

		if (i)
			putchar('\n');
		print_object(line, shown);
	}
}

/* "?fields=..." of --fields. */
static char *show_query(const struct cli_line *line)
{
	_cleanup_free_ char *fields = print_fields(line);
	struct buf b = BUF_INIT(8192);
	char *query;

	if (!fields)
		return xstrdup("");
	add_roots(&b, fields);
	query = xasprintf("?fields=%s", buf_str(&b));
	buf_done(&b);
	return query;
}

/* Of several nodes, those of which the same is to be said are told together. */
static void print_collated(const struct cli_line *line, const struct names *names, json_t *records)
{
	_cleanup_free_ char *fields = print_fields(line);
	struct collate c = {0};
	json_t *record;
	size_t i;

	json_array_foreach (records, i, record) {
		_cleanup_json_ json_t *shown =
			fields ? print_narrow(line, record) : worth_showing(record);
		_cleanup_free_ char *text = NULL;
		size_t len;
		FILE *f = open_memstream(&text, &len);

		table_print_object(f, shown);
		fclose(f);
		collate_add(&c, names->list[i], text);
	}
	collate_print(&c, stdout);
	collate_done(&c);
}

static int show_named(const struct cli_line *line, struct conn *c, const struct resource *r,
	struct names *names, bool many)
{
	_cleanup_free_ char *query = show_query(line);
	struct fan_call call = {
		.method = "GET", .after = query, .path = words_path, .data = (void *)r};
	struct failures failed = {0};
	_cleanup_json_ json_t *all = fan_call(c, names, &call, &failed);
	int code = failed.n ? CLI_FAILED : CLI_OK;

	fan_drop_failed(names, all);
	if (many && print_as_table(line))
		print_collated(line, names, all);
	else if (json_array_size(all))
		crud_print(line, all, many);
	failures_print(&failed);
	failures_done(&failed);
	return code;
}

/* Of an instance: the node it is on. */
static int show_instances(const struct cli_line *line, struct conn *c)
{
	_cleanup_json_ json_t *all = json_array();
	struct failures failed = {0};
	struct err e = {0};
	int code;

	for (int i = 0; i < line->n_args; i++) {
		_cleanup_free_ char *path =
			conn_path("/v1/nodes/detail?instance_uuid=", line->args[i], "");
		_cleanup_json_ json_t *found = NULL;

		if (conn_list(c, path, "nodes", &found, &e) < 0)
			failures_add(&failed, line->args[i], e.text);
		else if (!json_array_size(found))
			failures_add(&failed, line->args[i], "no node has this instance");
		json_array_extend(all, found);
	}
	if (json_array_size(all))
		crud_print(line, all, line->n_args > 1);
	failures_print(&failed);
	code = failed.n ? CLI_FAILED : CLI_OK;
	failures_done(&failed);
	return code;
}

int crud_show(struct cli_line *line, void *data)
{
	const struct resource *r = resource_of(line);
	_cleanup_conn_ struct conn *c = NULL;
	struct names names = {0};
	struct err e = {0};
	int code;

	if (print_check(line, &e) < 0)
		return cmd_fail_usage(&e);
	if (conn_open(line, &c, &e) < 0)
		return cmd_fail(&e);
	if (cli_flag(line, "instance"))
		return show_instances(line, c);
	if (words_select(c, line, r, &names, &e) < 0)
		code = cmd_fail(&e);
	else
		code = show_named(line, c, r, &names, words_many(line, line->n_args));
	names_done(&names);
	return code;
}
