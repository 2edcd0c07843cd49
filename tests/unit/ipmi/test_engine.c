/*
 * The engine and the queue without a BMC: packets go to a catcher instead of a socket, and what
 * would come back is left out or is an ICMP error. Nothing here waits for time to pass.
 */
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"
#include "conductor/bmc/ipmi/reads.h"
#include "tests/unit/tap.h"

static uv_loop_t loop;
static struct ipmi_engine *engine;
static unsigned packets;

struct seen {
	unsigned calls;
	int code;
	char text[768];
	bool inside;		/* while the call that started it ran */
	struct ipmi_bmc *again; /* started once more from the callback */
};

static bool starting;

static void on_packet(void *data, const uint8_t *packet, size_t len)
{
	packets++;
}

static void on_done(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct seen *s = data;
	struct ipmi_bmc *again = s->again;

	s->calls++;
	s->inside |= starting;
	s->code = e ? e->code : 0;
	snprintf(s->text, sizeof(s->text), "%s", e ? e->text : "");
	s->again = NULL;
	if (again)
		ipmi_power_get(again, NULL, on_done, s);
}

static void setup(unsigned window)
{
	const struct ipmi_engine_config config = {.window = window, .sockets = 1};

	uv_loop_init(&loop);
	ipmi_engine_new(&loop, &config, &engine, NULL);
	engine->capture = on_packet;
	packets = 0;
}

static void teardown(void)
{
	ipmi_engine_free(engine);
	uv_run(&loop, UV_RUN_DEFAULT);
	is_int(uv_loop_close(&loop), 0, "nothing of the engine is left on the loop");
}

static struct ipmi_bmc *bmc_at(const char *address)
{
	const struct ipmi_config c = {
		.address = address, .username = "admin", .traits = BMC_TRAITS_DEFAULT};
	struct ipmi_bmc *b = NULL;

	ipmi_bmc_new(engine, &c, &b, NULL);
	return b;
}

