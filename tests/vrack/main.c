/* ingot-vrack: QEMU machines with emulated BMCs in a network of their own. The table of commands.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/vrack/commands.h"

static const struct command {
	const char *name, *args, *help;
	int min_args, max_args;
	bool needs_dir;
	int (*run)(const struct options *o);
} commands[] = {
	{"up", "RACKFILE --dir DIR [--netns NAME] [--fresh]",
		"start the rack and stay until it is told to end", 1, 1, true, command_up},
	{"down", "--dir DIR", "end the rack and remove all it has made but disks and logs", 0, 0,
		true, command_down},
	{"status", "--dir DIR [--json]", "power, boot device, override of every machine", 0, 0,
		true, command_status},
	{"console", "MACHINE --dir DIR [--follow]", "what the machine wrote to its serial console",
		1, 1, true, command_console},
	{"type", "MACHINE TEXT --dir DIR", "send a line to the machine's serial console", 2, 2,
		true, command_type},
	{"logs", "[MACHINE] --dir DIR [--follow]",
		"what happened in the rack, or QEMU's messages of one machine", 0, 1, true,
		command_logs},
	{"disk", "MACHINE --dir DIR", "paths of the machine's disk files", 1, 1, true,
		command_disk},
	{"fault", "[MACHINE NAME VALUE --dir DIR]",
		"make a BMC misbehave; without arguments, list how", 0, 3, false, command_fault},
	{"farm", "COUNT [--script FILE] [--csv FILE] ...",
		"serve so many BMCs with simulated machines; farm --help tells all options", 1, 1,
		false, NULL},
	{"csv", "RACKFILE | --dir DIR", "the rack as input of `ingot rack import`", 0, 1, false,
		command_csv},
};

static const char examples[] =
	"\nA machine is switched on by its BMC and by nothing else; the conductor runs beside the\n"
	"rack's host address, in the rack's network namespace. For example:\n\n"
	"  ingot-vrack up tests/vrack/racks/demo.rack --dir /tmp/demo &\n"
	"  ip netns exec ingot-demo ipmitool -I lanplus -C 3 -H 10.77.1.1 -U admin -P demo-only "
	"power on\n"
	"  ingot-vrack status --dir /tmp/demo\n"
	"  ingot-vrack console r1u01 --dir /tmp/demo --follow\n"
	"  ingot-vrack fault r1u01 silent 1 --dir /tmp/demo\n"
	"  ingot-vrack csv tests/vrack/racks/demo.rack >rack.csv\n"
	"  ingot-vrack down --dir /tmp/demo\n\n"
	"A farm of 1,000 BMCs for a conductor on this host, with some that misbehave:\n\n"
	"  echo 'with 5% all silent' >bad.script\n"
	"  ingot-vrack farm 1000 --csv farm.csv --script bad.script &\n"
	"  ingot rack import farm.csv && ingot node manage --all --wait\n\n"
	"Exit status: 0 all went well, 1 it failed, 2 wrong usage, 3 time-out.\n"
	"The rack file is explained in tests/vrack/README.md.\n";

static void print_help(FILE *out)
{
	fprintf(out, "ingot-vrack %s: a virtual rack of servers with BMCs\n\n", INGOT_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  ingot-vrack %s %s\n        %s\n", commands[i].name,
			commands[i].args, commands[i].help);
	fputs(examples, out);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_eq(commands[i].name, name))
			return &commands[i];
	return NULL;
}

enum { OPT_DIR = 256, OPT_NETNS, OPT_JSON, OPT_FOLLOW, OPT_FRESH, OPT_HELP, OPT_VERSION };

static const struct option long_options[] = {
	{"dir", required_argument, NULL, OPT_DIR},
	{"netns", required_argument, NULL, OPT_NETNS},
	{"json", no_argument, NULL, OPT_JSON},
	{"follow", no_argument, NULL, OPT_FOLLOW},
	{"fresh", no_argument, NULL, OPT_FRESH},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{0},
};

/* 0, or -1 when the program has nothing more to do; then *status is set. */
static int read_options(int argc, char **argv, struct options *o, int *status)
{
	int c;

	while ((c = getopt_long(argc, argv, "hf", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_DIR:
			o->dir = optarg;
			break;
		case OPT_NETNS:
			o->netns = optarg;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case OPT_FOLLOW:
		case 'f':
			o->follow = true;
			break;
		case OPT_FRESH:
			o->fresh = true;
			break;
		case OPT_HELP:
		case 'h':
			print_help(stdout);
			*status = 0;
			return -1;
		case OPT_VERSION:
			printf("ingot-vrack %s\n", INGOT_VERSION);
			*status = 0;
			return -1;
		default:
			*status = EXIT_WRONG_USE;
			return -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct options o = {0};
	int status;

	if (argc > 1 && str_eq(argv[1], "farm")) /* its options are those of the farm */
		return command_farm(argc - 1, argv + 1);
	if (read_options(argc, argv, &o, &status) < 0)
		return status;
	if (optind == argc) {
		print_help(stderr);
		return EXIT_WRONG_USE;
	}
	if (str_eq(argv[optind], "help")) {
		print_help(stdout);
		return 0;
	}
	command = find_command(argv[optind]);
	if (!command) {
		fprintf(stderr, "ingot-vrack: command '%s' is not known; see --help\n",
			argv[optind]);
		return EXIT_WRONG_USE;
	}
	o.args = argv + optind + 1;
	o.n_args = argc - optind - 1;
	if (o.n_args < command->min_args || o.n_args > command->max_args ||
		((command->needs_dir || o.n_args == 3) && !o.dir)) {
		fprintf(stderr, "ingot-vrack: use: ingot-vrack %s %s\n", command->name,
			command->args);
		return EXIT_WRONG_USE;
	}
	return command->run(&o);
}
