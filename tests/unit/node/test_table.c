/*
 * The transition table against a second copy of it, written by hand from section 3 of the contract:
 * every pair of state and event is either in the list below, with that result, or refused.
 */
#include "conductor/node/table.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

/* "from" | "event" | "to" | target: a state, "-" cleared, "=" kept */
static const char *const expected[][4] = {
	{"enroll", "manage", "verifying", "manageable"},
	{"verifying", "done", "manageable", "-"},
	{"verifying", "fail", "enroll", "-"},
	{"manageable", "provide", "cleaning", "available"},
	{"manageable", "clean", "cleaning", "manageable"},
	{"manageable", "inspect", "inspecting", "manageable"},
	{"manageable", "adopt", "adopting", "active"},
	{"cleaning", "wait", "clean wait", "="},
	{"cleaning", "queue", "clean wait", "="},
	{"clean wait", "admit", "cleaning", "="},
	{"cleaning", "hold", "clean hold", "="},
	{"cleaning", "fail", "clean failed", "="},
	{"cleaning", "done", "available", "-"},
	{"cleaning", "manage", "manageable", "-"},
	{"clean wait", "resume", "cleaning", "="},
	{"clean wait", "hold", "clean hold", "="},
	{"clean wait", "fail", "clean failed", "="},
	{"clean wait", "abort", "clean failed", "="},
	{"clean hold", "unhold", "clean wait", "="},
	{"clean hold", "abort", "clean failed", "="},
	{"clean failed", "manage", "manageable", "-"},
	{"available", "deploy", "deploying", "active"},
	{"available", "manage", "manageable", "-"},
	{"deploying", "wait", "wait call-back", "="},
	{"deploying", "queue", "wait call-back", "="},
	{"wait call-back", "admit", "deploying", "="},
	{"deploying", "hold", "deploy hold", "="},
	{"deploying", "fail", "deploy failed", "="},
	{"deploying", "done", "active", "-"},
	{"wait call-back", "resume", "deploying", "="},
	{"wait call-back", "hold", "deploy hold", "="},
	{"wait call-back", "fail", "deploy failed", "="},
	{"wait call-back", "abort", "deploy failed", "="},
	{"wait call-back", "delete", "deleting", "available"},
	{"deploy hold", "unhold", "wait call-back", "="},
	{"deploy hold", "abort", "deploy failed", "="},
	{"deploy failed", "deploy", "deploying", "active"},
	{"deploy failed", "rebuild", "deploying", "active"},
	{"deploy failed", "delete", "deleting", "available"},
	{"active", "delete", "deleting", "available"},
	{"active", "rebuild", "deploying", "active"},
	{"active", "rescue", "rescuing", "rescue"},
	{"active", "service", "servicing", "active"},
	{"deleting", "clean", "cleaning", "available"},
	{"deleting", "fail", "error", "-"},
	{"error", "rebuild", "deploying", "active"},
	{"error", "delete", "deleting", "available"},
	{"inspecting", "done", "manageable", "-"},
	{"inspecting", "wait", "inspect wait", "="},
	{"inspecting", "queue", "inspect wait", "="},
	{"inspect wait", "admit", "inspecting", "="},
	{"inspecting", "fail", "inspect failed", "="},
	{"inspect wait", "resume", "inspecting", "="},
	{"inspect wait", "done", "manageable", "-"},
	{"inspect wait", "fail", "inspect failed", "="},
	{"inspect wait", "abort", "inspect failed", "="},
	{"inspect failed", "inspect", "inspecting", "manageable"},
	{"inspect failed", "manage", "manageable", "-"},
	{"adopting", "done", "active", "-"},
	{"adopting", "fail", "adopt failed", "="},
	{"adopt failed", "adopt", "adopting", "active"},
	{"adopt failed", "manage", "manageable", "-"},
	{"rescuing", "done", "rescue", "-"},
	{"rescuing", "wait", "rescue wait", "="},
	{"rescuing", "queue", "rescue wait", "="},
	{"rescue wait", "admit", "rescuing", "="},
	{"rescuing", "fail", "rescue failed", "="},
	{"rescue wait", "resume", "rescuing", "="},
	{"rescue wait", "fail", "rescue failed", "="},
	{"rescue wait", "abort", "rescue failed", "="},
	{"rescue wait", "delete", "deleting", "available"},
	{"rescue", "rescue", "rescuing", "rescue"},
	{"rescue", "unrescue", "unrescuing", "active"},
	{"rescue", "delete", "deleting", "available"},
	{"rescue failed", "rescue", "rescuing", "rescue"},
	{"rescue failed", "unrescue", "unrescuing", "active"},
	{"rescue failed", "delete", "deleting", "available"},
	{"unrescuing", "done", "active", "-"},
	{"unrescuing", "fail", "unrescue failed", "="},
	{"unrescue failed", "rescue", "rescuing", "rescue"},
	{"unrescue failed", "unrescue", "unrescuing", "active"},
	{"unrescue failed", "delete", "deleting", "available"},
	{"servicing", "done", "active", "-"},
	{"servicing", "wait", "service wait", "="},
	{"servicing", "hold", "service hold", "="},
	{"servicing", "queue", "service wait", "="},
	{"service wait", "admit", "servicing", "="},
	{"servicing", "fail", "service failed", "="},
	{"service wait", "resume", "servicing", "="},
	{"service wait", "hold", "service hold", "="},
	{"service wait", "fail", "service failed", "="},
	{"service wait", "abort", "service failed", "="},
	{"service wait", "delete", "deleting", "available"},
	{"service hold", "service", "servicing", "active"},
	{"service hold", "unhold", "service wait", "="},
	{"service hold", "fail", "service failed", "="},
	{"service hold", "abort", "service failed", "="},
	{"service failed", "service", "servicing", "active"},
	{"service failed", "rescue", "rescuing", "rescue"},
	{"service failed", "wait", "service wait", "="},
	{"service failed", "hold", "service hold", "="},
	{"service failed", "delete", "deleting", "available"},
	{"service failed", "abort", "active", "-"},
};

