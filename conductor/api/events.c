/* Events that other services tell of ports of networks; checked, and noted in the log. */
#include "conductor/api/allocations.h"
#include "conductor/api/handlers.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

#include <errno.h>

#define EVENTS_MAX 1000
#define STR_NULL   (T_STR | T_NULL)

static const char *const names[] = {
	"network.bind_port", "network.unbind_port", "network.delete_port"};

static int check_event_name(const char *name, json_t *value, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(json_string_value(value), names[i]))
			return 0;
	return err_set(e, EINVAL, "%s: expected %s, %s or %s, but received %.64s", name, names[0],
		names[1], names[2], json_string_value(value));
}

static const struct schema_field event_fields[] = {
	{"event", T_STR, S_REQUIRED, 0, check_event_name},
	{"port_id", T_STR, S_REQUIRED, 0, check_uuid},
	{"mac_address", T_STR, S_REQUIRED, 0, check_mac},
	{"status", T_STR, S_REQUIRED, 0, NULL},
	{"device_id", STR_NULL, 0, 0, check_uuid},
	{"binding:host_id", STR_NULL, 0, 0, check_uuid},
	{"binding:vnic_type", STR_NULL, 0, 0, NULL},
};
static SCHEMA(event_schema, "event", event_fields);

static int check_events(const char *name, json_t *value, struct err *e)
{
	json_t *event;
	size_t i;

	if (!json_array_size(value))
		return err_set(e, EINVAL, "%s: expected at least one", name);
	json_array_foreach (value, i, event) {
		if (schema_body(&event_schema, 0, event, e) < 0)
			return err_prefix(e, "%s[%zu]", name, i);
	}
	return 0;
}

static const struct schema_field events_fields[] = {
	{"events", T_ARR, S_REQUIRED, EVENTS_MAX, check_events},
};
SCHEMA(events_schema, "events", events_fields);

int events_post(struct call *c, struct err *e)
{
	json_t *event;
	size_t i;

	json_array_foreach (json_object_get(c->body, "events"), i, event)
		log_debug("event %s: port %s, %s", json_str(event, "event"),
			json_str(event, "mac_address"), json_str(event, "status"));
	call_reply_empty(c, 204);
	return 0;
}
