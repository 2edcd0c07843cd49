/* Collections: filters, fields, sorting, pages; see resource.h and contract section 2.4. */
#include "conductor/api/render.h"
#include "conductor/api/version.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"
#include "lib/hwid/mac.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define FILTERS_MAX 32
#define URL_MAX	    (64 * 1024)
#define PAGE_BYTES  (16 * 1024 * 1024) /* a page ends early behind so much */

struct listing {
	struct call *c;
	const struct resource *res;
	bool detail;
	struct store_filter filters[FILTERS_MAX];
	char *values[FILTERS_MAX]; /* owned; what filters point to */
	int n_filters;
	const char *project;
	char *node_set; /* a filter on the record's node: column of it in node_column */
	const char *node_column;
	char **fields;
	const char *sort_key;
	bool descending;
	const char *marker;
	int limit;
	bool by_parent; /* children were asked for */
	const char *alone;

	struct view view;
	struct buf out;
	int n; /* records in it */
	bool full;
	char last[UUID_TEXT_MAX];
};

static int add_filter(
	struct listing *l, const char *column, enum store_op op, const char *value, struct err *e)
{
	if (l->n_filters == FILTERS_MAX)
		return err_set(e, EINVAL, "too many filters");
	l->values[l->n_filters] = xstrdup(value);
	l->filters[l->n_filters] = (struct store_filter){column, op, l->values[l->n_filters]};
	l->n_filters++;
	return 0;
}

static int add_bool(struct listing *l, const struct query_arg *a, const char *column,
	const char *text, struct err *e)
{
	bool b;

	if (str_to_bool(text, &b) < 0)
		return err_set(e, EINVAL, "%s: expected true or false, not '%.32s'", a->name, text);
	if (a->kind == ARG_BOOL)
		return add_filter(l, column, STORE_EQ, b ? "1" : "0", e);
	return add_filter(l, column, b ? STORE_NOT_NULL : STORE_EQ, NULL, e);
}

static int add_named(struct listing *l, const struct resource *res, const char *column,
	const char *text, struct err *e)
{
	_cleanup_free_ char *uuid = NULL;
	int r = 0;

	if (res == &node_resource && !uuid_valid(text))
		r = version_check(l->c->version, "node", "name", e);
	if (r == 0)
		r = resource_uuid(l->c, res, text, &uuid, e);
	if (r == -ENOENT && res == &node_resource &&
		res == l->res) /* what is not there has no children */
		return add_filter(l, "uuid", STORE_EQ, NULL, e);
	return r < 0 ? r : add_filter(l, column, STORE_EQ, uuid, e);
}

static int add_mac(struct listing *l, const char *column, const char *text, struct err *e)
{
	char mac[MAC_TEXT_MAX];

	if (mac_normalise(text, mac) < 0)
		return err_set(e, EINVAL, "Expected a MAC address but received %.64s.", text);
	return add_filter(l, column, STORE_EQ, mac, e);
}

static const char *const faults[] = {
	"power failure", "clean failure", "rescue abort failure", "service failure", NULL};

static bool listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (str_eq(*names, name))
			return true;
	return false;
}

static int add_arg(struct listing *l, const struct query_arg *a, const char *text, struct err *e)
{
	const char *column = a->column ? a->column : a->name;

	switch (a->kind) {
	case ARG_BOOL:
	case ARG_PRESENT:
		return add_bool(l, a, column, text, e);
	case ARG_LIST:
		return add_filter(l, column, STORE_IN, text, e);
	case ARG_CONTAINS:
		return add_filter(l, column, STORE_CONTAINS, text, e);
	case ARG_UUID:
		if (!uuid_valid(text))
			return err_set(e, EINVAL, "Expected a UUID but received %.64s.", text);
		return add_filter(l, column, STORE_EQ, text, e);
	case ARG_MAC:
		return add_mac(l, column, text, e);
	case ARG_STATE:
		if (!provision_state_parse(text))
			return err_set(e, EINVAL, "Provision state \"%.64s\" is not valid", text);
		return add_filter(l, column, STORE_EQ, text, e);
	case ARG_FAULT:
		if (!listed(faults, text))
			return err_set(e, EINVAL,
				"fault: \"%.64s\" is none; there are power failure, "
				"clean failure, rescue abort failure and service failure",
				text);
		break;
	case ARG_NODE:
		return add_named(l, &node_resource, column, text, e);
	case ARG_NODE_UUID:
		if (!uuid_valid(text))
			return err_set(e, EINVAL, "Expected a UUID but received %.64s.", text);
		return add_named(l, &node_resource, column, text, e);
	case ARG_CHASSIS:
		return add_named(l, &chassis_resource, column, text, e);
	case ARG_PORTGROUP:
		return add_named(l, &portgroup_resource, column, text, e);
	case ARG_CONDUCTOR:
		if (str_eq(text, engine_hostname(call_engine(l->c))))
			return 0;
		return add_filter(l, "uuid", STORE_EQ, NULL, e);
	case ARG_PROJECT:
		l->project = text;
		return 0;
	case ARG_NODE_SET:
		l->node_column = column;
		str_replace(&l->node_set, text);
		return 0;
	case ARG_IGNORED:
		return 0;
	case ARG_TEXT:
		break;
	}
	return add_filter(l, column, STORE_EQ, text, e);
}

