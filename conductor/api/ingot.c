/* Ingot's own API: why, progress, boot records, the waiting list, phone-home, inventory, metrics.
 */
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/base/uuid.h"
#include "lib/hwid/mac.h"

#include <errno.h>
#include <string.h>

#define EVENTS_SHOWN 20
#define REPORT_MAX   ((size_t)256 * 1024 * 1024)

static void put_time(json_t *j, const char *key, int64_t wall_us)
{
	char when[TIME_TEXT_MAX];

	json_put_str(j, key, time_format(wall_us, when, sizeof(when)));
}

static int add_event(void *data, const void *rec)
{
	const struct node_event *ev = rec;
	json_t *j = json_object();

	put_time(j, "at", ev->created_at);
	json_put_str(j, "severity", ev->severity);
	json_put_str(j, "type", ev->event_type);
	json_put_str(j, "from", ev->from_state);
	json_put_str(j, "to", ev->to_state);
	json_put_str(j, "event", ev->event);
	json_put_int(j, "duration_ms", ev->duration_ms);
	json_put_str(j, "user", ev->user);
	json_array_append_new(data, j);
	return 0;
}

/* The newest first; most 0: all. Read on the API's thread; the engine must not wait for the store.
 */
static json_t *events_of(struct call *c, const char *ident, int most)
{
	struct store *store = call_store(c);
	struct store_filter mine = {"node_uuid", STORE_EQ, ident};
	struct store_query last = {.filters = &mine,
		.n_filters = 1,
		.sort_key = "id",
		.descending = true,
		.limit = most};
	json_t *events = json_array();
	_cleanup_node_ struct node n;
	struct err err;

	node_init(&n);
	if (!uuid_valid(ident) && store_get(store, &node_type, "name", ident, &n, &err) == 0)
		mine.value = n.uuid;
	store_list(store, &node_event_type, &last, add_event, events, &err);
	return events;
}

/* The events travel with the request, so that the answer holds both. */
static void finish_why(struct call *c, struct request *r)
{
	json_object_set_new(r->answer, "events", TAKE_PTR(c->json));
	finish_answer(c, r);
}

/* All that is kept of a node's history, oldest first. */
int story_get(struct call *c, struct err *e)
{
	json_t *newest_first = events_of(c, c->params[0], 0), *events = json_array();

	for (size_t i = json_array_size(newest_first); i-- > 0;)
		json_array_append(events, json_array_get(newest_first, i));
	json_decref(newest_first);
	call_reply_json(c, 200, json_pack("{s:s, s:o}", "node", c->params[0], "events", events));
	return 0;
}

int why_get(struct call *c, struct err *e)
{
	c->json = events_of(c, c->params[0], EVENTS_SHOWN);
	return call_submit(c, call_request(c, REQ_WHY, c->params[0]), finish_why);
}

int progress_list(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_PROGRESS_GET, NULL), finish_answer);
}

int progress_get(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_PROGRESS_GET, c->params[0]), finish_answer);
}

/* The agent's report; it proves itself by the token in the body. */
int progress_post(struct call *c, struct err *e)
{
	struct request *r;

	if (!json_is_object(c->body) || !json_str(c->body, "agent_token"))
		return err_set(e, EINVAL, "agent_token: is required, and a string");
	r = call_request(c, REQ_PROGRESS, c->params[0]);
	r->args = json_incref(c->body);
	r->text = xstrdup(http_peer(c->req));
	return call_submit(c, r, finish_no_content);
}

/* The path's MAC address in its normal form. */
static int mac_param(const struct call *c, char ret[static MAC_TEXT_MAX], struct err *e)
{
	if (mac_normalise(c->params[0], ret) < 0)
		return err_set(
			e, EINVAL, "Expected a MAC address but received %.64s.", c->params[0]);
	return 0;
}

/* Of a MAC address, or of a node by its name or UUID. */
int boot_get(struct call *c, struct err *e)
{
	char mac[MAC_TEXT_MAX];
	bool is_mac = mac_normalise(c->params[0], mac) == 0;

	return call_submit(
		c, call_request(c, REQ_BOOT_RECORDS, is_mac ? mac : c->params[0]), finish_answer);
}

