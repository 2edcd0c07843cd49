/* Running on a host; see host.h. */
#include "agent/host.h"
#include "agent/agent.h"
#include "agent/inspect/inventory.h"
#include "agent/simclock.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_params(const char *given, struct params *ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	struct cmdline c;
	int r = 0;

	if (!given)
		r = fs_read("/proc/cmdline", CMDLINE_MAX, &text, NULL, e);
	if (r < 0)
		return r;
	cmdline_parse(given ? given : text, &c);
	r = params_from_cmdline(&c, ret, e);
	cmdline_done(&c);
	return r;
}

/* A simulated disk is a file; a missing one is made. */
static int make_disk(const struct sysroot *sr, const json_t *disk, struct err *e)
{
	_cleanup_free_ char *path = sysroot_path(sr, "%s", json_str(disk, "name"));
	_cleanup_close_ int fd = -1;
	int64_t size = json_int(disk, "size", 0);
	struct stat st;

	if (strstr(path, "/../") || size <= 0)
		return err_set(e, EINVAL, "disks.json: %s: impossible name or size", path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, errno, "simulated disk %s", path);
	if (st.st_size != size && ftruncate(fd, size) < 0)
		return err_errno(e, errno, "simulated disk %s", path);
	return 0;
}

static int sim_prepare(const struct sysroot *sr, struct err *e)
{
	_cleanup_free_ char *dev = sysroot_path(sr, "/dev");
	_cleanup_json_ json_t *disks = inventory_disks(sr);
	int r = fs_mkdir_p(dev, 0755, e);
	json_t *disk;
	size_t i;

	json_array_foreach (disks, i, disk)
		if (r == 0)
			r = make_disk(sr, disk, e);
	return r;
}

static int note_power(const char *sim, enum agent_power power, struct err *e)
{
	static const char *const words[AGENT_POWER_COUNT] = {[AGENT_POWER_REBOOT] = "reboot",
		[AGENT_POWER_OFF] = "off",
		[AGENT_POWER_KEXEC] = "kexec"};
	_cleanup_free_ char *path = xasprintf("%s/power", sim);

	return words[power] ? fs_write_atomic(path, words[power], strlen(words[power]), 0644, e)
			    : 0;
}

/* Signals end the agent: a thread waits for them, as handlers may not take locks. */
static void *signal_thread(void *data)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1); /* the main thread's word that it is over */
	sigwait(&set, &sig);
	if (sig != SIGUSR1)
		agent_stop(data);
	return NULL;
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* What the platform's functions need. */
struct host {
	const char *sim;
	struct simclock clock;
};

static int set_clock(void *data, int64_t seconds)
{
	struct host *h = data;

	return simclock_set(&h->clock, seconds);
}

/* A simulated rescue system is there where DIR/rescue is a folder; the hash lands in it. */
static int sim_rescue(void *data, const char *password_hash, struct err *e)
{
	struct host *h = data;
	_cleanup_free_ char *folder = xasprintf("%s/rescue", h->sim),
			    *path = xasprintf("%s/rescue/password", h->sim);

	if (access(folder, F_OK) < 0)
		return err_set(e, ENOTSUP,
			"this ramdisk has no rescue system; the folder rescue is missing");
	return fs_write_atomic(path, password_hash, strlen(password_hash), 0600, e);
}

static int run_agent(const struct host_options *o, const struct params *params,
	const struct sysroot *sr, struct lldp *lldp, struct journal *journal, struct err *e)
{
	struct host h = {.sim = o->sim};
	const struct agent_platform platform = {.data = &h,
		.set_clock = o->sim ? set_clock : NULL,
		.rescue = o->sim ? sim_rescue : NULL,
		.lldp = lldp,
		.forever = false};
	enum agent_power power = AGENT_POWER_NONE;
	struct agent a;
	pthread_t signals;
	int r;

	if (o->sim)
		simclock_init(&h.clock, o->sim);
	r = agent_init(&a, params, sr, journal, &platform, o->address, e);
	if (r < 0)
		return r;
	r = pthread_create(&signals, NULL, signal_thread, &a);
	if (r) {
		agent_done(&a);
		return err_errno(e, r, "start the thread that takes signals");
	}
	r = agent_run(&a, &power, e);
	pthread_kill(signals, SIGUSR1);
	pthread_join(signals, NULL);
	agent_done(&a);
	if (r == 0 && o->sim)
		r = note_power(o->sim, power, e);
	return r;
}

int host_run(const struct host_options *o)
{
	struct sysroot sr = {.root = o->sim ? o->sim : ""};
	struct journal *journal = journal_new();
	_cleanup_free_ char *disks_json = NULL;
	struct params params = {0};
	struct lldp *lldp = NULL;
	struct err e = {0};
	int r = read_params(o->cmdline, &params, &e);

	if (params.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	if (o->sim)
		sr.disks_json = disks_json = xasprintf("%s/disks.json", o->sim);
	block_signals();
	if (r == 0 && o->sim)
		r = sim_prepare(&sr, &e);
	if (r == 0 && params.inspection_callback_url && lldp_start(&sr, &lldp, &e) < 0)
		journal_err(journal, "LLDP", &e);
	if (r == 0)
		r = run_agent(o, &params, &sr, lldp, journal, &e);
	if (r < 0)
		journal_err(journal, "ingot-agent", &e);
	lldp_stop(lldp);
	params_done(&params);
	journal_free(journal);
	return r < 0;
}
