/*
 * Namespaces by name; see netns.h. A name is a file in /run/netns with the namespace mounted over
 * it (ip-netns(8)). The folder has to be a shared mount, so that a name removed here is removed in
 * every mount namespace; when we had to make that mount, a marker file remembers it.
 */
#include "tests/vrack/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "tests/vrack/qemuargs.h"

#define NETNS_FOLDER "/run/netns"
#define NETNS_MARKER "/run/ingot-vrack.netns"
#define IP_LIMIT_MS  20000

extern char **environ;

static void netns_path(const char *name, char ret[static 128])
{
	snprintf(ret, 128, NETNS_FOLDER "/%.*s", RACK_NAME_MAX, name);
}

bool netns_exists(const char *name)
{
	char path[128];

	netns_path(name, path);
	return access(path, F_OK) == 0;
}

static int make_folder(struct err *e)
{
	int fd;

	if (mkdir(NETNS_FOLDER, 0755) < 0 && errno != EEXIST)
		return err_errno(e, errno, "create %s", NETNS_FOLDER);
	if (mount("", NETNS_FOLDER, "none", MS_SHARED | MS_REC, NULL) == 0)
		return 0;
	if (errno != EINVAL)
		return err_errno(e, errno, "share %s", NETNS_FOLDER);
	if (mount(NETNS_FOLDER, NETNS_FOLDER, "none", MS_BIND | MS_REC, NULL) < 0 ||
		mount("", NETNS_FOLDER, "none", MS_SHARED | MS_REC, NULL) < 0)
		return err_errno(e, errno, "mount %s", NETNS_FOLDER);
	fd = open(NETNS_MARKER, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return 0;
}

/* Unmounting fails as long as somebody's namespace is in the folder: then it stays. */
static void remove_folder(void)
{
	if (access(NETNS_MARKER, F_OK) < 0 || umount2(NETNS_FOLDER, 0) < 0)
		return;
	unlink(NETNS_MARKER);
	rmdir(NETNS_FOLDER);
}

int netns_create(const char *name, struct err *e)
{
	char path[128];
	int fd, r;

	netns_path(name, path);
	r = make_folder(e);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0) {
		r = -errno;
		remove_folder();
		return err_errno(e, -r, "create network namespace %s", name);
	}
	close(fd);
	if (unshare(CLONE_NEWNET) < 0 ||
		mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL) < 0) {
		r = err_errno(e, errno, "create network namespace %s", name);
		netns_delete(name);
		return r;
	}
	return 0;
}

void netns_delete(const char *name)
{
	char path[128];

	netns_path(name, path);
	umount2(path, MNT_DETACH);
	unlink(path);
	remove_folder();
}

static void write_machine(struct buf *b, const struct rack *rack, const struct rack_machine *m)
{
	char tap[16];

	buf_printf(b, "address replace %s/%u dev lo%s\n", m->bmc.address,
		strchr(m->bmc.address, ':') ? 128 : 32,
		strchr(m->bmc.address, ':') ? " nodad" : "");
	for (unsigned i = 0; i < m->n_nics; i++) {
		tap_name(rack, m, i, tap);
		buf_printf(b, "tuntap add %s mode tap\n", tap);
		buf_printf(b, "link set %s addrgenmode none master %s up\n", tap, rack->net.bridge);
	}
}

/* Commands of `ip -batch`. LLDP frames (group_fwd_mask bit 14) pass the bridge. */
static void write_script(struct buf *b, const struct rack *rack)
{
	const struct rack_network *net = &rack->net;
	char a[INET6_ADDRSTRLEN];

	buf_puts(b, "link set lo up\n");
	buf_printf(b,
		"link add %s type bridge forward_delay 0 stp_state 0 mcast_snooping 0 "
		"group_fwd_mask 0x4000\n",
		net->bridge);
	buf_printf(b, "address add %s/%u dev %s\n", inet_ntop(AF_INET, &net->host, a, sizeof(a)),
		net->prefix, net->bridge);
	if (net->has_ipv6)
		buf_printf(b, "address add %s/%u dev %s nodad\n",
			inet_ntop(AF_INET6, &net->host_ipv6, a, sizeof(a)), net->prefix_ipv6,
			net->bridge);
	buf_printf(b, "link set %s up\n", net->bridge);
	buf_puts(b, "tuntap add uplink mode tap\n");
	buf_printf(b, "link set uplink addrgenmode none master %s up\n", net->bridge);
	for (unsigned i = 0; i < rack->n_machines; i++)
		write_machine(b, rack, &rack->machines[i]);
}

/* Waits for a child for a limited time; kills it then. Gives its exit status or -ETIMEDOUT. */
static int wait_child(pid_t pid, int limit_ms)
{
	int64_t end = time_mono_ms() + limit_ms;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (time_mono_ms() > end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -ETIMEDOUT;
		}
		usleep(2000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECANCELED;
}

static int run_ip(const char *script_path, struct err *e)
{
	char *argv[] = {(char *)"ip", (char *)"-batch", (char *)script_path, NULL};
	pid_t pid;
	int r;

	r = posix_spawnp(&pid, "ip", NULL, NULL, argv, environ);
	if (r != 0)
		return err_errno(e, r, "run ip");
	r = wait_child(pid, IP_LIMIT_MS);
	if (r != 0)
		return err_set(e, r < 0 ? -r : EIO, "ip -batch %s: %s; its message stands above",
			script_path, r < 0 ? strerror(-r) : "failed");
	return 0;
}

static int open_tap(const char *name, int *ret, struct err *e)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd, r;

	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, errno, "open /dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		r = err_errno(e, errno, "attach to tap %s", name);
		close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

int network_build(const struct rack *rack, const char *script_path, int *ret_uplink, struct err *e)
{
	struct buf script = BUF_INIT(256 * 1024);
	int r;

	write_script(&script, rack);
	r = fs_write_atomic(script_path, buf_str(&script), script.len, 0644, e);
	buf_done(&script);
	if (r == 0)
		r = run_ip(script_path, e);
	return r < 0 ? r : open_tap("uplink", ret_uplink, e);
}