/* Who one belongs to is nothing to sort by, in Ironic. */
static const char *const unsorted[] = {
	"allocation_uuid", "chassis_uuid", "conductor", "node_uuid", "portgroup_uuid", NULL};

static int parse_sort_key(struct listing *l, const char *text, struct err *e)
{
	const struct field *f = record_field(l->res->type, text);

	l->sort_key = text;
	if (str_eq(text, "id"))
		return 0;
	if (f && version_check(l->c->version, l->res->name, text, e) < 0)
		return -e->code;
	if (!f || f->type == FIELD_OBJECT || f->type == FIELD_ARRAY || listed(unsorted, text) ||
		(l->res->hidden && listed(l->res->hidden, text)))
		return err_set(e, EINVAL,
			"The sort_key value \"%.64s\" is an invalid field for sorting", text);
	return 0;
}

static int parse_limit(struct listing *l, const char *text, struct err *e)
{
	int max = l->limit;

	if (*text && strspn(text, "0123456789") == strlen(text) && strlen(text) > 9)
		return 0; /* more than there can be: as many as a page holds */
	if (str_to_int(text, -1000000000, 1000000000, &l->limit) < 0)
		return err_set(e, EINVAL, "limit: expected a number, not '%.32s'", text);
	if (l->limit <= 0)
		return err_set(e, EINVAL, "Limit must be positive");
	if (l->limit > max)
		l->limit = max;
	return 0;
}

/* What all arguments called fields ask for together. */
static int all_fields(struct listing *l, struct err *e)
{
	_cleanup_(buf_done) struct buf text = BUF_INIT(URL_MAX);
	const char *name, *value;
	size_t pos = 0;

	while (http_arg_next(l->c->req, &pos, &name, &value))
		if (str_eq(name, "fields"))
			buf_printf(&text, "%s,", value);
	return resource_fields(l->c, l->res, buf_str(&text), &l->fields, e);
}

/* The arguments every collection takes. 1: it is none of them. */
static int common_arg(struct listing *l, const char *name, const char *text, struct err *e)
{
	if (str_eq(name, "limit"))
		return parse_limit(l, text, e);
	if (str_eq(name, "sort_key"))
		return parse_sort_key(l, text, e);
	if (str_eq(name, "marker")) {
		l->marker = text;
		return uuid_valid(text)
			       ? 0
			       : err_set(e, EINVAL, "Expected a UUID but received %.64s.", text);
	}
	if (str_eq(name, "sort_dir")) {
		l->descending = str_eq(text, "desc");
		return l->descending || str_eq(text, "asc")
			       ? 0
			       : err_set(e, EINVAL, "sort_dir: expected asc or desc");
	}
	if (str_eq(name, "fields"))
		return l->fields ? 0 : all_fields(l, e);
	if (str_eq(name, "detail")) {
		bool b;

		if (str_to_bool(text, &b) < 0)
			return err_set(e, EINVAL, "detail: expected true or false");
		l->detail |= b;
		return 0;
	}
	return 1;
}

static int query_arg(struct listing *l, const char *name, const char *text, struct err *e)
{
	char kind[RESOURCE_KIND_MAX];
	int r = version_check(l->c->version, resource_kind(l->res, kind), name, e);

	if (r == 0)
		r = common_arg(l, name, text, e);
	if (r <= 0)
		return r;
	for (const char *const *a = l->res->alone; a && *a; a++) {
		if (!str_eq(*a, name))
			continue;
		if (l->alone)
			return err_set(e, EPERM, "%s and %s can not be asked for together",
				l->alone, name);
		l->alone = name;
	}
	for (int i = 0; i < l->res->n_args; i++) {
		if (!str_eq(l->res->args[i].name, name))
			continue;
		l->by_parent |= str_eq(name, "parent_node");
		if (str_eq(name, "include_children"))
			return str_to_bool(text, &l->by_parent) < 0
				       ? err_set(e, EINVAL, "%s: expected true or false", name)
				       : 0;
		return add_arg(l, &l->res->args[i], text, e);
	}
	return err_set(e, EINVAL, "%.64s: unknown query argument", name);
}

static int parse_query(struct listing *l, struct err *e)
{
	const char *name, *value;
	size_t pos = 0;
	int r;

	while (http_arg_next(l->c->req, &pos, &name, &value)) {
		r = query_arg(l, name, value, e);
		if (r < 0)
			return r;
	}
	if (l->fields && l->detail)
		return err_set(e, EINVAL, "Can't fetch a subset of fields with 'detail' set");
	if (l->res == &node_resource && !l->by_parent)
		return add_filter(l, "parent_node", STORE_EQ, NULL, e);
	return 0;
}

