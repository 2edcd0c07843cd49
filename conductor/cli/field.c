/* Options to members, patches and filters, by a resource's table of fields; see resource.h. */
#include "conductor/cli/resource.h"
#include "conductor/cli/value.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <errno.h>
#include <string.h>

/* A record's UUID; ref is as in struct field. Allocated. */
static int ref_uuid(struct conn *c, const char *ref, const char *name, char **ret, struct err *e)
{
	_cleanup_free_ char *path = conn_path(ref, name, "?fields=uuid");
	_cleanup_json_ json_t *found = NULL;
	int r;

	if (uuid_valid(name)) {
		*ret = xstrdup(name);
		return 0;
	}
	r = conn_call(c, "GET", path, NULL, &found, e);
	if (r == 0 && !json_str(found, "uuid"))
		r = err_set(e, EPROTO, "%s%s: no uuid in the answer", ref, name);
	if (r == 0)
		*ret = xstrdup(json_str(found, "uuid"));
	return r;
}

static int int_value(const struct field *f, const char *text, json_t **ret, struct err *e)
{
	int value;

	if (str_to_int(text, -1000000000, 1000000000, &value) < 0)
		return err_set(e, EINVAL, "--%s %.64s: expected a number", f->option, text);
	*ret = json_integer(value);
	return 0;
}

static int bool_value(const struct field *f, const char *text, json_t **ret, struct err *e)
{
	bool value = true;

	if (text && str_to_bool(text, &value) < 0)
		return err_set(e, EINVAL, "--%s %.64s: expected true or false", f->option, text);
	*ret = json_boolean(value);
	return 0;
}

/* Of nodes: ranges, globs and groups are unfolded. */
static int list_value(struct conn *c, const struct cli_line *line, const struct field *f,
	json_t **ret, struct err *e)
{
	struct names words = {0}, nodes = {0};
	const char *word;
	size_t pos = 0;
	int r = 0;

	while ((word = cli_next(line, f->option, &pos)))
		names_append(&words, word);
	if (c && str_eq(f->arg, "NODE"))
		r = select_nodes(c, (const char *const *)words.list, words.n, false, &nodes, e);
	*ret = json_array();
	for (size_t i = 0; i < (nodes.n ? nodes.n : words.n); i++)
		json_array_append_new(
			*ret, json_string_or_null(nodes.n ? nodes.list[i] : words.list[i]));
	names_done(&words);
	names_done(&nodes);
	return r;
}

static int ref_value(
	struct conn *c, const struct field *f, const char *text, json_t **ret, struct err *e)
{
	_cleanup_free_ char *uuid = NULL;
	int r = ref_uuid(c, f->ref, text, &uuid, e);

	if (r < 0)
		return err_prefix(e, "--%s %.128s", f->option, text);
	*ret = json_string(uuid);
	return 0;
}

static int pairs_value(
	const struct cli_line *line, const struct field *f, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *object = json_object();
	int r = value_pairs(line, f->option, f->type == FIELD_PAIRS, object, e);

	if (r == 0)
		*ret = TAKE_PTR(object);
	return r;
}

static int field_value(struct conn *c, const struct cli_line *line, const struct field *f,
	json_t **ret, struct err *e)
{
	const char *text = cli_value(line, f->option);

	switch (f->type) {
	case FIELD_INT:
		return int_value(f, text, ret, e);
	case FIELD_BOOL:
		return bool_value(f, text, ret, e);
	case FIELD_TRUE:
	case FIELD_FALSE:
		*ret = json_boolean(f->type == FIELD_TRUE);
		return 0;
	case FIELD_PAIRS:
	case FIELD_TEXTS:
		return pairs_value(line, f, ret, e);
	case FIELD_JSON:
		return value_json(f->option, text, ret, e);
	case FIELD_LIST:
		return list_value(c, line, f, ret, e);
	case FIELD_REF:
		return ref_value(c, f, text, ret, e);
	default:
		*ret = json_string(text);
		return *ret ? 0 : err_set(e, EINVAL, "--%s: not UTF-8", f->option);
	}
}

/* The i-th field, when the line has its option and it belongs to the verb. */
static const struct field *given(
	const struct cli_line *line, const struct resource *r, size_t i, unsigned use)
{
	const struct field *f = &r->fields[i];

	return (f->use & use) && cli_flag(line, f->option) ? f : NULL;
}

