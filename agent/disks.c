/* Which disks the agent may touch, and which one gets the image. */
#include "agent/agent.h"
#include "agent/inspect/inventory.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/hwid/hints.h"

#include <errno.h>
#include <unistd.h>

#define SETTLE_MS 30000

char *agent_disk_path(const struct agent *a, const json_t *disk)
{
	const char *name = json_str(disk, "name");

	return sysroot_path(a->sr, "%s", name ? name : "");
}

void agent_load_module(struct agent *a, const char *name)
{
	if (a->platform->load_module)
		(void)a->platform->load_module(a->platform->data, name);
}

/* Choosing among half of the disks could choose the wrong one. */
void agent_settle(struct agent *a)
{
	if (a->platform->settle)
		a->platform->settle(a->platform->data, SETTLE_MS);
}

/* A skip entry that cannot be read skips nothing, but says so. */
static bool skipped_by(struct agent *a, const json_t *hint, const json_t *disk)
{
	_cleanup_(hints_freep) struct hints *h = NULL;
	struct hints_disk d;
	struct err e = {0};

	if (hints_parse(hint, &h, &e) < 0) {
		journal_err(a->journal, "skip_block_devices", &e);
		return false;
	}
	return h && hints_disk_from_json(disk, &d, &e) == 0 && hints_match(h, &d, NULL, 0);
}

static bool is_skipped(struct agent *a, const json_t *skip, const json_t *disk)
{
	bool skipped = false;
	json_t *hint;
	size_t k;

	json_array_foreach ((json_t *)skip, k, hint)
		skipped = skipped || skipped_by(a, hint, disk);
	if (skipped)
		say(a->journal, "%s is skipped, as the node's properties say",
			json_str(disk, "name"));
	return skipped;
}

json_t *agent_disks(struct agent *a)
{
	_cleanup_json_ json_t *node = agent_node(a), *all = NULL;
	const json_t *skip =
		json_object_get(json_object_get(node, "properties"), "skip_block_devices");
	json_t *disks = json_array(), *disk;
	size_t i;

	agent_settle(a);
	all = inventory_disks(a->sr);
	json_array_foreach (all, i, disk)
		if (!is_skipped(a, skip, disk))
			json_array_append(disks, disk);
	return disks;
}

json_t *agent_candidates(struct agent *a)
{
	_cleanup_json_ json_t *node = agent_node(a);
	const json_t *skip =
		json_object_get(json_object_get(node, "properties"), "skip_block_devices");
	json_t *disks, *disk;
	size_t i;

	agent_settle(a);
	disks = inventory_candidates(a->sr);
	json_array_foreach (disks, i, disk)
		if (is_skipped(a, skip, disk))
			json_put_str(disk, "unfit", "is skipped by properties/skip_block_devices");
	return disks;
}

static int choose(struct agent *a, const struct hints *h, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *disks = agent_candidates(a);
	int i = hints_choose_json(h, disks, e);

	if (i < 0)
		return i;
	*ret = json_incref(json_array_get(disks, (size_t)i));
	return 0;
}

static const json_t *hints_of(const json_t *node)
{
	const json_t *own = json_object_get(json_object_get(node, "instance_info"), "root_device");

	if (json_object_size(own))
		return own;
	return json_object_get(json_object_get(node, "properties"), "root_device");
}

static bool stopping(struct agent *a)
{
	bool stop;

	pthread_mutex_lock(&a->lock);
	stop = a->stop;
	pthread_mutex_unlock(&a->lock);
	return stop;
}

int agent_root_disk(struct agent *a, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *node = agent_node(a);
	_cleanup_(hints_freep) struct hints *h = NULL;
	int64_t give_up_ms = time_mono_ms() + (int64_t)a->params->disk_wait_attempts *
						      a->params->disk_wait_delay_s * 1000;
	int r = hints_parse(hints_of(node), &h, e);
	bool waiting = false;

	if (r < 0)
		return err_prefix(e, "root device");
	for (;;) {
		int64_t left_ms = give_up_ms - time_mono_ms();

		r = choose(a, h, ret, e);
		if (r == 0)
			return 0;
		/* without a platform that can tell of new devices there is nothing to wait for; and
		 * one more disk does not decide between two */
		if (r == -ENOTUNIQ || !a->platform->wait_change || left_ms <= 0 || stopping(a))
			return err_prefix(e, "root device");
		if (!waiting)
			say(a->journal, "waiting for the root device: %s", e->text);
		waiting = true;
		a->platform->wait_change(a->platform->data, left_ms < 3000 ? (int)left_ms : 3000);
	}
}

int agent_disk_confirm(struct agent *a, const json_t *chosen, struct err *e)
{
	static const char *const identity[] = {"serial", "wwn", "size", "model"};
	_cleanup_json_ json_t *disks = inventory_disks(a->sr);
	const char *name = json_str(chosen, "name");
	json_t *now = NULL, *disk;
	size_t i;

	json_array_foreach (disks, i, disk)
		if (str_eq(json_str(disk, "name"), name))
			now = disk;
	if (!now)
		return err_set(e, ENODEV,
			"%s has gone since it was chosen; look at the disk and its cable, and "
			"deploy again",
			name);
	for (i = 0; i < ARRAY_SIZE(identity); i++) {
		json_t *was = json_object_get(chosen, identity[i]);
		_cleanup_free_ char *text = NULL;

		if (!was || json_is_null(was) || json_equal(was, json_object_get(now, identity[i])))
			continue;
		text = json_dumps(json_object_get(now, identity[i]), JSON_ENCODE_ANY);
		return err_set(e, ENODEV,
			"%s is another disk now than the one that was chosen: its %s is %.80s; "
			"nothing was written; deploy again",
			name, identity[i], text ? text : "unknown");
	}
	return 0;
}
