/* Shared by the verbs: choosing nodes, pairs, printing, failures; see cmd.h. */
#include "conductor/cli/cmd.h"
#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"
#include "lib/cli/prompt.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

int cmd_fail(const struct err *e)
{
	fprintf(stderr, "ingot: %s\n", e->text);
	return e->code == ETIMEDOUT ? CLI_TIMEOUT : CLI_FAILED;
}

void cmd_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	putchar('\n');
}

int cmd_print(const struct cli_line *line, const struct table_column *columns, size_t n,
	const json_t *rows)
{
	if (cli_flag(line, "json"))
		cmd_print_json(rows);
	else
		table_print(stdout, columns, n, rows);
	return CLI_OK;
}

static const char *name_of(const json_t *node)
{
	const char *name = json_str(node, "name");

	return name ? name : json_str(node, "uuid");
}

/* The names of all nodes that fit a pattern; NULL: all. */
static int add_matching(
	const json_t *nodes, const char *pattern, struct names *names, struct err *e)
{
	bool any = false;
	json_t *node;
	size_t i;

	json_array_foreach (nodes, i, node) {
		const char *name = name_of(node);

		if (!name || (pattern && fnmatch(pattern, name, 0)))
			continue;
		names_add(names, name);
		any = true;
	}
	return any || !pattern ? 0 : err_set(e, ENOENT, "%s: no node has such a name", pattern);
}

int cmd_select(
	struct conn *c, const struct cli_line *line, int first, struct names *ret, struct err *e)
{
	_cleanup_json_ json_t *nodes = NULL;
	bool all = cli_flag(line, "all");
	int r = 0;

	if (all && line->n_args > first)
		return err_set(e, EINVAL, "--all and names of nodes exclude each other");
	if (!all && line->n_args <= first)
		return err_set(e, EINVAL, "name the nodes, or say --all");
	for (int i = first; i < line->n_args; i++)
		all |= name_is_glob(line->args[i]);
	if (all)
		r = conn_list(c, "/v1/nodes?fields=uuid,name", "nodes", &nodes, e);
	if (r == 0 && line->n_args <= first)
		r = add_matching(nodes, NULL, ret, e);
	for (int i = first; r == 0 && i < line->n_args; i++)
		r = name_is_glob(line->args[i]) ? add_matching(nodes, line->args[i], ret, e)
						: range_expand(line->args[i], ret, e);
	if (r == 0 && !ret->n)
		r = err_set(e, ENOENT, "there are no nodes");
	return r;
}

static bool secret_key(const char *key)
{
	return strcasestr(key, "password") || strcasestr(key, "secret") ||
	       strcasestr(key, "kg_key");
}

/* The value part of one pair, as JSON. */
static int pair_value(const char *key, const char *text, bool json, json_t **ret, struct err *e)
{
	_cleanup_free_ char *read = NULL;
	bool indirect = text[0] == '@' || str_eq(text, "?");

	if (secret_key(key) && !indirect && *text)
		return err_set(e, EINVAL,
			"%s: a password does not belong on a command line; say %s=@FILE, or %s=? "
			"to "
			"be asked",
			key, key, key);
	if (str_eq(text, "?")) {
		_cleanup_free_ char *question = xasprintf("%s: ", key);
		int r = prompt_password(question, &read, e);

		if (r < 0)
			return r;
	} else if (text[0] == '@') {
		read = fs_read_line(text + 1);
		if (!read)
			return err_set(e, EINVAL, "%s: %s cannot be read", key, text + 1);
	}
	*ret = NULL;
	if (!read && (json || *text == '{' || *text == '['))
		*ret = json_loads(text, JSON_DECODE_ANY, NULL);
	if (!*ret)
		*ret = json_string(read ? read : text);
	return *ret ? 0 : err_set(e, EINVAL, "%s: not UTF-8", key);
}

int cmd_pairs(
	const struct cli_line *line, const char *option, bool json, json_t *object, struct err *e)
{
	const char *pair;
	size_t pos = 0;

	while ((pair = cli_next(line, option, &pos))) {
		const char *equals = strchr(pair, '=');
		_cleanup_free_ char *key = NULL;
		json_t *value;
		int r;

		if (!equals || equals == pair)
			return err_set(e, EINVAL, "--%s %s: expected KEY=VALUE", option, pair);
		key = xstrndup(pair, (size_t)(equals - pair));
		r = pair_value(key, equals + 1, json, &value, e);
		if (r < 0)
			return r;
		json_object_set_new(object, key, value);
	}
	return 0;
}

static size_t name_at(const char *text, const char *node)
{
	char uuid[UUID_TEXT_MAX];

	if (str_starts(text, node))
		return strlen(node);
	str_copy(uuid, sizeof(uuid), text);
	return uuid_valid(uuid) ? UUID_TEXT_MAX - 1 : 0;
}

/* The text as it would be of any node. */
static char *alike(const char *text, const char *node)
{
	struct buf b = BUF_INIT(8192);
	bool word = true; /* a name begins only where a word does */

	while (*text) {
		size_t n = word && *node ? name_at(text, node) : 0;

		if (n && !isalnum((unsigned char)text[n])) {
			buf_puts(&b, "NODE");
			text += n;
		}
		word = !isalnum((unsigned char)*text) && *text != '-';
		buf_append(&b, text, *text != 0);
		text += *text != 0;
	}
	return b.data ? buf_take(&b) : xstrdup("");
}

void failures_add(struct failures *f, const char *node, const char *text)
{
	f->list = xrealloc(f->list, (f->n + 1) * sizeof(*f->list));
	f->list[f->n++] = (struct failure){xstrdup(node), xstrdup(text), alike(text, node)};
}

void failures_print(const struct failures *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct names same = {0};
		bool first = true;

		for (size_t k = 0; k < f->n; k++) {
			if (!str_eq(f->list[i].alike, f->list[k].alike))
				continue;
			first &= k >= i;
			names_add(&same, f->list[k].node);
		}
		if (first) {
			_cleanup_free_ char *nodes = range_fold(&same);

			fprintf(stderr, "ingot: %s: %s\n", nodes,
				same.n > 1 ? f->list[i].alike : f->list[i].text);
		}
		names_done(&same);
	}
}

void failures_next(const struct failures *f)
{
	if (f->n)
		fprintf(stderr,
			"ingot: next: 'ingot why %s' tells where it stopped and what to do, 'ingot "
			"node history %s' what came before\n",
			f->list[0].node, f->list[0].node);
}

void failures_done(struct failures *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->list[i].node);
		free(f->list[i].text);
		free(f->list[i].alike);
	}
	free(f->list);
	memset(f, 0, sizeof(*f));
}