static const char *const *find(const char *from, const char *event)
{
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (str_eq(expected[i][0], from) && str_eq(expected[i][1], event))
			return expected[i];
	return NULL;
}

static const char *target_text(int target)
{
	if (target == TARGET_KEEP)
		return "=";
	return target == TARGET_CLEAR ? "-" : provision_state_name((enum provision_state)target);
}

static void check_pair(enum provision_state s, enum fsm_event ev)
{
	const char *from = provision_state_name(s), *event = fsm_event_names[ev];
	const char *const *want = find(from, event);
	const struct transition *row = fsm_find(s, ev);

	if (!want) {
		ok(row == NULL, "%s + %s is refused", from, event);
		return;
	}
	if (ok(row != NULL, "%s + %s is allowed", from, event)) {
		is_str(provision_state_name(row->to), want[2], "%s + %s leads to %s", from, event,
			want[2]);
		is_str(target_text(row->target), want[3], "%s + %s: target", from, event);
	}
}

/* Contract: every state that is not stable has a time limit, also where Ironic has none. */
static void check_limits(void)
{
	static const char *const stable[] = {"enroll", "manageable", "available", "active", "error",
		"rescue", "deploy failed", "clean failed", "inspect failed", "adopt failed",
		"rescue failed", "unrescue failed", "service failed"};

	for (enum provision_state s = PS_ENROLL; s < PS_COUNT; s++) {
		bool is_stable = false;

		for (size_t i = 0; i < sizeof(stable) / sizeof(stable[0]); i++)
			is_stable |= str_eq(stable[i], provision_state_name(s));
		ok((fsm_limit_of(s) == LIMIT_NONE) == is_stable, "%s %s", provision_state_name(s),
			is_stable ? "may last" : "has a limit");
		is_int(provision_state_is_stable(s), is_stable, "%s is %sstable",
			provision_state_name(s), is_stable ? "" : "not ");
	}
}

/* Contract 2.3 and 4.3, each list as it stands there. */
static void check_lists(void)
{
	static const char *const update[] = {"deploy failed", "inspect failed", "inspect wait",
		"clean failed", "error", "verifying", "adopt failed", "rescue failed",
		"unrescue failed", "servicing", "service hold", "service failed"};
	static const char *const lookup[] = {"deploying", "wait call-back", "cleaning",
		"clean wait", "inspecting", "inspect wait", "rescuing", "rescue wait",
		"service wait"};
	static const char *const lookup_fast[] = {
		"enroll", "manageable", "available", "servicing", "service hold"};
	static const char *const deletable[] = {
		"manageable", "enroll", "adopt failed", "available"};

	for (enum provision_state s = PS_ENROLL; s < PS_COUNT; s++) {
		const char *name = provision_state_name(s);
		bool u = false, l = false, f = false, d = false;

		for (size_t i = 0; i < sizeof(update) / sizeof(update[0]); i++)
			u |= str_eq(update[i], name);
		for (size_t i = 0; i < sizeof(lookup) / sizeof(lookup[0]); i++)
			l |= str_eq(lookup[i], name);
		for (size_t i = 0; i < sizeof(lookup_fast) / sizeof(lookup_fast[0]); i++)
			f |= str_eq(lookup_fast[i], name);
		for (size_t i = 0; i < sizeof(deletable) / sizeof(deletable[0]); i++)
			d |= str_eq(deletable[i], name);
		is_int(fsm_update_allowed(s), u, "%s: update in the middle", name);
		is_int(fsm_lookup_allowed(s, false), l, "%s: lookup", name);
		is_int(fsm_lookup_allowed(s, true), l || f, "%s: lookup with fast track", name);
		is_int(fsm_delete_allowed(s), d, "%s: delete", name);
	}
}

int main(void)
{
	for (enum provision_state s = PS_ENROLL; s < PS_COUNT; s++)
		for (enum fsm_event ev = EV_MANAGE; ev < EV_COUNT; ev++)
			check_pair(s, ev);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ok(provision_state_parse(expected[i][0]) && provision_state_parse(expected[i][2]),
			"%s and %s are names of states", expected[i][0], expected[i][2]);
	check_limits();
	check_lists();
	return done_testing();
}
