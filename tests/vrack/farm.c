/* `ingot-vrack farm`: many BMCs with simulated machines in one process, for trying Ingot at scale.
 * What it serves is ingot-bmcd's. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "lib/base/str.h"
#include "tests/bmc/bmcd/run.h"
#include "tests/vrack/commands.h"

#define DEFAULT_USER	 "admin"
#define DEFAULT_PASSWORD "farm-only"

static void help(void)
{
	printf("ingot-vrack farm COUNT [OPTION...]: so many emulated BMCs with simulated "
	       "machines.\n"
	       "Prints \"ready ADDRESS:PORT N\" once all answer, and ends on SIGTERM or SIGINT. "
	       "Without\n"
	       "--user there is an administrator " DEFAULT_USER " with password " DEFAULT_PASSWORD
	       ".\n\n");
	options_help();
	printf("\nFor example:\n\n"
	       "  ingot-vrack farm 10000 --csv farm.csv\n"
	       "  ingot-vrack farm 100 --address 127.1.0.1 --step address --port 6230 --on\n"
	       "  ingot-vrack farm 1000 --script bad.script --seed 7\n\n"
	       "A line of a script is WHEN [SHARE%%] BMCS ACTION [for TIME]:\n\n"
	       "  at 5s 100-199 silent for 30s\n"
	       "  on power-on 7 forget-boot-flags\n"
	       "  with 10%% all drop-percent=30\n\n"
	       "`ingot-vrack fault` lists the faults.\n");
}

/* The count stands first or last, as one likes. */
static int read_options(int argc, char **argv, struct farm_options *o, struct err *e)
{
	uint64_t count;
	int r = options_parse(o, argc, argv, e);

	if (r < 0 || o->help)
		return r;
	if (optind + 1 != argc || str_to_u64(argv[optind], 1, 65536, &count) < 0)
		return err_set(e, EINVAL, "farm: give one number of BMCs, from 1 to 65536");
	o->farm.count = count;
	if (o->farm.bmc.n_users)
		return 0;
	str_copy(o->password, sizeof(o->password), DEFAULT_PASSWORD);
	o->farm.bmc.n_users = 1;
	return bmcemu_user_set(&o->users[0], DEFAULT_USER, DEFAULT_PASSWORD,
		sizeof(DEFAULT_PASSWORD) - 1, BMCEMU_PRIV_ADMIN, e);
}

int command_farm(int argc, char **argv)
{
	struct err e = {0};
	struct farm_options o;

	options_init(&o);
	if (read_options(argc, argv, &o, &e) < 0) {
		fprintf(stderr, "ingot-vrack: %s\n", e.text);
		return EXIT_WRONG_USE;
	}
	if (o.help) {
		help();
		return 0;
	}
	if (run_farm(&o, &e) < 0)
		return command_failed(&e);
	return 0;
}
