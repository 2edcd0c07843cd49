/*
 * Reading requests, path and query, through the router and their handlers to a real store with a
 * few nodes and ports. The first byte is the version, the rest the target. Every answer is JSON,
 * and pages end.
 */
#include "conductor/api/call.h"
#include "conductor/api/internal.h"
#include "lib/base/str.h"
#include "lib/http/req.h"
#include "tests/unit/api/fake_engine.h"

#include <stdlib.h>
#include <string.h>

#define NODES	  6
#define PAGES_MAX 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct engine engine;
static struct api api;

static void add_record(const struct record_type *t, json_t *json)
{
	struct store_txn *txn = store_txn_new();
	void *rec = xcalloc(1, t->size);
	struct err e;

	record_init(t, rec);
	if (!json || record_from_json(t, rec, json, &e) < 0)
		abort();
	store_txn_insert(txn, t, rec);
	if (store_commit(engine.store, txn, &e) < 0)
		abort();
	record_done(t, rec);
	free(rec);
	json_decref(json);
}

static void set_up(void)
{
	struct err e;

	if (store_open("sqlite::memory:", &engine.store, &e) < 0)
		abort();
	for (int i = 0; i < NODES; i++) {
		char uuid[UUID_TEXT_MAX], port[UUID_TEXT_MAX], name[16], mac[18];
		unsigned digit = (unsigned)i % 10;

		snprintf(uuid, sizeof(uuid), "%08u-1111-4111-8111-111111111111", digit);
		snprintf(port, sizeof(port), "%08u-2222-4222-8222-222222222222", digit);
		snprintf(name, sizeof(name), "r1n%d", i);
		snprintf(mac, sizeof(mac), "52:54:00:00:00:0%u", digit);
		add_record(&node_type, json_pack("{s:s, s:s, s:s, s:s, s:b, s:{s:s}}", "uuid", uuid,
					       "name", name, "driver", "fake-hardware",
					       "provision_state", i % 2 ? "active" : "enroll",
					       "maintenance", i % 3 == 0, "extra", "a", "b"));
		add_record(&port_type, json_pack("{s:s, s:s, s:s}", "uuid", port, "address", mac,
					       "node_uuid", uuid));
	}
	api.config = (struct api_config){.engine = &engine, .store = engine.store, .list_max = 4};
}

/* What is told is text in JSON, except where a route says otherwise. */
static void take_reply(int status, const char *body, size_t len, void *data)
{
	json_t **ret = data;

	if (status < 200 || status > 599)
		abort();
	*ret = len ? json_loadb(body, len, 0, NULL) : NULL;
	if (len && !*ret)
		abort();
}

/* The engine behind this answers at once, so the reply is there afterwards. */
static json_t *ask(const char *uri, int version)
{
	struct http_req *req = req_new(NULL, uri);
	struct call *c = xcalloc(1, sizeof(*c));
	json_t *reply = NULL;
	struct err e = {0};

	c->api = &api;
	c->req = req;
	c->version = version;
	strcpy(c->base, "http://h");
	strcpy(req->method, "GET");
	req->inner = take_reply;
	req->inner_data = &reply;
	api_call_began(&api);
	if (req_parse_uri(req) == 0)
		router_match("GET", http_path(req), &c->match);
	c->route = c->match.route;
	memcpy(c->params, c->match.params, sizeof(c->params));
	if (!c->route || strstr(c->route->path, "/console")) { /* streams need a server */
		err_set(&e, ENOENT, "not here");
		call_reply_error(c, &e);
	} else if (call_run(c, NULL, 0, &e) < 0) {
		call_reply_error(c, &e);
	}
	return reply;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *reply;
	const char *next;
	char *uri;
	int pages = 0;

	if (!engine.store)
		set_up();
	if (!size)
		return 0;
	uri = strndup((const char *)data + 1, size - 1);
	reply = ask(uri, 1 + data[0] % API_MINOR_MAX);
	while (reply && (next = json_str(reply, "next"))) {
		json_t *page = ask(next, 1 + data[0] % API_MINOR_MAX);

		if (!page || json_object_get(page, "error_message") || ++pages > PAGES_MAX)
			abort();
		json_decref(reply);
		reply = page;
	}
	json_decref(reply);
	free(uri);
	return 0;
}
