/* Calls to the agent: cleaning and writing the image (contract 4.7). */
#include "conductor/driver/partimage.h"
#include "conductor/flow/calls.h"
#include "conductor/flow/offers.h"
#include "conductor/flow/steps.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define VERSION	  "hardware_manager_version"
#define ROOT_UUID "root_uuid_or_disk_id"
#define ESP_UUID  "efi_system_partition_uuid"

/* What an agent calls the kinds of flows that have steps. */
static const struct {
	const char *get, *steps, *execute, *version;
} words[FLOW_KIND_COUNT] = {
	[FLOW_CLEAN] = {"clean.get_clean_steps", "clean_steps", "clean.execute_clean_step",
		"clean_version"},
	[FLOW_DEPLOY] = {"deploy.get_deploy_steps", "deploy_steps", "deploy.execute_deploy_step",
		"deploy_version"},
	[FLOW_SERVICE] = {"service.get_service_steps", "service_steps",
		"service.execute_service_step", "service_version"},
};

/* The node as agents are shown it: with properties and instance, without the BMC's account. */
static json_t *node_for_agent(const struct node *n)
{
	json_t *shown = json_object();
	json_t *internal = json_copy(n->driver_internal_info);

	json_object_del(internal, "agent_secret_token");
	json_object_del(internal, "phone_home");
	json_put_str(shown, "uuid", n->uuid);
	json_put_str(shown, "name", n->name);
	json_object_set(shown, "properties", n->properties);
	json_object_set(shown, "instance_info", n->instance_info);
	json_object_set_new(shown, "driver_internal_info", internal);
	json_object_set_new(shown, "driver_info", json_object());
	return shown;
}

/*
 * The agent is told the node on this occasion: one that stayed (fast track) knows it as it was
 * before somebody chose another root device.
 */
void start_agent_steps(struct flow_run *run, struct op *op)
{
	agentlink_command(run->env->agents, run->node, words[run->flow->kind].get,
		json_pack("{s:o, s:[]}", "node", node_for_agent(run->node), "ports"), op);
}

int finish_agent_version(struct flow_run *run, json_t *value, struct err *e)
{
	const json_t *result = json_object_get(value, "command_result");

	json_object_set(run->node->driver_internal_info, VERSION, json_object_get(result, VERSION));
	return 0;
}

int finish_agent_steps(struct flow_run *run, json_t *value, struct err *e)
{
	enum flow_kind kind = run->flow->kind;
	const json_t *result = json_object_get(value, "command_result");
	_cleanup_json_ json_t *offered = offers_list(run->node, kind);
	const json_t *wanted =
		kind == FLOW_CLEAN && !run->manual ? NULL : steps_wanted(run->node, kind);
	json_t *list = NULL;
	int r;

	finish_agent_version(run, value, e);
	r = steps_add_offer(offered, json_object_get(result, words[kind].steps), e);
	if (r == 0)
		r = steps_choose(kind, wanted, offered, false, false, &list, e);
	if (r == 0)
		steps_begin(run->node, kind, list);
	return r;
}

void start_agent_step(struct flow_run *run, struct op *op)
{
	enum flow_kind kind = run->flow->kind;
	json_t *version = json_object_get(run->node->driver_internal_info, VERSION);

	agentlink_command(run->env->agents, run->node, words[kind].execute,
		json_pack("{s:O, s:o, s:[], s:o}", "step", steps_current(run->node, kind), "node",
			node_for_agent(run->node), "ports", words[kind].version,
			version ? json_incref(version) : json_object()),
		op);
}

/*
 * The node as far as the choice of a disk goes by it. An agent that has been waiting since an
 * inspection has not heard of hints that were set meanwhile.
 */
static json_t *node_for_disk(const struct node *n)
{
	static const char *const own[] = {"root_device", "ingot_keep_data", "ingot_grow_root"};
	static const char *const lasting[] = {"root_device", "skip_block_devices"};
	json_t *instance = json_object(), *properties = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		json_object_set(instance, own[i], json_object_get(n->instance_info, own[i]));
	for (size_t i = 0; i < ARRAY_SIZE(lasting); i++)
		json_object_set(properties, lasting[i], json_object_get(n->properties, lasting[i]));
	return json_pack("{s:s, s:s?, s:o, s:o, s:{}}", "uuid", n->uuid, "name", n->name,
		"instance_info", instance, "properties", properties, "driver_internal_info");
}

/*
 * What a registry gives its tokens for: as in Ironic a password without a user, the instance's,
 * else the operator's, who may also have given the instance a user and a password.
 */
static void put_pull_secret(const struct node *n, json_t *info)
{
	const char *secret = json_str(n->instance_info, "image_pull_secret");

	if (!str_starts(json_str(info, "id"), "oci://"))
		return;
	if (!secret && !json_object_get(info, "image_server_password"))
		secret = json_str(n->driver_info, "image_pull_secret");
	if (str_empty(secret))
		return;
	json_put_str(info, "image_server_auth_strategy", "http_basic");
	json_put_str(info, "image_server_user", "");
	json_put_str(info, "image_server_password", secret);
}

