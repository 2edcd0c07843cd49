/* YAML to JSON; see yaml.h. */
#include "lib/yaml/yaml.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct conversion {
	yaml_document_t doc;
	unsigned left; /* values that may still be made */
};

static bool one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(text, *words))
			return true;
	return false;
}

static json_t *plain(const char *text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const trues[] = {"true", "True", "TRUE", NULL};
	static const char *const falses[] = {"false", "False", "FALSE", NULL};
	char *end;
	long long n;
	double d;

	if (one_of(text, nulls))
		return json_null();
	if (one_of(text, trues))
		return json_true();
	if (one_of(text, falses))
		return json_false();
	if (!strchr("+-.0123456789", *text))
		return json_string(text);
	errno = 0;
	n = strtoll(text, &end, 10);
	if (!*end && !errno)
		return json_integer(n);
	d = strtod(text, &end);
	return *end || strpbrk(text, "xXpPnN") ? json_string(text) : json_real(d);
}

static json_t *scalar(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	if (strlen(text) != node->data.scalar.length)
		return NULL; /* a NUL in it */
	return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain(text) : json_string(text);
}

static json_t *convert(struct conversion *c, int index, unsigned depth);

static json_t *sequence(struct conversion *c, const yaml_node_t *node, unsigned depth)
{
	json_t *array = json_array(), *item;

	for (yaml_node_item_t *i = node->data.sequence.items.start;
		i < node->data.sequence.items.top; i++) {
		item = convert(c, *i, depth);
		if (!item) {
			json_decref(array);
			return NULL;
		}
		json_array_append_new(array, item);
	}
	return array;
}

static json_t *mapping(struct conversion *c, const yaml_node_t *node, unsigned depth)
{
	json_t *object = json_object();

	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
		p++) {
		const yaml_node_t *key = yaml_document_get_node(&c->doc, p->key);
		json_t *value = convert(c, p->value, depth);

		if (value && key->type == YAML_SCALAR_NODE &&
			json_object_set_new(object, (const char *)key->data.scalar.value, value) ==
				0)
			continue;
		if (key->type != YAML_SCALAR_NODE)
			json_decref(value);
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *convert(struct conversion *c, int index, unsigned depth)
{
	const yaml_node_t *node = yaml_document_get_node(&c->doc, index);

	if (!node || depth == YAML_DEPTH_MAX || !c->left)
		return NULL;
	c->left--;
	if (node->type == YAML_SCALAR_NODE)
		return scalar(node);
	if (node->type == YAML_SEQUENCE_NODE)
		return sequence(c, node, depth + 1);
	return node->type == YAML_MAPPING_NODE ? mapping(c, node, depth + 1) : NULL;
}

int yaml_to_json(const char *text, size_t len, json_t **ret, struct err *e)
{
	struct conversion c = {.left = YAML_VALUES_MAX};
	yaml_parser_t parser;
	json_t *json;
	int r = 0;

	if (!yaml_parser_initialize(&parser))
		return err_set(e, ENOMEM, "no memory to read YAML");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &c.doc)) {
		r = err_set(e, EINVAL, "line %zu: %s", parser.problem_mark.line + 1,
			parser.problem ? parser.problem : "no YAML");
		yaml_parser_delete(&parser);
		return r;
	}
	json = yaml_document_get_root_node(&c.doc) ? convert(&c, 1, 0) : json_null();
	if (json)
		*ret = json;
	else
		r = err_set(e, E2BIG,
			"more than %d values, deeper than %d, or something that is no text, "
			"number, "
			"list or mapping by names",
			YAML_VALUES_MAX, YAML_DEPTH_MAX);
	yaml_document_delete(&c.doc);
	yaml_parser_delete(&parser);
	return r;
}
