/* Reading clouds.yaml; see clouds.h. */
#include "conductor/cli/clouds.h"
#include "lib/yaml/yaml.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

/* A member as text; a password may well be a number. Allocated, NULL when there is none. */
static char *text_of(const json_t *map, const char *key)
{
	const json_t *v = json_object_get(map, key);

	if (json_is_string(v))
		return json_string_length(v) ? xstrdup(json_string_value(v)) : NULL;
	return json_is_number(v) || json_is_boolean(v) ? json_text(v) : NULL;
}

static void first_text(char **ret, const json_t *map, const char *key)
{
	if (!*ret)
		*ret = text_of(map, key);
}

int cloud_auth_type(const char *type, bool *ret_basic, struct err *e)
{
	*ret_basic = str_eq(type, "http_basic");
	if (*ret_basic || str_eq(type, "none"))
		return 0;
	return err_set(e, EINVAL,
		"auth type '%.64s' needs Keystone; expected none or http_basic, with the "
		"conductor's "
		"own address",
		type);
}

static int read_auth(const json_t *cloud, struct cloud *ret, struct err *e)
{
	const json_t *auth = json_object_get(cloud, "auth");
	_cleanup_free_ char *type = text_of(cloud, "auth_type"), *verify = text_of(cloud, "verify");
	bool basic = true, b = true;
	int r = type ? cloud_auth_type(type, &basic, e) : 0;

	if (r < 0)
		return r;
	ret->open = !basic;
	if (basic) {
		ret->username = text_of(auth, "username");
		ret->password = text_of(auth, "password");
	}
	ret->cacert = text_of(cloud, "cacert");
	ret->insecure = verify && str_to_bool(verify, &b) == 0 && !b;
	return 0;
}

static int read_cloud(const json_t *root, const char *name, struct cloud *ret, struct err *e)
{
	const json_t *clouds = json_object_get(root, "clouds"),
		     *cloud = json_object_get(clouds, name);

	if (!json_is_object(clouds))
		return err_set(e, EINVAL, "no mapping 'clouds' in it");
	if (!cloud)
		return err_set(e, ENOENT, "no cloud '%.64s' in it", name);
	first_text(&ret->endpoint, cloud, "baremetal_endpoint_override");
	first_text(&ret->endpoint, cloud, "endpoint_override");
	first_text(&ret->endpoint, json_object_get(cloud, "auth"), "endpoint");
	if (read_auth(cloud, ret, e) < 0)
		return err_prefix(e, "cloud '%.64s'", name);
	if (!ret->endpoint)
		return err_set(e, EINVAL,
			"cloud '%.64s' has no baremetal_endpoint_override and no auth.endpoint",
			name);
	ret->version = text_of(cloud, "baremetal_default_microversion");
	first_text(&ret->version, cloud, "baremetal_api_version");
	ret->regions = json_object_get(cloud, "region_name") || json_object_get(cloud, "regions");
	return 0;
}

int cloud_parse(const char *text, size_t len, const char *name, struct cloud *ret, struct err *e)
{
	_cleanup_json_ json_t *root = NULL;
	struct cloud cloud = {0};
	int r = yaml_to_json(text, len, &root, e);

	if (r == 0)
		r = read_cloud(root, name, &cloud, e);
	if (r < 0)
		cloud_done(&cloud);
	else
		*ret = cloud;
	return r;
}

int cloud_add_secrets(
	const char *text, size_t len, const char *name, struct cloud *c, struct err *e)
{
	_cleanup_json_ json_t *root = NULL;
	const json_t *auth;
	int r = yaml_to_json(text, len, &root, e);

	if (r < 0)
		return r;
	auth = json_object_get(json_object_get(json_object_get(root, "clouds"), name), "auth");
	first_text(&c->username, auth, "username");
	first_text(&c->password, auth, "password");
	return 0;
}

void cloud_done(struct cloud *c)
{
	free(c->endpoint);
	free(c->username);
	if (c->password)
		mem_wipe(c->password, strlen(c->password));
	free(c->password);
	free(c->cacert);
	free(c->version);
	memset(c, 0, sizeof(*c));
}
