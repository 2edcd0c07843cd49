/*
 * Bodies of every POST, PUT and PATCH through parsing, schema and patching, without a server. The
 * first byte chooses the route, the second the microversion.
 */
#include "conductor/api/call.h"
#include "conductor/api/mask.h"
#include "conductor/api/nodes.h"
#include "conductor/api/states.h"
#include "conductor/model/node.h"
#include "lib/base/str.h"
#include "tests/unit/api/fake_engine.h"

static const char *const masked[] = {"driver_info", "instance_info", NULL};

static void patch_node(const json_t *patch, int version)
{
	struct node n;

	node_init(&n);
	n.driver = xstrdup("fake-hardware");
	json_object_set_new(n.driver_info, "ipmi_password", json_string("secret"));
	json_object_set_new(n.extra, "list", json_pack("[i, {s:i}]", 1, "a", 2));
	if (patch_check_roots(&node_schema, version, patch, NULL) == 0)
		(void)patch_record(&node_schema, &node_type, &n, patch, masked, NULL);
	node_done(&n);
}

static void check_more(const struct route *route, int version, const json_t *body)
{
	enum power_state power;
	enum verb verb;

	if (route->schema == &provision_schema)
		(void)provision_check(version, body, &verb, NULL);
	if (route->schema == &power_schema)
		(void)power_check(version, body, &power, NULL);
	if (route->body == BODY_PATCH)
		patch_node(body, version);
	if (json_is_object(body))
		json_decref(mask_object("driver_info", body));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct route *route;
	struct err e = {0};
	json_t *body = NULL;
	int version;

	if (size < 2)
		return 0;
	route = &routes[data[0] % n_routes];
	version = 1 + data[1] % API_MINOR_MAX;
	if (call_parse_body(route, version, (const char *)data + 2, size - 2, &body, &e) == 0 &&
		body)
		check_more(route, version, body);
	free(call_error_text(call_status(e.code), e.text));
	json_decref(body);
	return 0;
}
