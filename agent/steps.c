/* Steps; see steps.h. */
#include "agent/steps.h"
#include "agent/bootloader.h"
#include "agent/erase/metadata.h"
#include "agent/injectfiles.h"
#include "agent/inspection.h"
#include "agent/kernel.h"
#include "agent/standby.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MANAGER "generic_hardware_manager"

enum phase { PHASE_CLEAN, PHASE_DEPLOY, PHASE_SERVICE, PHASE_COUNT };

static const char *const phase_names[PHASE_COUNT] = {
	[PHASE_CLEAN] = "clean",
	[PHASE_DEPLOY] = "deploy",
	[PHASE_SERVICE] = "service",
};

struct step {
	const char *name, *interface;
	bool in[PHASE_COUNT];
	int priority[PHASE_COUNT];
	bool abortable;
	const char *argsinfo; /* JSON, NULL: none */
	/* args is {} when the conductor gave none. */
	int (*run)(struct agent *a, const json_t *args, json_t **ret_result, struct err *e);
};

/* What was done to one disk, for the audit of a cleaned machine. */
static json_t *erase_record(const json_t *disk, const struct erase_result *res, int64_t ms,
	const char *outcome, const char *error)
{
	static const char *const kept[] = {"serial", "wwn", "model", "size"};
	json_t *o = json_object();

	json_put_str(o, "disk", json_str(disk, "name"));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		json_object_set(o, kept[i], json_object_get(disk, kept[i]));
	json_put_str(o, "method", "metadata");
	json_put_str(o, "outcome", outcome);
	json_put_str(o, "error", error);
	json_object_set_new(o, "found", signatures_json(&res->found));
	json_put_int(o, "regions", res->regions);
	json_put_int(o, "bytes_zeroed", (int64_t)res->bytes);
	json_put_bool(o, "verified", res->bytes > 0);
	json_object_set_new(o, "seconds", json_real((double)ms / 1000));
	return o;
}

static void erase_progress(struct agent *a, const json_t *disk, size_t i, size_t n)
{
	struct progress_state s = {.bytes_done = 0};

	snprintf(s.phase, sizeof(s.phase), "erase_devices_metadata");
	snprintf(s.message, sizeof(s.message), "disk %zu of %zu: %s, serial %s", i + 1, n,
		json_str(disk, "name"), json_str(disk, "serial") ? json_str(disk, "serial") : "?");
	progress_set(a->progress, &s);
	say(a->journal, "%s: %s", s.phase, s.message);
}

/* A flag of the node's driver_internal_info. */
static bool told(struct agent *a, const char *flag)
{
	_cleanup_json_ json_t *node = agent_node(a);

	return json_flag(json_object_get(node, "driver_internal_info"), flag, false);
}

/* One disk; its record is added to `records` however it went. */
static int erase_one(struct agent *a, const json_t *disk, bool spare, bool skip_read_only,
	json_t *records, struct err *e)
{
	_cleanup_free_ char *path = agent_disk_path(a, disk);
	_cleanup_free_ struct erase_result *res = xcalloc(1, sizeof(*res));
	int64_t since_ms = time_mono_ms();
	int r = erase_metadata(path, (uint64_t)json_int(disk, "size", 0),
		(unsigned)json_int(disk, "logical_sectors", 512), spare, res, e);
	bool skipped = r == -EROFS && skip_read_only;

	if (r < 0)
		err_prefix(e, "serial %.64s",
			json_str(disk, "serial") ? json_str(disk, "serial") : "unknown");
	if (r < 0 && !skipped)
		journal_err(a->journal, "erase_devices_metadata", e);
	json_array_append_new(records, erase_record(disk, res, time_mono_ms() - since_ms,
					       skipped ? "skipped"
					       : r < 0 ? "failed"
						       : "erased",
					       r < 0 ? e->text : NULL));
	return skipped ? 0 : r;
}

/*
 * All disks are tried; the first failure is the error, and the message counts the others. What was
 * done is told in either case: an erased disk stays erased when another one failed.
 */
