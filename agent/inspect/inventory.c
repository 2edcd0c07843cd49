/* The inventory as a whole; see inventory.h. */
#include "agent/inspect/inventory.h"
#include "agent/inspect/diskask.h"

#define HEALTH_MS 3000

json_t *inventory_collect(const struct sysroot *sr, const char *bootif)
{
	_cleanup_json_ json_t *pci = NULL;
	json_t *inventory = json_object();

	json_object_set_new(inventory, "interfaces", inventory_nics(sr));
	json_object_set_new(inventory, "disks", inventory_disks(sr));
	if (sysroot_live(sr))
		disks_ask_health(json_object_get(inventory, "disks"), HEALTH_MS);
	json_object_set_new(inventory, "cpu", inventory_cpu(sr));
	json_object_set_new(inventory, "memory", inventory_memory(sr));
	inventory_put_bmc(sr, inventory);
	json_object_set_new(inventory, "system_vendor", inventory_system_vendor(sr));
	json_object_set_new(inventory, "tpm", inventory_tpm(sr));
	json_object_set_new(inventory, "boot", inventory_boot(sr, bootif));
	json_object_set_new(inventory, "hostname", inventory_hostname(sr));
	json_object_set_new(
		inventory, "system", inventory_system(sr, json_object_get(inventory, "cpu")));
	pci = inventory_pci(sr);
	json_object_set_new(inventory, "gpus", inventory_gpus(sr, pci));
	return inventory;
}
