/*
 * Boot services without a conductor: every machine gets the answer named on the command line.
 * Events come out as JSON, one a line. Ends with SIGTERM or SIGINT. For scenarios and for trying
 * things out.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

struct bootd {
	struct boot *boot;
	struct boot_answer answer;
	const char *fix;	/* "MAC=IP" */
	const char *disk_after; /* a MAC that asks again after its agent was sent gets its disk */
	uint64_t agents;
	uv_signal_t term, intr;
	bool silent; /* answers nothing, to see what the machine gets then */
};

static void put_json(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void on_event(void *data, const struct boot_event *ev)
{
	printf("{\"kind\":\"%s\",\"mac\":\"%s\",\"ip\":\"%s\",\"ok\":%s,\"bytes\":%llu,\"at\":%lld."
	       "%03lld,\"detail\":",
		boot_event_name(ev->kind), ev->mac, ev->ip, ev->ok ? "true" : "false",
		(unsigned long long)ev->bytes, (long long)ev->wall_us / 1000000,
		(long long)ev->wall_us / 1000 % 1000);
	put_json(ev->detail);
	printf("}\n");
	fflush(stdout);
}

static void on_ask(void *data, struct boot *b, const struct boot_ask *ask)
{
	struct bootd *d = data;
	struct boot_answer answer = d->answer;
	char token[BOOT_TOKEN_TEXT] = "";
	struct err e = {0};

	if (d->silent)
		return;
	if (answer.action == BOOT_AGENT && d->agents && str_eq(d->disk_after, ask->mac))
		answer.action = BOOT_DISK;
	answer.ret_token = token;
	if (boot_answer(b, ask->id, &answer, &e) < 0)
		log_error("%s", e.text);
	else if (answer.action == BOOT_AGENT) {
		d->agents++;
		if (!boot_token_valid(b, ask->mac, token))
			log_error("the token of %s is not valid", ask->mac);
	}
}

static void on_stopped(void *data)
{
}

static void on_signal(uv_signal_t *handle, int sig)
{
	struct bootd *d = handle->data;

	uv_close((uv_handle_t *)&d->term, NULL);
	uv_close((uv_handle_t *)&d->intr, NULL);
	boot_stop(d->boot, on_stopped, d);
}

static int fix_address(struct bootd *d, struct err *e)
{
	char mac[BOOT_MAC_TEXT];

	if (!d->fix)
		return 0;
	str_copy(mac, sizeof(mac), d->fix);
	return boot_fix_address(d->boot, mac, d->fix + strlen(mac) + 1, e);
}

static void watch_signals(uv_loop_t *loop, struct bootd *d)
{
	uv_signal_init(loop, &d->term);
	uv_signal_init(loop, &d->intr);
	d->term.data = d->intr.data = d;
	uv_signal_start(&d->term, on_signal, SIGTERM);
	uv_signal_start(&d->intr, on_signal, SIGINT);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: bootd --interface NAME --state-dir DIR [--dhcp full|proxy|none] [--range "
		"R]\n"
		"       [--ra auto|off|add] [--http ADDRESS:PORT] [--firmware DIRS] [--ask-timeout "
		"S]\n"
		"       [--kernel F] [--ramdisk F] [--cmdline TEXT] [--retry S] [--message TEXT]\n"
		"       [--disk-after-agent MAC] [--fix MAC=IP] wait|agent|disk|silent\n");
	exit(2);
}

static int pick(const char *text, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (str_eq(text, names[i]))
			return i;
	usage();
	return 0;
}

static void parse(int argc, char **argv, struct boot_config *c, struct bootd *d)
{
	static const struct option options[] = {
		{"interface", 1, NULL, 'i'},
		{"state-dir", 1, NULL, 's'},
		{"dhcp", 1, NULL, 'd'},
		{"range", 1, NULL, 'r'},
		{"ra", 1, NULL, 'a'},
		{"http", 1, NULL, 'h'},
		{"firmware", 1, NULL, 'f'},
		{"kernel", 1, NULL, 'k'},
		{"ramdisk", 1, NULL, 'm'},
		{"cmdline", 1, NULL, 'c'},
		{"retry", 1, NULL, 't'},
		{"message", 1, NULL, 'M'},
		{"disk-after-agent", 1, NULL, 'D'},
		{"ask-timeout", 1, NULL, 'T'},
		{"fix", 1, NULL, 'F'},
		{NULL, 0, NULL, 0},
	};
	static const char *const dhcp[] = {"none", "proxy", "full"};
	static const char *const ra[] = {"auto", "off", "add"};
	static const char *const actions[] = {"wait", "agent", "disk", "silent"};
	int o, action;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'i':
			c->interface = optarg;
			break;
		case 's':
			c->state_dir = optarg;
			break;
		case 'd':
			c->dhcp = (enum boot_dhcp)pick(optarg, dhcp, 3);
			break;
		case 'r':
			c->range = optarg;
			break;
		case 'a':
			c->ra = (enum boot_ra)pick(optarg, ra, 3);
			break;
		case 'h':
			c->http_listen = optarg;
			break;
		case 'f':
			c->firmware_dirs = optarg;
			break;
		case 'k':
			c->kernel = optarg;
			break;
		case 'm':
			c->ramdisk = optarg;
			break;
		case 'c':
			d->answer.cmdline = optarg;
			break;
		case 't':
			d->answer.retry_s = (unsigned)atoi(optarg);
			break;
		case 'M':
			d->answer.message = optarg;
			break;
		case 'D':
			d->disk_after = optarg;
			break;
		case 'T':
			c->ask_timeout_s = (unsigned)atoi(optarg);
			break;
		case 'F':
			d->fix = optarg;
			break;
		default:
			usage();
		}
	}
	if (optind != argc - 1)
		usage();
	action = pick(argv[optind], actions, 4);
	d->silent = action == 3;
	d->answer.action = (enum boot_action)(action % 3);
}

int main(int argc, char **argv)
{
	struct boot_config config = {.dhcp = BOOT_DHCP_FULL};
	struct bootd d = {0};
	struct err e = {0};
	uv_loop_t loop;
	int r;

	if (boot_child_wanted(argc, argv))
		return boot_child_main(argc, argv);
	parse(argc, argv, &config, &d);
	uv_loop_init(&loop);
	r = boot_new(&loop, &config, on_ask, on_event, &d, &d.boot, &e);
	if (r == 0) {
		r = boot_start(d.boot, &e);
		if (r == 0)
			r = fix_address(&d, &e);
		if (r == 0)
			watch_signals(&loop, &d);
		else
			boot_stop(d.boot, on_stopped, &d);
	}
	if (r < 0)
		log_error("%s", e.text);
	uv_run(&loop, UV_RUN_DEFAULT);
	boot_free(d.boot);
	if (uv_loop_close(&loop) < 0)
		log_error("handles are open");
	return r < 0;
}