static int erase_devices_metadata(
	struct agent *a, const json_t *args, json_t **ret_result, struct err *e)
{
	_cleanup_json_ json_t *disks = agent_disks(a);
	json_t *records = json_array(), *disk;
	bool skip = told(a, "agent_erase_skip_read_only");
	bool spare = a->params->guard_special_filesystems && !told(a, "wipe_special_filesystems");
	int failed = 0;
	size_t i;

	json_array_foreach (disks, i, disk) {
		struct err one = {0};

		erase_progress(a, disk, i, json_array_size(disks));
		if (erase_one(a, disk, spare, skip, records, &one) < 0 && !failed++)
			*e = one;
	}
	*ret_result = json_pack("{s:o}", "disks", records);
	if (failed)
		return err_prefix(e, "erase_devices_metadata, %d of %zu disks failed, the first",
			failed, json_array_size(disks));
	return 0;
}

/* As a deploy step of its own, the image's parameters are the step's arguments. */
static int write_image(struct agent *a, const json_t *args, json_t **ret_result, struct err *e)
{
	int r = standby_check_image(a, args, e);

	return r < 0 ? r : standby_write_image(a, args, ret_result, e);
}

static const struct step steps[] = {
	{
		.name = "erase_devices_metadata",
		.interface = "deploy",
		.in = {[PHASE_CLEAN] = true, [PHASE_DEPLOY] = true},
		.priority = {[PHASE_CLEAN] = 99},
		.abortable = true,
		.run = erase_devices_metadata,
	},
	{
		.name = "erase_pstore",
		.interface = "deploy",
		.in = {[PHASE_CLEAN] = true},
		.abortable = true,
		.run = bootloader_erase_pstore,
	},
	{
		.name = "clean_uefi_nvram",
		.interface = "deploy",
		.in = {[PHASE_CLEAN] = true},
		.abortable = true,
		.argsinfo = "{\"match_patterns\":{\"description\":\"Regular expressions; a boot "
			    "entry whose device path matches one is removed. By default those "
			    "of partitions, ^HD\\\\(.\",\"required\":false}}",
		.run = bootloader_clean_nvram,
	},
	{
		.name = "write_image",
		.interface = "deploy",
		.in = {[PHASE_DEPLOY] = true},
		.argsinfo = "{\"image_info\":{\"description\":\"The image, as "
			    "standby.prepare_image takes it.\",\"required\":true},"
			    "\"configdrive\":{\"description\":\"Base64 of a gzipped ISO, or a "
			    "URL of one.\",\"required\":false}}",
		.run = write_image,
	},
	{
		.name = "inject_files",
		.interface = "deploy",
		.in = {[PHASE_DEPLOY] = true, [PHASE_SERVICE] = true},
		.argsinfo = "{\"files\":{\"description\":\"Files to inject: a list of objects with "
			    "path, partition, content (base64 or a URL), deleted, mode, dirmode, "
			    "owner and group; they come after those of the node's "
			    "properties/inject_files.\",\"required\":false},"
			    "\"verify_ca\":{\"description\":\"Whether servers have to prove who "
			    "they are.\",\"required\":false}}",
		.run = inject_files,
	},
	{
		.name = "load_kernel",
		.interface = "deploy",
		.in = {[PHASE_DEPLOY] = true},
		.run = kernel_load_step,
	},
};

/* One of them is the operator's to set, by a kernel parameter; a service has no steps that come by
 * themselves. */
static int priority_of(const struct agent *a, const struct step *s, enum phase phase)
{
	return s->run == inject_files && phase == PHASE_DEPLOY ? a->params->inject_files_priority
							       : s->priority[phase];
}

static json_t *step_json(const struct agent *a, const struct step *s, enum phase phase)
{
	json_t *o = json_object();

	json_put_str(o, "step", s->name);
	json_put_int(o, "priority", priority_of(a, s, phase));
	json_put_str(o, "interface", s->interface);
	json_put_bool(o, "reboot_requested", false);
	json_put_bool(o, "abortable", s->abortable);
	json_put_bool(o, "requires_ramdisk", true);
	json_object_set_new(
		o, "argsinfo", s->argsinfo ? json_loads(s->argsinfo, 0, NULL) : json_null());
	return o;
}

