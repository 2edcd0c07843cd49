/* Words that mean records; see crudwords.h. */
#include "conductor/cli/crudwords.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

char *words_fields(const struct resource *r, const struct selection *s)
{
	return r == &node_resource ? selection_fields(s) : xstrdup(r->idents);
}

void words_narrow(json_t *row, const char *fields)
{
	_cleanup_free_ char *have = xasprintf(",%s,", fields ? fields : "");
	const char *key;
	json_t *value;
	void *next;

	if (!fields)
		return;
	json_object_foreach_safe(row, next, key, value)
	{
		_cleanup_free_ char *want = xasprintf(",%s,", key);

		if (!strstr(have, want))
			json_object_del(row, key);
	}
}

bool words_many(const struct cli_line *line, int n)
{
	return n != 1 || strpbrk(line->args[0], "*?[@") != NULL;
}

static int add_fitting(const struct resource *r, const struct selection *s, const char *pattern,
	const json_t *rows, struct names *ret, struct err *e)
{
	_cleanup_free_ char *ident = xstrndup(r->idents, strcspn(r->idents, ","));
	bool any = false;
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (selection_pattern_fits(s, pattern, row)) {
			names_add(ret, json_str(row, ident));
			any = true;
		}
	return any ? 0 : err_set(e, ENOENT, "%s: no %s fits this", pattern, r->noun);
}

static int select_records(struct conn *c, const struct cli_line *line, const struct resource *r,
	struct names *ret, struct err *e)
{
	_cleanup_free_ char *path = xasprintf("%s?fields=%s", r->path, r->idents);
	_cleanup_json_ json_t *rows = NULL;
	struct selection s = {0};
	int n = selection_init(&s, line->args, (size_t)line->n_args, e);

	if (n < 0)
		return n;
	if (s.patterns.n)
		n = conn_list(c, path, r->plural, &rows, e);
	for (size_t i = 0; i < s.exact.n; i++)
		names_append(ret, s.exact.list[i]);
	for (size_t i = 0; n == 0 && i < s.patterns.n; i++)
		n = add_fitting(r, &s, s.patterns.list[i], rows, ret, e);
	selection_done(&s);
	return n;
}

int words_select(struct conn *c, const struct cli_line *line, const struct resource *r,
	struct names *ret, struct err *e)
{
	return r == &node_resource ? cmd_select(c, line, 0, ret, e)
				   : select_records(c, line, r, ret, e);
}

static int by_address(
	struct conn *c, const struct resource *r, const char *address, char **ret, struct err *e)
{
	_cleanup_free_ char *before = xasprintf("%s?fields=uuid&address=", r->path),
			    *path = conn_path(before, address, "");
	_cleanup_json_ json_t *found = NULL;
	const char *uuid;
	int n = conn_list(c, path, r->plural, &found, e);

	if (n < 0)
		return n;
	uuid = json_str(json_array_get(found, 0), "uuid");
	if (!uuid)
		return err_set(e, ENOENT, "no %s has this address", r->noun);
	*ret = xstrdup(uuid);
	return 0;
}

int words_path(
	struct conn *c, const char *name, const struct fan_call *call, char **ret, struct err *e)
{
	const struct resource *r = call->data;
	_cleanup_free_ char *before = xasprintf("%s/", r->path), *uuid = NULL;

	if (r->by_address && strchr(name, ':') && by_address(c, r, name, &uuid, e) < 0)
		return -e->code;
	*ret = conn_path(before, uuid ? uuid : name, call->after ? call->after : "");
	return 0;
}
