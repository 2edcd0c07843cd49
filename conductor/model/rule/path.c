/* Paths of rules into JSON objects: "properties/vendor", "extra.rack.row". */
#include "conductor/model/rule/internal.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static int add_part(struct rule_path *p, char *part, struct err *e)
{
	if (!*part)
		return err_set(e, EINVAL, "path: has an empty name in it");
	if (p->n == RULE_PATH_MAX)
		return err_set(e, EINVAL, "path: has more than %d names", RULE_PATH_MAX);
	p->parts[p->n++] = part;
	return 0;
}

/* The names of an array follow each other in one text, each with its NUL. */
static int split_array(const json_t *names, struct rule_path *p, struct err *e)
{
	struct buf b = BUF_INIT(4096);
	json_t *name;
	size_t i;
	char *at;
	int r = 0;

	json_array_foreach ((json_t *)names, i, name) {
		if (!json_is_string(name)) {
			buf_done(&b);
			return err_set(e, EINVAL, "path: expected an array of names");
		}
		buf_append(&b, json_string_value(name), json_string_length(name) + 1);
	}
	if (b.overflow || !b.data) {
		buf_done(&b);
		return err_set(e, EINVAL, "path: expected a path of at most 4096 bytes");
	}
	p->text = b.data;
	at = p->text;
	for (i = 0; i < json_array_size(names) && r == 0; i++, at += strlen(at) + 1)
		r = add_part(p, at, e);
	return r;
}

static int split_text(const char *path, bool dots_only, struct rule_path *p, struct err *e)
{
	char separator = !dots_only && strchr(path, '/') ? '/' : '.', *at, *end;
	int r = 0;

	if (separator == '/')
		path += strspn(path, "/");
	p->text = xstrdup(path);
	if (separator == '/')
		while ((end = strrchr(p->text, '/')) && !end[1])
			*end = '\0';
	for (at = p->text; at && r == 0; at = end) {
		end = strchr(at, separator);
		if (end)
			*end++ = '\0';
		r = add_part(p, at, e);
	}
	return r;
}

int path_split(const json_t *path, bool dots_only, struct rule_path *ret, struct err *e)
{
	struct rule_path p = {0};
	int r;

	if (json_is_string(path))
		r = split_text(json_string_value(path), dots_only, &p, e);
	else if (dots_only && json_array_size(path))
		r = split_array(path, &p, e);
	else
		r = err_set(e, EINVAL, "path: expected a text as \"properties/vendor\"");
	if (r < 0)
		path_done(&p);
	else
		*ret = p;
	return r;
}

void path_done(struct rule_path *p)
{
	free(p->text);
	*p = (struct rule_path){0};
}

/* The object that holds the last part; those on the way are made. */
static int walk(json_t *root, const struct rule_path *p, int from, json_t **ret, struct err *e)
{
	json_t *at = root, *next;

	for (int i = from; i < p->n - 1; i++) {
		if (!json_is_object(at))
			return err_set(
				e, EINVAL, "path: what %s is to be in is no object", p->parts[i]);
		next = json_object_get(at, p->parts[i]);
		if (!next) {
			next = json_object();
			json_object_set_new(at, p->parts[i], next);
		}
		at = next;
	}
	if (!json_is_object(at))
		return err_set(
			e, EINVAL, "path: what %s is to be in is no object", p->parts[p->n - 1]);
	*ret = at;
	return 0;
}

int path_set(json_t *root, const struct rule_path *p, int from, json_t *value, struct err *e)
{
	json_t *holder;
	int r = walk(root, p, from, &holder, e);

	if (r < 0)
		json_decref(value);
	else
		json_object_set_new(holder, p->parts[p->n - 1], value);
	return r;
}

int path_extend(json_t *root, const struct rule_path *p, int from, json_t *value, bool unique,
	struct err *e)
{
	_cleanup_json_ json_t *taken = value;
	const char *last = p->parts[p->n - 1];
	json_t *holder, *array;
	int r = walk(root, p, from, &holder, e);

	if (r < 0)
		return r;
	array = json_object_get(holder, last);
	if (!array) {
		array = json_array();
		json_object_set_new(holder, last, array);
	}
	if (!json_is_array(array))
		return err_set(e, EINVAL, "path: %s is no array, nothing can be added to it", last);
	if (!unique || !json_array_has(array, taken))
		json_array_append(array, taken);
	return 0;
}

int path_remove(json_t *root, const struct rule_path *p, int from)
{
	json_t *at = root;

	for (int i = from; i < p->n - 1; i++)
		at = json_object_get(at, p->parts[i]);
	return json_object_del(at, p->parts[p->n - 1]) < 0 ? -ENOENT : 0;
}
