/* What an agent did to disks, read out of the results of its commands. */
#include "conductor/flow/flow.h"
#include "lib/base/str.h"

#include <string.h>

#define DISKS_MAX 256 /* of one command */

/* Where a command's result may tell of disks: of its step, or of itself. */
static const char *const places[] = {"clean_result", "deploy_result", "service_result"};

static const json_t *disks_of(const json_t *result)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const json_t *inner = json_object_get(result, places[i]);

		if (json_is_array(json_object_get(inner, "disks")))
			return json_object_get(inner, "disks");
	}
	return json_object_get(result, "disks");
}

/* "erase_devices_metadata" of a step's command, "write_image" of prepare_image. */
static const char *step_of(const json_t *command, const json_t *result)
{
	static const char *const keys[] = {"clean_step", "deploy_step", "service_step"};
	const char *name = json_str(command, "command_name");

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *step = json_str(json_object_get(result, keys[i]), "step");

		if (step)
			return step;
	}
	return name && strstr(name, "prepare_image") ? "write_image" : name;
}

void flow_note_disks(struct flow_run *run, const json_t *command)
{
	const json_t *result = json_object_get(command, "command_result"),
		     *disks = disks_of(result);
	json_t *disk;
	size_t i;

	if (!json_is_array(disks))
		return;
	if (!run->found.disks)
		run->found.disks = json_array();
	json_array_foreach ((json_t *)disks, i, disk) {
		json_t *copy = json_is_object(disk) ? json_deep_copy(disk) : NULL;

		if (!copy || json_array_size(run->found.disks) >= DISKS_MAX) {
			json_decref(copy);
			continue;
		}
		json_put_str(copy, "step", step_of(command, result));
		json_array_append_new(run->found.disks, copy);
	}
}

void flow_note_settings(struct flow_run *run, const json_t *value)
{
	json_t *bios = json_object_get(value, "bios"),
	       *firmware = json_object_get(value, "firmware");

	if (bios) {
		json_decref(run->found.bios);
		run->found.bios = json_incref(bios);
	}
	if (firmware && !run->found.firmware)
		run->found.firmware = json_array();
	if (firmware)
		json_array_extend(run->found.firmware, firmware);
}