static void spin(void)
{
	for (int i = 0; i < 5; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static ipmi_ticket ask(struct ipmi_bmc *b, struct seen *s, enum ipmi_priority priority)
{
	const struct ipmi_opts opts = {.priority = priority};
	ipmi_ticket t;

	starting = true;
	t = ipmi_power_get(b, &opts, on_done, s);
	starting = false;
	return t;
}

static void test_config(void)
{
	static const struct {
		const char *what, *want;
		struct ipmi_config c;
	} rows[] = {
		{"no address", "address", {.address = ""}},
		{"a user name of 17", "user name has 17",
			{.address = "a", .username = "12345678901234567"}},
		{"a password of 21", "password has 21",
			{.address = "a", .password = "123456789012345678901"}},
		{"a K_g of 21", "K_g",
			{.address = "a", .kg = "123456789012345678901", .kg_len = 21}},
		{"cipher suite 8", "cipher suite 8", {.address = "a", .cipher_suites = {17, 8}}},
		{"privilege 5", "level 5", {.address = "a", .privilege = 5}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ipmi_bmc *b = NULL;
		struct err e = {0};

		ok(ipmi_bmc_new(engine, &rows[i].c, &b, &e) == -EINVAL &&
				strstr(e.text, rows[i].want),
			"%s is refused by name", rows[i].what);
		ok(!strstr(e.text, "1234567890"), "and the error shows no secret");
	}
}

static void test_cancel(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.1");
	struct seen one = {0}, two = {0};
	ipmi_ticket t1 = ask(b, &one, IPMI_PRIORITY_SWEEP), t2 = ask(b, &two, IPMI_PRIORITY_SWEEP);

	is_int(packets, 1, "the first request sends a packet, the second waits");
	ok(ipmi_cancel(b, t2) && !ipmi_cancel(b, t2), "what waits is canceled once");
	is_int(two.calls, 0, "its callback comes later");
	spin();
	ok(two.calls == 1 && two.code == ECANCELED, "and came");
	ok(ipmi_cancel(b, t1), "what is on its way is canceled");
	spin();
	ok(one.calls == 1 && one.code == ECANCELED && !one.inside, "and its callback came");
	ipmi_bmc_free(b);
}

static void test_order(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.2");
	struct seen s[4] = {0};
	ipmi_ticket flying = ask(b, &s[0], IPMI_PRIORITY_SWEEP), first, second;

	ask(b, &s[1], IPMI_PRIORITY_SWEEP);
	first = ask(b, &s[2], IPMI_PRIORITY_COMMAND);
	second = ask(b, &s[3], IPMI_PRIORITY_COMMAND);
	ok(b->current && b->current->ticket == first && b->sends == 1,
		"a command takes over the login that a sweep began, without beginning anew");
	ipmi_cancel(b, first);
	ok(b->current && b->current->ticket == second, "commands keep their order");
	ipmi_cancel(b, second);
	ok(b->current && b->current->ticket == flying, "and then sweeps theirs");
	ipmi_bmc_free(b);
	spin();
	ok(s[0].calls == 1 && s[1].calls == 1 && s[2].calls == 1 && s[3].calls == 1,
		"freeing the BMC ends each exactly once");
}

static void test_ceiling(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.3");
	struct seen s[IPMI_QUEUE_MAX + 1] = {0}, big = {0};

	for (int i = 0; i <= IPMI_QUEUE_MAX; i++)
		ask(b, &s[i], IPMI_PRIORITY_SWEEP);
	is_int(s[IPMI_QUEUE_MAX].calls, 0, "also a refusal comes later");
	spin();
	ok(s[IPMI_QUEUE_MAX].code == IPMI_E_QUEUE && s[0].calls == 0,
		"the queue has a ceiling, and what is in it stays");
	ipmi_bmc_free(b);
	b = bmc_at("192.0.2.3");
	ipmi_request(b, 6, 1, big.text, IPMI_DATA_MAX + 1, NULL, on_done, &big);
	spin();
	is_int(big.code, EMSGSIZE, "a request has a greatest length");
	ipmi_bmc_free(b);
}

static void test_window(void)
{
	struct ipmi_bmc *b[4];
	struct seen s[4] = {0}, command = {0};
	char address[32];

	for (int i = 0; i < 4; i++) {
		snprintf(address, sizeof(address), "192.0.2.1%d", i);
		b[i] = bmc_at(address);
	}
	for (int i = 0; i < 3; i++)
		ask(b[i], &s[i], IPMI_PRIORITY_SWEEP);
	is_int(packets, 2, "a window of 2 asks 2 BMCs");
	ask(b[3], &command, IPMI_PRIORITY_COMMAND);
	ok(packets == 3 && b[3]->current && !b[2]->current, "a command goes ahead of the sweep");
	ipmi_bmc_free(b[0]);
	ipmi_bmc_free(b[3]);
	spin();
	is_int(packets, 4, "an end makes room for the next");
	/* An overdue answer gives its place away, so that dead BMCs do not hold up living ones. */
	s[0] = (struct seen){0};
	b[0] = bmc_at("192.0.2.14");
	ask(b[0], &s[0], IPMI_PRIORITY_SWEEP);
	is_int(packets, 4, "the window is full again");
	engine_enter(engine);
	exchange_overdue(b[1]);
	engine_dispatch(engine);
	ok(b[0]->current != NULL, "a silent BMC does not keep its place");
	for (int i = 0; i < 3; i++)
		ipmi_bmc_free(b[i]);
	spin();
	is_int(engine->asking, 0, "and the window is empty in the end");
}

static void test_refused(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.20"), *other = bmc_at("192.0.2.21");
	struct seen s = {0}, o = {0};

	ask(b, &s, IPMI_PRIORITY_SWEEP);
	ask(other, &o, IPMI_PRIORITY_SWEEP);
	net_unreachable(engine, &b->address, ECONNREFUSED);
	spin();
	ok(s.calls == 1 && s.code == IPMI_E_REFUSED, "an ICMP error ends the request it is about");
	ok(strstr(s.text, "power status on 192.0.2.20:623 as admin"),
		"and says what, where, as whom");
	is_int(o.calls, 0, "and no other");
	s.again = b;
	ask(b, &s, IPMI_PRIORITY_SWEEP);
	net_unreachable(engine, &b->address, EHOSTUNREACH);
	spin();
	ok(s.calls == 2 && s.code == IPMI_E_UNREACHABLE && b->current,
		"a callback may start the next request");
	ipmi_bmc_free(b);
	ipmi_bmc_free(other);
	spin();
	ok(s.calls == 3 && o.calls == 1, "which ends too");
}

/* Silence: the packet is sent as often as the traits say, with a longer wait each time. */
static void test_silence(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.30");
	struct seen s = {0}, sweep = {0};
	unsigned waits[4] = {0}, most = 0;

	ask(b, &s, IPMI_PRIORITY_SWEEP);
	ask(b, &sweep, IPMI_PRIORITY_SWEEP);
	for (int i = 0; i < 10 && s.calls == 0; i++) {
		most = b->sends;
		if (most >= 1 && most <= 4)
			waits[most - 1] = b->wait_ms;
		engine_enter(engine);
		exchange_overdue(b);
		engine_dispatch(engine);
	}
	is_int(most, 4, "a BMC is silent after four packets");
	ok(waits[0] == 500 && waits[1] == 1000 && waits[2] == 2000 && waits[3] == 4000,
		"each waited for twice as long");
	ok(s.code == IPMI_E_SILENT && strstr(s.text, "no answer to anything"),
		"and the error says so");
	ok(sweep.calls == 1 && sweep.code == IPMI_E_SILENT, "other sweeps of it do not try again");
	ipmi_bmc_free(b);
	spin();
}

static void overdue(struct ipmi_bmc *b)
{
	engine_enter(engine);
	exchange_overdue(b);
	engine_dispatch(engine);
}

/* A sweep's request that is not answered is in nobody's way. */
static void test_overtaking(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.31");
	struct seen sweep = {0}, command = {0};
	ipmi_ticket waits;
	unsigned before;

	ask(b, &sweep, IPMI_PRIORITY_SWEEP);
	for (int i = 0; i < 3; i++)
		overdue(b);
	ok(b->sends >= 3 && b->wait_ms >= 2000, "a sweep waits for a silent BMC");
	before = packets;
	waits = ask(b, &command, IPMI_PRIORITY_COMMAND);
	ok(b->current->ticket == waits && b->sends == 1 && packets > before,
		"a command does not: it is sent at once, with all its repetitions before it");
	is_int(sweep.calls, 0, "the sweep's request is not lost");
	while (command.calls == 0)
		overdue(b);
	ok(command.code == IPMI_E_SILENT && sweep.calls == 1, "and fails with the command");
	ipmi_bmc_free(b);
	spin();
}

static void fail_once(struct ipmi_bmc *b, struct seen *s, enum ipmi_priority priority)
{
	ask(b, s, priority);
	net_unreachable(engine, &b->address, EHOSTUNREACH);
	spin();
}

/* Three failures in a row: sweeps leave the BMC alone for a while that grows. */
static void test_circuit(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.32");
	struct ipmi_bmc_status st;
	struct ipmi_engine_stats stats;
	struct seen s = {0}, command = {0};
	int64_t pause, last = 0;
	unsigned before;

	for (int i = 0; i < 3; i++) {
		ok(!ipmi_bmc_rests(b), "a BMC that failed %d times is asked", i);
		fail_once(b, &s, IPMI_PRIORITY_SWEEP);
	}
	ipmi_bmc_status(b, &st);
	ok(st.open && st.failures == 3 && strstr(st.why, "check cable"),
		"then its circuit is open");
	pause = st.retry_ms - engine_now(engine);
	ok(pause > 7000 && pause < 12100, "for about 10 s (%lld ms)", (long long)pause);
	before = packets;
	ask(b, &s, IPMI_PRIORITY_SWEEP);
	spin();
	ok(s.calls == 4 && packets == before, "a sweep's request fails and sends nothing");
	ok(s.code == IPMI_E_UNREACHABLE && strstr(s.text, "not asked again for") &&
			strstr(s.text, "check cable"),
		"and says why, and until when");
	ask(b, &command, IPMI_PRIORITY_COMMAND);
	ok(packets == before + 1, "a command is sent");
	net_unreachable(engine, &b->address, EHOSTUNREACH);
	spin();
	ipmi_engine_get_stats(engine, &stats);
	ok(stats.circuits_open == 1 && stats.spared == 1, "and all is counted");
	for (int i = 0; i < 8; i++) {
		b->circuit.retry_ms = engine_now(engine);
		fail_once(b, &s, IPMI_PRIORITY_SWEEP);
		pause = b->circuit.retry_ms - engine_now(engine);
		ok(pause <= 360000 && (i > 2 || pause > last),
			"a failed look makes the pause longer");
		last = pause;
	}
	ok(last >= 239000, "up to five minutes");
	circuit_answered(b);
	ok(!ipmi_bmc_rests(b), "an answer closes it");
	ipmi_bmc_free(b);
	spin();
}

/* What must not open it: an answer that says no, a request that is not begun. */
static void test_circuit_of_the_living(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.33");
	struct seen s = {0};

	for (int i = 0; i < 5; i++) {
		ipmi_ticket t = ask(b, &s, IPMI_PRIORITY_SWEEP);

		ipmi_cancel(b, t);
		spin();
		ask(b, &s, IPMI_PRIORITY_SWEEP);
		b->current->answered = true;
		bmc_fail(b, IPMI_E_COMMAND, "the BMC answered CCh");
		spin();
	}
	ok(!b->circuit.open && b->circuit.failures == 0, "a BMC that says no is alive");
	ipmi_bmc_free(b);
	spin();
}

/* As if it had been silent for so long after a message that was sent so soon after an answer. */
static void freeze(struct ipmi_bmc *b, int64_t soon_ms, int64_t silent_ms)
{
	b->answered_ms = engine_now(engine) - soon_ms;
	pace_sent(b);
	pace_silent(b);
	if (b->pace.suspected_ms)
		b->pace.suspected_ms = engine_now(engine) - silent_ms;
	pace_answered(b);
}

static void test_pace(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.34");

	loop.time += 1000000;
	freeze(b, 1, 700);
	is_int(pace_gap_ms(b), 0, "a lost packet is no freeze");
	freeze(b, 1, 500000);
	is_int(pace_gap_ms(b), 0, "nor is a BMC that was away for minutes");
	freeze(b, 2000, 5000);
	is_int(pace_gap_ms(b), 0, "nor one that was asked after a pause");
	freeze(b, 1, 5000);
	is_int(pace_gap_ms(b), 200, "asked too fast it froze: a gap is kept");
	freeze(b, 200, 5000);
	is_int(pace_gap_ms(b), 600, "and a longer one when that is too short");
	for (int i = 0; i < 5; i++)
		freeze(b, 600, 5000);
	is_int(pace_gap_ms(b), 5000, "up to what Ironic keeps for every BMC");
	loop.time += 3600001;
	pace_answered(b);
	is_int(pace_gap_ms(b), 2500, "an hour without a freeze halves it");
	b->traits.gap_ms = 3000;
	is_int(pace_gap_ms(b), 3000, "what hwdb says is kept in any case");
	ipmi_bmc_free(b);
	is_int((int)engine->stats.gaps_learned, 0, "and a freed BMC counts no more");
}

static void test_end(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.40");
	static struct seen s[3];

	for (int i = 0; i < 3; i++)
		ask(b, &s[i], IPMI_PRIORITY_SWEEP);
	teardown();
	ok(s[0].calls == 1 && s[1].calls == 1 && s[2].calls == 1 && s[2].code == ECANCELED,
		"freeing the engine ends each request exactly once");
}

static void on_sensors(void *data, const struct ipmi_sensors *found, const struct err *e)
{
	on_done(data, NULL, e);
}

static void on_log(void *data, const struct ipmi_sel *log, const struct err *e)
{
	on_done(data, NULL, e);
}

/* A read of many steps is a request at any time, and ends with its BMC. */
static void test_jobs(void)
{
	struct ipmi_bmc *b = bmc_at("192.0.2.9");
	struct seen read = {0}, clear = {0}, command = {0};
	const struct ipmi_opts late = {.deadline_ms = 1};

	starting = true;
	ipmi_sensors_read(b, SENSORS_READINGS, NULL, on_sensors, &read);
	ipmi_sel_clear(b, NULL, on_log, &clear);
	starting = false;
	is_int(b->queued, 2, "each job has one request in the queue");
	ask(b, &command, IPMI_PRIORITY_COMMAND);
	ok(b->current && b->current->priority == IPMI_PRIORITY_COMMAND,
		"a command passes the step of a job");
	ipmi_bmc_free(b);
	spin();
	ok(read.calls == 1 && read.code == ECANCELED && !read.inside, "a job ends with its BMC");
	ok(clear.calls == 1 && clear.code == ECANCELED && strstr(clear.text, "clear the event log"),
		"and says what it was about");
	b = bmc_at("192.0.2.9");
	ipmi_sensors_read(b, SENSORS_READINGS, &late, on_sensors, &read);
	for (int i = 0; i < 50 && read.calls == 1; i++) {
		uv_sleep(1);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	ok(read.calls == 2 && read.code == ETIME && strstr(read.text, "192.0.2.9"),
		"a job has a deadline of its own");
	ipmi_bmc_free(b);
	spin();
}

int main(void)
{
	setup(0);
	test_config();
	test_cancel();
	test_order();
	test_ceiling();
	test_refused();
	test_silence();
	test_overtaking();
	test_circuit();
	test_circuit_of_the_living();
	test_pace();
	test_jobs();
	teardown();
	setup(2);
	test_window();
	teardown();
	setup(0);
	test_end();
	return done_testing();
}
