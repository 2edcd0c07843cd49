/* YAML to JSON by libyaml; see yaml.h. */
#include "conductor/cli/yaml.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#define VALUES_MAX 100000

struct reading {
	yaml_document_t *document;
	size_t values;
	struct err *e;
};

static int wrong(struct reading *r, const yaml_node_t *node, const char *what)
{
	return err_set(r->e, EINVAL, "line %zu: %s", node->start_mark.line + 1, what);
}

/* A number as YAML writes it; NULL: the text is none. */
static json_t *number(const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	size_t whole = strspn(digits, "0123456789"), fraction = 0;
	char *end;

	if (str_starts(digits, "0x") && digits[2] &&
		!digits[2 + strspn(digits + 2, "0123456789abcdefABCDEF")])
		return json_integer((json_int_t)strtoll(text, NULL, 16));
	if (!whole)
		return NULL;
	if (!digits[whole])
		return whole < 19 ? json_integer((json_int_t)strtoll(text, NULL, 10)) : NULL;
	if (digits[whole] == '.')
		fraction = strspn(digits + whole + 1, "0123456789");
	if (!fraction)
		return NULL;
	double value = strtod(text, &end);
	return *end ? NULL : json_real(value);
}

static json_t *plain(const char *text)
{
	static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {
									"false", "no", "off"};

	if (!*text || str_eq(text, "~") || str_ieq(text, "null"))
		return json_null();
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (str_ieq(text, yes[i]))
			return json_true();
		if (str_ieq(text, no[i]))
			return json_false();
	}
	return number(text);
}

static int scalar(struct reading *r, const yaml_node_t *node, json_t **ret)
{
	const char *text = (const char *)node->data.scalar.value;
	size_t len = node->data.scalar.length;

	*ret = NULL;
	if (strlen(text) != len)
		return wrong(r, node, "a NUL");
	if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		*ret = plain(text);
	if (!*ret)
		*ret = json_stringn(text, len);
	return *ret ? 0 : wrong(r, node, "not UTF-8");
}

static int convert(struct reading *r, int id, unsigned depth, json_t **ret);

static int sequence(struct reading *r, const yaml_node_t *node, unsigned depth, json_t **ret)
{
	_cleanup_json_ json_t *list = json_array();

	for (yaml_node_item_t *i = node->data.sequence.items.start;
		i < node->data.sequence.items.top; i++) {
		json_t *value = NULL;
		int n = convert(r, *i, depth + 1, &value);

		if (n < 0)
			return n;
		json_array_append_new(list, value);
	}
	*ret = TAKE_PTR(list);
	return 0;
}

static int mapping(struct reading *r, const yaml_node_t *node, unsigned depth, json_t **ret)
{
	_cleanup_json_ json_t *object = json_object();

	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
		p++) {
		const yaml_node_t *key = yaml_document_get_node(r->document, p->key);
		json_t *value = NULL;
		const char *name;
		int n;

		if (!key || key->type != YAML_SCALAR_NODE)
			return wrong(r, node, "a key that is no text");
		name = (const char *)key->data.scalar.value;
		if (strlen(name) != key->data.scalar.length || json_object_get(object, name))
			return wrong(r, key, "a key twice, or with a NUL");
		n = convert(r, p->value, depth + 1, &value);
		if (n < 0)
			return n;
		if (json_object_set_new(object, name, value) < 0)
			return wrong(r, key, "not UTF-8");
	}
	*ret = TAKE_PTR(object);
	return 0;
}

static int convert(struct reading *r, int id, unsigned depth, json_t **ret)
{
	const yaml_node_t *node = yaml_document_get_node(r->document, id);

	if (!node)
		return err_set(r->e, EINVAL, "nothing in it");
	if (depth > JSON_DEPTH_MAX || ++r->values > VALUES_MAX)
		return wrong(r, node, "too deep, or too many values");
	if (node->type == YAML_SEQUENCE_NODE)
		return sequence(r, node, depth, ret);
	if (node->type == YAML_MAPPING_NODE)
		return mapping(r, node, depth, ret);
	return scalar(r, node, ret);
}

int yaml_parse(const char *text, size_t len, json_t **ret, struct err *e)
{
	yaml_parser_t parser;
	yaml_document_t document;
	struct reading reading = {&document, 0, e};
	int r;

	if (!yaml_parser_initialize(&parser))
		return err_set(e, ENOMEM, "no memory for YAML");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &document)) {
		r = err_set(e, EINVAL, "line %zu: %s", parser.problem_mark.line + 1,
			parser.problem ? parser.problem : "not YAML");
		yaml_parser_delete(&parser);
		return r;
	}
	r = yaml_document_get_root_node(&document) ? convert(&reading, 1, 1, ret)
						   : err_set(e, EINVAL, "nothing in it");
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	return r;
}
