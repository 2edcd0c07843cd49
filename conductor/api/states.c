/* A node's states: what it is in, and every way to ask for another. */
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "conductor/api/states.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static const char *const state_fields[] = {"boot_mode", "console_enabled", "last_error",
	"power_state", "provision_state", "provision_updated_at", "raid_config", "secure_boot",
	"target_power_state", "target_provision_state", "target_raid_config", NULL};

int states_get(struct call *c, struct err *e)
{
	struct node_key key;
	int r = node_key(c, c->params[0], &key, e);

	return r < 0 ? r : resource_show(c, &node_resource, key.column, key.value, state_fields, e);
}

static const struct schema_field provision_fields[] = {
	{"target", T_STR, S_REQUIRED, 0, NULL},
	{"configdrive", T_STR | T_OBJ | T_NULL, 0, (size_t)64 * 1024 * 1024, NULL},
	{"clean_steps", T_ARR | T_NULL, 0, 1000, check_steps},
	{"deploy_steps", T_ARR | T_NULL, 0, 1000, check_deploy_steps},
	{"service_steps", T_ARR | T_NULL, 0, 1000, check_steps},
	{"rescue_password", T_STR, 0, 0, NULL},
	{"disable_ramdisk", T_BOOL, 0, 0, NULL},
	{"runbook", T_STR, 0, 0, NULL},
};
SCHEMA(provision_schema, "provision", provision_fields);

/* Which verbs take which part of the body, and which cannot do without. */
static const struct {
	const char *field;
	enum verb verbs[3], required;
} parts[] = {
	{"configdrive", {VERB_DEPLOY, VERB_REBUILD}, VERB_NONE},
	{"clean_steps", {VERB_CLEAN}, VERB_CLEAN},
	{"deploy_steps", {VERB_DEPLOY, VERB_REBUILD}, VERB_NONE},
	{"service_steps", {VERB_SERVICE}, VERB_SERVICE},
	{"rescue_password", {VERB_RESCUE}, VERB_RESCUE},
	{"disable_ramdisk", {VERB_CLEAN, VERB_SERVICE}, VERB_NONE},
	{"runbook", {VERB_CLEAN, VERB_SERVICE}, VERB_NONE},
};

static int check_part(size_t i, enum verb verb, const json_t *body, struct err *e)
{
	const json_t *part = json_object_get(body, parts[i].field);
	bool given = part && !json_is_null(part), fits = false;

	for (size_t k = 0; k < ARRAY_SIZE(parts[i].verbs); k++)
		fits |= parts[i].verbs[k] == verb;
	if (given && !fits)
		return err_set(e, EINVAL, "%s: not allowed with target '%s'", parts[i].field,
			verb_names[verb]);
	if (!given && parts[i].required == verb && !json_object_get(body, "runbook"))
		return err_set(e, EINVAL, "%s: is required with target '%s'", parts[i].field,
			verb_names[verb]);
	return 0;
}

/* Contract 2.11: base64 or a URL. */
static int check_drive_text(const char *text, struct err *e)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/=\r\n";

	if (str_starts(text, "http://") || str_starts(text, "https://"))
		return 0;
	if (!*text || text[strspn(text, alphabet)])
		return err_set(e, EINVAL,
			"configdrive: expected an object, a URL, or base64 of a gzipped ISO image");
	return 0;
}

static int check_drive_object(const json_t *drive, int version, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)drive, key, value) {
		bool objects = str_eq(key, "meta_data") || str_eq(key, "network_data") ||
			       str_eq(key, "vendor_data");

		if (!objects && !str_eq(key, "user_data"))
			return err_set(e, EINVAL,
				"configdrive: %.64s: unexpected field; it takes meta_data, "
				"network_data, user_data and vendor_data",
				key);
		if (objects && !json_is_object(value) && !json_is_null(value))
			return err_set(e, EINVAL, "configdrive: %s: expected an object", key);
		if (json_is_number(value) || json_is_boolean(value))
			return err_set(e, EINVAL,
				"configdrive: %s: expected a string, an object or an array", key);
	}
	if (!json_object_get(drive, "vendor_data"))
		return 0;
	return version_check(version, "provision", "vendor_data", e);
}

static int check_drive(const json_t *drive, enum verb verb, int version, struct err *e)
{
	int r;

	if (!drive || json_is_null(drive))
		return 0;
	r = verb == VERB_REBUILD ? version_check(version, "provision", "configdrive rebuild", e)
				 : 0;
	if (r == 0 && json_is_string(drive))
		return check_drive_text(json_string_value(drive), e);
	if (r == 0)
		r = version_check(version, "provision", "configdrive object", e);
	return r < 0 ? r : check_drive_object(drive, version, e);
}

static int check_parts(int version, enum verb verb, const json_t *body, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = check_part(i, verb, body, e);
	if (r == 0 && verb == VERB_SERVICE && json_object_get(body, "disable_ramdisk"))
		r = version_check(version, "provision", "disable_ramdisk service", e);
	return r;
}

