/* The API over HTTP, with a real store and an engine without rules behind it. */
#include "conductor/api/api.h"
#include "lib/http/client.h"
#include "lib/json/json.h"
#include "tests/unit/api/fake_engine.h"
#include "tests/unit/tap.h"

static struct engine engine;
static struct http_client *client;
static char base[64];

struct answer {
	int status;
	json_t *json; /* NULL: none */
	struct http_response raw;
};

static void answer_done(struct answer *a)
{
	json_decref(a->json);
	http_response_done(&a->raw);
	memset(a, 0, sizeof(*a));
}
#define _cleanup_answer_ _cleanup_(answer_done)

static struct answer ask(
	const char *method, const char *path, const char *version, const char *body)
{
	char url[512], header[64];
	const char *headers[] = {header, NULL};
	struct http_request rq = {.method = method,
		.url = url,
		.headers = version ? headers : NULL,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ms = 5000};
	struct answer a = {0};
	struct err e = {0};

	snprintf(url, sizeof(url), "%s%s", base, path);
	snprintf(header, sizeof(header), "X-OpenStack-Ironic-API-Version: %s",
		version ? version : "");
	if (http_client_do(client, &rq, &a.raw, &e) < 0) {
		printf("# %s\n", e.text);
		return a;
	}
	a.status = a.raw.status;
	if (a.raw.len)
		a.json = json_loads(a.raw.body, 0, NULL);
	return a;
}

/* The faultstring: error_message is a string that holds JSON (contract 2.2). */
static char *fault(const struct answer *a)
{
	const char *text = json_str(a->json, "error_message");
	json_t *inner = text ? json_loads(text, 0, NULL) : NULL;
	char *fault = xstrdup(json_str(inner, "faultstring"));

	json_decref(inner);
	return fault ? fault : xstrdup("");
}

static void refused(const char *method, const char *path, const char *version, const char *body,
	int status, const char *says)
{
	_cleanup_answer_ struct answer a = ask(method, path, version, body);
	_cleanup_free_ char *text = fault(&a);

	is_int(a.status, status, "%s %s %.60s", method, path, body ? body : "");
	ok(strstr(text, says), "its fault names '%s': %s", says, text);
}

static void test_root(void)
{
	_cleanup_answer_ struct answer a = ask("GET", "/", NULL, NULL);
	_cleanup_answer_ struct answer v1 = ask("GET", "/v1/", "1.50", NULL);
	_cleanup_free_ char *used = http_response_header(&v1.raw, "x-openstack-ironic-api-version");
	_cleanup_free_ char *id = http_response_header(&v1.raw, "openstack-request-id");
	const json_t *version = json_object_get(v1.json, "version");

	is_int(a.status, 200, "GET /");
	is_str(json_str(json_object_get(a.json, "default_version"), "version"), "1.110",
		"names the newest version");
	is_str(json_str(version, "min_version"), "1.1", "GET /v1/ has a version object");
	is_str(json_str(version, "status"), "CURRENT", "with a status");
	is_str(used, "1.50", "the version used is answered");
	ok(id && str_starts(id, "req-"), "with a request id: %s", id);
}

static void test_versions(void)
{
	_cleanup_answer_ struct answer a = ask("GET", "/v1/nodes", "1.999", NULL);
	_cleanup_free_ char *min =
		http_response_header(&a.raw, "x-openstack-ironic-api-minimum-version");
	_cleanup_free_ char *max =
		http_response_header(&a.raw, "x-openstack-ironic-api-maximum-version");

	is_int(a.status, 406, "a version too new");
	is_str(min, "1.1", "tells the oldest");
	is_str(max, "1.110", "and the newest");
	refused("GET", "/v1/conductors", "1.48", NULL, 404, "1.49");
	refused("POST", "/v1/allocations", "1.51", "{}", 405, "1.52");
	refused("GET", "/v1/events", "1.53", NULL, 404, "found");
	refused("GET", "/v1/events", "1.54", NULL, 405, "method");
	refused("GET", "/v1/nodes?sort_key=owner", "1.49", NULL, 406, "owner");
	refused("GET", "/v1/nodes?limit=1&limit=2", "1.80", NULL, 400, "twice");
	refused("GET", "/v1/nodes/validate?foo=1", "1.80", NULL, 400, "foo");
	refused("GET", "/v1/nodes?detail=true", "1.42", NULL, 400, "detail");
	refused("GET", "/v1/nodes?owner=x", "1.49", NULL, 406, "owner");
	refused("POST", "/v1/nodes", "1.49", "{\"driver\": \"fake-hardware\", \"owner\": \"x\"}",
		406, "owner");
}

