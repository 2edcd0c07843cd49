/* Choosing records; see select.h. */
#include "conductor/cli/select.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/cli/table.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

static bool is_group(const char *word)
{
	return *word == '@';
}

static int add_word(struct selection *s, const char *word, struct err *e)
{
	if (is_group(word) && (!word[1] || word[1] == '='))
		return err_set(e, EINVAL, "'%.64s': expected @RACK or @FIELD=VALUE", word);
	if (is_group(word) || name_is_glob(word)) {
		names_add(&s->patterns, word);
		return 0;
	}
	return range_expand(word, &s->exact, e);
}

int selection_init(struct selection *s, const char *const *words, size_t n, struct err *e)
{
	int r = 0;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_word(s, words[i], e);
	for (size_t i = 0; i < s->exact.n; i++)
		map_put(&s->exact_index, s->exact.list[i], &s->exact.list[i]);
	if (r < 0)
		selection_done(s);
	return r;
}

void selection_done(struct selection *s)
{
	names_done(&s->exact);
	names_done(&s->patterns);
	json_decref(s->noted);
	map_done(&s->exact_index);
}

/* Every field once, as `fields` refuses to name one twice. */
static void add_field(struct buf *b, const char *name, size_t len)
{
	_cleanup_free_ char *field = xasprintf(",%.*s,", (int)len, name);
	_cleanup_free_ char *have = xasprintf(",%s,", buf_str(b));

	if (!strstr(have, field))
		buf_printf(b, ",%.*s", (int)len, name);
}

char *selection_fields(const struct selection *s)
{
	struct buf b = BUF_INIT(8192);

	buf_puts(&b, "uuid,name");
	for (size_t i = 0; i < s->patterns.n; i++) {
		const char *word = s->patterns.list[i];

		if (is_group(word) && strchr(word, '=')) {
			add_field(&b, word + 1, strcspn(word + 1, ".="));
		} else if (is_group(word)) {
			add_field(&b, "properties", 10);
		}
	}
	return buf_take(&b);
}

void selection_note(struct selection *s, const char *word, const char *node_uuid)
{
	_cleanup_free_ char *key = xasprintf("%s %s", word, node_uuid);

	if (!s->noted)
		s->noted = json_object();
	json_object_set_new(s->noted, key, json_true());
}

/* Notes that the nodes in a chassis are meant by a word. */
static int add_chassis(
	struct conn *c, struct selection *s, const char *word, const char *uuid, struct err *e)
{
	_cleanup_free_ char *path =
		conn_path("/v1/nodes?limit=1000&fields=uuid&chassis_uuid=", uuid, "");
	_cleanup_json_ json_t *nodes = NULL;
	json_t *node;
	size_t i;
	int r = conn_list(c, path, "nodes", &nodes, e);

	json_array_foreach (nodes, i, node)
		selection_note(s, word, json_str(node, "uuid"));
	return r;
}

int selection_prepare(struct conn *c, struct selection *s, struct err *e)
{
	_cleanup_json_ json_t *all = NULL;
	json_t *chassis;
	size_t i, k;
	int r = 0;

	for (i = 0; r == 0 && i < s->patterns.n; i++) {
		const char *word = s->patterns.list[i];

		if (!is_group(word) || strchr(word, '='))
			continue;
		if (!all)
			r = conn_list(c, "/v1/chassis?fields=uuid,description", "chassis", &all, e);
		json_array_foreach (all, k, chassis) {
			const char *uuid = json_str(chassis, "uuid"),
				   *text = json_str(chassis, "description");

			if (r == 0 &&
				(str_eq(uuid, word + 1) || (text && !fnmatch(word + 1, text, 0))))
				r = add_chassis(c, s, word, uuid, e);
		}
	}
	return r;
}

/* What a field of a row is as text: "properties.rack" goes into objects. Allocated; NULL: none. */
static char *row_text_at(const json_t *row, const char *path)
{
	const json_t *at = table_member(row, path);

	if (!at || json_is_null(at))
		return NULL;
	return json_is_string(at) ? xstrdup(json_string_value(at)) : json_text(at);
}

static bool in_group(const struct selection *s, const char *word, const json_t *row)
{
	const char *equals = strchr(word, '='), *uuid = json_str(row, "uuid");
	_cleanup_free_ char *path = equals ? xstrndup(word + 1, (size_t)(equals - word - 1))
					   : xstrdup("properties.rack");
	_cleanup_free_ char *text = row_text_at(row, path),
			    *key = xasprintf("%s %s", word, uuid ? uuid : "");

	return (text && !fnmatch(equals ? equals + 1 : word + 1, text, 0)) ||
	       json_object_get(s->noted, key);
}

