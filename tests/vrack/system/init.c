/*
 * The one program of the deployed test system, started twice: as /init of the initramfs it loads
 * drivers and mounts the root file system; as /sbin/init in there it reads its config drive, sets
 * the host name, gets an address by DHCP, phones home, and then waits for the power button or for
 * "poweroff" and "reboot" on the console. It has no libraries but libc, and runs busybox for
 * DHCP.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vrack/system/disks.h"
#include "tests/vrack/system/meta.h"
#include "tests/vrack/system/modules.h"
#include "tests/vrack/system/post.h"

#define ROOT_LABEL     "ingot-root"
#define ROOT_WAIT_MS   30000
#define CONFIG_WAIT_MS 3000
#define PHONE_TRIES    20
#define DHCP_TRIES     5
#define NICS_MAX       16
#define META_FILE_MAX  (256 * 1024)
#define META_FILE      "/config/openstack/latest/meta_data.json"
#define MODULES_FOLDER "/lib/modules"

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One line in one write, with the seconds since the kernel started. */
static void say(const char *fmt, ...)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "INGOT-SYSTEM ");
	va_list ap;

	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - 32 - (size_t)n, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 32)
		n = (int)sizeof(line) - 32;
	n += snprintf(line + n, sizeof(line) - (size_t)n, " (%.1f s)\n", (double)now_ms() / 1000);
	if (write(1, line, (size_t)n) < 0)
		return;
}

static void stop_machine(int how)
{
	sync();
	kill(-1, SIGTERM);
	usleep(200000);
	kill(-1, SIGKILL);
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	sync();
	reboot(how);
	for (;;)
		pause();
}

static void give_up(const char *what)
{
	say("%s: %s; stopping", what, strerror(errno));
	stop_machine(RB_POWER_OFF);
}

/* The folder of the running kernel's modules. */
static void open_modules(void)
{
	struct utsname u;
	char folder[256];

	uname(&u);
	snprintf(folder, sizeof(folder), MODULES_FOLDER "/%.200s", u.release);
	if (modules_open(folder) < 0)
		say("no modules in %s", folder);
}

static void mount_kernel(void)
{
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
}

/* New modules bring new devices, some only after a while, so both are looked at again and again. */
static void find_root(char ret[static DISK_NAME_MAX])
{
	long end = now_ms() + ROOT_WAIT_MS;

	for (;;) {
		while (modules_coldplug() > 0)
			;
		if (disks_find_ext4(ROOT_LABEL, ret) == 0)
			return;
		if (now_ms() > end) {
			errno = ENOENT;
			give_up("find the file system " ROOT_LABEL);
		}
		usleep(20000);
	}
}

static void enter_root(void)
{
	static const char *const keep[] = {"dev", "proc", "sys"};
	char from[16], to[32];

	for (unsigned i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "/%s", keep[i]);
		snprintf(to, sizeof(to), "/sysroot/%s", keep[i]);
		mount(from, to, NULL, MS_MOVE, NULL);
	}
	if (chdir("/sysroot") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
		chdir("/") < 0)
		give_up("enter the root file system");
}

static void run_initramfs(void)
{
	char *argv[] = {(char *)"/sbin/init", NULL}, root[DISK_NAME_MAX];

	mount_kernel();
	open_modules();
	/* these have no device that asks for them: ext4 wants its checksum by name */
	modules_load("crc32c_generic");
	modules_load("ext4");
	modules_load("sd_mod");
	find_root(root);
	if (mount(root, "/sysroot", "ext4", 0, NULL) < 0)
		give_up(root);
	say("root is %s", root);
	enter_root();
	execv(argv[0], argv);
	give_up(argv[0]);
}

/* Runs busybox with its output on the console, or thrown away. Gives the pid. */
static pid_t start_busybox(char *const argv[], bool quiet)
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	if (quiet) {
		dup2(null, 1);
		dup2(null, 2);
	}
	execv("/bin/busybox", argv);
	_exit(127);
}