int provision_check(int version, const json_t *body, enum verb *ret, struct err *e)
{
	const char *target = json_str(body, "target");
	enum verb verb = verb_parse(target);
	int r;

	if (!verb)
		return err_set(
			e, EINVAL, "The requested provision state \"%.64s\" is invalid", target);
	r = version_check(version, "provision", target, e);
	if (r == 0)
		r = check_parts(version, verb, body, e);
	if (r == 0)
		r = check_drive(json_object_get(body, "configdrive"), verb, version, e);
	if (r == 0)
		*ret = verb;
	return r;
}

int states_provision(struct call *c, struct err *e)
{
	struct request *r;
	enum verb verb;

	if (provision_check(c->version, c->body, &verb, e) < 0)
		return -e->code;
	r = call_request(c, REQ_PROVISION, c->params[0]);
	r->verb = verb;
	r->version = c->version;
	r->args = json_incref(c->body);
	r->would = c->would;
	if (c->would && c->json)
		r->edit = node_patched;
	return call_submit(c, r, finish_states);
}

static const struct schema_field power_fields[] = {
	{"target", T_STR, S_REQUIRED, 0, NULL},
	{"timeout", T_INT | T_NULL, 0, 0, NULL},
};
SCHEMA(power_schema, "power", power_fields);

int power_check(int version, const json_t *body, enum power_state *ret, struct err *e)
{
	const char *target = json_str(body, "target");
	enum power_state power = power_state_parse(target);
	const json_t *timeout = json_object_get(body, "timeout");
	int r = version_check(version, "power", target, e);

	if (r < 0)
		return r;
	if (!power || power == POWER_ERROR)
		return err_set(e, EINVAL,
			"target: \"%.64s\" is invalid; expected power on, power off, rebooting, "
			"soft "
			"power off or soft rebooting",
			target);
	if (json_is_integer(timeout) && json_integer_value(timeout) < 1)
		return err_set(e, EINVAL, "timeout: expected at least 1 second");
	*ret = power;
	return 0;
}

int states_power(struct call *c, struct err *e)
{
	struct request *r;
	enum power_state power;

	if (power_check(c->version, c->body, &power, e) < 0)
		return -e->code;
	r = call_request(c, REQ_POWER, c->params[0]);
	r->power = power;
	r->args = json_incref(c->body);
	return call_submit(c, r, finish_states);
}

/* What it may say is the interface's to check (conductor/driver/raid.h); {} takes it back. */
int states_raid(struct call *c, struct err *e)
{
	struct request *r;

	if (!json_is_object(c->body))
		return err_set(e, EINVAL, "target_raid_config: expected an object");
	r = call_request(c, REQ_RAID_TARGET, c->params[0]);
	r->args = json_incref(c->body);
	return call_submit(c, r, finish_no_content);
}

/* As Ironic: null while it is not enabled, nothing to tell of one that is none. */
static void finish_console(struct call *c, struct request *r)
{
	bool enabled = json_flag(r->answer, "console_enabled", false);
	bool fake = json_flag(r->answer, "fake", false);
	const char *tcp = json_str(json_object_get(r->answer, "console"), "tcp");
	_cleanup_free_ char *ours = NULL;
	json_t *info = json_null();

	if (enabled && tcp) {
		info = json_pack("{s:s, s:s}", "type", "socat", "url", tcp);
	} else if (enabled && fake) {
		info = json_object();
	} else if (enabled) {
		ours = xasprintf(
			"%s/ingot/v1/nodes/%s/console", c->base, json_str(r->answer, "uuid"));
		info = json_pack("{s:s, s:s}", "type", "ingot", "url", ours);
	}
	call_reply_json(
		c, 200, json_pack("{s:b, s:o}", "console_enabled", enabled, "console_info", info));
}

int console_get(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_CONSOLE_GET, c->params[0]), finish_console);
}

static const struct schema_field console_fields[] = {
	{"enabled", T_BOOL, S_REQUIRED, 0, NULL},
};
SCHEMA(console_schema, "console", console_fields);

static void finish_console_set(struct call *c, struct request *r)
{
	_cleanup_free_ char *location =
		xasprintf("%s/v1/nodes/%s/states/console", c->base, c->params[0]);

	http_reply_header(c->req, "Location", location);
	call_reply_empty(c, 202);
}

int console_put(struct call *c, struct err *e)
{
	struct request *r = call_request(c, REQ_CONSOLE_SET, c->params[0]);

	r->flag = json_flag(c->body, "enabled", false);
	return call_submit(c, r, finish_console_set);
}

static const struct schema_field maintenance_fields[] = {
	{"reason", T_STR | T_NULL, 0, 4096, NULL},
};
SCHEMA(maintenance_schema, "maintenance", maintenance_fields);

static int set_maintenance(struct call *c, bool on)
{
	struct request *r = call_request(c, REQ_MAINTENANCE, c->params[0]);

	r->flag = on;
	r->text = xstrdup(json_str(c->body, "reason"));
	return call_submit(c, r, finish_accepted);
}

int maintenance_put(struct call *c, struct err *e)
{
	return set_maintenance(c, true);
}

int maintenance_delete(struct call *c, struct err *e)
{
	return set_maintenance(c, false);
}
