/* From options to a running farm, and back: nothing is left when it ends. */
#include "tests/bmc/bmcd/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "tests/bmc/bmcd/control.h"
#include "tests/bmc/bmcd/play.h"

#define SCRIPT_MAX (1 << 20)
#define CSV_MAX	   (64 << 20)

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

/* Machine i is simNNNNN with the MAC that its BMC's LAN parameters begin with, in NIC numbering. */
static int write_csv(const struct farm *f, const struct farm_options *o, struct err *e)
{
	struct buf out = BUF_INIT(CSV_MAX);
	int r;

	buf_puts(&out, "name,bmc_address,bmc_port,bmc_username,bmc_password,mac,boot_mode\n");
	for (size_t i = 0; i < f->n; i++)
		buf_printf(&out, "sim%05zu,%s,%u,%s,%s,52:54:01:%02x:%02x:%02x,bios\n", i,
			bmcemu_address(f->nodes[i].bmc), bmcemu_port(f->nodes[i].bmc),
			o->users[0].name, o->password, (unsigned)(i >> 16 & 0xff),
			(unsigned)(i >> 8 & 0xff), (unsigned)(i & 0xff));
	r = fs_write_atomic(o->csv, out.data, out.len, 0600, e);
	mem_wipe(out.data, out.len);
	buf_done(&out);
	return r;
}

static int load_script(struct farm *f, const struct farm_options *o, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	struct script *s = NULL;
	size_t len;
	int r = fs_read(o->script, SCRIPT_MAX, &text, &len, e);

	if (r == 0)
		r = script_parse(text, len, o->script, &s, e);
	if (r < 0)
		return r;
	log_info("script %s: %zu rules, --seed %llu", o->script, s->n, (unsigned long long)o->seed);
	return play_add(f->play, s, e);
}

static int start(struct bmcd *d, const struct farm_options *o, struct err *e)
{
	const int numbers[] = {SIGTERM, SIGINT};
	int r = farm_open(&d->farm, &d->loop, &o->farm, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uv_signal_init(&d->loop, &d->signals[i]);
		uv_signal_start(&d->signals[i], on_signal, numbers[i]);
	}
	d->farm.play = play_new(&d->loop, &d->farm, o->seed);
	if (o->script)
		r = load_script(&d->farm, o, e);
	if (r == 0 && o->csv)
		r = write_csv(&d->farm, o, e);
	if (r == 0 && o->control)
		r = control_open(&d->loop, o->control, &d->farm, &d->control, e);
	return r;
}

static void stop(struct bmcd *d)
{
	control_close(d->control);
	play_free(d->farm.play);
	d->farm.play = NULL;
	farm_close(&d->farm);
	for (size_t i = 0; i < ARRAY_SIZE(d->signals); i++)
		if (d->signals[i].loop)
			uv_close((uv_handle_t *)&d->signals[i], NULL);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	uv_loop_close(&d->loop);
}

int run_farm(struct farm_options *o, struct err *e)
{
	struct bmcd d = {0};
	int r;

	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	uv_loop_init(&d.loop);
	r = start(&d, o, e);
	mem_wipe(o->password, sizeof(o->password));
	if (r == 0 && d.farm.n) {
		printf("ready %s:%u %zu\n", bmcemu_address(d.farm.nodes[0].bmc),
			bmcemu_port(d.farm.nodes[0].bmc), d.farm.n);
		fflush(stdout);
		uv_run(&d.loop, UV_RUN_DEFAULT);
	}
	stop(&d);
	mem_wipe(o, sizeof(*o));
	return r;
}
