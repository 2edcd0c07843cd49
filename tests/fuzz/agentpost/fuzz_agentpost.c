/*
 * What agents send to the conductor: heartbeats, inventories, steps, disks, and commands as they
 * describe them, alone and in answers. The first byte chooses. The node has had an agent before, or
 * not, by the second, which of an answer tells what was asked and the HTTP status.
 */
#include "conductor/agentlink/internal.h"
#include "conductor/flow/flow.h"
#include "conductor/flow/steps.h"
#include "lib/base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_node(struct node *n, bool had_agent)
{
	node_init(n);
	n->uuid = xstrdup("6a7e2c4e-8d4e-4a53-9d0a-3a1f35a2b111");
	json_put_str(n->driver_internal_info, "agent_secret_token", TOKEN);
	if (!had_agent)
		return;
	json_put_str(n->driver_internal_info, "agent_url", "https://10.0.0.9:9999");
	json_put_str(n->properties, "capabilities", "boot_mode:uefi,,boot_modes:x,cpu_vt:true");
}

/* A heartbeat that is taken leaves an agent that is known, and that the same heartbeat fits. */
static void fuzz_heartbeat(struct node *n, const json_t *body)
{
	struct agent_policy policy = {.heartbeat_timeout_s = 300};
	struct err e;

	if (agentlink_heartbeat_check(n, body, &e) < 0)
		return;
	agentlink_heartbeat_apply(n, body);
	if (!agentlink_known(n) || agentlink_heartbeat_check(n, body, &e) < 0 ||
		agentlink_heartbeat_apply(n, body))
		abort();
	json_decref(agentlink_lookup_reply(n, &policy));
	agentlink_forget(n);
	if (agentlink_known(n) || agentlink_token_ok(n, TOKEN))
		abort();
}

/* What was found fits what it is for: a row of its own, and MACs in their normal form. */
static void fuzz_inspection(struct node *n, json_t *body)
{
	struct flow_run run = {.node = n, .data = body};
	struct err e;
	json_t *mac;
	size_t i;

	if (inspection_apply(&run, NULL, &e) == 0) {
		json_array_foreach (run.found.macs, i, mac)
			if (json_string_length(mac) != 17)
				abort();
		if (!json_is_object(run.found.inventory) || !json_is_object(run.found.plugin_data))
			abort();
		free(json_text(n->properties));
	}
	json_decref(run.found.inventory);
	json_decref(run.found.plugin_data);
	json_decref(run.found.macs);
	json_decref(run.found.links);
}

/* What runs by itself falls in priority, was offered, and is what may be asked for. */
static void fuzz_offer(enum flow_kind kind, const json_t *offered)
{
	json_t *chosen = NULL, *step;
	int64_t before = INT64_MAX;
	struct err e;
	size_t i;

	if (steps_choose(kind, NULL, offered, false, false, &chosen, &e) < 0)
		abort();
	if (json_array_size(chosen) > STEPS_MAX)
		abort();
	json_array_foreach (chosen, i, step) {
		if (step_priority(step) > before || step_priority(step) <= 0)
			abort();
		before = step_priority(step);
	}
	json_decref(chosen);
}

/* A client's steps against an agent's: what is taken is kept, entered and left to its end. */
static void fuzz_wanted(struct node *n, enum flow_kind kind, const json_t *offered, json_t *wanted)
{
	json_t *chosen = NULL;
	struct err e;

	if (steps_choose(kind, wanted, offered, true, false, &chosen, &e) < 0)
		return;
	steps_want(n, kind, wanted, false);
	steps_begin(n, kind, chosen);
	while (steps_current(n, kind)) {
		steps_show(n, kind);
		steps_next(n, kind);
	}
	steps_forget(n, false);
}

static void fuzz_steps(struct node *n, const json_t *body)
{
	static const enum flow_kind kinds[] = {FLOW_CLEAN, FLOW_DEPLOY, FLOW_SERVICE};
	_cleanup_json_ json_t *offered = json_array();
	json_t *wanted = json_object_get(body, "wanted");
	struct flow_run run = {.node = n};
	struct err e;

	flow_note_disks(&run, body);
	json_decref(run.found.disks);
	if (steps_add_offer(offered, body, &e) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		fuzz_offer(kinds[i], offered);
		if (json_is_array(wanted))
			fuzz_wanted(n, kinds[i], offered, wanted);
	}
}

/* What is taken out of an answer is a command, and of the name that was asked for. */
static void fuzz_answer(uint8_t how, char *text, size_t len)
{
	static const char name[] = "standby.prepare_image";
	struct http_response resp = {.status = how & 2	 ? 200
					       : how & 4 ? 409
							 : 500,
		.body = text,
		.len = len};
	bool status = how & 1;
	json_t *command = NULL;
	struct err e = {0};
	int r = agentlink_read_answer(
		name, status, "https://10.0.0.9:9999/v1/commands/", &resp, &command, &e);

	if (r < 0 ? command || !*e.text : !json_is_object(command) || resp.status != 200)
		abort();
	if (r == 0 && status && !strstr(name, json_str(command, "command_name")))
		abort();
	json_decref(command);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *body = NULL;
	struct node n;
	struct err e;

	if (size > 2 && data[0] == 'a')
		fuzz_answer(data[1], (char *)data + 2, size - 2);
	if (size < 2 || data[0] == 'a' ||
		json_parse((const char *)data + 2, size - 2, JSON_DEPTH_MAX, &body, &e) < 0)
		return 0;
	make_node(&n, data[1] & 1);
	if (data[0] == 'h')
		fuzz_heartbeat(&n, body);
	else if (data[0] == 'i')
		fuzz_inspection(&n, body);
	else if (data[0] == 's')
		fuzz_steps(&n, body);
	else if (data[0] == 'c')
		(void)agentlink_command_outcome(body, &e);
	node_done(&n);
	json_decref(body);
	return 0;
}
