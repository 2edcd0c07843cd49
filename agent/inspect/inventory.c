/* The inventory as a whole; see inventory.h. */
#include "agent/inspect/inventory.h"
#include "agent/inspect/diskask.h"

#include <pthread.h>

#define HEALTH_MS 3000

/* What answers slowly is asked beside the rest, each in a thread of its own. */
struct aside {
	const struct sysroot *sr;
	bool ask_bmc;
	json_t *found; /* members of the inventory */
	pthread_t thread;
	bool runs;
};

static void *find_bmc(void *arg)
{
	struct aside *a = arg;

	inventory_put_bmc(a->found, a->ask_bmc && sysroot_live(a->sr));
	return NULL;
}

static void *find_tpm(void *arg)
{
	struct aside *a = arg;

	json_object_set_new(a->found, "tpm", inventory_tpm(a->sr));
	return NULL;
}

static void aside_start(struct aside *a, const struct sysroot *sr, void *(*find)(void *))
{
	a->sr = sr;
	a->found = json_object();
	a->runs = pthread_create(&a->thread, NULL, find, a) == 0;
	if (!a->runs)
		find(a);
}

static void aside_finish(struct aside *a, json_t *inventory)
{
	if (a->runs)
		pthread_join(a->thread, NULL);
	json_object_update(inventory, a->found);
	json_decref(a->found);
}

json_t *inventory_collect(const struct sysroot *sr, const char *bootif, bool ask_bmc)
{
	struct aside bmc = {.ask_bmc = ask_bmc}, tpm = {0};
	_cleanup_json_ json_t *pci = NULL;
	json_t *inventory = json_object();

	aside_start(&bmc, sr, find_bmc);
	aside_start(&tpm, sr, find_tpm);
	json_object_set_new(inventory, "interfaces", inventory_nics(sr));
	json_object_set_new(inventory, "disks", inventory_disks(sr));
	if (sysroot_live(sr))
		disks_ask_health(json_object_get(inventory, "disks"), HEALTH_MS);
	json_object_set_new(inventory, "cpu", inventory_cpu(sr));
	json_object_set_new(inventory, "memory", inventory_memory(sr));
	json_object_set_new(inventory, "system_vendor", inventory_system_vendor(sr));
	json_object_set_new(inventory, "boot", inventory_boot(sr, bootif));
	json_object_set_new(inventory, "hostname", inventory_hostname(sr));
	json_object_set_new(
		inventory, "system", inventory_system(sr, json_object_get(inventory, "cpu")));
	pci = inventory_pci(sr);
	json_object_set_new(inventory, "gpus", inventory_gpus(sr, pci));
	aside_finish(&bmc, inventory);
	aside_finish(&tpm, inventory);
	return inventory;
}