int queue_list(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_QUEUE_LIST, NULL), finish_answer);
}

int queue_put(struct call *c, struct err *e)
{
	struct request *r = call_request(c, REQ_QUEUE_PRIORITY, c->params[0]);

	r->args = json_incref(c->body);
	return call_submit(c, r, finish_no_content);
}

/* All, or with troubled=true those that fail or froze. */
int bmc_list(struct call *c, struct err *e)
{
	const char *troubled = http_arg(c->req, "troubled");
	struct request *r;
	bool only = false;

	if (troubled && str_to_bool(troubled, &only) < 0)
		return err_set(e, EINVAL, "troubled: expected true or false");
	r = call_request(c, REQ_BMC_LIST, NULL);
	r->flag = only;
	return call_submit(c, r, finish_answer);
}

int waiting_list(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_WAITING_LIST, NULL), finish_answer);
}

static void finish_node(struct call *c, struct request *r)
{
	resource_reply(c, 201, &node_resource, r->answer);
}

static int accept_waiting(struct call *c, const char *mac, struct err *e)
{
	struct request *r;

	json_object_del(c->body, "action");
	if (schema_body(&node_schema, c->version, c->body, e) < 0)
		return -e->code;
	r = call_request(c, REQ_WAITING_ACCEPT, mac);
	r->args = json_incref(c->body);
	return call_submit(c, r, finish_node);
}

int waiting_post(struct call *c, struct err *e)
{
	const char *action = json_str(c->body, "action");
	char mac[MAC_TEXT_MAX];
	struct request *r;

	if (mac_param(c, mac, e) < 0)
		return -e->code;
	if (str_eq(action, "accept"))
		return accept_waiting(c, mac, e);
	if (!str_eq(action, "ignore") && !str_eq(action, "unignore"))
		return err_set(e, EINVAL, "action: expected accept, ignore or unignore");
	r = call_request(c, REQ_WAITING_IGNORE, mac);
	r->flag = str_eq(action, "ignore");
	return call_submit(c, r, finish_no_content);
}

/* A deployed system says that it is there; the token in the path was made for this one deploy. */
int phone_home(struct call *c, struct err *e)
{
	struct request *r;

	if (c->body && !json_is_object(c->body))
		return err_set(e, EINVAL, "expected an object");
	r = call_request(c, REQ_PHONE_HOME, c->params[0]);
	r->args = c->body ? json_incref(c->body) : json_object();
	r->text = xstrdup(http_peer(c->req));
	return call_submit(c, r, finish_no_content);
}

static int reply_buf(struct call *c, const char *type, struct buf *b, int r, struct err *e)
{
	size_t len = b->len;

	if (r == 0 && b->overflow)
		r = err_set(e, E2BIG, "the answer is too large");
	if (r < 0) {
		buf_done(b);
		return r;
	}
	(void)buf_str(b);
	if (!b->data)
		buf_puts(b, "");
	call_reply_text(c, 200, type, buf_take(b), len);
	return 0;
}

int inventory_export(struct call *c, struct err *e)
{
	const struct api_report *report = &call_config(c)->report;
	const char *format = http_arg(c->req, "format");
	struct buf out = BUF_INIT(REPORT_MAX);
	int r;

	format = format ? format : "json";
	if (!str_eq(format, "json") && !str_eq(format, "csv"))
		return err_set(e, EINVAL, "format: expected json or csv");
	if (!report->inventory)
		return err_set(e, ENOENT, "This conductor keeps no inventory to export");
	r = report->inventory(report->data, format, &out, e);
	return reply_buf(c, str_eq(format, "csv") ? "text/csv; charset=utf-8" : "application/json",
		&out, r, e);
}

int metrics_get(struct call *c, struct err *e)
{
	const struct api_report *report = &call_config(c)->report;
	struct buf out = BUF_INIT(REPORT_MAX);
	int r;

	if (!report->metrics)
		return err_set(e, ENOENT, "This conductor keeps no metrics");
	r = report->metrics(report->data, &out, e);
	return reply_buf(c, "text/plain; version=0.0.4; charset=utf-8", &out, r, e);
}
