/* The verb inspect; see cli.h. */
#include "agent/inspect/cli.h"
#include "agent/inspect/collect.h"
#include "agent/inspect/inventory.h"
#include "lib/base/str.h"
#include "lib/cli/machine.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#define LLDP_MAX_S 3600

static const char usage[] =
	"usage: ingot-agent inspect [options]\n"
	"What this machine is made of: as a page on a terminal, otherwise as JSON. Some of it "
	"needs "
	"root.\n"
	"\n"
	"  --json             JSON also on a terminal\n"
	"  --collectors LIST  {\"inventory\": ...} with these collectors beside it, or \"all\":\n"
	"                     dmi-decode, extra-hardware, lldp, numa-topology, pci-devices, "
	"usb-devices\n"
	"  --lldp SECONDS     wait at most so long for the switches behind the ports\n"
	"  --dmi              only what the firmware's table (SMBIOS) says, in dmidecode's words\n"
	"  --sysroot DIR      a recorded machine: DIR/sys and DIR/proc\n"
	"\n"
	"  ingot-agent inspect\n"
	"  ingot-agent inspect --json | jq '.disks[] | {name, serial, by_path}'\n"
	"  ingot-agent inspect --collectors all --lldp 30 >machine.json\n";

struct inspect_options {
	struct sysroot sr;
	const char *collectors;
	int lldp_s;
	bool json, dmi;
};

static void print_json(const json_t *o)
{
	json_dumpf(o, stdout, JSON_INDENT(2));
	putchar('\n');
}

static int show_dmi(const struct inspect_options *o)
{
	_cleanup_json_ json_t *dmi = inventory_dmi(&o->sr);

	if (!dmi) {
		fputs("ingot-agent inspect: this machine has no SMBIOS table, or it may not be "
		      "read; try as root\n",
			stderr);
		return 1;
	}
	print_json(dmi);
	return 0;
}

/* Everything asked for, as an inspection would send it. */
static json_t *collect(const struct inspect_options *o, const char *wanted, struct lldp *lldp)
{
	json_t *inventory = inventory_collect(&o->sr, NULL, true), *part;
	json_t *data = json_pack("{s:o}", "inventory", inventory);

	inventory_put_lldp(inventory, lldp, o->lldp_s * 1000);
	for (size_t i = 0; wanted && i < collectors_n; i++) {
		if (!collectors[i].collect || !collector_wanted(wanted, collectors[i].name))
			continue;
		part = collectors[i].collect(&o->sr, lldp, data);
		json_object_set_new(data, collectors[i].member, part ? part : json_null());
	}
	return data;
}

/* The page that the conductor's client shows of the same data. */
static void print_page(const json_t *data)
{
	_cleanup_json_ json_t *answer = json_pack(
		"{s:O, s:O}", "inventory", json_object_get(data, "inventory"), "plugin_data", data);
	_cleanup_free_ char *text = machine_text(answer);

	fputs(text, stdout);
}

static int show(const struct inspect_options *o)
{
	bool page = !o->collectors && !o->json && isatty(STDOUT_FILENO);
	_cleanup_json_ json_t *data = NULL;
	struct lldp *lldp = NULL;
	struct err e = {0};

	if (o->lldp_s && lldp_start(&o->sr, &lldp, &e) < 0)
		fprintf(stderr, "ingot-agent inspect: %s\n", e.text);
	data = collect(o, page ? "numa-topology" : o->collectors, lldp);
	lldp_stop(lldp);
	if (page)
		print_page(data);
	else
		print_json(o->collectors ? data : json_object_get(data, "inventory"));
	return 0;
}

static bool read_option(struct inspect_options *o, int c)
{
	switch (c) {
	case 'r':
		o->sr.root = str_eq(optarg, "/") ? "" : optarg;
		return true;
	case 'd':
		return o->dmi = true;
	case 'j':
		return o->json = true;
	case 'c':
		o->collectors = optarg;
		return true;
	case 'l':
		return str_to_int(optarg, 0, LLDP_MAX_S, &o->lldp_s) == 0;
	default:
		return false;
	}
}

int inspect_cli(int argc, char **argv)
{
	static const struct option options[] = {
		{"sysroot", required_argument, NULL, 'r'},
		{"dmi", no_argument, NULL, 'd'},
		{"json", no_argument, NULL, 'j'},
		{"collectors", required_argument, NULL, 'c'},
		{"lldp", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct inspect_options o = {.sr = {.root = ""}};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		if (c == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (!read_option(&o, c)) {
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind != argc) {
		fprintf(stderr, "ingot-agent inspect: unexpected argument \"%s\"\n", argv[optind]);
		return 2;
	}
	return o.dmi ? show_dmi(&o) : show(&o);
}