static void test_create(void)
{
	_cleanup_answer_ struct answer a = ask("POST", "/v1/nodes", "1.110",
		"{\"driver\": \"fake-hardware\", \"name\": \"r1~n1\", \"disable_power_off\": false,"
		" \"driver_info\": {\"ipmi_password\": \"secret\", \"ipmi_address\": \"h\"}}");
	_cleanup_answer_ struct answer old = {0}, got = {0};
	_cleanup_free_ char *location = http_response_header(&a.raw, "location"), *want = NULL;
	const json_t *info = json_object_get(a.json, "driver_info");

	is_int(a.status, 201, "POST /v1/nodes");
	want = xasprintf("%s/v1/nodes/%s", base, json_str(a.json, "uuid"));
	is_str(location, want, "Location");
	is_str(json_str(info, "ipmi_password"), "******", "the password is hidden");
	is_str(json_str(info, "ipmi_address"), "h", "the address is not");
	is_str(json_str(a.json, "provision_state"), "enroll", "it starts in enroll");
	ok(json_is_object(json_object_get(a.json, "properties")), "properties is an object");
	ok(json_is_null(json_object_get(a.json, "power_state")), "power_state is null");
	is_int(json_array_size(json_object_get(a.json, "links")), 2, "two links");
	got = ask("GET", "/v1/nodes/r1~n1", "1.10", NULL);
	is_int(got.status, 200, "GET by name");
	ok(!json_object_get(got.json, "owner"), "a field newer than the version is not there");
	ok(json_object_get(got.json, "name") != NULL, "an older one is");
	old = ask("POST", "/v1/nodes", "1.1", "{\"driver\": \"fake-hardware\"}");
	is_int(old.status, 201, "POST with 1.1");
	ok(json_is_null(json_object_get(old.json, "provision_state")),
		"below 1.11 it is available, below 1.2 that is null");
}

static void test_bad_bodies(void)
{
	refused("POST", "/v1/nodes", "1.80", "{}", 400, "driver");
	refused("POST", "/v1/nodes", "1.80", "{\"driver\": \"x\", \"frob\": 1}", 400, "frob");
	refused("POST", "/v1/nodes", "1.80", "{\"driver\": 5}", 400, "driver: expected a string");
	refused("POST", "/v1/nodes", "1.80", "{\"driver\": \"x\", \"uuid\": \"abc\"}", 400, "uuid");
	refused("POST", "/v1/nodes", "1.80", "{\"driver\": \"x\", \"name\": \"a b\"}", 400, "name");
	refused("POST", "/v1/nodes", "1.80", "{\"driver\": \"x\", \"name\": \"detail\"}", 400,
		"name");
	refused("POST", "/v1/nodes", "1.80", "{\"driver\": \"x\", \"provision_state\": \"active\"}",
		400, "provision_state");
	refused("POST", "/v1/nodes", "1.80", "[]", 400, "object");
	refused("POST", "/v1/nodes", "1.80", "{\"driver\": ", 400, "body");
	refused("POST", "/v1/nodes", "1.80", NULL, 400, "body");
	refused("POST", "/v1/nodes", "1.80",
		"{\"extra\": {\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
		"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
		"\"a\":"
		"{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}}}}}}}}}}}}}}}}",
		400, "body");
	refused("POST", "/v1/ports", "1.80", "{\"address\": \"zz\", \"node_uuid\": \"x\"}", 400,
		"");
	refused("PUT", "/v1/nodes/n/states/provision", "1.80", "{\"target\": \"fly\"}", 400, "fly");
	refused("PUT", "/v1/nodes/n/states/provision", "1.80",
		"{\"target\": \"provide\", \"clean_steps\": []}", 400, "clean_steps");
	refused("PUT", "/v1/nodes/n/states/provision", "1.80", "{\"target\": \"clean\"}", 400,
		"clean_steps");
	refused("PUT", "/v1/nodes/n/states/provision", "1.80",
		"{\"target\": \"active\", \"configdrive\": \"not base64!\"}", 400, "configdrive");
	refused("PUT", "/v1/nodes/n/states/provision", "1.55",
		"{\"target\": \"active\", \"configdrive\": {}}", 400, "configdrive");
	refused("PUT", "/v1/nodes/n/states/provision", "1.3", "{\"target\": \"manage\"}", 406,
		"manage");
	refused("PUT", "/v1/nodes/n/states/power", "1.80", "{\"target\": \"up\"}", 400, "up");
	refused("PUT", "/v1/nodes/n/states/power", "1.26", "{\"target\": \"soft power off\"}", 406,
		"1.27");
	refused("PUT", "/v1/nodes/n/states/power", "1.27",
		"{\"target\": \"power on\", \"timeout\": 0}", 400, "timeout");
	refused("GET", "/v1/frob", NULL, NULL, 404, "found");
	refused("DELETE", "/v1", NULL, NULL, 405, "method");
}

