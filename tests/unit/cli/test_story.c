/* The phases of a node's work, out of the transitions that its history keeps. */
#include "conductor/cli/story.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

static void add(json_t *events, const char *at, const char *from, const char *to, const char *text)
{
	char when[64];

	snprintf(when, sizeof(when), "2026-11-22T%s+00:00", at);
	json_array_append_new(
		events, json_pack("{s:s, s:s*, s:s*, s:s, s:s}", "at", when, "from", from, "to", to,
				"event", text, "type", to ? "provisioning" : "deployment"));
}

static void check(
	const json_t *phases, size_t i, const char *job, const char *name, int ms, bool good)
{
	const json_t *p = json_array_get(phases, i);

	is_str(json_str(p, "job"), job, "phase %zu: of which job", i);
	is_str(json_str(p, "phase"), name, "its name");
	is_int(json_int(p, "duration_ms", -1), ms, "how long it took");
	ok(json_flag(p, "ok", false) == good, "how it ended");
}

static void test_deploy(void)
{
	_cleanup_json_ json_t *events = json_array(), *phases = NULL;

	add(events, "12:00:00.000000", "available", "deploying", "deploy asked");
	add(events, "12:00:00.100000", "deploying", "wait call-back", "waits for a boot slot");
	add(events, "12:00:05.100000", "wait call-back", "deploying", "its turn");
	add(events, "12:00:05.600000", "deploying", "wait call-back", "the agent to report");
	add(events, "12:00:25.600000", "wait call-back", "deploying", "the agent reported");
	add(events, "12:00:25.700000", "deploying", "wait call-back", "write the image");
	add(events, "12:00:39.600000", "wait call-back", "deploying", "the agent reported");
	add(events, "12:00:40.600000", "deploying", "active", "deploy: done");
	add(events, "12:00:50.600000", NULL, NULL, "the deployed system reported itself as u1");
	phases = story_phases(events);
	is_int(json_array_size(phases), 7, "queue, five phases, and what came before the queue");
	check(phases, 0, "deploying", "prepare", 100, true);
	check(phases, 1, "deploying", "queue", 5000, true);
	check(phases, 2, "deploying", "prepare", 500, true);
	check(phases, 3, "deploying", "boot", 20000, true);
	check(phases, 4, "deploying", "work", 14000, true);
	check(phases, 5, "deploying", "finish", 1000, true);
	check(phases, 6, "deploying", "system", 10000, true);
}

static void test_failure(void)
{
	_cleanup_json_ json_t *events = json_array(), *phases = NULL;

	add(events, "12:00:00.000000", "manageable", "inspecting", "inspect asked");
	add(events, "12:00:01.000000", "inspecting", "inspect wait",
		"the agent to report what it found");
	add(events, "12:10:01.000000", "inspect wait", "inspecting",
		"no progress for 600 s, so ...");
	add(events, "12:10:02.000000", "inspecting", "inspect wait",
		"the agent to report what it found");
	add(events, "12:30:02.000000", "inspect wait", "inspect failed", "Timeout reached");
	phases = story_phases(events);
	is_int(json_array_size(phases), 4, "the boot that began again is seen");
	check(phases, 2, "inspecting", "prepare", 1000, true);
	check(phases, 3, "inspecting", "boot", 1200000, false);
}

static void test_odd(void)
{
	_cleanup_json_ json_t *events = json_array(), *phases = NULL, *none = story_phases(NULL);

	is_int(json_array_size(none), 0, "no events, no phases");
	json_array_append_new(events, json_integer(7));
	json_array_append_new(events, json_object());
	add(events, "12:00:00.000000", "wait call-back", "deploying",
		"history was cut before this");
	phases = story_phases(events);
	is_int(json_array_size(phases), 1, "what is not an event is passed over");
	ok(!json_str(json_array_get(phases, 0), "end"), "a phase may be open");
}

static void test_when(void)
{
	static const struct {
		const char *at, *now, *want;
	} cases[] = {
		{"2026-01-31T12:01:48.5+00:00", "2026-01-31T12:00:00+00:00",
			"2026-01-31 12:01:48 UTC, in 1 min 48 s"},
		{"2026-01-31T11:59:48+00:00", "2026-01-31T12:00:00+00:00",
			"2026-01-31 11:59:48 UTC, 12 s ago"},
		{"2026-01-28T09:00:00+00:00", "2026-01-31T12:00:00+00:00",
			"2026-01-28 09:00:00 UTC, 3 d 3 h ago"},
		{"2026-01-31T12:00:00+00:00", NULL, "2026-01-31 12:00:00 UTC"},
		{"soon", "2026-01-31T12:00:00+00:00", "soon"},
		{NULL, NULL, "-"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = story_when(cases[i].at, cases[i].now);

		is_str(text, cases[i].want, "%s", cases[i].want);
	}
}

int main(void)
{
	test_deploy();
	test_failure();
	test_odd();
	test_when();
	return done_testing();
}
