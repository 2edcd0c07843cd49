/* What an agent found, taken into the node: the inspection hooks of the contract, section 4.6. */
#include "conductor/agentlink/agentlink.h"
#include "conductor/flow/flow.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/hwid/hints.h"
#include "lib/hwid/lldp.h"
#include "lib/hwid/mac.h"

#include <errno.h>
#include <string.h>

#define INTERFACES_MAX 256

static bool text_or_null(const json_t *value)
{
	return !value || json_is_string(value) || json_is_null(value);
}

int inspection_check(const json_t *body, struct err *e)
{
	const json_t *inventory = json_object_get(body, "inventory");
	const json_t *nics = json_object_get(inventory, "interfaces");
	json_t *nic;
	size_t i;

	if (!json_is_object(inventory))
		return err_set(e, EINVAL, "inventory: expected an object");
	if (!json_is_array(nics) || json_array_size(nics) > INTERFACES_MAX)
		return err_set(e, EINVAL, "inventory.interfaces: expected an array of at most %d",
			INTERFACES_MAX);
	if (!json_array_size(nics))
		return err_set(e, EINVAL, "inventory.interfaces: expected at least one");
	json_array_foreach ((json_t *)nics, i, nic) {
		if (!json_str(nic, "mac_address"))
			return err_set(e, EINVAL,
				"inventory.interfaces[%zu]: mac_address is required, and a text",
				i);
	}
	if (!text_or_null(json_object_get(inventory, "bmc_address")) ||
		!text_or_null(json_object_get(inventory, "bmc_v6address")))
		return err_set(e, EINVAL,
			"inventory.bmc_address, inventory.bmc_v6address: expected a text or null");
	return 0;
}

/* Replaces "key:value" in a capabilities string, or adds it. Returns an allocated string. */
static char *with_capability(const char *old, const char *key, const char *value)
{
	struct buf b = BUF_INIT(4096);
	size_t len = strlen(key);

	for (const char *p = old ? old : ""; *p;) {
		size_t item = strcspn(p, ",");

		if (item && !(item > len && p[len] == ':' && !strncmp(p, key, len)))
			buf_printf(&b, "%s%.*s", b.len ? "," : "", (int)item, p);
		p += item;
		p += strspn(p, ",");
	}
	buf_printf(&b, "%s%s:%s", b.len ? "," : "", key, value);
	return buf_take(&b);
}

static void apply_boot_mode(struct node *n, const json_t *inventory)
{
	const char *mode = json_str(json_object_get(inventory, "boot"), "current_boot_mode");
	_cleanup_free_ char *capabilities = NULL;

	if (!str_eq(mode, "bios") && !str_eq(mode, "uefi"))
		return;
	capabilities = with_capability(json_str(n->properties, "capabilities"), "boot_mode", mode);
	json_put_str(n->properties, "capabilities", capabilities);
	str_replace(&n->boot_mode, mode);
}

static void apply_sizes(struct node *n, const json_t *body, const json_t *inventory)
{
	const json_t *cpu = json_object_get(inventory, "cpu");
	const char *arch = json_str(cpu, "architecture");
	int64_t mb = json_int(json_object_get(inventory, "memory"), "physical_mb", 0);
	int64_t root = json_int(json_object_get(body, "root_disk"), "size", 0);

	if (arch)
		json_put_str(n->properties, "cpu_arch", arch);
	if (json_int(cpu, "count", 0) > 0)
		json_put_int(n->properties, "cpus", json_int(cpu, "count", 0));
	if (mb > 0)
		json_put_int(n->properties, "memory_mb", mb);
	if (root >= (int64_t)2 << 30)
		json_put_int(n->properties, "local_gb", (root >> 30) - 1);
}

/* Ports are made for the NIC that booted (add_ports = pxe); for all when it is not known. */
static void collect_macs(struct flow_run *run, const json_t *inventory)
{
	const char *booted = json_str(json_object_get(inventory, "boot"), "pxe_interface");
	char want[MAC_TEXT_MAX], mac[MAC_TEXT_MAX];
	bool known = booted && mac_normalise(booted, want) == 0;
	json_t *nic;
	size_t i;

	run->found.macs = json_array();
	json_array_foreach (json_object_get(inventory, "interfaces"), i, nic) {
		const char *text = json_str(nic, "mac_address");

		if (text && mac_normalise(text, mac) == 0 && (!known || str_eq(mac, want)))
			json_array_append_new(run->found.macs, json_string(mac));
	}
}

/* What switches said, per card: readable in the plugin data, and for the ports. */
static void collect_links(struct flow_run *run, const json_t *body, const json_t *inventory)
{
	const json_t *raw = json_object_get(body, "lldp_raw");
	json_t *parsed = json_object(), *nic, *words, *link;
	size_t i;

	run->found.links = json_object();
	json_array_foreach (json_object_get(inventory, "interfaces"), i, nic) {
		const char *name = json_str(nic, "name"), *address = json_str(nic, "mac_address");
		const json_t *tlvs = name ? json_object_get(raw, name) : NULL;
		char mac[MAC_TEXT_MAX];

		if (!json_array_size(tlvs))
			tlvs = json_object_get(nic, "lldp");
		if (!json_array_size(tlvs) || !name || mac_normalise(address, mac) < 0)
			continue;
		lldp_read(tlvs, &words, &link);
		json_object_set_new(parsed, name, words);
		json_object_set_new(run->found.links, mac, link);
	}
	if (json_object_size(parsed))
		json_object_set(run->found.plugin_data, "parsed_lldp", parsed);
	json_decref(parsed);
}

int inspection_apply(struct flow_run *run, json_t *value, struct err *e)
{
	const json_t *body = run->data;
	json_t *inventory = json_object_get(body, "inventory");
	json_t *error = json_object_get(body, "error");
	const char *key;
	json_t *member;
	int r = inspection_check(body, e);

	if (r < 0)
		return err_prefix(e, "the agent's inspection data");
	if (json_is_string(error) && json_string_length(error))
		return err_set(
			e, EREMOTEIO, "the agent failed to inspect: %s", json_string_value(error));
	apply_boot_mode(run->node, inventory);
	apply_sizes(run->node, body, inventory);
	collect_macs(run, inventory);
	run->found.inventory = json_incref(inventory);
	run->found.plugin_data = json_object();
	json_object_foreach ((json_t *)body, key, member) {
		if (!str_eq(key, "inventory") && !str_eq(key, "logs"))
			json_object_set(run->found.plugin_data, key, member);
	}
	collect_links(run, body, inventory);
	run->node->power_state = POWER_ON;
	agentlink_expect(run->node);
	return 0;
}