static void test_patch(void)
{
	_cleanup_answer_ struct answer a = ask("PATCH", "/v1/nodes/r1~n1", "1.110",
		"[{\"op\": \"replace\", \"path\": \"/driver_info\", \"value\": {\"ipmi_password\": "
		"\"******\", \"ipmi_address\": \"h2\"}},"
		" {\"op\": \"add\", \"path\": \"/retired\", \"value\": \"True\"},"
		" {\"op\": \"add\", \"path\": \"/extra/k\", \"value\": [1]}]");
	struct node n;

	is_int(a.status, 200, "PATCH");
	ok(json_is_true(json_object_get(a.json, "retired")), "\"True\" is true");
	node_init(&n);
	is_int(store_get(engine.store, &node_type, "name", "r1~n1", &n, NULL), 0, "read back");
	is_str(json_str(n.driver_info, "ipmi_password"), "secret", "a masked password is kept");
	is_str(json_str(n.driver_info, "ipmi_address"), "h2", "the address has changed");
	node_done(&n);
	refused("PATCH", "/v1/nodes/r1~n1", "1.110",
		"[{\"op\": \"add\", \"path\": \"/provision_state\", \"value\": \"active\"}]", 400,
		"provision_state");
	refused("PATCH", "/v1/nodes/r1~n1", "1.110",
		"[{\"op\": \"remove\", \"path\": \"/extra/none\"}]", 400, "/extra/none");
	refused("PATCH", "/v1/nodes/r1~n1", "1.110",
		"[{\"op\": \"add\", \"path\": \"/driver_info\", \"value\": 5}]", 400,
		"driver_info");
	refused("PATCH", "/v1/nodes/r1~n1", "1.110",
		"[{\"op\": \"remove\", \"path\": \"/driver\"}]", 400, "driver");
	refused("PATCH", "/v1/nodes/r1~n1", "1.46",
		"[{\"op\": \"add\", \"path\": \"/automated_clean\", \"value\": true}]", 406,
		"automated_clean");
	refused("PATCH", "/v1/nodes/none", "1.110", "[]", 404, "");
	refused("PATCH", "/v1/nodes/no%20name", "1.110", "[]", 400, "no name");
	refused("PATCH", "/v1/nodes/r1~n1?reset_interfaces=true", "1.110", "[]", 400, "driver");
	refused("PATCH", "/v1/nodes/r1~n1", "1.110",
		"[{\"op\": \"add\", \"path\": \"/protected\", \"value\": true}]", 409, "enroll");
	refused("PATCH", "/v1/nodes/r1~n1", "1.110",
		"[{\"op\": \"add\", \"path\": \"/protected_reason\", \"value\": \"x\"}]", 400,
		"protected");
}

static void test_network_data(void)
{
	static const struct {
		const char *data, *says;
	} bad[] = {
		{"{\"links\": [], \"networks\": []}", "services"},
		{"{\"links\": [{\"id\": \"a\", \"type\": \"phy\"}], \"networks\": [], "
		 "\"services\": []}",
			"ethernet_mac_address"},
		{"{\"links\": [{\"id\": \"a\", \"type\": \"x\"}], \"networks\": [], \"services\": "
		 "[]}",
			"links/0/type"},
		{"{\"links\": [], \"networks\": [{\"id\": \"n\", \"link\": \"a\", \"network_id\": "
		 "\"i\","
		 "\"type\": \"ipv4\", \"ip_address\": \"1.2.3\"}], \"services\": []}",
			"networks/0/ip_address"},
		{"{\"links\": [], \"networks\": [], \"services\": [{\"type\": \"ntp\", "
		 "\"address\": "
		 "\"::1\"}]}",
			"services/0/type"},
		{"5", "object"},
	};
	static const char good[] =
		"{\"links\": [{\"id\": \"a\", \"type\": \"phy\", \"mtu\": null, "
		"\"ethernet_mac_address\": \"52:54:00:00:00:01\"}, {\"id\": \"v\", \"type\": "
		"\"vlan\", "
		"\"vlan_mac_address\": \"52:54:00:00:00:01\", \"vlan_id\": 5, \"vlan_link\": "
		"\"a\"}], "
		"\"networks\": [{\"id\": \"n\", \"link\": \"a\", \"network_id\": \"i\", \"type\": "
		"\"ipv6\", \"ip_address\": \"fd00::2/64\", \"routes\": [{\"network\": \"::\", "
		"\"netmask\": \"::\", \"gateway\": \"fd00::1\"}]}], "
		"\"services\": [{\"type\": \"dns\", \"address\": \"192.0.2.1\"}]}";
	_cleanup_free_ char *body =
		xasprintf("{\"driver\": \"fake-hardware\", \"network_data\": %s}", good);
	_cleanup_answer_ struct answer a = ask("POST", "/v1/nodes", "1.110", body);

	is_int(a.status, 201, "network_data of a link, a VLAN, a network and a service");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *text = xasprintf(
			"{\"driver\": \"fake-hardware\", \"network_data\": %s}", bad[i].data);

		refused("POST", "/v1/nodes", "1.110", text, 400, bad[i].says);
	}
}

