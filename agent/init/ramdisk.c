/* Process 1; see ramdisk.h. It starts the parts in order and is the last to go. */
#include "agent/init/ramdisk.h"
#include "agent/agent.h"
#include "agent/init/devices.h"
#include "agent/init/net.h"
#include "agent/inspect/lldp.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MARKER	      "/etc/ingot/complete" /* the last file of the archive */
#define TOKEN_RETRY_S 60
#define RETRY_S	      10

struct ramdisk {
	struct sysroot sr;
	struct params params;
	struct journal *journal;
	struct devices *devices;
	struct net *net;
	struct lldp *lldp;
};

static const struct {
	const char *type, *where, *options;
	unsigned long flags;
} mounts[] = {
	{"proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"debugfs", "/sys/kernel/debug", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"devtmpfs", "/dev", "mode=0755", MS_NOSUID},
	{"tmpfs", "/run", "mode=0755,size=16m", MS_NOSUID | MS_NODEV},
};

static void mount_all(void)
{
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (fs_mkdir_p(mounts[i].where, 0755, &e) < 0 ||
			(mount(mounts[i].type, mounts[i].where, mounts[i].type, mounts[i].flags,
				 mounts[i].options) < 0 &&
				errno != EBUSY))
			log_error("mount %s on %s: %s", mounts[i].type, mounts[i].where,
				strerror(errno));
	}
	(void)fs_mkdir_p("/tmp", 01777, NULL);
	(void)fs_mkdir_p("/etc", 0755, NULL);
}

/* The kernel opened /dev/console for us only if the archive had one. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* /dev/console is the last of the kernel's consoles; the others get the lines too. */
static void add_consoles(struct ramdisk *rd)
{
	_cleanup_free_ char *active = sysroot_line(&rd->sr, "/sys/class/tty/console/active");
	char *save = NULL, *name = active ? strtok_r(active, " ", &save) : NULL, *next;

	for (; name && (next = strtok_r(NULL, " ", &save)); name = next) {
		_cleanup_free_ char *path = xasprintf("/dev/%s", name);
		int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0)
			journal_add_console(rd->journal, fd);
	}
}

static void check_marker(struct ramdisk *rd)
{
	if (access(MARKER, F_OK) == 0)
		return;
	say_error(rd->journal, "*** THE RAMDISK IS NOT COMPLETE: %s is missing ***", MARKER);
	say_error(rd->journal, "*** drivers and programs will be missing; give this machine more "
			       "memory, or add rootfstype=ramfs to the kernel's command line ***");
}

static int read_cmdline(struct ramdisk *rd, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	struct cmdline c;
	int r = fs_read("/proc/cmdline", CMDLINE_MAX, &text, NULL, e);

	if (r < 0)
		return r;
	cmdline_parse(text, &c);
	r = params_from_cmdline(&c, &rd->params, e);
	cmdline_done(&c);
	return r;
}

/* The real-time clock follows, so that the deployed system starts with the right time. */
static void set_rtc(int64_t seconds)
{
	_cleanup_close_ int fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
	time_t t = (time_t)seconds;
	struct rtc_time rtc;
	struct tm tm;

	if (fd < 0 || !gmtime_r(&t, &tm))
		return;
	rtc = (struct rtc_time){.tm_sec = tm.tm_sec,
		.tm_min = tm.tm_min,
		.tm_hour = tm.tm_hour,
		.tm_mday = tm.tm_mday,
		.tm_mon = tm.tm_mon,
		.tm_year = tm.tm_year};
	(void)ioctl(fd, RTC_SET_TIME, &rtc);
}

static int set_clock(void *data, int64_t seconds)
{
	struct timeval tv = {.tv_sec = (time_t)seconds};

	if (settimeofday(&tv, NULL) < 0)
		return -errno;
	set_rtc(seconds);
	return 0;
}

static void settle(void *data, int timeout_ms)
{
	struct ramdisk *rd = data;

	if (rd->devices)
		devices_settle(rd->devices, timeout_ms);
}

static void wait_change(void *data, int timeout_ms)
{
	struct ramdisk *rd = data;

	if (rd->devices)
		devices_wait_change(rd->devices, timeout_ms);
}

static bool load_module(void *data, const char *name)
{
	struct ramdisk *rd = data;

	return rd->devices && devices_load(rd->devices, name);
}

static void network_down(void *data)
{
	struct ramdisk *rd = data;

	net_stop(rd->net);
	rd->net = NULL;
}

