/*
 * Drives the IPMI client from a script: one operation on one or many BMCs, once or in rounds, with
 * fresh or kept sessions; prints what came back and what it cost as JSON. The judge of the client
 * in tests/scenarios/ipmi_client.t and the meter of "make bench".
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "conductor/bmc/ipmi/ipmi.h"
#include "lib/base/str.h"
#include "lib/json/json.h"

#define ERRORS_MAX 16
#define PROBES_MAX 100000

struct target {
	struct bench *bench;
	struct ipmi_bmc *bmc;
	uint64_t started_ns;
	unsigned wall_us;
	bool good;
};

/* An operator's commands in the middle of a sweep. */
struct prober {
	unsigned every_ms, n, failed;
	unsigned *wall_us;
	uint64_t started_ns;
	bool busy;
	uv_timer_t timer;
};

struct bench {
	const char *address, *op;
	unsigned count, rounds, rest_ms, port;
	bool step_address;
	struct ipmi_config config;
	struct ipmi_engine_config engine_config;
	struct ipmi_opts opts;
	uint8_t kg[IPMI_KG_MAX];
	uv_loop_t loop;
	uv_timer_t rest;
	struct prober prober;
	struct ipmi_engine *engine;
	struct target *targets;
	unsigned pending, ok, failed, callbacks_inside;
	bool starting;
	json_t *rounds_json, *errors, *result;
};

static const char usage[] =
	"ipmi_status: runs one IPMI operation on many BMCs and prints JSON\n"
	"  --address A      the first BMC, address or name [127.0.0.1]\n"
	"  --port P         its UDP port [623]\n"
	"  --count N        so many BMCs [1], at the next ports, or\n"
	"  --step-address   at the next IPv4 addresses\n"
	"  --user U --password P --kg HEX --suite N --privilege N(1..4)\n"
	"  --op OP          status, on, off, cycle, reset, soft, diag, device-id, guid, boot-get,\n"
	"                   boot-set:DEVICE[:persistent][:efi], identify:SECONDS, bmc-reset,\n"
	"                   raw:NETFN:CMD:HEX [status]\n"
	"  --rounds N       repeats it [1], --rest MS between rounds [0]\n"
	"  --keep S         keeps sessions for so long [0: none]\n"
	"  --deadline MS --window N --sockets N --gap MS --tries N --busy-tries N\n"
	"  --first-timeout MS --quirks N\n"
	"  --probe MS       meanwhile powers one BMC on, again and again, as an operator would\n"
	"  --command        with the priority of an operator's command\n";

static int64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000LL + u.ru_utime.tv_usec +
	       u.ru_stime.tv_usec;
}

static void note_error(struct bench *b, const struct err *e)
{
	json_t *entry;
	size_t i;

	json_array_foreach (b->errors, i, entry)
		if (json_int(entry, "code", 0) == e->code) {
			json_put_int(entry, "count", json_int(entry, "count", 0) + 1);
			return;
		}
	if (json_array_size(b->errors) < ERRORS_MAX)
		json_array_append_new(
			b->errors, json_pack("{s:i, s:s, s:s, s:i}", "code", e->code, "name",
					   strerrorname_np(e->code), "text", e->text, "count", 1));
}

static json_t *result_json(const char *op, const struct ipmi_result *r)
{
	char hex[2 * IPMI_DATA_MAX + 1];
	const char *device = ipmi_boot_device_name(r->boot.device);
	json_t *j = json_pack("{s:i, s:s}", "cc", r->cc, "data", hex_encode(r->data, r->len, hex));

	if (str_eq(op, "status")) {
		json_put_bool(j, "power_on", r->chassis.power_on);
		json_put_int(j, "restore_policy", r->chassis.restore_policy);
	} else if (str_eq(op, "device-id")) {
		json_put_int(j, "manufacturer_id", r->device.manufacturer_id);
		json_put_int(j, "product_id", r->device.product_id);
		json_put_int(j, "firmware_major", r->device.firmware_major);
		json_put_int(j, "firmware_minor", r->device.firmware_minor);
		json_put_int(j, "ipmi_major", r->device.ipmi_major);
	} else if (str_eq(op, "guid")) {
		json_put_str(j, "guid", hex_encode(r->guid, 16, hex));
	} else if (str_starts(op, "boot-")) {
		json_put_str(j, "device", device ? device : "?");
		json_put_bool(j, "valid", r->boot.valid);
		json_put_bool(j, "persistent", r->boot.persistent);
		json_put_bool(j, "efi", r->boot.efi);
	}
	return j;
}

