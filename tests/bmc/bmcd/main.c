/* ingot-bmcd: serves one or many emulated BMCs with simulated machines until it is told to end or
 * its parent dies. A tool of the tests; users get emulated BMCs through ingot-vrack. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "tests/bmc/bmcd/control.h"
#include "tests/bmc/bmcd/options.h"

struct bmcd {
	uv_loop_t loop;
	uv_signal_t signals[2];
	struct farm farm;
	struct control *control;
};

static void on_signal(uv_signal_t *s, int number)
{
	uv_stop(s->loop);
}

/* One descriptor per BMC and a few. */
static void raise_file_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static int start(struct bmcd *d, const struct options *o, struct err *e)
{
	const int numbers[] = {SIGTERM, SIGINT};
	int r = farm_open(&d->farm, &d->loop, &o->farm, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uv_signal_init(&d->loop, &d->signals[i]);
		uv_signal_start(&d->signals[i], on_signal, numbers[i]);
	}
	return o->control ? control_open(&d->loop, o->control, &d->farm, &d->control, e) : 0;
}

static void stop(struct bmcd *d)
{
	control_close(d->control);
	farm_close(&d->farm);
	for (size_t i = 0; i < ARRAY_SIZE(d->signals); i++)
		if (d->signals[i].loop)
			uv_close((uv_handle_t *)&d->signals[i], NULL);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	uv_loop_close(&d->loop);
}

int main(int argc, char **argv)
{
	struct bmcd d = {0};
	struct err e = {0};
	pid_t parent = getppid();
	struct options o;
	int r;

	if (options_parse(&o, argc, argv, &e) < 0) {
		log_error("ingot-bmcd: %s", e.text);
		return 2;
	}
	if (o.help) {
		options_help();
		return 0;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	uv_loop_init(&d.loop);
	r = start(&d, &o, &e);
	if (r < 0)
		log_error("ingot-bmcd: %s", e.text);
	if (r == 0 && d.farm.n && getppid() == parent) {
		printf("ready %s:%u %zu\n", bmcemu_address(d.farm.nodes[0].bmc),
			bmcemu_port(d.farm.nodes[0].bmc), d.farm.n);
		fflush(stdout);
		uv_run(&d.loop, UV_RUN_DEFAULT);
	}
	stop(&d);
	mem_wipe(&o, sizeof(o));
	return r < 0 ? 1 : 0;
}