static json_t *version_json(void)
{
	return json_pack("{s:s}", MANAGER, AGENT_MANAGER_VERSION);
}

static int get_steps(
	struct agent *a, enum phase phase, const json_t *params, json_t **ret_result, struct err *e)
{
	json_t *list, *result;
	char key[32];

	if (a->platform->incomplete)
		return err_set(e, ENOMEM, "%s", a->platform->incomplete);
	list = json_array();
	result = json_object();
	agent_set_node(a, json_object_get(params, "node"));
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (steps[i].in[phase])
			json_array_append_new(list, step_json(a, &steps[i], phase));
	snprintf(key, sizeof(key), "%s_steps", phase_names[phase]);
	json_object_set_new(result, key, json_pack("{s:o}", MANAGER, list));
	json_object_set_new(result, "hardware_manager_version", version_json());
	*ret_result = result;
	return 0;
}

/* Another version than the one listed means that another agent answered in between. */
static int check_version(enum phase phase, const json_t *params, struct err *e)
{
	_cleanup_json_ json_t *ours = version_json();
	const json_t *theirs;
	char key[32];

	snprintf(key, sizeof(key), "%s_version", phase_names[phase]);
	theirs = json_object_get(params, key);
	if (!json_is_object(theirs) || json_equal(theirs, ours))
		return 0;
	return err_set(e, ESTALE,
		"Mismatched hardware managers: the steps were listed by another version of the "
		"agent");
}

static int find_step(enum phase phase, const json_t *step, const struct step **ret, struct err *e)
{
	const char *name = json_str(step, "step");

	for (size_t i = 0; name && i < ARRAY_SIZE(steps); i++)
		if (steps[i].in[phase] && str_eq(steps[i].name, name)) {
			*ret = &steps[i];
			return 0;
		}
	return err_set(
		e, ENOENT, "there is no %s step \"%.64s\"", phase_names[phase], name ? name : "");
}

static int execute(
	struct agent *a, enum phase phase, const json_t *params, json_t **ret_result, struct err *e)
{
	const json_t *given = json_object_get(params, "step"),
		     *args = json_object_get(given, "args");
	_cleanup_json_ json_t *none = json_object();
	const struct step *s = NULL;
	char step_key[32], result_key[32];
	json_t *result = NULL;
	int r = check_version(phase, params, e);

	if (r == 0)
		r = find_step(phase, given, &s, e);
	if (r < 0)
		return r;
	agent_set_node(a, json_object_get(params, "node"));
	progress_begin(a->progress, s->name);
	r = s->run(a, json_is_object(args) ? args : none, &result, e);
	if (r < 0 && !result)
		return r;
	snprintf(step_key, sizeof(step_key), "%s_step", phase_names[phase]);
	snprintf(result_key, sizeof(result_key), "%s_result", phase_names[phase]);
	*ret_result = json_object();
	json_object_set_new(*ret_result, result_key, result ? result : json_null());
	json_object_set(*ret_result, step_key, json_object_get(params, "step"));
	return r;
}

int steps_check_execute(void *agent, const json_t *params, struct err *e)
{
	if (!json_str(json_object_get(params, "step"), "step"))
		return err_set(
			e, EINVAL, "Invalid command params: 'step' is missing or has no name.");
	return 0;
}

int steps_get_clean(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	return get_steps(agent, PHASE_CLEAN, params, ret_result, e);
}

int steps_get_deploy(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	return get_steps(agent, PHASE_DEPLOY, params, ret_result, e);
}

int steps_get_service(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	return get_steps(agent, PHASE_SERVICE, params, ret_result, e);
}

int steps_execute_clean(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	return execute(agent, PHASE_CLEAN, params, ret_result, e);
}

int steps_execute_deploy(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	return execute(agent, PHASE_DEPLOY, params, ret_result, e);
}

int steps_execute_service(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	return execute(agent, PHASE_SERVICE, params, ret_result, e);
}