static void on_done(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct target *t = data;
	struct bench *b = t->bench;

	b->callbacks_inside += b->starting;
	t->wall_us = (unsigned)((uv_hrtime() - t->started_ns) / 1000);
	if (e) {
		b->failed++;
		t->good = false;
		note_error(b, e);
	} else {
		b->ok++;
		t->good = true;
	}
	if (result) {
		json_decref(b->result);
		b->result = result_json(b->op, result);
	}
	if (--b->pending == 0)
		uv_stop(&b->loop);
}

static bool start_boot_set(struct bench *b, struct target *t)
{
	for (unsigned d = 0; d < 16; d++) {
		const char *name = ipmi_boot_device_name(d);
		size_t n = name ? strlen(name) : 0;

		if (n && !strncmp(b->op + 9, name, n) && strchr(":", b->op[9 + n])) {
			ipmi_boot_device_set(t->bmc, d, strstr(b->op, ":persistent"),
				strstr(b->op, ":efi"), &b->opts, on_done, t);
			return true;
		}
	}
	return false;
}

static bool start_raw(struct bench *b, struct target *t)
{
	unsigned netfn, cmd;
	uint8_t data[IPMI_DATA_MAX];
	char hex[2 * IPMI_DATA_MAX + 1] = "";
	int n;

	if (sscanf(b->op, "raw:%x:%x:%400s", &netfn, &cmd, hex) < 2)
		return false;
	n = hex_decode(hex, data, sizeof(data));
	if (n < 0)
		return false;
	ipmi_request(t->bmc, (uint8_t)netfn, (uint8_t)cmd, data, (size_t)n, &b->opts, on_done, t);
	return true;
}

static const struct {
	const char *name;
	ipmi_ticket (*start)(struct ipmi_bmc *, const struct ipmi_opts *, ipmi_done *, void *);
} plain_ops[] = {
	{"status", ipmi_power_get},
	{"device-id", ipmi_device_id},
	{"guid", ipmi_guid},
	{"boot-get", ipmi_boot_device_get},
};

static const struct {
	const char *name;
	enum ipmi_power_action action;
} power_ops[] = {
	{"on", IPMI_POWER_ON},
	{"off", IPMI_POWER_OFF},
	{"cycle", IPMI_POWER_CYCLE},
	{"reset", IPMI_POWER_RESET},
	{"soft", IPMI_POWER_SOFT},
	{"diag", IPMI_POWER_DIAG},
};

static bool start(struct bench *b, struct target *t)
{
	t->started_ns = uv_hrtime();
	for (size_t i = 0; i < ARRAY_SIZE(plain_ops); i++)
		if (str_eq(b->op, plain_ops[i].name)) {
			plain_ops[i].start(t->bmc, &b->opts, on_done, t);
			return true;
		}
	for (size_t i = 0; i < ARRAY_SIZE(power_ops); i++)
		if (str_eq(b->op, power_ops[i].name)) {
			ipmi_power(t->bmc, power_ops[i].action, &b->opts, on_done, t);
			return true;
		}
	if (str_starts(b->op, "boot-set:"))
		return start_boot_set(b, t);
	if (str_starts(b->op, "raw:"))
		return start_raw(b, t);
	if (str_starts(b->op, "identify:")) {
		ipmi_chassis_identify(
			t->bmc, (uint8_t)atoi(b->op + 9), false, &b->opts, on_done, t);
		return true;
	}
	if (str_eq(b->op, "bmc-reset")) {
		ipmi_bmc_reset(t->bmc, false, &b->opts, on_done, t);
		return true;
	}
	return false;
}