static void test_pages(void)
{
	_cleanup_answer_ struct answer first = {0}, second = {0}, bad = {0};
	_cleanup_free_ char *next = NULL;
	const char *marker;

	for (int i = 0; i < 5; i++) {
		char body[128];
		_cleanup_answer_ struct answer a = {0};

		snprintf(body, sizeof(body),
			"{\"driver\": \"fake-hardware\", \"name\": \"p%d\", \"resource_class\": "
			"\"x&y\"}",
			i);
		a = ask("POST", "/v1/nodes", "1.80", body);
	}
	first = ask("GET", "/v1/nodes?resource_class=x%26y&limit=3&sort_key=name&fields=name,uuid",
		"1.80", NULL);
	is_int(json_array_size(json_object_get(first.json, "nodes")), 3, "a page of three");
	marker = json_str(json_array_get(json_object_get(first.json, "nodes"), 2), "uuid");
	next = xasprintf(
		"%s/v1/nodes?limit=3&resource_class=x%%26y&sort_key=name&fields=name%%2Cuuid"
		"&marker=%s",
		base, marker);
	is_str(json_str(first.json, "next"), next, "the way to the next");
	second = ask("GET", next + strlen(base), "1.80", NULL);
	is_int(json_array_size(json_object_get(second.json, "nodes")), 2, "the rest");
	is_str(json_str(json_array_get(json_object_get(second.json, "nodes"), 0), "name"), "p3",
		"goes on where the first ended");
	ok(!json_object_get(second.json, "next"), "and is the last");
	is_int(json_object_size(json_array_get(json_object_get(second.json, "nodes"), 0)), 3,
		"only the fields asked for, and links");
	refused("GET", "/v1/nodes?limit=0", "1.80", NULL, 400, "Limit");
	refused("GET", "/v1/nodes?marker=11111111-1111-1111-1111-111111111111", "1.80", NULL, 404,
		"11111111");
	refused("GET", "/v1/nodes?sort_key=driver_info", "1.80", NULL, 400, "driver_info");
	refused("GET", "/v1/nodes?sort_key=frob", "1.80", NULL, 400, "frob");
	refused("GET", "/v1/nodes?fields=frob", "1.80", NULL, 400, "frob");
	refused("GET", "/v1/nodes?fields=uuid&detail=True", "1.80", NULL, 400, "detail");
	refused("GET", "/v1/nodes?frob=1", "1.80", NULL, 400, "frob");
	refused("GET", "/v1/nodes?maintenance=maybe", "1.80", NULL, 400, "maintenance");
	bad = ask("GET", "/v1/nodes?maintenance=False&associated=no&limit=5000", "1.80", NULL);
	is_int(bad.status, 200, "booleans as Python spells them");
}

static void test_requests(void)
{
	_cleanup_answer_ struct answer a = {0}, power = {0}, m = {0}, hb = {0};
	_cleanup_free_ char *location = NULL;

	a = ask("PUT", "/v1/nodes/p0/states/provision", "1.80", "{\"target\": \"active\"}");
	location = http_response_header(&a.raw, "location");
	is_int(a.status, 202, "provision is accepted");
	is_int(a.raw.len, 0, "with no body");
	ok(location && str_ends(location, "/v1/nodes/p0/states"), "and a Location: %s", location);
	is_int(engine.verb, VERB_DEPLOY, "active is deploy");
	power = ask("PUT", "/v1/nodes/p0/states/power", "1.80",
		"{\"target\": \"soft power off\", \"timeout\": 9}");
	is_int(power.status, 202, "power is accepted");
	is_int(engine.power, POWER_SOFT_OFF, "as asked");
	m = ask("PUT", "/v1/nodes/p0/maintenance", "1.80", "{\"reason\": \"fan\"}");
	is_int(m.status, 202, "maintenance is accepted");
	is_str(engine.text, "fan", "with its reason");
	hb = ask("POST", "/v1/heartbeat/abc", "1.68",
		"{\"callback_url\": \"https://h:9999\", \"agent_token\": \"t\", \"agent_version\": "
		"\"1\"}");
	is_int(hb.status, 202, "a heartbeat");
	is_str(engine.text, "127.0.0.1", "with the address it came from");
}

