/*
 * BIOS settings and firmware components, written with the commit that follows their step: always
 * anew, so that they have no time of a change.
 */
#include "conductor/node/enode.h"
#include "lib/base/time.h"

static void put_bios(struct commit *c, json_t *settings)
{
	struct bios_settings rec = {
		.uuid = c->next->uuid, .settings = settings, .created_at = time_wall_us()};

	store_txn_put(c->txn, &bios_settings_type, &rec);
}

static void put_firmware(struct commit *c, const json_t *told)
{
	const char *component = json_str(told, "component");
	_cleanup_free_ char *uuid =
		xasprintf("%s/%.200s", c->next->uuid, component ? component : "?");
	struct firmware_component rec = {.uuid = uuid,
		.node_uuid = c->next->uuid,
		.component = (char *)component,
		.initial_version = (char *)json_str(told, "initial_version"),
		.current_version = (char *)json_str(told, "current_version"),
		.last_version_flashed = (char *)json_str(told, "last_version_flashed"),
		.created_at = time_wall_us()};

	store_txn_put(c->txn, &firmware_component_type, &rec);
}

void settings_note(struct commit *c, struct flow_run *run)
{
	json_t *told;
	size_t i;

	if (!run || (!run->found.bios && !run->found.firmware))
		return;
	c->has_settings = true;
	if (run->found.bios)
		put_bios(c, run->found.bios);
	json_array_foreach (run->found.firmware, i, told)
		put_firmware(c, told);
}

void settings_delete(struct commit *c, const char *node_uuid)
{
	store_txn_delete(c->txn, &bios_settings_type, node_uuid);
	store_txn_delete_where(c->txn, &firmware_component_type, "node_uuid", node_uuid, 0);
}