static int add_targets(struct bench *b)
{
	struct err e = {0};
	struct in_addr base;
	char text[INET_ADDRSTRLEN];

	b->targets = xcalloc(b->count, sizeof(*b->targets));
	for (unsigned i = 0; i < b->count; i++) {
		b->targets[i].bench = b;
		b->config.address = b->address;
		b->config.port = (uint16_t)(b->port + (b->step_address ? 0 : i));
		if (b->step_address && inet_pton(AF_INET, b->address, &base) == 1) {
			base.s_addr = htonl(ntohl(base.s_addr) + i);
			b->config.address = inet_ntop(AF_INET, &base, text, sizeof(text));
		}
		if (ipmi_bmc_new(b->engine, &b->config, &b->targets[i].bmc, &e) < 0) {
			fprintf(stderr, "ipmi_status: %s\n", e.text);
			return -1;
		}
	}
	return 0;
}

static int compare_wall(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

static void sort_walls(unsigned *walls, size_t n)
{
	qsort(walls, n, sizeof(*walls), compare_wall);
}

/* When the last of those that answered had answered. */
static double alive_ms(const struct bench *b)
{
	unsigned last = 0;

	for (unsigned i = 0; i < b->count; i++)
		if (b->targets[i].good && b->targets[i].wall_us > last)
			last = b->targets[i].wall_us;
	return last / 1e3;
}

static void add_round(struct bench *b, int64_t cpu, uint64_t wall_ns)
{
	unsigned *walls = xcalloc(b->count, sizeof(*walls));

	for (unsigned i = 0; i < b->count; i++)
		walls[i] = b->targets[i].wall_us;
	sort_walls(walls, b->count);
	json_array_append_new(b->rounds_json,
		json_pack("{s:i, s:i, s:f, s:f, s:f, s:f, s:f}", "ok", b->ok, "failed", b->failed,
			"wall_ms", (double)wall_ns / 1e6, "alive_ms", alive_ms(b), "cpu_us_per_bmc",
			(double)cpu / b->count, "p50_ms", walls[b->count / 2] / 1e3, "p99_ms",
			walls[b->count * 99 / 100] / 1e3));
	free(walls);
}

static void on_probed(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct prober *p = data;

	p->busy = false;
	p->failed += e != NULL;
	p->wall_us[p->n++] = (unsigned)((uv_hrtime() - p->started_ns) / 1000);
}

static void on_probe(uv_timer_t *timer)
{
	static const struct ipmi_opts opts = {.priority = IPMI_PRIORITY_COMMAND};
	struct bench *b = timer->data;
	struct prober *p = &b->prober;

	if (p->busy || p->n >= PROBES_MAX)
		return;
	p->busy = true;
	p->started_ns = uv_hrtime();
	ipmi_power(b->targets[(unsigned)rand() % b->count].bmc, IPMI_POWER_ON, &opts, on_probed, p);
}

static void start_prober(struct bench *b)
{
	if (!b->prober.every_ms)
		return;
	b->prober.wall_us = xcalloc(PROBES_MAX, sizeof(unsigned));
	b->prober.timer.data = b;
	uv_timer_start(&b->prober.timer, on_probe, b->prober.every_ms, b->prober.every_ms);
}

static void add_probes(struct prober *p, json_t *report)
{
	if (!p->n)
		return;
	sort_walls(p->wall_us, p->n);
	json_object_set_new(report, "commands",
		json_pack("{s:i, s:i, s:f, s:f}", "n", p->n, "failed", p->failed, "p50_ms",
			p->wall_us[p->n / 2] / 1e3, "p99_ms", p->wall_us[p->n * 99 / 100] / 1e3));
}

static void on_rested(uv_timer_t *t)
{
	uv_stop(t->loop);
}

static int run_round(struct bench *b)
{
	uint64_t began = uv_hrtime();
	int64_t cpu = cpu_us();

	b->ok = b->failed = 0;
	b->pending = b->count;
	b->starting = true;
	for (unsigned i = 0; i < b->count; i++)
		if (!start(b, &b->targets[i])) {
			fprintf(stderr, "ipmi_status: unknown operation %s\n%s", b->op, usage);
			return -1;
		}
	b->starting = false;
	uv_run(&b->loop, UV_RUN_DEFAULT);
	add_round(b, cpu_us() - cpu, uv_hrtime() - began);
	return 0;
}

/* The most it ever was; getrusage() would tell of whoever started this program, too. */
static int64_t resident_kb(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "VmHWM: %ld", &kb) != 1)
		;
	if (f)
		fclose(f);
	return kb;
}