static int collect_uuid(void *data, const char *uuid, const char *json, size_t len)
{
	struct buf *b = data;

	return buf_printf(b, "%s%s", b->len ? "," : "", uuid);
}

/* Turns a filter on the node into one on node_uuid. */
static int resolve_node_set(struct listing *l, struct err *e)
{
	_cleanup_(buf_done) struct buf uuids = BUF_INIT(16 * 1024 * 1024);
	struct store_filter f = {l->node_column, STORE_IN, l->node_set};
	struct store_query q = {.filters = &f, .n_filters = 1};
	int r;

	if (!l->node_set)
		return 0;
	r = store_list_text(call_store(l->c), &node_type, &q, collect_uuid, &uuids, e);
	return r < 0 ? r : add_filter(l, "node_uuid", STORE_IN, buf_str(&uuids), e);
}

static bool of_project(const char *json, size_t len, const char *project)
{
	_cleanup_json_ json_t *stored = NULL;

	return json_parse(json, len, 64, &stored, NULL) == 0 &&
	       (str_eq(json_str(stored, "owner"), project) ||
		       str_eq(json_str(stored, "lessee"), project));
}

static int each(void *data, const char *uuid, const char *json, size_t len)
{
	struct listing *l = data;
	int r;

	if (l->project && !of_project(json, len, l->project))
		return 0;
	if (l->n++)
		buf_puts(&l->out, ",");
	r = view_render(&l->view, (struct json_span){json, len}, &l->out);
	if (r < 0)
		return r;
	str_copy(l->last, sizeof(l->last), uuid);
	l->full = l->n == l->limit || l->out.len > PAGE_BYTES;
	return l->full ? -ECANCELED : 0;
}

static void append_escaped(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			buf_append(b, s, 1);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
	}
}

/* The URL of the page after this one: the same arguments, another marker. */
static json_t *next_url(const struct listing *l)
{
	_cleanup_(buf_done) struct buf url = BUF_INIT(URL_MAX);
	const char *path = http_path_raw(l->c->req), *name, *value;
	size_t pos = 0;

	buf_printf(&url, "%s%s%s?limit=%d", l->c->base, str_starts(path, "/v1") ? "" : "/v1", path,
		l->limit);
	while (http_arg_next(l->c->req, &pos, &name, &value)) {
		if (str_eq(name, "limit") || str_eq(name, "marker"))
			continue;
		buf_puts(&url, "&");
		append_escaped(&url, name);
		buf_puts(&url, "=");
		append_escaped(&url, value);
	}
	buf_printf(&url, "&marker=%s", l->last);
	return url.overflow ? json_null() : json_string(buf_str(&url));
}

static int run(struct listing *l, struct err *e)
{
	struct store_query q = {
		.filters = l->filters,
		.n_filters = l->n_filters,
		.sort_key = l->sort_key,
		.descending = l->descending,
		.marker_uuid = l->marker,
		.limit = l->project ? 0 : l->limit,
	};
	int r = store_list_text(call_store(l->c), l->res->type, &q, each, l, e);

	if (r == -ECANCELED)
		return 0;
	if (r == -ENOENT) /* the store's only reason for it */
		return err_set(e, ENOENT, "%s %.64s could not be found.", l->res->not_found,
			l->marker ? l->marker : "");
	return r < 0 && !e->code ? err_set(e, -r, "a stored record cannot be read") : r;
}

static void reply(struct listing *l)
{
	_cleanup_json_ json_t *next = l->full ? next_url(l) : NULL;
	_cleanup_free_ char *url = next ? json_text(next) : NULL;
	size_t len;

	buf_puts(&l->out, "]");
	if (url)
		buf_printf(&l->out, ",\"next\":%s", url);
	buf_puts(&l->out, "}");
	len = l->out.len;
	call_reply_text(l->c, 200, "application/json", buf_take(&l->out), len);
}

static void begin(struct listing *l)
{
	view_init(&l->view, l->c, l->res,
		l->fields   ? (const char *const *)l->fields
		: l->detail ? NULL
			    : l->res->summary);
	buf_printf(&l->out, "{\"%s\":[", l->res->plural);
}

int resource_list(struct call *c, const struct resource *res, bool detail,
	const struct list_scope *scope, struct err *e)
{
	struct listing l = {.c = c,
		.res = res,
		.detail = detail,
		.limit = (int)call_config(c)->list_max,
		.out = BUF_INIT(ANSWER_MAX)};
	int r = 0;

	if (scope)
		r = add_filter(&l, scope->column, STORE_EQ, scope->value, e);
	if (r == 0)
		r = parse_query(&l, e);
	if (r == 0)
		r = resolve_node_set(&l, e);
	if (r == 0) {
		begin(&l);
		r = run(&l, e);
	}
	if (r == 0)
		reply(&l);
	view_done(&l.view);
	buf_done(&l.out);
	strv_free(l.fields);
	free(l.node_set);
	for (int i = 0; i < l.n_filters; i++)
		free(l.values[i]);
	return r;
}