static const char *const idents[] = {"uuid", "name", "address", "hostname"};

/* A UUID is matched only where there is nothing else: "f*" does not mean every sixteenth node. */
bool selection_pattern_fits(const struct selection *s, const char *pattern, const json_t *row)
{
	bool named = false;

	if (is_group(pattern))
		return in_group(s, pattern, row);
	for (size_t i = 1; i < ARRAY_SIZE(idents); i++) {
		const char *ident = json_str(row, idents[i]);

		named |= ident != NULL;
		if (ident && !fnmatch(pattern, ident, 0))
			return true;
	}
	return !named && json_str(row, "uuid") && !fnmatch(pattern, json_str(row, "uuid"), 0);
}

bool selection_mark(const struct selection *s, const json_t *row, bool *hit)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(idents); i++) {
		const char *ident = json_str(row, idents[i]);
		char **word = ident ? map_get(&s->exact_index, ident) : NULL;

		if (word)
			any = hit[word - s->exact.list] = true;
	}
	for (size_t i = 0; i < s->patterns.n; i++)
		if (selection_pattern_fits(s, s->patterns.list[i], row))
			any = hit[s->exact.n + i] = true;
	return any;
}

const char *row_name(const json_t *row)
{
	const char *name = json_str(row, "name");

	return name ? name : json_str(row, "uuid");
}

/* Appends names, each once. */
struct gathering {
	struct names *names;
	struct map seen;
};

static void gather(struct gathering *g, const char *name)
{
	if (map_put(&g->seen, name, g))
		return;
	names_append(g->names, name);
}

static int gather_pattern(struct gathering *g, const struct selection *s, const char *pattern,
	const json_t *rows, struct err *e)
{
	bool any = false;
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (pattern && !selection_pattern_fits(s, pattern, row))
			continue;
		gather(g, row_name(row));
		any = true;
	}
	if (any || !pattern)
		return 0;
	return err_set(e, ENOENT,
		is_group(pattern) ? "%s: no node is in it" : "%s: no node has such a name",
		pattern);
}

/* One word after the other, so that the order is the one given. */
static int gather_words(struct gathering *g, const struct selection *s, const char *const *words,
	size_t n, const json_t *rows, struct err *e)
{
	struct names names = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (is_group(words[i]) || name_is_glob(words[i])) {
			r = gather_pattern(g, s, words[i], rows, e);
			continue;
		}
		r = range_expand(words[i], &names, e);
		for (size_t k = 0; k < names.n; k++)
			gather(g, names.list[k]);
		names_done(&names);
	}
	return r;
}

int select_nodes(struct conn *c, const char *const *words, size_t n, bool all, struct names *ret,
	struct err *e)
{
	struct gathering g = {.names = ret};
	_cleanup_json_ json_t *rows = NULL;
	_cleanup_free_ char *fields = NULL, *path = NULL;
	struct selection s;
	int r = selection_init(&s, words, n, e);

	if (r < 0)
		return r;
	fields = selection_fields(&s);
	path = xasprintf("/v1/nodes?limit=1000&fields=%s", fields);
	if (all || s.patterns.n)
		r = conn_list(c, path, "nodes", &rows, e);
	if (r == 0)
		r = selection_prepare(c, &s, e);
	if (r == 0)
		r = all ? gather_pattern(&g, &s, NULL, rows, e)
			: gather_words(&g, &s, words, n, rows, e);
	if (r == 0 && !ret->n)
		r = err_set(e, ENOENT, "there are no nodes");
	map_done(&g.seen);
	selection_done(&s);
	return r;
}

int select_given(const struct cli_line *line, int first, struct err *e)
{
	bool all = cli_flag(line, "all");

	if (all && line->n_args > first)
		return err_set(e, EINVAL, "--all and names of nodes exclude each other");
	if (!all && line->n_args <= first)
		return err_set(e, EINVAL, "name the nodes, or say --all");
	return 0;
}

int cmd_select(
	struct conn *c, const struct cli_line *line, int first, struct names *ret, struct err *e)
{
	size_t n = line->n_args > first ? (size_t)(line->n_args - first) : 0;

	if (select_given(line, first, e) < 0)
		return -e->code;
	return select_nodes(c, line->args + first, n, cli_flag(line, "all"), ret, e);
}
