/* ingot-bmcd: serves one or many emulated BMCs with simulated machines until it is told to end or
 * its parent dies. A tool of the tests; users get the same through `ingot-vrack farm`. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "tests/bmc/bmcd/run.h"

int main(int argc, char **argv)
{
	pid_t parent = getppid();
	struct err e = {0};
	struct farm_options o;

	options_init(&o);
	if (options_parse(&o, argc, argv, &e) == 0 && optind < argc)
		err_set(&e, EINVAL, "%s: not an option; see --help", argv[optind]);
	if (e.text[0]) {
		log_error("ingot-bmcd: %s", e.text);
		return 2;
	}
	if (o.help) {
		printf("ingot-bmcd: emulated BMCs with simulated machines, for tests.\n"
		       "Prints \"ready ADDRESS:PORT N\" once all answer, ends on SIGTERM or with "
		       "its parent.\n\n");
		options_help();
		return 0;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return 0;
	if (run_farm(&o, &e) == 0)
		return 0;
	log_error("ingot-bmcd: %s", e.text);
	return 1;
}
