/*
 * Interpolation: {node.name}, {inventory[cpu][count]}, {plugin_data[a][b]} and, in a loop, {item}
 * or {item[key]} become texts; {{ and }} stand for braces. A text with a name that leads nowhere
 * stays as it is written. What was filled in is never looked at again, but for a loop's own items,
 * which are part of the rule: what a machine sends cannot name the node's secrets.
 */
#include "conductor/model/rule/internal.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* What a name begins with; NULL members are left alone. */
struct names {
	struct rule_run *run;
	const json_t *item;
	bool only_item;
	bool told;
};

static bool hide_found(const char *key)
{
	return str_eq(key, "password") || str_eq(key, "auth_token") || str_eq(key, "bmc_password");
}

static bool hide_node(const char *key)
{
	static const char *const parts[] = {
		"password", "secret", "token", "auth_key", "priv_key", "credential"};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strcasestr(key, parts[i]))
			return true;
	return false;
}

static const json_t *step(const json_t *at, const char *key)
{
	int index;

	if (json_is_array(at) && str_to_int(key, 0, 1 << 20, &index) == 0)
		return json_array_get(at, index);
	return json_object_get(at, key);
}

/* Cuts the next ".key" or "[key]" off; NULL: there is none, or what is there is no such thing. */
static char *next_key(char **rest)
{
	char *key = *rest, *end;

	if (*key == '.') {
		key++;
		end = key + strcspn(key, ".[");
		if (end == key)
			return NULL;
		*rest = end;
		if (!*end)
			return key;
		/* the separator is needed again: move the key over the dot */
		memmove(key - 1, key, (size_t)(end - key));
		end[-1] = '\0';
		return key - 1;
	}
	if (*key != '[')
		return NULL;
	end = strchr(++key, ']');
	if (!end || end == key)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return key;
}

static const json_t *root_of(const struct names *n, const char *name, rule_hide *ret_hide)
{
	struct rule_work *w = n->run->work;

	*ret_hide = NULL;
	if (str_eq(name, "item"))
		return n->item;
	if (n->only_item)
		return NULL;
	if (str_eq(name, "node")) {
		*ret_hide = n->told ? hide_node : NULL;
		return w->node;
	}
	*ret_hide = n->run->mask ? hide_found : NULL;
	if (str_eq(name, "inventory"))
		return w->inventory;
	return str_eq(name, "plugin_data") ? w->plugin_data : NULL;
}

/* The value that a field ("inventory[cpu][count]", writable) stands for. 0, -ENOENT. */
static int put_field(struct buf *out, char *field, const struct names *n)
{
	size_t len = strcspn(field, ".[");
	_cleanup_free_ char *root = xstrndup(field, len);
	char *rest = field + len, *key;
	rule_hide hide;
	const json_t *at;
	bool hidden = false;

	if (strpbrk(field, "!:"))
		return -ENOENT; /* conversions and formats */
	at = root_of(n, root, &hide);
	while (at && *rest) {
		key = next_key(&rest);
		at = key ? step(at, key) : NULL;
		hidden = hidden || (key && hide && hide(key));
	}
	if (!at)
		return -ENOENT;
	if (hidden)
		buf_puts(out, "***");
	else
		rule_text(out, at, hide);
	return 0;
}

/* A field that is not this pass's stays as it is. */
static bool is_item(const char *field, size_t len)
{
	return len >= 4 && !strncmp(field, "item", 4) &&
	       (len == 4 || field[4] == '.' || field[4] == '[');
}

/* Fills one text. 0, -ENOENT: it stays as it is. */
static int fill_text(struct buf *out, const char *text, const struct names *n)
{
	const char *p = text, *end;
	int r = 0;

	while (*p && r == 0) {
		size_t plain = strcspn(p, "{}");

		buf_append(out, p, plain);
		p += plain;
		if (!*p)
			break;
		if (p[1] == p[0]) {
			buf_append(out, p, n->only_item ? 2 : 1);
			p += 2;
			continue;
		}
		end = *p == '{' ? strchr(p, '}') : NULL;
		if (!end)
			return -ENOENT;
		if (n->only_item && !is_item(p + 1, (size_t)(end - p) - 1)) {
			buf_append(out, p, (size_t)(end - p) + 1);
		} else {
			_cleanup_free_ char *field = xstrndup(p + 1, (size_t)(end - p) - 1);

			r = put_field(out, field, n);
		}
		p = end + 1;
	}
	return r;
}

/* Sets *ret to the filled text, or leaves it when it stays. */
static int fill_pass(const struct names *n, char **ret, struct err *e)
{
	struct buf out = BUF_INIT(RULE_TEXT_MAX);
	int r;

	if (!strpbrk(*ret, "{}"))
		return 0;
	r = fill_text(&out, *ret, n);
	if (out.overflow) {
		buf_done(&out);
		return err_set(e, E2BIG, "\"%.60s\": longer than %d bytes once filled in", *ret,
			RULE_TEXT_MAX);
	}
	if (r == 0) {
		free(*ret);
		*ret = out.data ? buf_take(&out) : xstrdup("");
	}
	buf_done(&out);
	return 0;
}

static int fill_string(const struct names *n, const char *text, json_t **ret, struct err *e)
{
	_cleanup_free_ char *s = xstrdup(text);
	struct names pass = *n;
	int r = 0;

	if (n->item) {
		pass.only_item = true;
		r = fill_pass(&pass, &s, e);
		pass.only_item = false;
		pass.item = NULL;
	}
	if (r == 0)
		r = fill_pass(&pass, &s, e);
	if (r == 0)
		*ret = json_string(s);
	return r;
}

static int fill_value(const struct names *n, const json_t *value, json_t **ret, struct err *e);

static int fill_object(const struct names *n, const json_t *object, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *copy = json_object();
	const char *key;
	json_t *member;

	json_object_foreach ((json_t *)object, key, member) {
		_cleanup_json_ json_t *name = NULL, *filled = NULL;
		int r = fill_string(n, key, &name, e);

		if (r == 0)
			r = fill_value(n, member, &filled, e);
		if (r < 0)
			return r;
		json_object_set(copy, json_string_value(name), filled);
	}
	*ret = TAKE_PTR(copy);
	return 0;
}

static int fill_array(const struct names *n, const json_t *array, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *copy = json_array();
	json_t *element;
	size_t i;

	json_array_foreach ((json_t *)array, i, element) {
		json_t *filled = NULL;
		int r = fill_value(n, element, &filled, e);

		if (r < 0)
			return r;
		json_array_append_new(copy, filled);
	}
	*ret = TAKE_PTR(copy);
	return 0;
}

static int fill_value(const struct names *n, const json_t *value, json_t **ret, struct err *e)
{
	if (json_is_string(value))
		return fill_string(n, json_string_value(value), ret, e);
	if (json_is_object(value))
		return fill_object(n, value, ret, e);
	if (json_is_array(value))
		return fill_array(n, value, ret, e);
	*ret = json_incref((json_t *)value);
	return 0;
}

int rule_fill(struct rule_run *run, const json_t *value, const json_t *item, bool told,
	json_t **ret, struct err *e)
{
	struct names n = {.run = run, .item = item, .told = told};

	return fill_value(&n, value, ret, e);
}
