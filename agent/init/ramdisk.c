/* Process 1; see ramdisk.h. It starts the parts in order and is the last to go. */
#include "agent/init/ramdisk.h"
#include "agent/agent.h"
#include "agent/init/clock.h"
#include "agent/init/console.h"
#include "agent/init/devices.h"
#include "agent/init/markers.h"
#include "agent/init/media.h"
#include "agent/init/net/net.h"
#include "agent/init/power.h"
#include "agent/init/rescue.h"
#include "agent/init/sntp.h"
#include "agent/init/vmedia.h"
#include "agent/init/watchdog.h"
#include "agent/inspect/lldp.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TOKEN_RETRY_S 60
#define RETRY_S	      10
#define PROCESSES_MS  2000 /* for other processes to end */
#define DISKS_MS      30000
#define NTP_MS	      3000  /* an answer of one time server */
#define MEDIA_MS      30000 /* for virtual media to be plugged in, when it was booted from */

struct ramdisk {
	struct sysroot sr;
	char *cmdline;
	struct params boot_params; /* of the kernel's command line, for finding devices */
	struct params params;	   /* and of virtual media */
	struct journal *journal;
	struct devices *devices;
	struct net *net;
	pthread_mutex_t lock; /* for who shows the page: net while it is shown, agent */
	struct agent *agent;  /* NULL: not yet */
	struct watchdog *watchdog;
	char incomplete[400]; /* what is missing of the ramdisk, "" when it is whole */
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

/* "r12u07 (5c2a...)", allocated; NULL when it is not known. */
static char *node_text(struct ramdisk *rd)
{
	_cleanup_json_ json_t *node = rd->agent ? agent_node(rd->agent) : NULL;
	const char *name = json_str(node, "name"), *uuid = json_str(node, "uuid");

	if (!uuid)
		return NULL;
	return name ? xasprintf("%s (%s)", name, uuid) : xstrdup(uuid);
}

static void page(void *data, bool shell, struct buf *out)
{
	struct ramdisk *rd = data;
	_cleanup_free_ char *network = NULL, *node = NULL;
	_cleanup_free_ char *tail = journal_tail(rd->journal, CONSOLE_LINES);
	_cleanup_free_ char *error = journal_last_error(rd->journal);

	pthread_mutex_lock(&rd->lock);
	network = rd->net ? net_text(rd->net) : NULL;
	node = node_text(rd);
	pthread_mutex_unlock(&rd->lock);
	const struct console_facts facts = {.network = network,
		.conductor = rd->params.api_urls[0],
		.node = node,
		.incomplete = rd->incomplete,
		.last_error = error,
		.tail = tail,
		.up_s = time_mono_ms() / 1000,
		.shell = shell};

	console_page(&facts, out);
}

static uint64_t memory_mb(void)
{
	struct sysinfo si;

	return sysinfo(&si) < 0 ? 0 : (uint64_t)si.totalram * si.mem_unit / 1000000;
}

static void check_markers(struct ramdisk *rd)
{
	struct statfs root = {0};
	bool half = statfs("/", &root) == 0 && root.f_type == TMPFS_MAGIC;

	if (!markers_whole(MARKERS_DIR, memory_mb(), half, rd->incomplete, sizeof(rd->incomplete)))
		say_error(rd->journal, "*** %s ***", rd->incomplete);
}

static int read_cmdline(struct ramdisk *rd, struct err *e)
{
	int r = fs_read("/proc/cmdline", CMDLINE_MAX, &rd->cmdline, NULL, e);

	if (r == 0)
		r = vmedia_params(rd->cmdline, "", &rd->boot_params, e);
	return r < 0 ? r : vmedia_params(rd->cmdline, "", &rd->params, e);
}

/*
 * A BMC plugs its media in when it likes: waited for when nothing else names a conductor. Ironic's
 * ISOs usually have all parameters on the kernel's command line.
 */
static void read_vmedia(struct ramdisk *rd)
{
	bool told = rd->params.n_api_urls || rd->params.inspection_callback_url;
	int64_t until = time_mono_ms() + (told ? 0 : MEDIA_MS);
	_cleanup_free_ char *text = NULL;
	struct params params = {0};
	struct err e = {0};
	int r;

	say(rd->journal, "booted from virtual media: looking for parameters.txt");
	devices_settle(rd->devices, MEDIA_MS);
	while ((r = vmedia_read(&text, &e)) == -ENOENT && time_mono_ms() < until)
		devices_wait_change(rd->devices, 1000);
	if (r == 0)
		r = vmedia_params(rd->cmdline, text, &params, &e);
	if (text)
		mem_wipe(text, strlen(text));
	if (r < 0) {
		say_warning(rd->journal,
			"parameters.txt: %s; going on with the kernel's command line", e.text);
		params_done(&params);
		return;
	}
	say(rd->journal, "parameters.txt adds to the kernel's command line");
	params_done(&rd->params);
	rd->params = params;
	if (rd->params.debug)
		log_set_level(LOG_LEVEL_DEBUG);
}

static int set_clock(void *data, int64_t seconds)
{
	return clock_set(seconds * 1000000);
}

static void alive(void *data)
{
	struct ramdisk *rd = data;

	watchdog_alive(rd->watchdog);
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

static int rescue(void *data, const char *password_hash, struct err *e)
{
	struct ramdisk *rd = data;

	return rescue_start(password_hash, rd->params.ssh_key, rd->journal, e);
}

/* From here on the page shows no network. */
static void take_network_down(struct ramdisk *rd)
{
	struct net *net;

	pthread_mutex_lock(&rd->lock);
	net = rd->net;
	rd->net = NULL;
	pthread_mutex_unlock(&rd->lock);
	net_stop(net);
}

static void network_down(void *data)
{
	struct ramdisk *rd = data;

	take_network_down(rd);
}

static const struct {
	const char *says;
	int command; /* of reboot(2) */
} ways[AGENT_POWER_COUNT] = {
	[AGENT_POWER_NONE] = {"rebooting", RB_AUTOBOOT},
	[AGENT_POWER_REBOOT] = {"rebooting", RB_AUTOBOOT},
	[AGENT_POWER_OFF] = {"powering off", RB_POWER_OFF},
	[AGENT_POWER_KEXEC] = {"starting the deployed system's kernel", RB_KEXEC},
};

/* Disks before the network, so that a disk that does not answer can still be told of. */
static void __attribute__((noreturn)) power(struct ramdisk *rd, enum agent_power how)
{
	say(rd->journal, "%s", ways[how].says);
	power_end_processes(PROCESSES_MS);
	power_settle_disks(rd->journal, DISKS_MS);
	clock_to_rtc();
	take_network_down(rd);
	watchdog_stop(rd->watchdog);
	power_now(rd->journal, ways[how].command);
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

/* Addresses of a config drive on the medium that was booted from, or beside it. */
static void read_config_drive(struct ramdisk *rd, int wait_ms)
{
	static const char *const labels[] = {"config-2", "vmedia_boot_iso", NULL};
	_cleanup_free_ struct netdata *plan = xcalloc(1, sizeof(*plan));
	int64_t until = time_mono_ms() + wait_ms;
	_cleanup_free_ char *text = NULL;
	struct err e = {0};
	size_t len;
	int r;

	if (wait_ms && rd->devices)
		devices_settle(rd->devices, wait_ms);
	while ((r = media_read(labels, "openstack/latest/network_data.json", NETDATA_BYTES_MAX,
			&text, &len, &e)) == -ENODEV &&
		time_mono_ms() < until && rd->devices)
		devices_wait_change(rd->devices, 1000);
	if (r == 0)
		r = netdata_parse(text, len, plan, &e);
	if (r < 0 && r != -ENOENT && (wait_ms || r != -ENODEV))
		say_warning(rd->journal, "config drive: %s; asking for addresses", e.text);
	net_plan(rd->net, r == 0 ? plan : NULL);
}

static void ask_time(struct ramdisk *rd)
{
	struct err e = {0};
	int64_t wall_us;
	int r;

	if (!rd->params.ntp_server)
		return;
	r = sntp_ask(rd->params.ntp_server, "123", NTP_MS, &wall_us, &e);
	if (r < 0) {
		journal_err(rd->journal, "the clock stays as it is", &e);
		return;
	}
	r = clock_set(wall_us);
	if (r < 0)
		say_error(rd->journal, "set the clock: %s", strerror(-r));
	else
		say(rd->journal, "the clock was set by %s", rd->params.ntp_server);
}

static void start_watchdog(struct ramdisk *rd)
{
	struct err e = {0};

	if (rd->params.watchdog_s && watchdog_start("/dev/watchdog", rd->params.watchdog_s,
					     rd->journal, &rd->watchdog, &e) < 0)
		journal_err(rd->journal, "watchdog", &e);
}

static void start_network(struct ramdisk *rd)
{
	const struct net_config config = {.params = &rd->params,
		.sr = &rd->sr,
		.journal = rd->journal,
		.resolv_conf = "/etc/resolv.conf",
		.hold = rd->params.vmedia,
		.load = load_module,
		.data = rd};
	struct net *net = NULL;
	struct err e = {0};

	if (net_start(&config, &net, &e) < 0)
		fatal(rd, &e);
	if (!net)
		return;
	pthread_mutex_lock(&rd->lock);
	rd->net = net;
	pthread_mutex_unlock(&rd->lock);
	net_set_lldp(rd->net, rd->lldp);
	if (rd->params.vmedia)
		read_config_drive(rd, MEDIA_MS);
	while (!net_wait(rd->net, 30000)) {
		say_network(
			rd, "still no address; is the cable in, and does a DHCP server answer?");
		read_config_drive(rd, 0);
		watchdog_alive(rd->watchdog);
	}
	if (rd->params.inspection_callback_url && rd->params.dhcp_all && rd->params.dhcp_wait_s &&
		!net_wait_all(rd->net, rd->params.dhcp_wait_s * 1000))
		say_network(rd, "not every interface has an address; going on without");
}

static void start_parts(struct ramdisk *rd)
{
	struct err e = {0};

	if (devices_start(&rd->boot_params, &rd->sr, rd->journal, &rd->devices, &e) < 0)
		fatal(rd, &e);
	if (rd->boot_params.vmedia && rd->devices)
		read_vmedia(rd);
	if (rd->params.inspection_callback_url && lldp_start(&rd->sr, &rd->lldp, &e) < 0)
		journal_err(rd->journal, "LLDP", &e);
	start_watchdog(rd);
	start_network(rd);
	ask_time(rd);
}

static void __attribute__((noreturn)) run_agent(struct ramdisk *rd)
{
	const struct agent_platform platform = {.data = rd,
		.set_clock = set_clock,
		.settle = settle,
		.wait_change = wait_change,
		.load_module = load_module,
		.network_down = network_down,
		.rescue = rescue,
		.alive = alive,
		.incomplete = rd->incomplete[0] ? rd->incomplete : NULL,
		.lldp = rd->lldp,
		.forever = true};
	enum agent_power how = AGENT_POWER_NONE;
	struct agent *a = xcalloc(1, sizeof(*a));
	struct err e = {0};
	int r = agent_init(a, &rd->params, &rd->sr, rd->journal, &platform, NULL, &e);

	if (r == 0) {
		pthread_mutex_lock(&rd->lock);
		rd->agent = a;
		pthread_mutex_unlock(&rd->lock);
	}
	while (r < 0 || how == AGENT_POWER_NONE) {
		if (r == 0)
			r = agent_run(a, &how, &e);
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
	struct ramdisk rd = {.sr = {.root = ""}, .lock = PTHREAD_MUTEX_INITIALIZER};
	struct err e = {0};

	mount_all();
	open_console();
	signal(SIGCHLD, SIG_IGN); /* orphans are reaped by the kernel */
	signal(SIGPIPE, SIG_IGN);
	(void)!sethostname("ingot-agent", 11);
	(void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	rd.journal = journal_new();
	console_open(rd.journal);
	say(rd.journal, "Ingot agent " INGOT_VERSION ", %.1f s after the kernel's start",
		(double)time_mono_ms() / 1000);
	check_markers(&rd);
	if (read_cmdline(&rd, &e) < 0)
		fatal(&rd, &e);
	if (rd.params.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	console_run(&(struct console_config){
		.journal = rd.journal, .shell = rd.params.shell, .page = page, .data = &rd});
	start_parts(&rd);
	run_agent(&rd);
}
