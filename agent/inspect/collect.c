/* The table of collectors; see collect.h. */
#include "agent/inspect/collect.h"
#include "agent/inspect/inventory.h"

#include <string.h>

static json_t *collect_dmi(const struct sysroot *sr, struct lldp *lldp, const json_t *data)
{
	return inventory_dmi(sr);
}

static json_t *collect_extra(const struct sysroot *sr, struct lldp *lldp, const json_t *data)
{
	return inventory_extra(json_object_get(data, "inventory"));
}

/* Already waited for, when the inventory was made. */
static json_t *collect_lldp(const struct sysroot *sr, struct lldp *lldp, const json_t *data)
{
	return lldp_heard(lldp, 0);
}

static json_t *collect_numa(const struct sysroot *sr, struct lldp *lldp, const json_t *data)
{
	return inventory_numa(sr);
}

static json_t *collect_pci(const struct sysroot *sr, struct lldp *lldp, const json_t *data)
{
	return inventory_pci(sr);
}

static json_t *collect_usb(const struct sysroot *sr, struct lldp *lldp, const json_t *data)
{
	return inventory_usb(sr);
}

const struct collector collectors[] = {
	{"default", NULL, NULL},
	{"dmi-decode", "dmi", collect_dmi},
	{"extra-hardware", "data", collect_extra},
	{"lldp", "lldp_raw", collect_lldp},
	{"numa-topology", "numa_topology", collect_numa},
	{"pci-devices", "pci_devices", collect_pci},
	{"usb-devices", "usb_devices", collect_usb},
};
const size_t collectors_n = ARRAY_SIZE(collectors);

static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; (p = strstr(p, name)); p += n)
		if ((p == list || strchr(", ", p[-1])) && strchr(", ", p[n]))
			return true;
	return false;
}

bool collector_wanted(const char *list, const char *name)
{
	return !list || listed(list, name) || listed(list, "all");
}

void inventory_put_lldp(json_t *inventory, struct lldp *lldp, int wait_ms)
{
	_cleanup_json_ json_t *heard = lldp_heard(lldp, wait_ms);
	json_t *nic, *tlvs;
	size_t i;

	json_array_foreach (json_object_get(inventory, "interfaces"), i, nic) {
		tlvs = json_object_get(heard, json_str(nic, "name"));
		if (json_array_size(tlvs))
			json_object_set(nic, "lldp", tlvs);
	}
}
