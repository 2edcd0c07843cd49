/*
 * ingot-agent: the program in the ramdisk. As process 1 it brings the machine up first (init/);
 * otherwise it is an ordinary program with a few verbs. Wiring only.
 */
#include "agent/agent.h"
#include "agent/host.h"
#include "agent/image/image.h"
#include "agent/init/ramdisk.h"
#include "agent/inspect/cli.h"
#include "lib/base/str.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int verb_help(int argc, char **argv);

static int verb_run(int argc, char **argv)
{
	static const struct option options[] = {
		{"sim", required_argument, NULL, 's'},
		{"cmdline", required_argument, NULL, 'c'},
		{"address", required_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct host_options o = {0};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 's')
			o.sim = optarg;
		else if (c == 'c')
			o.cmdline = optarg;
		else if (c == 'a')
			o.address = optarg;
		else
			return c == 'h' ? verb_help(argc, argv) : 2;
	}
	if (optind != argc) {
		fprintf(stderr, "ingot-agent run: unexpected argument \"%s\"\n", argv[optind]);
		return 2;
	}
	return host_run(&o);
}

static int verb_version(int argc, char **argv)
{
	puts("ingot-agent " INGOT_VERSION);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
} verbs[] = {
	{"run", verb_run,
		"[--cmdline \"ipa-api-url=...\"] [--address IP] [--sim DIR]\n"
		"      the agent on this host; --sim works on files below DIR instead of disks"},
	{"inspect", inspect_cli,
		"[--json] [--collectors LIST] [--lldp SECONDS] [--dmi] [--sysroot DIR]\n      what "
		"this machine is made of; --help tells more"},
	{"write", image_cli_write, "URL DEVICE-OR-FILE ...\n      writes an image by hand"},
	{"version", verb_version, ""},
	{"help", verb_help, ""},
};

static int verb_help(int argc, char **argv)
{
	puts("ingot-agent: provisions the machine it runs on.\n\nIn a ramdisk it is /init and "
	     "takes "
	     "its parameters from the kernel's command line.\nOtherwise:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  ingot-agent %s %s\n", verbs[i].name, verbs[i].usage);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "help";

	if (getpid() == 1)
		ramdisk_run(); /* does not come back */
	if (str_eq(verb, "--help") || str_eq(verb, "-h"))
		verb = "help";
	if (str_eq(verb, "--version"))
		verb = "version";
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_eq(verbs[i].name, verb))
			return verbs[i].run(argc > 1 ? argc - 1 : argc, argc > 1 ? argv + 1 : argv);
	fprintf(stderr, "ingot-agent: there is no verb \"%s\"; try \"ingot-agent help\"\n", verb);
	return 2;
}
