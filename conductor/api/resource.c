/* Reading single records and showing them; see resource.h. */
#include "conductor/api/resource.h"
#include "conductor/api/render.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define FIELDS_ASKED_MAX 200

static bool listed(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (str_eq(*names, name))
			return true;
	return false;
}

json_t *resource_render(const struct call *c, const struct resource *res, const json_t *stored,
	const char *const *fields)
{
	_cleanup_(buf_done) struct buf out = BUF_INIT(ANSWER_MAX);
	_cleanup_free_ char *text = json_text(stored);
	json_t *answer = NULL;
	struct view v;

	view_init(&v, c, res, fields);
	if (view_render(&v, (struct json_span){text, strlen(text)}, &out) == 0)
		answer = json_loadb(out.data, out.len, 0, NULL);
	view_done(&v);
	return answer ? answer : json_object();
}

int resource_reply(struct call *c, int status, const struct resource *res, const json_t *stored)
{
	struct buf out = BUF_INIT(ANSWER_MAX);
	_cleanup_free_ char *text = json_text(stored);
	struct view v;
	size_t len;

	view_init(&v, c, res, NULL);
	view_render(&v, (struct json_span){text, strlen(text)}, &out);
	view_done(&v);
	len = out.len;
	call_reply_text(c, status, "application/json", buf_take(&out), len);
	return 0;
}

static void lower(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

void strv_free(char **v)
{
	for (char **p = v; p && *p; p++)
		free(*p);
	free(v);
}

static int check_field(
	const struct call *c, const struct resource *res, const char *name, struct err *e)
{
	bool known = (record_field(res->type, name) && !listed(res->hidden, name)) ||
		     str_eq(name, "links") || listed(res->sublinks, name);

	if (!known)
		return err_set(e, EINVAL, "Field(s) \"%.64s\" are not valid", name);
	return version_check(c->version, res->name, name, e);
}

/* Names are lower case; links come with any of them. */
int resource_fields(const struct call *c, const struct resource *res, const char *text, char ***ret,
	struct err *e)
{
	_cleanup_free_ char *copy = xasprintf("%s,links", text);
	char *save = NULL, **v = xcalloc(1, sizeof(*v));
	size_t n = 0;

	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		int r;

		s = str_trim(s);
		if (!*s)
			continue;
		lower(s);
		r = n < FIELDS_ASKED_MAX ? check_field(c, res, s, e)
					 : err_set(e, EINVAL, "fields: too many of them");
		if (r < 0) {
			strv_free(v);
			return r;
		}
		v = xrealloc(v, (n + 2) * sizeof(*v));
		v[n++] = xstrdup(s);
		v[n] = NULL;
	}
	*ret = v;
	return 0;
}

const char *resource_kind(const struct resource *res, char kind[static RESOURCE_KIND_MAX])
{
	snprintf(kind, RESOURCE_KIND_MAX, "%s?", res->name);
	return kind;
}

struct first {
	store_each_text_fn each;
	void *data;
	bool found;
	int r; /* what each() gave */
};

static int take_first(void *data, const char *uuid, const char *json, size_t len)
{
	struct first *f = data;

	f->found = true;
	f->r = f->each(f->data, uuid, json, len);
	return f->r;
}

/* Has `each` called with the record whose column has this value; -ENOENT in the resource's words.
 */
static int read_first(const struct call *c, const struct resource *res, const char *column,
	const char *value, store_each_text_fn each, void *data, struct err *e)
{
	struct store_filter filter = {column, STORE_EQ, value};
	struct store_query q = {.filters = &filter, .n_filters = 1, .limit = 1};
	struct first first = {.each = each, .data = data};
	int r = store_list_text(call_store(c), res->type, &q, take_first, &first, e);

	if (first.r < 0)
		return err_set(e, EIO, "stored %s %.64s cannot be read", res->name, value);
	if (r < 0)
		return r;
	if (!first.found)
		return err_set(e, ENOENT, "%s %.64s could not be found.", res->not_found, value);
	return 0;
}

static int parse_text(void *data, const char *uuid, const char *json, size_t len)
{
	return json_parse(json, len, 64, data, NULL);
}

int resource_read(const struct call *c, const struct resource *res, const char *column,
	const char *value, json_t **ret, struct err *e)
{
	return read_first(c, res, column, value, parse_text, ret, e);
}

