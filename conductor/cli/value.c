/* Values of options; see value.h. */
#include "conductor/cli/value.h"
#include "lib/yaml/yaml.h"
#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/cli/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FILE_MAX ((size_t)16 * 1024 * 1024)

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

int value_pairs(
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

/* Standard input as a whole, allocated. */
static int read_input(char **ret, size_t *ret_len, struct err *e)
{
	struct buf b = BUF_INIT(FILE_MAX);
	char piece[16384];
	size_t n;

	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		if (buf_append(&b, piece, n) < 0) {
			buf_done(&b);
			return err_set(e, EFBIG, "standard input: more than 16 MiB");
		}
	*ret_len = b.len;
	*ret = b.data ? buf_take(&b) : xstrdup("");
	return 0;
}

static int read_text(const char *value, char **ret, size_t *ret_len, struct err *e)
{
	if (str_eq(value, "-"))
		return read_input(ret, ret_len, e);
	if (*value == '[' || *value == '{') {
		*ret = xstrdup(value);
		*ret_len = strlen(value);
		return 0;
	}
	return fs_read(value + (*value == '@'), FILE_MAX, ret, ret_len, e);
}

int value_json(const char *option, const char *value, json_t **ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	struct err first;

	if (read_text(value, &text, &len, e) < 0)
		return err_prefix(e, "--%s", option),
		       err_advise(e, "expected JSON, the name of a file of JSON or YAML, or - for "
				     "standard input");
	if (json_parse(text, len, JSON_DEPTH_MAX, ret, &first) == 0)
		return 0;
	if ((*value == '[' || *value == '{') && e) {
		*e = first;
		return err_prefix(e, "--%s", option);
	}
	return yaml_to_json(text, len, ret, e) < 0 ? err_prefix(e, "--%s %.128s", option, value)
						   : 0;
}

int value_secret(const char *option, const char *value, char **ret, struct err *e)
{
	if (!value || str_eq(value, "?")) {
		_cleanup_free_ char *question = xasprintf("%s: ", option);

		return prompt_password(question, ret, e) < 0
			       ? err_advise(e, "--%s @FILE reads it from a file", option)
			       : 0;
	}
	if (*value == '@') {
		*ret = fs_read_line(value + 1);
		return *ret ? 0
			    : err_set(e, EINVAL, "--%s: %.128s cannot be read", option, value + 1);
	}
	fprintf(stderr,
		"ingot: --%s: everybody on this machine can read a command line; say @FILE, or "
		"nothing to be asked\n",
		option);
	*ret = xstrdup(value);
	return 0;
}
