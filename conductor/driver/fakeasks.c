/*
 * What a fake machine's management is asked for: boot mode, secure boot, NMI, lamps and virtual
 * media. Its lamps are those of Ironic's fake machine; what is changed stays in the record.
 */
#include "conductor/driver/driver.h"
#include "lib/base/str.h"

#include <errno.h>

#define LAMPS "fake_indicators" /* in driver_internal_info: "name@component" -> state, not "on" */
#define MEDIA "fake_vmedia"	/* device type -> image URL */

static const struct lamp {
	const char *component, *name;
	bool readonly;
	const char *states[4];
} lamps[] = {
	{"chassis", "led-0", true, {"off", "on"}},
	{"system", "led", false, {"blinking", "off", "on"}},
};

static const struct {
	const char *type, *media; /* as the API and as Redfish call it */
	const char *also;
} drives[] = {{"cdrom", "CD", "DVD"}, {"disk", "USBStick", NULL}, {"floppy", "Floppy", NULL}};

static void manage(struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	fake_answer(env, n, "management", op, NULL);
}

static json_t *states_of(const struct lamp *l)
{
	json_t *states = json_array();

	for (const char *const *s = l->states; *s; s++)
		json_array_append_new(states, json_string(*s));
	return states;
}

static void list_lamps(
	struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	json_t *all = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(lamps); i++)
		json_object_set_new(all, lamps[i].component,
			json_pack("{s:{s:b, s:o}}", lamps[i].name, "readonly",
				(int)lamps[i].readonly, "states", states_of(&lamps[i])));
	fake_answer(env, n, "management", op, all);
}

static const struct lamp *find_lamp(const json_t *args, struct err *e)
{
	const char *component = json_str(args, "component"), *name = json_str(args, "name");
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(lamps); i++) {
		known |= str_eq(lamps[i].component, component);
		if (str_eq(lamps[i].component, component) && str_eq(lamps[i].name, name))
			return &lamps[i];
	}
	err_set(e, EINVAL,
		known ? "indicator %.64s: component %.64s has none of that name"
		      : "indicator %.64s: there is no component %.64s",
		name, component);
	return NULL;
}

static int check_lamp(const struct node *n, const json_t *args, struct err *e)
{
	return find_lamp(args, e) ? 0 : -EINVAL;
}

static int check_lamp_set(const struct node *n, const json_t *args, struct err *e)
{
	const struct lamp *l = find_lamp(args, e);
	const char *state = json_str(args, "state");

	if (!l)
		return -EINVAL;
	if (l->readonly)
		return err_set(
			e, EINVAL, "indicator %s@%s: it can only be read", l->name, l->component);
	for (const char *const *s = l->states; *s; s++)
		if (str_eq(*s, state))
			return 0;
	return err_set(e, EINVAL, "state: %.64s: expected blinking, off or on", state);
}

static char *lamp_key(const json_t *args)
{
	return xasprintf("%s@%s", json_str(args, "name"), json_str(args, "component"));
}

static void get_lamp(
	struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	_cleanup_free_ char *key = lamp_key(args);
	const char *state = json_str(json_object_get(n->driver_internal_info, LAMPS), key);

	fake_answer(env, n, "management", op, json_string(state ? state : "on"));
}

/* An object in driver_internal_info, made when there is none. */
static json_t *kept(struct node *n, const char *name)
{
	json_t *object = json_object_get(n->driver_internal_info, name);

	if (!json_is_object(object))
		json_object_set_new(n->driver_internal_info, name, object = json_object());
	return object;
}

static void drop_empty(struct node *n, const char *name)
{
	if (!json_object_size(json_object_get(n->driver_internal_info, name)))
		json_object_del(n->driver_internal_info, name);
}

static void lamp_set(struct node *n, const json_t *args)
{
	_cleanup_free_ char *key = lamp_key(args);

	if (str_eq(json_str(args, "state"), "on"))
		json_object_del(kept(n, LAMPS), key);
	else
		json_put_str(kept(n, LAMPS), key, json_str(args, "state"));
	drop_empty(n, LAMPS);
}

static void list_media(
	struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	const json_t *inserted = json_object_get(n->driver_internal_info, MEDIA);
	json_t *all = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(drives); i++) {
		const char *image = json_str(inserted, drives[i].type);
		json_t *types = json_pack("[s]", drives[i].media);

		if (drives[i].also)
			json_array_append_new(types, json_string(drives[i].also));
		json_array_append_new(
			all, json_pack("{s:o, s:b, s:o}", "media_types", types, "inserted",
				     image != NULL, "image", json_string_or_null(image)));
	}
	fake_answer(env, n, "management", op, all);
}

static void media_attached(struct node *n, const json_t *args)
{
	json_put_str(kept(n, MEDIA), json_str(args, "device_type"), json_str(args, "image_url"));
}

static void media_detached(struct node *n, const json_t *args)
{
	const json_t *types = json_object_get(args, "device_types");
	json_t *type;
	size_t i;

	if (!types)
		json_object_clear(kept(n, MEDIA));
	json_array_foreach ((json_t *)types, i, type)
		json_object_del(kept(n, MEDIA), json_string_value(type));
	drop_empty(n, MEDIA);
}

const struct ask_ops fake_asks[ASK_COUNT] = {
	[ASK_BOOT_MODE] = {.start = manage},
	[ASK_SECURE_BOOT] = {.start = manage},
	[ASK_NMI] = {.start = manage},
	[ASK_INDICATORS] = {.start = list_lamps},
	[ASK_INDICATOR] = {.check = check_lamp, .start = get_lamp},
	[ASK_INDICATOR_SET] = {.check = check_lamp_set, .start = manage, .finish = lamp_set},
	[ASK_VMEDIA] = {.start = list_media},
	[ASK_VMEDIA_ATTACH] = {.start = manage, .finish = media_attached},
	[ASK_VMEDIA_DETACH] = {.start = manage, .finish = media_detached},
};