static int read_meta(const char *path, struct meta *ret)
{
	static char text[META_FILE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	close(fd);
	if (n < 0 || len == sizeof(text))
		return -EIO;
	return meta_parse(text, len, ret);
}

/* Reads the config drive: a disk, CD or partition with the label "config-2". */
static void read_config_drive(struct meta *ret)
{
	long end = now_ms() + CONFIG_WAIT_MS;
	char drive[DISK_NAME_MAX];
	const char *type;
	int r;

	modules_load("isofs");
	while (disks_find_drive("config-2", drive, &type) < 0) {
		if (now_ms() > end) {
			say("no config drive");
			return;
		}
		modules_coldplug();
		usleep(50000);
	}
	modules_load("nls_cp437"); /* by vfat, which would ask modprobe for them */
	modules_load("nls_ascii");
	modules_load("vfat");
	if (mount(drive, "/config", type, MS_RDONLY, NULL) < 0) {
		say("config drive %s: %s", drive, strerror(errno));
		return;
	}
	r = read_meta(META_FILE, ret);
	if (r < 0)
		say("config drive %s: meta_data.json: %s", drive, strerror(-r));
	else
		say("config drive is %s", drive);
}

static void set_host_name(const struct meta *m)
{
	const char *name = m->hostname[0] ? m->hostname : "ingot-system";

	if (sethostname(name, strnlen(name, 64)) < 0)
		say("host name: %s", strerror(errno));
}

struct dhcp {
	pid_t pids[NICS_MAX];
	char names[NICS_MAX][20];
	int n;
};

static void start_dhcp(struct dhcp *d)
{
	DIR *dir = opendir("/sys/class/net");
	struct dirent *e;

	while (dir && (e = readdir(dir)) && d->n < NICS_MAX) {
		char *name = d->names[d->n];
		char *argv[] = {(char *)"udhcpc", (char *)"-i", name, (char *)"-f", (char *)"-q",
			(char *)"-n", (char *)"-t", (char *)"8", (char *)"-T", (char *)"1",
			(char *)"-s", (char *)"/etc/udhcpc.sh", NULL};

		if (e->d_name[0] == '.' || strcmp(e->d_name, "lo") == 0)
			continue;
		snprintf(name, sizeof(d->names[0]), "%.16s", e->d_name);
		d->pids[d->n++] = start_busybox(argv, true);
	}
	if (dir)
		closedir(dir);
}

/* Asks for an address on every NIC at once, until the first one has it. */
static bool get_address(void)
{
	struct dhcp d = {0};
	bool found = false;
	int left, status;

	start_dhcp(&d);
	left = d.n;
	while (left > 0 && !found) {
		pid_t pid = wait(&status);

		if (pid < 0)
			break;
		for (int i = 0; i < d.n; i++)
			if (d.pids[i] == pid) {
				d.pids[i] = 0;
				left--;
				found = WIFEXITED(status) && WEXITSTATUS(status) == 0;
			}
	}
	for (int i = 0; i < d.n; i++)
		if (d.pids[i] > 0)
			kill(d.pids[i], SIGTERM);
	return found;
}

static void phone_home(const struct meta *m)
{
	char host[1024], nonce[1024], uuid[1024], body[3200];
	useconds_t wait_us = 250000;

	if (!m->phone_home[0] || meta_quote(m->hostname, host, sizeof(host)) < 0 ||
		meta_quote(m->nonce, nonce, sizeof(nonce)) < 0 ||
		meta_quote(m->uuid, uuid, sizeof(uuid)) < 0) {
		say("host=%s nonce=%s nobody to phone home to", m->hostname, m->nonce);
		return;
	}
	snprintf(body, sizeof(body), "{\"hostname\":%s,\"nonce\":%s,\"uuid\":%s}", host, nonce,
		uuid);
	for (int i = 0; i < PHONE_TRIES; i++) {
		int r = post_json(m->phone_home, body);

		if (r >= 200 && r < 300) {
			say("host=%s nonce=%s phoned home", m->hostname, m->nonce);
			return;
		}
		say("phone home, try %d of %d: %s: %s%.0d", i + 1, PHONE_TRIES, m->phone_home,
			r < 0 ? strerror(-r) : "HTTP status ", r < 0 ? 0 : r);
		if (r == -EINVAL || (r >= 400 && r < 500))
			break; /* no use to say it again: at a later boot the token is used up */
		usleep(wait_us);
		if (wait_us < 8000000)
			wait_us *= 2;
	}
	say("host=%s nonce=%s could not phone home", m->hostname, m->nonce);
}

/* The power button is an input device with KEY_POWER (116); there is at most a handful of devices.
 */
static int open_inputs(struct pollfd *fds, int max)
{
	char path[32];
	int n = 0;

	for (int i = 0; i < 8 && n < max; i++) {
		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		fds[n].fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		fds[n].events = POLLIN;
		if (fds[n].fd >= 0)
			n++;
	}
	return n;
}

static bool power_pressed(int fd)
{
	struct input_event e;

	while (read(fd, &e, sizeof(e)) == (ssize_t)sizeof(e))
		if (e.type == EV_KEY && e.code == KEY_POWER && e.value == 1)
			return true;
	return false;
}

static void obey_console(int fd)
{
	char line[128];
	ssize_t n = read(fd, line, sizeof(line) - 1);

	if (n <= 0) {
		usleep(100000);
		return;
	}
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if (strcmp(line, "poweroff") == 0 || strcmp(line, "reboot") == 0) {
		say("%s asked for on the console", line);
		stop_machine(line[0] == 'p' ? RB_POWER_OFF : RB_AUTOBOOT);
	}
	if (line[0])
		say("the console knows: poweroff, reboot");
}

static void wait_for_orders(void)
{
	struct pollfd fds[9];
	int n = open_inputs(fds, 8);

	fds[n] = (struct pollfd){.fd = 0, .events = POLLIN};
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (poll(fds, (nfds_t)n + 1, 1000) <= 0)
			continue;
		for (int i = 0; i < n; i++)
			if (power_pressed(fds[i].fd)) {
				say("power button");
				stop_machine(RB_POWER_OFF);
			}
		if (fds[n].revents)
			obey_console(0);
	}
}

/* The button must work while the system still looks for its network, so it has a process. */
static void start_orders(void)
{
	if (fork() == 0) {
		wait_for_orders();
		_exit(0);
	}
}

static void run_system(void)
{
	struct meta meta = {0};
	char *up[] = {(char *)"ifconfig", (char *)"lo", (char *)"up", NULL};
	struct utsname u;

	uname(&u);
	say("Linux %s", u.release);
	open_modules();
	modules_load("evdev");
	modules_load("button");
	while (modules_coldplug() > 0)
		;
	start_orders();
	read_config_drive(&meta);
	set_host_name(&meta);
	start_busybox(up, true);
	for (int i = 0; i < DHCP_TRIES && !get_address(); i++)
		say("no address by DHCP");
	phone_home(&meta);
	for (;;)
		if (wait(NULL) < 0)
			sleep(1);
}

int main(void)
{
	setbuf(stdout, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (access("/sysroot", F_OK) == 0)
		run_initramfs();
	else
		run_system();
	return 1;
}
