/* Reading clouds.yaml by libyaml; see clouds.h. */
#include "conductor/cli/clouds.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

static yaml_node_t *get(yaml_document_t *d, yaml_node_t *map, const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
		p++) {
		yaml_node_t *k = yaml_document_get_node(d, p->key);

		if (k && k->type == YAML_SCALAR_NODE && k->data.scalar.length == strlen(key) &&
			!memcmp(k->data.scalar.value, key, strlen(key)))
			return yaml_document_get_node(d, p->value);
	}
	return NULL;
}

static char *text_of(yaml_document_t *d, yaml_node_t *map, const char *key)
{
	yaml_node_t *v = get(d, map, key);

	if (!v || v->type != YAML_SCALAR_NODE || !v->data.scalar.length)
		return NULL;
	return xstrndup((const char *)v->data.scalar.value, v->data.scalar.length);
}

static void first_text(char **ret, yaml_document_t *d, yaml_node_t *map, const char *key)
{
	if (!*ret)
		*ret = text_of(d, map, key);
}

static int read_cloud(yaml_document_t *d, const char *name, struct cloud *ret, struct err *e)
{
	yaml_node_t *clouds = get(d, yaml_document_get_root_node(d), "clouds");
	yaml_node_t *cloud = get(d, clouds, name), *auth = get(d, cloud, "auth");
	_cleanup_free_ char *verify = text_of(d, cloud, "verify");
	bool b = true;

	if (!clouds)
		return err_set(e, EINVAL, "no mapping 'clouds' in it");
	if (!cloud)
		return err_set(e, ENOENT, "no cloud '%.64s' in it", name);
	first_text(&ret->endpoint, d, cloud, "baremetal_endpoint_override");
	first_text(&ret->endpoint, d, cloud, "endpoint_override");
	first_text(&ret->endpoint, d, auth, "endpoint");
	if (!ret->endpoint)
		return err_set(e, EINVAL,
			"cloud '%.64s' has no baremetal_endpoint_override and no auth.endpoint",
			name);
	ret->username = text_of(d, auth, "username");
	ret->password = text_of(d, auth, "password");
	ret->cacert = text_of(d, cloud, "cacert");
	ret->insecure = verify && str_to_bool(verify, &b) == 0 && !b;
	return 0;
}

int cloud_parse(const char *text, size_t len, const char *name, struct cloud *ret, struct err *e)
{
	struct cloud cloud = {0};
	yaml_parser_t parser;
	yaml_document_t document;
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
	r = read_cloud(&document, name, &cloud, e);
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	if (r < 0)
		cloud_done(&cloud);
	else
		*ret = cloud;
	return r;
}

void cloud_done(struct cloud *c)
{
	free(c->endpoint);
	free(c->username);
	if (c->password)
		mem_wipe(c->password, strlen(c->password));
	free(c->password);
	free(c->cacert);
	memset(c, 0, sizeof(*c));
}
