/* Scripts: what each line means, how mistakes are told, that a seed decides, and that rules act. */
#include "tests/bmc/bmcd/play.h"
#include "tests/bmc/script.h"
#include "tests/unit/tap.h"

#include <string.h>

static struct script *parse(const char *text)
{
	struct script *s = NULL;
	struct err e = {0};

	if (script_parse(text, strlen(text), "t", &s, &e) < 0)
		ok(false, "%s", e.text);
	return s;
}

static void test_lines(void)
{
	struct script *s = parse("# nothing\n\nat 5s 100-199 silent for 30s\n"
				 "on power-on 7,9 forget-boot-flags\r\n"
				 "  with 10% all drop_percent=30 # by chance\nevery 2m 3 reset");
	const struct script_rule *r;

	is_int(s->n, 4, "four rules");
	r = &s->rules[0];
	ok(r->when == SCRIPT_AT && r->time_ms == 5000 && r->line == 3, "at 5s, on line 3");
	ok(r->n_ranges == 1 && r->ranges[0].from == 100 && r->ranges[0].to == 199, "100-199");
	ok(r->action == SCRIPT_FAULT && !strcmp(r->fault, "silent") && !strcmp(r->value, "1") &&
			r->for_ms == 30000,
		"silent for 30s");
	r = &s->rules[1];
	ok(r->when == SCRIPT_ON && r->event == BMCEMU_MACHINE_ON && r->n_ranges == 2 && !r->for_ms,
		"on power-on 7,9, for good");
	r = &s->rules[2];
	ok(r->when == SCRIPT_ALWAYS && r->share == 1000 && r->n_ranges == 0 &&
			!strcmp(r->value, "30"),
		"with 10%% all, value 30");
	r = &s->rules[3];
	ok(r->when == SCRIPT_EVERY && r->time_ms == 120000 && r->action == SCRIPT_RESET,
		"every 2m reset");
	script_free(s);
}

static void test_mistakes(void)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{"sometimes all silent", "begins with at, every"},
		{"at", "a time is"},
		{"at 5 all silent", "a time is"},
		{"at 2000h all silent", "a time is"},
		{"every 0s all silent", "longer"},
		{"on", "an event is"},
		{"on fire all silent", "an event is"},
		{"at 1s", "which BMCs"},
		{"at 1s 0% all silent", "a share is"},
		{"at 1s 101% all silent", "a share is"},
		{"at 1s x silent", "numbers, ranges"},
		{"at 1s 5-3 silent", "not smaller"},
		{"at 1s 1,,2 silent", "numbers, ranges"},
		{"at 1s 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 silent", "at most 16 ranges"},
		{"at 1s all", "what happens"},
		{"at 1s all gremlins", "no such fault"},
		{"at 1s all silent=2", "from 0 to 1"},
		{"at 1s all silent=", "is not a number"},
		{"at 1s all reset for 3s", "only a fault"},
		{"at 1s all silent until 3s", "only a fault"},
		{"at 1s all silent for", "a time is"},
		{"at 1s all silent for 1s now", "behind the time"},
		{"at 1s all aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "too long"},
	};
	char text[512];
	struct err e;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script *s = NULL;

		snprintf(text, sizeof(text), "\n# second\n%s\n", rows[i].line);
		e = (struct err){0};
		if (script_parse(text, strlen(text), "f.script", &s, &e) != -EINVAL ||
			strncmp(e.text, "f.script:3: ", 12) != 0 || !strstr(e.text, rows[i].text))
			ok(false, "%s: %s", rows[i].line, e.text);
		else
			ok(true, "refused: %s", rows[i].line);
		script_free(s);
	}
	memset(text, 'x', 300);
	text[300] = 0;
	e = (struct err){0};
	ok(script_parse(text, 300, "f", &(struct script *){NULL}, &e) == -EINVAL &&
			strstr(e.text, "f:1: a line"),
		"a line has its limit");
}

static void test_seed(void)
{
	struct script *s = parse("with 10% 0-9999 silent\nwith 10% all silent");
	unsigned chosen = 0, same = 0, both = 0;

	for (uint32_t i = 0; i < 10000; i++) {
		bool a = script_rule_means(&s->rules[0], 7, i);

		chosen += a;
		same += a == script_rule_means(&s->rules[0], 7, i);
		both += a && script_rule_means(&s->rules[0], 8, i);
	}
	ok(chosen > 850 && chosen < 1150, "10%% of 10,000 are about 1,000: %u", chosen);
	is_int(same, 10000, "the same seed chooses the same");
	ok(both < 300, "another seed chooses others: %u in both", both);
	ok(!script_rule_means(&s->rules[0], 7, 10000), "who is not listed is not meant");
	script_free(s);
}

static uint32_t fault(struct farm *f, size_t i, const char *name)
{
	uint32_t v = 99;

	bmcemu_get_fault(f->nodes[i].bmc, name, &v, NULL);
	return v;
}

static void run_until(uv_loop_t *loop, struct farm *f, size_t i, const char *name, uint32_t v)
{
	for (int n = 0; n < 1000 && fault(f, i, name) != v; n++)
		uv_run(loop, UV_RUN_ONCE);
}

static void test_play(void)
{
	struct farm_config c = {.address = "127.0.0.1", .count = 6};
	struct farm f = {0};
	struct err e = {0};
	uv_loop_t loop;

	uv_loop_init(&loop);
	bmcemu_config_init(&c.bmc);
	is_int(farm_open(&f, &loop, &c, &e), 0, "a farm of six");
	f.play = play_new(&loop, &f, 1);
	play_add(f.play,
		parse("always 0-2 delay-ms=5\nat 1ms 1 silent for 2ms\non power-on 3 "
		      "garbage-nth=3\n"
		      "on power-off 4 power-on\nat 1ms 5 power-on\non reset 5 clear"),
		&e);
	ok(fault(&f, 2, "delay_ms") == 5 && fault(&f, 3, "delay_ms") == 0, "always: at once, 0-2");
	run_until(&loop, &f, 1, "silent", 1);
	is_int(fault(&f, 1, "silent"), 1, "at: silent");
	run_until(&loop, &f, 1, "silent", 0);
	is_int(fault(&f, 1, "silent"), 0, "for: and back");
	simmachine_set_power(f.nodes[3].machine, true);
	is_int(fault(&f, 3, "garbage_nth"), 3, "on power-on: within the change");
	simmachine_set_power(f.nodes[4].machine, true);
	simmachine_set_power(f.nodes[4].machine, false);
	for (int n = 0; n < 1000 && !simmachine_is_on(f.nodes[4].machine); n++)
		uv_run(&loop, UV_RUN_ONCE);
	ok(simmachine_is_on(f.nodes[4].machine), "on power-off: power comes back");
	ok(simmachine_is_on(f.nodes[5].machine), "at: power-on");
	play_free(f.play);
	f.play = NULL;
	farm_close(&f);
	uv_run(&loop, UV_RUN_DEFAULT);
	is_int(uv_loop_close(&loop), 0, "nothing is left");
}

int main(void)
{
	test_lines();
	test_mistakes();
	test_seed();
	test_play();
	return done_testing();
}
