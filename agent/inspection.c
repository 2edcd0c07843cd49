/* Inspection: collects what the conductor asked for and sends it until it is taken. */
#include "agent/inspection.h"
#include "agent/collectors.h"
#include "agent/inspect/collect.h"
#include "agent/inspect/inventory.h"
#include "lib/base/deadline.h"
#include "lib/base/time.h"
#include "lib/hwid/hints.h"

#include <errno.h>
#include <string.h>

/*
 * How often a conductor may say that it knows no such node: one that inspects it knows it after a
 * moment, and one that deploys it is not kept waiting by a callback URL that everybody is given.
 */
#define UNKNOWN_MAX 5

/* Neighbours are waited for when somebody asked for them, and told in any case. */
static void put_lldp(struct agent *a, json_t *inventory)
{
	const struct params *p = a->params;
	bool asked = p->collect_lldp || (p->inspection_collectors &&
						collector_wanted(p->inspection_collectors, "lldp"));
	int64_t started_ms = time_mono_ms();

	inventory_put_lldp(inventory, a->platform->lldp, asked ? p->lldp_timeout_ms : 0);
	if (asked)
		say(a->journal, "waited %lld ms for LLDP neighbours",
			(long long)(time_mono_ms() - started_ms));
}

json_t *agent_inventory(struct agent *a)
{
	const struct rules rules = agent_rules(a);
	json_t *inventory =
		inventory_collect(a->sr, a->bootif[0] ? a->bootif : NULL, !rules.no_bmc);

	pthread_mutex_lock(&a->lock);
	json_object_set_new(json_object_get(inventory, "system"), "clock_offset_s",
		a->clock_told ? json_integer((json_int_t)a->clock_off_s) : json_null());
	pthread_mutex_unlock(&a->lock);
	return inventory;
}

/* The inventory, with the time it took in the journal. */
static json_t *collect_inventory(struct agent *a)
{
	int64_t started_ms = time_mono_ms();
	json_t *inventory = agent_inventory(a);

	say(a->journal, "the hardware was read in %lld ms",
		(long long)(time_mono_ms() - started_ms));
	put_lldp(a, inventory);
	return inventory;
}

/*
 * The disk an image would go to by the rule without hints: the node is not known yet. None when the
 * rule does not decide: whoever deploys is told then what is missing.
 */
static json_t *root_disk(struct agent *a)
{
	_cleanup_json_ json_t *disks = agent_candidates(a);
	struct err e = {0};
	int i = hints_choose_json(NULL, disks, &e);

	if (i < 0)
		say_warning(a->journal, "no root disk without hints: %s", e.text);
	return i < 0 ? json_null() : json_incref(json_array_get(disks, (size_t)i));
}

json_t *inspection_collect(struct agent *a)
{
	json_t *data = json_object(), *names = json_array();
	json_t *inventory = collect_inventory(a);

	json_object_set_new(data, "inventory", inventory);
	json_object_set_new(data, "root_disk", root_disk(a));
	json_put_str(data, "boot_interface", a->bootif[0] ? a->bootif : NULL);
	json_put_str(data, "error",
		json_array_size(json_object_get(inventory, "interfaces"))
			? a->platform->incomplete
			: "no network interface was found");
	collectors_run(a, data, names);
	json_object_set_new(data, "configuration",
		json_pack("{s:o,s:[{s:s,s:s}]}", "collectors", names, "managers", "name",
			"generic_hardware_manager", "version", AGENT_MANAGER_VERSION));
	return data;
}

/* Waits, but not past a stop. False when the agent ends. */
bool agent_pause(struct agent *a, int64_t ms)
{
	int64_t until_ms = time_mono_ms() + ms;
	bool go_on;

	agent_alive(a);
	pthread_mutex_lock(&a->lock);
	while (!a->stop && deadline_wait(&a->wake, &a->lock, until_ms))
		;
	go_on = !a->stop;
	pthread_mutex_unlock(&a->lock);
	return go_on;
}

int inspection_send(
	struct agent *a, struct conductor *c, char ret_uuid[static UUID_TEXT_MAX], struct err *e)
{
	int64_t give_up_ms = time_mono_ms() + (int64_t)a->params->lookup_timeout_s * 1000;
	_cleanup_json_ json_t *data = NULL;
	int64_t pause_ms = 0, started_ms;
	int unknown = 0, r;

	agent_settle(a);
	say(a->journal, "inspecting the machine");
	started_ms = time_mono_ms();
	data = inspection_collect(a);
	say(a->journal, "inspection: %zu disks, %zu network interfaces in %lld ms; sending it",
		json_array_size(json_object_get(json_object_get(data, "inventory"), "disks")),
		json_array_size(json_object_get(json_object_get(data, "inventory"), "interfaces")),
		(long long)(time_mono_ms() - started_ms));
	for (;;) {
		r = conductor_inspection(c, data, ret_uuid, e);
		if (r == -ENOENT && ++unknown == UNKNOWN_MAX)
			return r;
		if ((r != -EAGAIN && r != -ENOENT) || time_mono_ms() >= give_up_ms)
			return r;
		journal_err(a->journal, "inspection, trying again", e);
		if (!agent_pause(a, backoff_next(&pause_ms, 500, 10000)))
			return err_set(e, ECANCELED, "inspection: the agent is ending");
	}
}
