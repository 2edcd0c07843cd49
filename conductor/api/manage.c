/*
 * What a node's management is asked for: boot device, boot mode, secure boot, NMI, indicators,
 * virtual media; and its VIFs.
 */
#include "conductor/api/handlers.h"
#include "conductor/api/resource.h"
#include "conductor/api/states.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <errno.h>
#include <string.h>

/* args is taken. */
static int ask(struct call *c, enum node_ask what, json_t *args,
	void (*finish)(struct call *c, struct request *r))
{
	struct request *r = call_request(c, REQ_ASK, c->params[0]);

	r->ask = what;
	r->args = args;
	return call_submit(c, r, finish);
}

/* The first error of what was asked for without anybody asking it. */
static int ask_args(
	struct call *c, enum node_ask what, void (*finish)(struct call *c, struct request *r))
{
	return ask(c, what, json_incref(c->body), finish);
}

static const struct schema_field boot_device_fields[] = {
	{"boot_device", T_STR, S_REQUIRED, 0, NULL},
	{"persistent", T_BOOL | T_NULL, 0, 0, NULL},
};
SCHEMA(boot_device_schema, "boot_device", boot_device_fields);

int boot_device_get(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_BOOT_DEVICE_GET, c->params[0]), finish_answer);
}

int boot_device_put(struct call *c, struct err *e)
{
	struct request *r = call_request(c, REQ_BOOT_DEVICE_SET, c->params[0]);

	if (!json_object_get(c->body, "persistent"))
		json_object_set_new(c->body, "persistent", json_false());
	r->args = json_incref(c->body);
	return call_submit(c, r, finish_no_content);
}

int boot_device_supported(struct call *c, struct err *e)
{
	return call_submit(
		c, call_request(c, REQ_BOOT_DEVICE_SUPPORTED, c->params[0]), finish_answer);
}

static int check_boot_mode(const char *name, json_t *value, struct err *e)
{
	const char *mode = json_string_value(value);

	if (str_eq(mode, "uefi") || str_eq(mode, "bios"))
		return 0;
	return err_set(
		e, EINVAL, "%s: \"%.64s\" is no boot mode; expected uefi or bios", name, mode);
}

static const struct schema_field boot_mode_fields[] = {
	{"target", T_STR, S_REQUIRED, 0, check_boot_mode},
};
SCHEMA(boot_mode_schema, "boot_mode", boot_mode_fields);

int boot_mode_put(struct call *c, struct err *e)
{
	return ask_args(c, ASK_BOOT_MODE, finish_states);
}

static const struct schema_field secure_boot_fields[] = {
	{"target", T_BOOL, S_REQUIRED, 0, NULL},
};
SCHEMA(secure_boot_schema, "secure_boot", secure_boot_fields);

int secure_boot_put(struct call *c, struct err *e)
{
	return ask_args(c, ASK_SECURE_BOOT, finish_states);
}

/* An empty object: no member is ever taken. */
static const struct schema_field nothing_fields[] = {{"", 0, S_NO_CREATE, 0, NULL}};
SCHEMA(nothing_schema, "inject_nmi", nothing_fields);

int inject_nmi(struct call *c, struct err *e)
{
	return ask(c, ASK_NMI, NULL, finish_no_content);
}

/* As the API lists one: "led@system", with links that go by the name the node was asked for. */
static json_t *indicator(
	struct call *c, const char *component, const char *name, const json_t *facts)
{
	_cleanup_free_ char *at = xasprintf("%s@%s", name, component);
	_cleanup_free_ char *below = xasprintf("management/indicators/%s", at);

	return json_pack("{s:s, s:s, s:O, s:O, s:o}", "name", at, "component", component,
		"readonly", json_object_get(facts, "readonly"), "states",
		json_object_get(facts, "states"), "links",
		call_links(c, "nodes", c->params[0], below));
}

static void finish_indicators(struct call *c, struct request *r)
{
	json_t *list = json_array(), *names, *facts;
	const char *component, *name;

	json_object_foreach (r->answer, component, names)
		json_object_foreach (names, name, facts)
			json_array_append_new(list, indicator(c, component, name, facts));
	call_reply_json(c, 200, json_pack("{s:o}", "indicators", list));
}

int indicators_list(struct call *c, struct err *e)
{
	return ask(c, ASK_INDICATORS, NULL, finish_indicators);
}

/* "led@system" in the path; NULL: it is no such name. */
static json_t *indicator_args(const struct call *c, struct err *e)
{
	const char *at = strchr(c->params[1], '@');
	_cleanup_free_ char *name = NULL;
	json_t *args;

	if (at)
		name = xstrndup(c->params[1], (size_t)(at - c->params[1]));
	args = at ? json_pack("{s:s, s:s}", "name", name, "component", at + 1) : NULL;
	if (!args)
		err_set(e, EINVAL, "indicator %.64s: expected a name as in led@system",
			c->params[1]);
	return args;
}

