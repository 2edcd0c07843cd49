/* What the agent calls from its ramdisk, without a password: lookup, heartbeat, inspection. */
#include "conductor/api/handlers.h"
#include "conductor/api/ramdisk.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"
#include "lib/hwid/mac.h"

#include <errno.h>
#include <string.h>

#define ADDRESSES_MAX 64

/* "m1,m2" to an array of MAC addresses in their normal form; what is none is left out. */
static json_t *parse_addresses(const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text ? text : "");
	json_t *out = json_array();
	char *save = NULL;

	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		char mac[MAC_TEXT_MAX];

		if (json_array_size(out) < ADDRESSES_MAX && mac_normalise(str_trim(s), mac) == 0)
			json_array_append_new(out, json_string(mac));
	}
	return out;
}

static void put_links(const struct call *c, json_t *answer)
{
	json_t *node = json_object_get(answer, "node");

	if (node)
		json_object_set_new(
			node, "links", call_links(c, "nodes", json_str(node, "uuid"), NULL));
}

static void finish_lookup(struct call *c, struct request *r)
{
	put_links(c, r->answer);
	finish_answer(c, r);
}

int lookup(struct call *c, struct err *e)
{
	const char *uuid = http_arg(c->req, "node_uuid"), *token = http_arg(c->req, "boot_token");
	_cleanup_json_ json_t *addresses = parse_addresses(http_arg(c->req, "addresses"));
	struct request *r;

	if (uuid && !uuid_valid(uuid))
		return err_set(e, EINVAL, "node_uuid: expected a UUID");
	if (!uuid && !token && !json_array_size(addresses))
		return err_set(e, EINVAL, "Either addresses or node_uuid must be given");
	r = call_request(c, REQ_LOOKUP, NULL);
	r->args = json_pack("{s:o, s:s?, s:s?}", "addresses", TAKE_PTR(addresses), "node_uuid",
		uuid, "boot_token", token);
	r->text = xstrdup(http_peer(c->req));
	return call_submit(c, r, finish_lookup);
}

static const struct schema_field heartbeat_fields[] = {
	{"callback_url", T_STR, S_REQUIRED, 2048, NULL},
	{"agent_token", T_STR | T_NULL, 0, 0, NULL},
	{"agent_version", T_STR | T_NULL, 0, 0, NULL},
	{"agent_verify_ca", T_STR | T_NULL, 0, 65536, NULL},
	{"agent_status", T_STR | T_NULL, 0, 0, NULL},
	{"agent_status_message", T_STR | T_NULL, 0, 65536, NULL},
};
SCHEMA(heartbeat_schema, "heartbeat", heartbeat_fields);

int heartbeat(struct call *c, struct err *e)
{
	struct request *r;

	if (!json_str(c->body, "agent_token"))
		return err_set(e, EINVAL, "Agent token is required for heartbeat processing.");
	r = call_request(c, REQ_HEARTBEAT, c->params[0]);
	r->args = json_incref(c->body);
	r->text = xstrdup(http_peer(c->req));
	return call_submit(c, r, finish_accepted);
}

static void finish_inspection(struct call *c, struct request *r)
{
	put_links(c, r->answer);
	call_reply_json(c, 202, r->answer ? TAKE_PTR(r->answer) : json_object());
}

int continue_inspection(struct call *c, struct err *e)
{
	const char *uuid = http_arg(c->req, "node_uuid");
	struct request *r;

	if (uuid && !uuid_valid(uuid))
		return err_set(e, EINVAL, "node_uuid: expected a UUID");
	if (!json_is_object(c->body))
		return err_set(e, EINVAL, "expected an object with the inventory");
	r = call_request(c, REQ_INSPECTION, NULL);
	r->args = json_pack("{s:s?, s:O}", "node_uuid", uuid, "data", c->body);
	r->flag = c->version >= 84;
	r->text = xstrdup(http_peer(c->req));
	return call_submit(c, r, finish_inspection);
}