/*
 * Contract section 5, image_info; "node" is our own. Without a disk_format the agent looks what it
 * is; a qcow2 image goes to it as it is.
 */
static json_t *image_info(const struct node *n)
{
	static const char *const passed[] = {"image_os_hash_algo", "image_os_hash_value",
		"image_checksum", "image_disk_format", "image_type", "image_server_auth_strategy",
		"image_server_user", "image_server_password", "image_request_authorization"};
	const char *source = json_str(n->instance_info, "image_source");
	json_t *info = json_pack("{s:s, s:[s], s:n, s:s, s:b, s:s, s:s}", "id", source, "urls",
		source, "disk_format", "container_format", "bare", "stream_raw_images", 1,
		"image_type", "whole-disk", "node_uuid", n->uuid);

	for (size_t i = 0; i < ARRAY_SIZE(passed); i++) {
		json_t *v = json_object_get(n->instance_info, passed[i]);
		const char *key = passed[i];

		if (!v || json_is_null(v))
			continue;
		if (!strncmp(key, "image_os_", 9) || str_eq(key, "image_checksum") ||
			str_eq(key, "image_disk_format"))
			key += strlen("image_");
		json_object_set(info, key, v);
	}
	put_pull_secret(n, info);
	if (partimage_is(n))
		partimage_tell(n, info);
	json_object_set_new(info, "node", node_for_disk(n));
	return info;
}

/* Where the deployed system reports itself: a one-time address and a nonce, made for this deploy.
 */
static json_t *phone_home_meta(struct flow_run *run)
{
	_cleanup_free_ char *token = secret_new(32), *nonce = secret_new(16), *url = NULL;

	if (!run->env->api_url)
		return NULL;
	url = xasprintf("%s/ingot/v1/phone-home/%s", run->env->api_url, token);
	json_object_set_new(run->node->driver_internal_info, "phone_home",
		json_pack("{s:s, s:s}", "token", token, "nonce", nonce));
	return json_pack("{s:s, s:s}", "ingot_nonce", nonce, "ingot_phone_home", url);
}

void start_write_image(struct flow_run *run, struct op *op)
{
	const json_t *given = json_object_get(run->node->instance_info, "configdrive");
	_cleanup_json_ json_t *meta = json_is_object(given) ? phone_home_meta(run) : NULL;
	_cleanup_free_ char *drive = NULL;
	struct err e;
	json_t *params;

	if (configdrive_build(given, meta, &drive, &e) < 0) {
		err_prefix(&e, "build the config drive");
		op_fail(op, &e);
		return;
	}
	params = json_pack("{s:o}", "image_info", image_info(run->node));
	json_put_str(params, "configdrive", drive);
	if (partimage_is(run->node)) /* there the Ironic agent looks for it */
		json_put_str(json_object_get(params, "image_info"), "configdrive", drive);
	agentlink_command(run->env->agents, run->node, "standby.prepare_image", params, op);
}

bool not_a_partition_image(const struct flow_run *run)
{
	return !partimage_is(run->node);
}

void start_partition_uuids(struct flow_run *run, struct op *op)
{
	agentlink_command(
		run->env->agents, run->node, "standby.get_partition_uuids", json_object(), op);
}

/* An agent that does not know them any more is not the one that wrote the image. */
int finish_partition_uuids(struct flow_run *run, json_t *value, struct err *e)
{
	const json_t *result = json_object_get(value, "command_result");
	const char *root = json_str(result, "root uuid"),
		   *esp = json_str(result, "efi system partition uuid");

	if (str_empty(root))
		return err_set(e, EPROTO,
			"the agent does not tell the UUID of the root partition it wrote");
	json_put_str(run->node->driver_internal_info, ROOT_UUID, root);
	json_put_str(run->node->driver_internal_info, ESP_UUID, esp);
	return 0;
}

void start_install_bootloader(struct flow_run *run, struct op *op)
{
	const json_t *internal = run->node->driver_internal_info;
	bool parts = partimage_is(run->node);
	json_t *params = json_object();

	json_put_str(params, "root_uuid", parts ? json_str(internal, ROOT_UUID) : NULL);
	json_put_str(params, "efi_system_part_uuid", parts ? json_str(internal, ESP_UUID) : NULL);
	json_put_str(params, "prep_boot_part_uuid", NULL);
	json_put_str(params, "target_boot_mode", parts ? partimage_boot_mode(run->node) : "uefi");
	agentlink_command(run->env->agents, run->node, "image.install_bootloader", params, op);
}

void start_agent_sync(struct flow_run *run, struct op *op)
{
	agentlink_command(run->env->agents, run->node, "standby.sync", json_object(), op);
}

bool logs_not_wanted(const struct flow_run *run)
{
	return run->env->logs != LOGS_ALWAYS || !agentlink_known(run->node);
}

void start_collect_logs(struct flow_run *run, struct op *op)
{
	agentlink_collect_logs(run->env->agents, run->node, flow_kind_names[run->flow->kind], op);
}

int finish_collect_logs(struct flow_run *run, json_t *value, struct err *e)
{
	json_put_str(run->node->driver_internal_info, AGENT_LOGS, json_str(value, "file"));
	return 0;
}
