/* What agents are told and what they must prove; see agentlink.h. */
#include "conductor/agentlink/agentlink.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define TOKEN	 "agent_secret_token"
#define URL	 "agent_url"
#define CERT	 "agent_verify_ca"
#define VERSION	 "agent_version"
#define STARTING "ingot_agent_starting"

/* What is forgotten with the agent. */
static const char *const agent_keys[] = {TOKEN, URL, CERT, VERSION, STARTING,
	"agent_last_heartbeat", "agent_cached_deploy_steps", "agent_cached_clean_steps",
	"hardware_manager_version"};

/* A copy without the members an agent need not know; secrets are not among what is left. */
static json_t *without_secrets(const json_t *object)
{
	json_t *copy = json_object();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		if (!strstr(key, "token") && !strstr(key, "password") && !str_eq(key, CERT))
			json_object_set(copy, key, value);
	}
	return copy;
}

static json_t *config_reply(const char *token, const struct agent_policy *p)
{
	json_t *config = json_pack(
		"{s:i, s:s, s:b, s:{s:s, s:b, s:b, s:b, s:n}, s:{s:s, s:i}, s:{}, s:b, "
		"s:b, s:[s,s,s,s], s:b, s:b, s:s, s:n}",
		"heartbeat_timeout", p->heartbeat_timeout_s, "agent_token", token,
		"agent_token_required", 1, "metrics", "backend", "noop", "prepend_host", 0,
		"prepend_uuid", 0, "prepend_host_reverse", 0, "global_prefix", "metrics_statsd",
		"statsd_host", "localhost", "statsd_port", 8125, "agent_containers",
		"agent_md5_checksum_enable", 0, "disable_deep_image_inspection", 0,
		"permitted_image_formats", "raw", "gpt", "qcow2", "iso", "agent_skip_bmc_detect", 0,
		"enable_bios_bootloader_install", (int)p->bios_bootloader, "tls_min_version", "1.2",
		"tls_cipher_suites");

	if (config && p->progress_url)
		json_object_set_new(config, "ingot",
			json_pack("{s:s, s:i}", "progress_url", p->progress_url, "interval_ms",
				(int)p->progress_interval_ms));
	return config ? config : json_object();
}

json_t *agentlink_lookup_reply(struct node *n, const struct agent_policy *p)
{
	bool known = json_str(n->driver_internal_info, TOKEN) != NULL;
	json_t *node = json_object();

	if (!known) {
		char *token = secret_new(32);

		json_put_str(n->driver_internal_info, TOKEN, token);
		mem_wipe(token, strlen(token));
		free(token);
	}
	json_put_str(node, "uuid", n->uuid);
	json_object_set(node, "properties", n->properties);
	json_object_set_new(node, "instance_info", without_secrets(n->instance_info));
	json_object_set_new(node, "driver_internal_info", without_secrets(n->driver_internal_info));
	json_object_set_new(node, "links", json_array());
	return json_pack("{s:o, s:o}", "node", node, "config",
		config_reply(known ? "******" : json_str(n->driver_internal_info, TOKEN), p));
}

bool agentlink_token_ok(const struct node *n, const char *token)
{
	const char *expected = json_str(n->driver_internal_info, TOKEN);

	return expected && token && secret_eq(expected, token);
}

int agentlink_heartbeat_check(const struct node *n, const json_t *body, struct err *e)
{
	const char *url = json_str(body, "callback_url"), *token = json_str(body, "agent_token");
	const char *cert = json_str(body, CERT), *old;

	if (!token)
		return err_set(e, EINVAL, "Agent token is required for heartbeat processing.");
	if (!agentlink_token_ok(n, token))
		return err_set(e, EINVAL,
			"Invalid agent token; the machine may have booted twice, or runs another "
			"node's "
			"agent");
	if (!url || strncmp(url, "https://", 8) || strlen(url) > 512)
		return err_set(e, EINVAL, "callback_url: expected an https:// URL");
	old = json_str(n->driver_internal_info, URL);
	if (old && !str_eq(old, url))
		return err_set(e, EINVAL, "Detected change in ramdisk provided \"callback_url\"");
	old = json_str(n->driver_internal_info, CERT);
	if (old && cert && !str_eq(old, cert))
		return err_set(
			e, EINVAL, "Detected change in ramdisk provided \"agent_verify_ca\"");
	if (cert && strlen(cert) > 65536)
		return err_set(e, EINVAL, "agent_verify_ca: longer than 65536 bytes");
	if (!json_str(body, VERSION) && !json_str(body, "agent_status"))
		return err_set(e, EINVAL, "agent_version: expected a string");
	return 0;
}

static bool take_over(struct node *n, const json_t *body, const char *from, const char *to)
{
	const char *value = json_str(body, from);

	if (!value || str_eq(value, json_str(n->driver_internal_info, to)))
		return false;
	json_put_str(n->driver_internal_info, to, value);
	return true;
}

bool agentlink_heartbeat_apply(struct node *n, const json_t *body)
{
	bool changed = take_over(n, body, "callback_url", URL);

	changed |= take_over(n, body, CERT, CERT);
	changed |= take_over(n, body, VERSION, VERSION);
	return changed;
}

void agentlink_forget(struct node *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(agent_keys); i++)
		json_object_del(n->driver_internal_info, agent_keys[i]);
}

void agentlink_expect(struct node *n)
{
	json_put_bool(n->driver_internal_info, STARTING, true);
}

bool agentlink_expected(const struct node *n)
{
	return agentlink_has_token(n) ||
	       json_is_true(json_object_get(n->driver_internal_info, STARTING));
}

bool agentlink_has_token(const struct node *n)
{
	return json_str(n->driver_internal_info, TOKEN) != NULL;
}

bool agentlink_known(const struct node *n)
{
	return json_str(n->driver_internal_info, URL) != NULL;
}