int fields_object(struct conn *c, const struct cli_line *line, const struct resource *r,
	json_t *body, struct err *e)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = given(line, r, i, IN_CREATE);
		json_t *value = NULL;

		if (!f && (r->fields[i].use & REQUIRED))
			return err_set(e, EINVAL, "--%s %s is needed; see ingot %s --help",
				r->fields[i].option, r->fields[i].arg, line->command);
		if (!f)
			continue;
		if (field_value(c, line, f, &value, e) < 0)
			return -e->code;
		if (json_is_object(value) && json_object_get(body, f->member)) {
			json_object_update(json_object_get(body, f->member), value);
			json_decref(value);
		} else {
			json_object_set_new(body, f->member, value);
		}
	}
	return 0;
}

void patch_add(json_t *patch, const char *path, json_t *value)
{
	json_array_append_new(
		patch, json_pack("{s:s, s:s, s:o}", "op", "add", "path", path, "value", value));
}

void patch_remove(json_t *patch, const char *path)
{
	json_array_append_new(patch, json_pack("{s:s, s:s}", "op", "remove", "path", path));
}

static int set_field(struct conn *c, const struct cli_line *line, const struct field *f,
	json_t *patch, struct err *e)
{
	bool pairs = f->type == FIELD_PAIRS || f->type == FIELD_TEXTS;
	_cleanup_free_ char *path = xasprintf("/%s", f->member);
	_cleanup_json_ json_t *value = NULL;
	json_t *member;
	const char *key;

	if (f->type == FIELD_RESET) {
		patch_remove(patch, path);
		return 0;
	}
	if (field_value(c, line, f, &value, e) < 0)
		return -e->code;
	if (!pairs)
		patch_add(patch, path, json_incref(value));
	else
		json_object_foreach (value, key, member) {
			_cleanup_free_ char *below = xasprintf("%s/%s", path, key);

			patch_add(patch, below, json_incref(member));
		}
	return 0;
}

static void unset_field(const struct cli_line *line, const struct field *f, json_t *patch)
{
	bool pairs = f->type == FIELD_PAIRS || f->type == FIELD_TEXTS;
	_cleanup_free_ char *path = xasprintf("/%s", f->member);
	const char *key;
	size_t pos = 0;

	if (!pairs)
		patch_remove(patch, path);
	while (pairs && (key = cli_next(line, f->option, &pos))) {
		_cleanup_free_ char *below = xasprintf("%s/%s", path, key);

		patch_remove(patch, below);
	}
}

int fields_patch(struct conn *c, const struct cli_line *line, const struct resource *r,
	unsigned use, json_t *patch, struct err *e)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = given(line, r, i, use);

		if (f && use == IN_UNSET)
			unset_field(line, f, patch);
		else if (f && set_field(c, line, f, patch, e) < 0)
			return -e->code;
	}
	return 0;
}

static void add_query(struct buf *b, const char *name, const json_t *value)
{
	_cleanup_free_ char *text = json_is_string(value) ? xstrdup(json_string_value(value))
				    : json_is_boolean(value)
					    ? xstrdup(json_is_true(value) ? "True" : "False")
					    : json_text(value);
	_cleanup_free_ char *arg = conn_path("", text, "");

	buf_printf(b, "&%s=%s", name, arg);
}

/* Words of a list are joined by commas, as shards are. */
static json_t *joined(json_t *list)
{
	struct buf b = BUF_INIT(8192);
	json_t *word, *text;
	size_t i;

	json_array_foreach (list, i, word)
		buf_printf(&b, "%s%s", i ? "," : "", json_string_value(word));
	text = json_string(buf_str(&b));
	buf_done(&b);
	json_decref(list);
	return text;
}

int fields_query(const struct cli_line *line, const struct resource *r, char **ret, struct err *e)
{
	struct buf b = BUF_INIT(16384);

	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = given(line, r, i, IN_LIST);
		json_t *value = NULL;

		if (!f)
			continue;
		if (field_value(NULL, line, f, &value, e) < 0) {
			buf_done(&b);
			return -e->code;
		}
		if (json_is_array(value))
			value = joined(value);
		add_query(&b, f->member, value);
		json_decref(value);
	}
	*ret = b.data ? buf_take(&b) : xstrdup("");
	return 0;
}
