/* GET / and GET /v1: what clients look at to find out which versions we speak. */
#include "conductor/api/handlers.h"

static json_t *version_object(const struct call *c)
{
	char min[16], max[16];
	_cleanup_free_ char *href = xasprintf("%s/v1/", c->base);

	snprintf(min, sizeof(min), "1.%d", API_MINOR_MIN);
	snprintf(max, sizeof(max), "1.%d", API_MINOR_MAX);
	return json_pack("{s:s, s:[{s:s, s:s}], s:s, s:s, s:s}", "id", "v1", "links", "href", href,
		"rel", "self", "status", "CURRENT", "min_version", min, "version", max);
}

int root_get(struct call *c, struct err *e)
{
	json_t *out = json_pack("{s:s, s:s, s:o, s:[o]}", "name", "OpenStack Ironic API",
		"description", "Ingot provisions bare metal and speaks the Ironic API.",
		"default_version", version_object(c), "versions", version_object(c));

	call_reply_json(c, 200, out);
	return 0;
}

/* Collections as /v1 lists them, and since when. */
static const struct {
	const char *name;
	int since;
} collections[] = {
	{"nodes", 1},
	{"ports", 1},
	{"chassis", 1},
	{"drivers", 1},
	{"heartbeat", 22},
	{"lookup", 22},
	{"portgroups", 23},
	{"volume", 32},
	{"conductors", 49},
	{"allocations", 52},
	{"events", 54},
	{"deploy_templates", 55},
	{"shards", 82},
	{"continue_inspection", 84},
	{"runbooks", 92},
	{"inspection_rules", 96},
};

static json_t *collection_links(const struct call *c, const char *name)
{
	_cleanup_free_ char *self = xasprintf("%s/v1/%s/", c->base, name);
	_cleanup_free_ char *bookmark = xasprintf("%s/%s/", c->base, name);

	return json_pack("[{s:s, s:s}, {s:s, s:s}]", "href", self, "rel", "self", "href", bookmark,
		"rel", "bookmark");
}

int v1_get(struct call *c, struct err *e)
{
	_cleanup_free_ char *self = xasprintf("%s/v1/", c->base);
	json_t *out = json_pack("{s:s, s:[{s:s, s:s}, {s:s, s:s, s:s}], s:{s:s, s:s}, s:o}", "id",
		"v1", "links", "href", self, "rel", "self", "href",
		"https://docs.openstack.org/api-ref/baremetal/", "rel", "describedby", "type",
		"text/html", "media_types", "base", "application/json", "type",
		"application/vnd.openstack.ironic.v1+json", "version", version_object(c));

	for (size_t i = 0; i < ARRAY_SIZE(collections); i++)
		if (c->version >= collections[i].since)
			json_object_set_new(
				out, collections[i].name, collection_links(c, collections[i].name));
	call_reply_json(c, 200, out);
	return 0;
}