static void add_packets(struct bench *b, json_t *report)
{
	uint64_t sent = 0, again = 0, received = 0, dropped = 0;
	unsigned freezes = 0, learned = 0, open = 0;
	struct ipmi_bmc_status s = {0};

	for (unsigned i = 0; i < b->count; i++) {
		ipmi_bmc_status(b->targets[i].bmc, &s);
		sent += s.sent;
		again += s.retransmitted;
		received += s.received;
		dropped += s.dropped;
		freezes += s.freezes;
		open += s.open;
		if (s.learned_gap_ms > learned)
			learned = s.learned_gap_ms;
	}
	json_put_int(report, "sent", (int64_t)sent);
	json_put_int(report, "retransmitted", (int64_t)again);
	json_put_int(report, "received", (int64_t)received);
	json_put_int(report, "dropped", (int64_t)dropped);
	json_put_int(report, "resident_kb", resident_kb());
	json_put_int(report, "freezes", freezes);
	json_put_int(report, "learned_gap_ms", learned);
	json_put_int(report, "circuits_open", open);
	json_put_int(report, "cipher_suite", s.cipher_suite);
	json_put_int(report, "callbacks_inside", b->callbacks_inside);
}

static int run(struct bench *b)
{
	struct err e = {0};
	json_t *report;
	char *text;
	int r = 0;

	if (ipmi_engine_new(&b->loop, &b->engine_config, &b->engine, &e) < 0) {
		fprintf(stderr, "ipmi_status: %s\n", e.text);
		return -1;
	}
	if (add_targets(b) < 0)
		return -1;
	start_prober(b);
	for (unsigned i = 0; i < b->rounds && r == 0; i++) {
		if (i && b->rest_ms) {
			uv_timer_start(&b->rest, on_rested, b->rest_ms, 0);
			uv_run(&b->loop, UV_RUN_DEFAULT);
		}
		r = run_round(b);
	}
	if (r < 0)
		return r;
	report = json_pack("{s:s, s:i, s:i, s:i, s:O, s:O}", "op", b->op, "bmcs", b->count, "ok",
		b->ok, "failed", b->failed, "rounds", b->rounds_json, "errors", b->errors);
	if (b->result)
		json_object_set(report, "result", b->result);
	add_packets(b, report);
	add_probes(&b->prober, report);
	text = json_text(report);
	puts(text);
	free(text);
	json_decref(report);
	return b->failed ? 1 : 0;
}

enum option_id { OPT_TEXT, OPT_NUMBER, OPT_U16, OPT_U8, OPT_KG, OPT_STEP, OPT_COMMAND };

