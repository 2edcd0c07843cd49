/* The inventory as a whole; see inventory.h. */
#include "agent/inspect/inventory.h"

#include <unistd.h>

static json_t *host_name(const struct sysroot *sr)
{
	char name[256] = "";
	_cleanup_free_ char *line = NULL;

	if (!sysroot_live(sr)) {
		line = sysroot_line(sr, "/proc/sys/kernel/hostname");
		return line ? json_string(line) : json_null();
	}
	gethostname(name, sizeof(name) - 1);
	return name[0] ? json_string(name) : json_null();
}

json_t *inventory_collect(const struct sysroot *sr, const char *bootif)
{
	json_t *inventory = json_object();

	json_object_set_new(inventory, "interfaces", inventory_nics(sr));
	json_object_set_new(inventory, "disks", inventory_disks(sr));
	json_object_set_new(inventory, "cpu", inventory_cpu(sr));
	json_object_set_new(inventory, "memory", inventory_memory(sr));
	inventory_put_bmc(sr, inventory);
	json_object_set_new(inventory, "system_vendor", inventory_system_vendor(sr));
	json_object_set_new(inventory, "tpm", inventory_tpm(sr));
	json_object_set_new(inventory, "boot", inventory_boot(sr, bootif));
	json_object_set_new(inventory, "hostname", host_name(sr));
	return inventory;
}