static void finish_indicator(struct call *c, struct request *r)
{
	call_reply_json(c, 200, json_pack("{s:O}", "state", r->answer));
}

int indicator_get(struct call *c, struct err *e)
{
	json_t *args = indicator_args(c, e);

	return args ? ask(c, ASK_INDICATOR, args, finish_indicator) : -e->code;
}

static const struct schema_field indicator_fields[] = {
	{"state", T_STR, S_REQUIRED, 0, NULL},
};
SCHEMA(indicator_schema, "indicator", indicator_fields);

int indicator_put(struct call *c, struct err *e)
{
	json_t *args = indicator_args(c, e);

	if (!args)
		return -e->code;
	json_object_set(args, "state", json_object_get(c->body, "state"));
	return ask(c, ASK_INDICATOR_SET, args, finish_no_content);
}

static bool is_medium(const char *name)
{
	return str_eq(name, "disk") || str_eq(name, "cdrom") || str_eq(name, "floppy");
}

static int check_medium(const char *name, json_t *value, struct err *e)
{
	if (is_medium(json_string_value(value)))
		return 0;
	return err_set(e, EINVAL, "%s: %.64s: expected disk, cdrom or floppy", name,
		json_string_value(value));
}

static int check_image_url(const char *name, json_t *value, struct err *e)
{
	const char *url = json_string_value(value);

	if (str_starts(url, "http://") || str_starts(url, "https://"))
		return 0;
	return err_set(e, EINVAL, "%s: %.200s: expected an http:// or https:// URL", name, url);
}

static int check_source(const char *name, json_t *value, struct err *e)
{
	const char *source = json_string_value(value);

	if (str_eq(source, "http") || str_eq(source, "local") || str_eq(source, "swift"))
		return 0;
	return err_set(e, EINVAL, "%s: %.64s: expected http, local or swift", name, source);
}

static const struct schema_field vmedia_fields[] = {
	{"device_type", T_STR, S_REQUIRED, 0, check_medium},
	{"image_url", T_STR, S_REQUIRED, 4096, check_image_url},
	{"image_download_source", T_STR, 0, 0, check_source},
};
SCHEMA(vmedia_schema, "vmedia", vmedia_fields);

int vmedia_get(struct call *c, struct err *e)
{
	return ask(c, ASK_VMEDIA, NULL, finish_answer);
}

int vmedia_attach(struct call *c, struct err *e)
{
	return ask_args(c, ASK_VMEDIA_ATTACH, finish_no_content);
}

/* ?device_types=cdrom,floppy; all without it. */
int vmedia_detach(struct call *c, struct err *e)
{
	_cleanup_free_ char *text = xstrdup(http_arg(c->req, "device_types"));
	json_t *args = json_object(), *types;
	char *save = NULL;

	if (str_empty(text))
		return ask(c, ASK_VMEDIA_DETACH, args, finish_no_content);
	types = json_array();
	json_object_set_new(args, "device_types", types);
	for (char *t = strtok_r(text, ",", &save); t; t = strtok_r(NULL, ",", &save)) {
		t = str_trim(t);
		if (!is_medium(t)) {
			json_decref(args);
			return err_set(e, EINVAL,
				"device_types: %.64s: expected disk, cdrom or floppy", t);
		}
		json_array_append_new(types, json_string(t));
	}
	return ask(c, ASK_VMEDIA_DETACH, args, finish_no_content);
}

static void finish_vifs(struct call *c, struct request *r)
{
	call_reply_json(c, 200, json_pack("{s:O}", "vifs", r->answer));
}

int vifs_get(struct call *c, struct err *e)
{
	return ask(c, ASK_VIFS, NULL, finish_vifs);
}

static int check_vif(const char *id, struct err *e)
{
	if (id && (uuid_valid(id) || node_name_valid(id)))
		return 0;
	return err_set(
		e, EINVAL, "id: expected the VIF's UUID or name, not %.64s", id ? id : "nothing");
}

/* What else it says is the network interface's. */
int vif_attach(struct call *c, struct err *e)
{
	if (check_vif(json_str(c->body, "id"), e) < 0)
		return -e->code;
	if (c->version >= 67 && json_object_get(c->body, "port_uuid") &&
		json_object_get(c->body, "portgroup_uuid"))
		return err_set(e, EINVAL, "port_uuid and portgroup_uuid: only one of them");
	return ask_args(c, ASK_VIF_ATTACH, finish_no_content);
}

int vif_detach(struct call *c, struct err *e)
{
	if (check_vif(c->params[1], e) < 0)
		return -e->code;
	return ask(c, ASK_VIF_DETACH, json_pack("{s:s}", "id", c->params[1]), finish_no_content);
}