int node_key(const struct call *c, const char *ident, struct node_key *ret, struct err *e)
{
	if (uuid_valid(ident)) {
		str_copy(ret->uuid, sizeof(ret->uuid), ident);
		lower(ret->uuid);
		ret->column = "uuid";
		ret->value = ret->uuid;
		return 0;
	}
	if (node_name_valid(ident) && c->version < version_since("node", "name"))
		return err_set(e, ENOENT, "Node %.64s could not be found.", ident);
	if (!node_name_known(c->version, ident))
		return err_set(
			e, EINVAL, "Expected a logical name or UUID but received %.64s.", ident);
	ret->column = "name";
	ret->value = ident;
	return 0;
}

int node_read(const struct call *c, const char *ident, json_t **ret, struct err *e)
{
	struct node_key key;
	int r = node_key(c, ident, &key, e);

	return r < 0 ? r : resource_read(c, &node_resource, key.column, key.value, ret, e);
}

static int take_uuid(void *data, const char *uuid, const char *json, size_t len)
{
	str_replace(data, uuid);
	return 0;
}

int node_uuid(const struct call *c, const char *ident, char **ret, struct err *e)
{
	struct node_key key;
	_cleanup_free_ char *uuid = NULL;
	int r = node_key(c, ident, &key, e);

	if (r == 0)
		r = read_first(c, &node_resource, key.column, key.value, take_uuid, &uuid, e);
	if (r == 0)
		*ret = TAKE_PTR(uuid);
	return r;
}

int resource_key(const struct call *c, const struct resource *res, const char *ident,
	const char **ret_column, struct err *e)
{
	*ret_column = "uuid";
	if (uuid_valid(ident))
		return 0;
	*ret_column = "name";
	if (!res->named || c->version < version_since(res->name, "name"))
		return err_set(e, EINVAL, "Expected a UUID but received %.64s.", ident);
	if (!node_name_valid(ident))
		return err_set(
			e, EINVAL, "Expected a logical name or UUID but received %.64s.", ident);
	return 0;
}

int resource_uuid(const struct call *c, const struct resource *res, const char *ident, char **ret,
	struct err *e)
{
	_cleanup_free_ char *uuid = NULL;
	const char *column;
	int r;

	if (res == &node_resource)
		return node_uuid(c, ident, ret, e);
	r = resource_key(c, res, ident, &column, e);
	if (r == 0)
		r = read_first(c, res, column, ident, take_uuid, &uuid, e);
	if (r == 0)
		*ret = TAKE_PTR(uuid);
	return r;
}

/* An answer in the making. */
struct showing {
	struct view view;
	struct buf out;
};

static int show_text(void *data, const char *uuid, const char *json, size_t len)
{
	struct showing *s = data;

	return view_render(&s->view, (struct json_span){json, len}, &s->out);
}

/* What ?fields= asks for; NULL when it is not there. */
static int fields_asked(
	const struct call *c, const struct resource *res, char ***ret, struct err *e)
{
	const char *text = http_arg(c->req, "fields");
	char kind[RESOURCE_KIND_MAX];
	int r;

	if (!text)
		return 0;
	r = version_check(c->version, resource_kind(res, kind), "fields", e);
	return r < 0 ? r : resource_fields(c, res, text, ret, e);
}

int resource_show(struct call *c, const struct resource *res, const char *column, const char *value,
	const char *const *fields, struct err *e)
{
	struct showing s = {.out = BUF_INIT(ANSWER_MAX)};
	char **asked = NULL;
	struct err bad = {0};
	int good = fields ? 0 : fields_asked(c, res, &asked, &bad), r;

	view_init(&s.view, c, res, fields ? fields : (const char *const *)asked);
	r = read_first(c, res, column, value, show_text, &s, e);
	strv_free(asked);
	view_done(&s.view);
	if (r == 0 && good < 0) { /* said only of what is there */
		*e = bad;
		r = good;
	}
	if (r == 0)
		call_reply_text(c, 200, "application/json", s.out.data, s.out.len);
	else
		buf_done(&s.out);
	return r;
}

int records_of_node(struct call *c, const struct record_type *type, const char *column,
	store_each_text_fn each, json_t **ret, struct err *e)
{
	struct store_filter filter = {column, STORE_EQ, NULL};
	struct store_query q = {.filters = &filter, .n_filters = 1};
	_cleanup_json_ json_t *records = json_array();
	_cleanup_free_ char *uuid = NULL;
	int r = node_uuid(c, c->params[0], &uuid, e);

	filter.value = uuid;
	if (r == 0)
		r = store_list_text(call_store(c), type, &q, each, records, e);
	if (r == 0)
		*ret = TAKE_PTR(records);
	return r;
}