/* Where each option goes. */
static int set_option(struct bench *b, const char *name, const char *value)
{
	struct {
		const char *name;
		enum option_id kind;
		void *to;
	} const table[] = {
		{"address", OPT_TEXT, &b->address},
		{"port", OPT_NUMBER, &b->port},
		{"count", OPT_NUMBER, &b->count},
		{"step-address", OPT_STEP, NULL},
		{"user", OPT_TEXT, &b->config.username},
		{"password", OPT_TEXT, &b->config.password},
		{"kg", OPT_KG, NULL},
		{"suite", OPT_U8, &b->config.cipher_suites[0]},
		{"privilege", OPT_U8, &b->config.privilege},
		{"op", OPT_TEXT, &b->op},
		{"rounds", OPT_NUMBER, &b->rounds},
		{"rest", OPT_NUMBER, &b->rest_ms},
		{"keep", OPT_U16, &b->config.traits.session_keep_s},
		{"deadline", OPT_NUMBER, &b->opts.deadline_ms},
		{"window", OPT_NUMBER, &b->engine_config.window},
		{"sockets", OPT_NUMBER, &b->engine_config.sockets},
		{"gap", OPT_U16, &b->config.traits.gap_ms},
		{"tries", OPT_U8, &b->config.traits.tries},
		{"busy-tries", OPT_U8, &b->config.traits.busy_tries},
		{"first-timeout", OPT_U16, &b->config.traits.first_timeout_ms},
		{"quirks", OPT_NUMBER, &b->config.traits.quirks},
		{"probe", OPT_NUMBER, &b->prober.every_ms},
		{"command", OPT_COMMAND, NULL},
	};
	int number = 0, n;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!str_eq(table[i].name, name))
			continue;
		if (table[i].kind >= OPT_NUMBER && table[i].kind <= OPT_U8 &&
			str_to_int(value, 0, 1000000, &number) < 0)
			return -1;
		switch (table[i].kind) {
		case OPT_TEXT:
			*(const char **)table[i].to = value;
			return 0;
		case OPT_NUMBER:
			*(unsigned *)table[i].to = (unsigned)number;
			return 0;
		case OPT_U16:
			*(uint16_t *)table[i].to = (uint16_t)number;
			return 0;
		case OPT_U8:
			*(uint8_t *)table[i].to = (uint8_t)number;
			return 0;
		case OPT_KG:
			n = hex_decode(value, b->kg, sizeof(b->kg));
			b->config.kg = b->kg;
			b->config.kg_len = n > 0 ? (size_t)n : 0;
			return n < 0 ? -1 : 0;
		case OPT_STEP:
			b->step_address = true;
			return 0;
		case OPT_COMMAND:
			b->opts.priority = IPMI_PRIORITY_COMMAND;
			return 0;
		}
	}
	return -1;
}

static int parse(struct bench *b, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i];
		bool alone = str_eq(name, "--step-address") || str_eq(name, "--command");

		if (!str_starts(name, "--") || (!alone && i + 1 >= argc) ||
			set_option(b, name + 2, alone ? NULL : argv[++i]) < 0) {
			fprintf(stderr, "ipmi_status: wrong option %s\n%s", name, usage);
			return -1;
		}
	}
	return b->count && b->rounds ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct bench b = {
		.address = "127.0.0.1",
		.op = "status",
		.port = IPMI_PORT,
		.count = 1,
		.rounds = 1,
	};
	int r;

	if (parse(&b, argc, argv) < 0)
		return 2;
	uv_loop_init(&b.loop);
	uv_timer_init(&b.loop, &b.rest);
	uv_timer_init(&b.loop, &b.prober.timer);
	b.rounds_json = json_array();
	b.errors = json_array();
	r = run(&b);
	ipmi_engine_free(b.engine);
	uv_close((uv_handle_t *)&b.rest, NULL);
	uv_close((uv_handle_t *)&b.prober.timer, NULL);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	uv_loop_close(&b.loop);
	json_decref(b.rounds_json);
	json_decref(b.errors);
	json_decref(b.result);
	free(b.targets);
	free(b.prober.wall_us);
	return r < 0 ? 2 : r;
}
