/*
 * ingot create: chassis, nodes, port groups and ports out of files of JSON or YAML, as baremetal
 * create reads them: lists of records, those of what belongs to a record inside it.
 */
#include "conductor/cli/cmd.h"
#include "conductor/cli/value.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

/* A list in the file, or in a record of another. */
static const struct list {
	const char *of;	    /* the list whose records it stands in; NULL: the file */
	const char *member; /* its name */
	const char *path;
	const char *belongs; /* the member by which its records say whose they are; NULL: none */
} lists[] = {
	{NULL, "chassis", "/v1/chassis", NULL},
	{NULL, "nodes", "/v1/nodes", NULL},
	{"chassis", "nodes", "/v1/nodes", "chassis_uuid"},
	{"nodes", "portgroups", "/v1/portgroups", "node_uuid"},
	{"nodes", "ports", "/v1/ports", "node_uuid"},
	{"portgroups", "ports", "/v1/ports", "portgroup_uuid"},
};

struct creation {
	struct conn *c; /* NULL: a dry run */
	struct failures failed;
	json_t *made; /* {kind, name, uuid} of each */
};

static void create_lists(
	struct creation *cr, const char *of, const json_t *record, const json_t *parent);

/* The record without the lists in it, and with whose it is. */
static json_t *body_of(const struct list *l, const json_t *record, const json_t *parent)
{
	json_t *body = json_copy((json_t *)record);

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (str_eq(lists[i].of, l->member))
			json_object_del(body, lists[i].member);
	if (l->belongs && parent)
		json_object_set(body, l->belongs, json_object_get(parent, "uuid"));
	if (str_eq(l->of, "portgroups") && parent) /* the node's, too */
		json_object_set(body, "node_uuid", json_object_get(parent, "node_uuid"));
	return body;
}

static const char *name_in(const json_t *record)
{
	static const char *const members[] = {"name", "address", "description", "uuid"};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (json_str(record, members[i]))
			return json_str(record, members[i]);
	return "?";
}

static void create_record(
	struct creation *cr, const struct list *l, const json_t *record, const json_t *parent)
{
	_cleanup_json_ json_t *body = body_of(l, record, parent), *made = NULL;
	struct err e = {0};

	if (cr->c && conn_call(cr->c, "POST", l->path, body, &made, &e) < 0) {
		_cleanup_free_ char *what = xasprintf("%s %s", l->member, name_in(record));

		failures_add(&cr->failed, what, e.text);
		return; /* and nothing that belongs to it */
	}
	json_array_append_new(cr->made, json_pack("{s:s, s:s, s:s?}", "kind", l->member, "name",
						name_in(record), "uuid", json_str(made, "uuid")));
	create_lists(cr, l->member, record, made);
}

static void create_lists(
	struct creation *cr, const char *of, const json_t *record, const json_t *parent)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		json_t *one;
		size_t k;

		if (!str_eq(lists[i].of, of))
			continue;
		json_array_foreach (json_object_get(record, lists[i].member), k, one)
			create_record(cr, &lists[i], one, parent);
	}
}

/* Lists of objects, and in the file nothing else. */
static int check(const char *of, const json_t *record, struct err *e)
{
	const char *key;
	json_t *value, *one;
	size_t i, k;

	json_object_foreach ((json_t *)record, key, value) {
		for (i = 0; i < ARRAY_SIZE(lists); i++)
			if (str_eq(lists[i].of, of) && str_eq(lists[i].member, key))
				break;
		if (i == ARRAY_SIZE(lists) && !of)
			return err_set(e, EINVAL, "'%.64s': expected chassis and nodes", key);
		if (i == ARRAY_SIZE(lists))
			continue;
		if (!json_is_array(value))
			return err_set(e, EINVAL, "%s: expected a list", key);
		json_array_foreach (value, k, one) {
			if (!json_is_object(one))
				return err_set(e, EINVAL, "%s: element %zu is no mapping", key, k);
			if (check(key, one, e) < 0)
				return err_prefix(e, "%s %s", key, name_in(one));
		}
	}
	return 0;
}

static int read_file(const char *name, json_t **ret, struct err *e)
{
	int r = value_json("file", name, ret, e);

	if (r == 0 && !json_is_object(*ret))
		r = err_set(e, EINVAL, "expected a mapping with chassis and nodes");
	if (r == 0)
		r = check(NULL, *ret, e);
	return r < 0 ? err_prefix(e, "%s", name) : 0;
}

int verb_create(struct cli_line *line, void *data)
{
	static const struct table_column columns[] = {
		{"kind", NULL}, {"name", NULL}, {"uuid", NULL}};
	_cleanup_json_ json_t *files = json_array(), *made = json_array();
	struct creation cr = {.made = made};
	_cleanup_conn_ struct conn *c = NULL;
	struct err e = {0};
	json_t *file;
	size_t i;
	int code;

	for (int k = 0; k < line->n_args; k++) { /* all are read before anything is made */
		json_t *one = NULL;

		if (read_file(line->args[k], &one, &e) < 0) {
			json_decref(one);
			return cmd_fail_usage(&e);
		}
		json_array_append_new(files, one);
	}
	if (!cli_flag(line, "dry-run") && conn_open(line, &c, &e) < 0)
		return cmd_fail(&e);
	cr.c = c;
	json_array_foreach (files, i, file)
		create_lists(&cr, NULL, file, NULL);
	code = cmd_print(line, columns, ARRAY_SIZE(columns), made);
	failures_print(&cr.failed);
	if (cr.failed.n)
		code = CLI_FAILED;
	failures_done(&cr.failed);
	return code;
}
