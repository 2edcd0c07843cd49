/* Loading the deployed system's kernel; see kernel.h. */
#include "agent/kernel.h"
#include "agent/inspect/inventory.h"
#include "agent/system/bootplan.h"
#include "agent/system/kexec.h"
#include "lib/base/str.h"

static void load_module(void *data, const char *name)
{
	agent_load_module(data, name);
}

static int load_planned(
	struct agent *a, struct volumes *v, bool uefi, struct boot_plan *plan, struct err *e)
{
	struct volume *where = NULL;
	int r = bootplan_find(v, uefi, plan, &where, e);

	if (r < 0)
		return r;
	say(a->journal, "the system on %s starts %s of partition %u%s%s%s", v->disk, plan->kernel,
		where->number, plan->title[0] ? " (" : "", plan->title, plan->title[0] ? ")" : "");
	return kexec_load(plan, where->dir, !sysroot_live(a->sr), e);
}

static int load_from(struct agent *a, const json_t *disk, struct boot_plan *plan, struct err *e)
{
	_cleanup_json_ json_t *mode = inventory_boot(a->sr, NULL);
	bool uefi = str_eq(json_str(mode, "current_boot_mode"), "uefi");
	struct volumes *v = xcalloc(1, sizeof(*v));
	int r = volumes_open(v, a->sr, json_str(disk, "name"), (uint64_t)json_int(disk, "size", 0),
		(unsigned)json_int(disk, "logical_sectors", 512), load_module, a, e);

	if (r == 0)
		r = load_planned(a, v, uefi, plan, e);
	(void)volumes_close(v, NULL);
	free(v);
	return r;
}

int kernel_load(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	_cleanup_json_ json_t *disk = NULL;
	_cleanup_free_ struct boot_plan *plan = xcalloc(1, sizeof(*plan));
	struct agent *a = agent;
	int r = agent_root_disk(a, &disk, e);

	if (r == 0)
		r = load_from(a, disk, plan, e);
	if (r < 0)
		return err_prefix(e, "start the deployed system without the firmware");
	pthread_mutex_lock(&a->lock);
	a->kernel_loaded = true;
	pthread_mutex_unlock(&a->lock);
	say(a->journal, "its kernel is loaded, to be started by the next restart");
	*ret_result = json_object();
	json_put_str(*ret_result, "kernel", plan->kernel);
	json_put_str(*ret_result, "cmdline", plan->cmdline);
	json_put_int(*ret_result, "initrds", (int64_t)plan->n_initrds);
	return 0;
}

int kernel_load_step(struct agent *a, const json_t *args, json_t **ret_result, struct err *e)
{
	int r = kernel_load(a, args, ret_result, e);

	if (r == 0)
		return 0;
	say_warning(a->journal, "%s; the machine will be restarted as ever", e->text);
	*ret_result = json_object();
	json_put_str(*ret_result, "reason", e->text);
	return 0;
}