static const struct {
	const char *says;
	int command;
	const char *key; /* of sysrq, when the kernel refuses */
} ways[AGENT_POWER_COUNT] = {
	[AGENT_POWER_NONE] = {"rebooting", RB_AUTOBOOT, "b"},
	[AGENT_POWER_REBOOT] = {"rebooting", RB_AUTOBOOT, "b"},
	[AGENT_POWER_OFF] = {"powering off", RB_POWER_OFF, "o"},
	[AGENT_POWER_KEXEC] = {"starting the deployed system's kernel", RB_KEXEC, "b"},
};

static void __attribute__((noreturn)) power(struct ramdisk *rd, enum agent_power how)
{
	int fd;

	say(rd->journal, "%s", ways[how].says);
	sync();
	set_rtc(time(NULL));
	reboot(ways[how].command);
	say_error(rd->journal, "the kernel refused: %s", strerror(errno));
	if (how == AGENT_POWER_KEXEC)
		reboot(RB_AUTOBOOT);
	say_error(rd->journal, "trying the magic key");
	fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, ways[how].key, 1);
	for (;;)
		pause();
}

/* Says why nothing goes on; reboots after ingot-fatal-reboot seconds if that is wanted. */
static void fatal(struct ramdisk *rd, const struct err *e)
{
	say_error(rd->journal, "*** %s ***", e->text);
	if (!rd->params.fatal_reboot_s)
		return;
	say_error(rd->journal, "rebooting in %d s", rd->params.fatal_reboot_s);
	sleep((unsigned)rd->params.fatal_reboot_s);
	power(rd, AGENT_POWER_REBOOT);
}

/* Each interface with what is in its way, for the person before the machine. */
static void say_network(struct ramdisk *rd, const char *what)
{
	_cleanup_free_ char *text = net_text(rd->net);
	char *save = NULL;

	say_warning(rd->journal, "%s", what);
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		say_warning(rd->journal, "  %s", l);
}

static void start_network(struct ramdisk *rd)
{
	const struct net_config config = {.params = &rd->params,
		.sr = &rd->sr,
		.journal = rd->journal,
		.resolv_conf = "/etc/resolv.conf",
		.load = load_module,
		.data = rd};
	struct err e = {0};

	if (net_start(&config, &rd->net, &e) < 0)
		fatal(rd, &e);
	if (!rd->net)
		return;
	net_set_lldp(rd->net, rd->lldp);
	while (!net_wait(rd->net, 30000))
		say_network(
			rd, "still no address; is the cable in, and does a DHCP server answer?");
	if (rd->params.inspection_callback_url && rd->params.dhcp_all && rd->params.dhcp_wait_s &&
		!net_wait_all(rd->net, rd->params.dhcp_wait_s * 1000))
		say_network(rd, "not every interface has an address; going on without");
}

static void start_parts(struct ramdisk *rd)
{
	struct err e = {0};

	if (devices_start(&rd->params, &rd->sr, rd->journal, &rd->devices, &e) < 0)
		fatal(rd, &e);
	if (rd->params.inspection_callback_url && lldp_start(&rd->sr, &rd->lldp, &e) < 0)
		journal_err(rd->journal, "LLDP", &e);
	start_network(rd);
}

static void __attribute__((noreturn)) run_agent(struct ramdisk *rd)
{
	const struct agent_platform platform = {.data = rd,
		.set_clock = set_clock,
		.settle = settle,
		.wait_change = wait_change,
		.load_module = load_module,
		.network_down = network_down,
		.lldp = rd->lldp,
		.forever = true};
	enum agent_power how = AGENT_POWER_NONE;
	struct err e = {0};
	struct agent a;
	int r = agent_init(&a, &rd->params, &rd->sr, rd->journal, &platform, NULL, &e);

	while (r < 0 || how == AGENT_POWER_NONE) {
		if (r == 0)
			r = agent_run(&a, &how, &e);
		if (r < 0) {
			fatal(rd, &e);
			sleep(r == -EACCES ? TOKEN_RETRY_S : RETRY_S);
			r = 0;
		}
	}
	power(rd, how);
}

void ramdisk_run(void)
{
	struct ramdisk rd = {.sr = {.root = ""}};
	struct err e = {0};

	mount_all();
	open_console();
	signal(SIGCHLD, SIG_IGN); /* orphans are reaped by the kernel */
	signal(SIGPIPE, SIG_IGN);
	(void)!sethostname("ingot-agent", 11);
	(void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	rd.journal = journal_new();
	add_consoles(&rd);
	say(rd.journal, "Ingot agent " INGOT_VERSION ", %.1f s after the kernel's start",
		(double)time_mono_ms() / 1000);
	check_marker(&rd);
	if (read_cmdline(&rd, &e) < 0)
		fatal(&rd, &e);
	if (rd.params.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	start_parts(&rd);
	run_agent(&rd);
}
