/*
 * What the steps of a fake machine do: BIOS settings, firmware and RAID that change because a step
 * said so. Effects are those of Ironic's fake interfaces; where those forget what they were told
 * (firmware, RAID), this one keeps it, as a real machine does.
 */
#include "conductor/driver/driver.h"
#include "conductor/driver/raid.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define ITEMS_MAX     1000
#define FIRST_VERSION "1.0.0" /* of each component, before it was updated */

/* args.settings: a list of objects that each have these two members. */
static int check_settings(const json_t *args, const char *key, const char *value, struct err *e)
{
	const json_t *settings = json_object_get(args, "settings");
	json_t *one;
	size_t i;

	if (!json_is_array(settings) || json_array_size(settings) > ITEMS_MAX)
		return err_set(
			e, EINVAL, "settings: expected a list of at most %d objects", ITEMS_MAX);
	json_array_foreach ((json_t *)settings, i, one)
		if (str_empty(json_str(one, key)) || !json_object_get(one, value))
			return err_set(
				e, EINVAL, "settings[%zu]: expected %s and %s", i, key, value);
	return 0;
}

/* Settings are texts. */
static json_t *as_text(json_t *value)
{
	_cleanup_free_ char *text = NULL;

	if (json_is_string(value) || json_is_null(value))
		return json_incref(value);
	text = json_text(value);
	return json_string(text);
}

/* As with Ironic's fake machine the settings it is given are all it has. */
static int apply_bios(const json_t *args, json_t **ret, struct err *e)
{
	json_t *settings, *one;
	size_t i;

	if (check_settings(args, "name", "value", e) < 0)
		return -EINVAL;
	settings = json_array();
	json_array_foreach (json_object_get(args, "settings"), i, one)
		json_array_append_new(
			settings, json_pack("{s:s, s:o}", "name", json_str(one, "name"), "value",
					  as_text(json_object_get(one, "value"))));
	*ret = json_pack("{s:o}", "bios", settings);
	return 0;
}

static int reset_bios(const json_t *args, json_t **ret, struct err *e)
{
	*ret = json_pack("{s:[]}", "bios");
	return 0;
}

/* The version is what the file is called: http://host/2.14.bin brings "2.14.bin". */
static int update_firmware(const json_t *args, json_t **ret, struct err *e)
{
	json_t *components, *one;
	size_t i;

	if (check_settings(args, "component", "url", e) < 0)
		return -EINVAL;
	components = json_array();
	json_array_foreach (json_object_get(args, "settings"), i, one) {
		const char *url = json_str(one, "url");
		const char *slash = url ? strrchr(url, '/') : NULL;
		const char *version = slash && slash[1] ? slash + 1 : FIRST_VERSION;

		json_array_append_new(components,
			json_pack("{s:s, s:s, s:s, s:s}", "component", json_str(one, "component"),
				"initial_version", FIRST_VERSION, "current_version", version,
				"last_version_flashed", version));
	}
	*ret = json_pack("{s:o}", "firmware", components);
	return 0;
}

static bool wanted(const json_t *args, const json_t *disk)
{
	bool root = json_flag(disk, "is_root_volume", false);

	return json_flag(args, root ? "create_root_volume" : "create_nonroot_volumes", true);
}

/* The wanted volumes of the target are what there is now. */
static void raid_created(struct node *n, const json_t *args)
{
	json_t *disks = json_array(), *disk;
	char now[TIME_TEXT_MAX];
	size_t i;

	if (!json_flag(args, "delete_existing", true))
		json_array_extend(disks, json_object_get(n->raid_config, "logical_disks"));
	json_array_foreach (json_object_get(n->target_raid_config, "logical_disks"), i, disk)
		if (wanted(args, disk))
			json_array_append_new(disks, json_deep_copy(disk));
	json_object_clear(n->raid_config);
	time_format(time_wall_us(), now, sizeof(now));
	json_object_set_new(n->raid_config, "logical_disks", disks);
	json_put_str(n->raid_config, "last_updated", now);
}

static void raid_deleted(struct node *n, const json_t *args)
{
	json_object_clear(n->raid_config);
}

static int check_apply(const json_t *args, json_t **ret, struct err *e)
{
	return raid_check(json_object_get(args, "raid_config"), e);
}

static void raid_applied(struct node *n, const json_t *args)
{
	json_decref(n->target_raid_config);
	n->target_raid_config = json_deep_copy(json_object_get(args, "raid_config"));
	raid_created(n, args);
}

/* Steps without a row take their time, and nothing changes. */
static const struct effect {
	enum interface interface;
	const char *name;
	int (*prepare)(const json_t *args, json_t **ret, struct err *e); /* *ret: the op's value */
	void (*finish)(struct node *n, const json_t *args);
} effects[] = {
	{IF_BIOS, "apply_configuration", apply_bios, NULL},
	{IF_BIOS, "factory_reset", reset_bios, NULL},
	{IF_FIRMWARE, "update", update_firmware, NULL},
	{IF_RAID, "create_configuration", NULL, raid_created},
	{IF_RAID, "delete_configuration", NULL, raid_deleted},
	{IF_RAID, "apply_configuration", check_apply, raid_applied},
};

static const struct effect *find_effect(const json_t *step)
{
	for (size_t i = 0; i < ARRAY_SIZE(effects); i++)
		if (str_eq(interface_names[effects[i].interface], json_str(step, "interface")) &&
			str_eq(effects[i].name, json_str(step, "step")))
			return &effects[i];
	return NULL;
}

void fake_step(struct driver_env *env, const struct node *n, const json_t *step, struct op *op)
{
	const struct effect *effect = find_effect(step);
	const char *interface = json_str(step, "interface");
	json_t *value = NULL;
	struct err e;

	if (effect && effect->prepare &&
		effect->prepare(json_object_get(step, "args"), &value, &e) < 0)
		fake_refuse(env, op, &e);
	else
		fake_answer(env, n, interface ? interface : "deploy", op, value);
}

void fake_step_done(struct node *n, const json_t *step)
{
	const struct effect *effect = find_effect(step);

	if (effect && effect->finish)
		effect->finish(n, json_object_get(step, "args"));
}