static void test_refusals(void)
{
	static const struct {
		int code, status;
	} cases[] = {{ENOENT, 404}, {EINVAL, 400}, {EBUSY, 409}, {EEXIST, 409}, {ESTALE, 409},
		{EPERM, 403}, {ENOTSUP, 400}, {EAGAIN, 503}, {EIO, 500}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		err_set(&engine.refuse, cases[i].code, "reason %zu", i);
		refused("DELETE", "/v1/nodes/p0", "1.80", NULL, cases[i].status, "reason");
	}
	engine.refuse.code = 0;
}

static void test_ports(void)
{
	_cleanup_answer_ struct answer node = ask("GET", "/v1/nodes/p0", "1.80", NULL), port = {0},
				       by_mac = {0}, of_node = {0};
	_cleanup_free_ char *body =
		xasprintf("{\"address\": \"52:54:00:AB:CD:EF\", \"node_uuid\": \"%s\"}",
			json_str(node.json, "uuid"));

	port = ask("POST", "/v1/ports", "1.80", body);
	is_int(port.status, 201, "POST /v1/ports");
	is_str(json_str(port.json, "address"), "52:54:00:ab:cd:ef", "the address in lower case");
	ok(json_is_true(json_object_get(port.json, "pxe_enabled")), "pxe_enabled by default");
	by_mac = ask("GET", "/v1/ports?address=52:54:00:AB:CD:EF&fields=node_uuid", "1.80", NULL);
	is_str(json_str(json_array_get(json_object_get(by_mac.json, "ports"), 0), "node_uuid"),
		json_str(node.json, "uuid"), "found by its address");
	of_node = ask("GET", "/v1/ports?node=p0", "1.80", NULL);
	is_int(json_array_size(json_object_get(of_node.json, "ports")), 1, "found by its node");
	refused("GET", "/v1/ports?address=zz", "1.80", NULL, 400, "MAC");
}

static void test_collections(void)
{
	static const char *const empty[][2] = {
		{"/v1/chassis", "chassis"},
		{"/v1/portgroups", "portgroups"},
		{"/v1/volume/connectors", "connectors"},
		{"/v1/volume/targets", "targets"},
		{"/v1/allocations", "allocations"},
		{"/v1/deploy_templates", "deploy_templates"},
		{"/v1/runbooks", "runbooks"},
		{"/v1/shards", "shards"},
		{"/v1/nodes/p0/bios", "bios"},
		{"/v1/nodes/p0/firmware", "firmware"},
		{"/v1/nodes/p0/history", "history"},
		{"/v1/nodes/p0/children", "children"},
		{"/v1/nodes/p0/traits", "traits"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		_cleanup_answer_ struct answer a = ask("GET", empty[i][0], "1.110", NULL);

		ok(a.status == 200 && json_is_array(json_object_get(a.json, empty[i][1])),
			"GET %s gives %s", empty[i][0], empty[i][1]);
	}
	refused("POST", "/v1/chassis", "1.80", "{\"frob\": 1}", 400, "frob");
	refused("POST", "/v1/portgroups", "1.80", "{}", 400, "node_uuid");
	refused("GET", "/v1/nodes/p0/inventory", "1.110", NULL, 404, "nventory");
	refused("GET", "/v1/drivers/none", "1.110", NULL, 404, "none");
}

int main(void)
{
	struct api_config config = {.engine = &engine, .listen = "127.0.0.1:0"};
	struct api *api = NULL;
	struct err e = {0};

	is_int(store_open("sqlite::memory:", &engine.store, &e), 0, "store: %s", e.text);
	config.store = engine.store;
	is_int(api_new(&config, &api, &e), 0, "api: %s", e.text);
	is_int(api_start(api, &e), 0, "start: %s", e.text);
	is_int(http_client_new(&client, &e), 0, "client: %s", e.text);
	snprintf(base, sizeof(base), "http://127.0.0.1:%u", api_port(api));
	test_root();
	test_versions();
	test_create();
	test_bad_bodies();
	test_patch();
	test_network_data();
	test_pages();
	test_requests();
	test_refusals();
	test_ports();
	test_collections();
	http_client_free(client);
	api_free(api);
	store_close(engine.store, 1000);
	fake_engine_done(&engine);
	return done_testing();
}
