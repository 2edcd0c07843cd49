/* The rescue system; see rescue.h. */
#include "agent/init/rescue.h"
#include "agent/init/child.h"
#include "agent/inspect/sysroot.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define BUSYBOX	     "/bin/busybox"
#define DROPBEAR     "/usr/sbin/dropbear"
#define DROPBEARKEY  "/usr/bin/dropbearkey"
#define HASH_MAX     256
#define PROGRAM_MS   30000 /* for a key, on a slow machine */
#define CONSOLES_MAX 8
#define RESTART_S    2

static const char *const host_keys[][2] = {
	{"ed25519", "/etc/dropbear/dropbear_ed25519_host_key"},
	{"ecdsa", "/etc/dropbear/dropbear_ecdsa_host_key"},
};

bool rescue_hash_valid(const char *hash)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./$,=*!";

	return hash[0] && strlen(hash) < HASH_MAX && !hash[strspn(hash, allowed)];
}

static int write_text(const char *path, mode_t mode, const char *text, struct err *e)
{
	return fs_write_atomic(path, text, strlen(text), mode, e);
}

/* All rights, under a name of its own: there is nobody else on this machine. */
static int make_user(const char *hash, const char *ssh_key, struct err *e)
{
	_cleanup_free_ char *shadow =
		xasprintf("root:*:19000:0:99999:7:::\nrescue:%s:19000:0:99999:7:::\n", hash);
	int r = write_text("/etc/passwd", 0644,
		"root:x:0:0:root:/root:/bin/sh\nrescue:x:0:0:rescue:/root:/bin/sh\n", e);

	if (r == 0)
		r = write_text("/etc/group", 0644, "root:x:0:\ntty:x:5:\n", e);
	if (r == 0)
		r = write_text("/etc/shadow", 0600, shadow, e);
	mem_wipe(shadow, strlen(shadow));
	if (r == 0 && !str_empty(ssh_key)) {
		_cleanup_free_ char *line = xasprintf("%s\n", ssh_key);

		r = fs_mkdir_p("/root/.ssh", 0700, e);
		if (r == 0)
			r = write_text("/root/.ssh/authorized_keys", 0600, line, e);
	}
	return r;
}

/* A key is made once in a life of the ramdisk. */
static void make_keys(struct journal *j)
{
	for (size_t i = 0; i < ARRAY_SIZE(host_keys); i++) {
		const char *const make[] = {
			DROPBEARKEY, "-t", host_keys[i][0], "-f", host_keys[i][1], NULL};
		struct err e = {0};
		pid_t pid;

		if (access(host_keys[i][1], F_OK) < 0) {
			pid = child_run(make, -1, -1, &e);
			if (pid > 0)
				child_wait(pid, PROGRAM_MS);
			else
				journal_err(j, "rescue", &e);
		}
		if (access(host_keys[i][1], F_OK) < 0)
			say_error(j, "rescue: no %s host key could be made", host_keys[i][0]);
	}
}

struct service {
	const char *argv[8];
	char console[32];
	pid_t pid;
};

static struct service services[CONSOLES_MAX + 1];
static size_t n_services;
static struct journal *service_journal;

/* Starts again what has ended: a login after each session, the server whatever befell it. */
static void *serve(void *arg)
{
	for (;;) {
		for (size_t i = 0; i < n_services; i++) {
			struct err e = {0};

			if (child_lives(services[i].pid))
				continue;
			services[i].pid = child_run(services[i].argv, -1, -1, &e);
			if (services[i].pid < 0)
				journal_err(service_journal, "rescue", &e);
		}
		sleep(RESTART_S);
	}
	return NULL;
}

static void add_logins(void)
{
	const struct sysroot sr = {.root = ""};
	_cleanup_free_ char *active = sysroot_line(&sr, "/sys/class/tty/console/active");
	char *save = NULL;

	for (char *c = strtok_r(active, " ", &save); c && n_services <= CONSOLES_MAX;
		c = strtok_r(NULL, " ", &save)) {
		struct service *s = &services[n_services++];

		/* tty0 is whichever virtual console is shown: a login needs one of its own */
		*s = (struct service){
			.argv = {BUSYBOX, "getty", "-L", "0", s->console, "linux", NULL}};
		str_copy(s->console, sizeof(s->console), str_eq(c, "tty0") ? "tty1" : c);
	}
}

static int start_services(struct journal *j, struct err *e)
{
	pthread_t thread;
	int r;

	service_journal = j;
	services[0] = (struct service){.argv = {DROPBEAR, "-F", NULL}};
	n_services = 1;
	add_logins();
	r = pthread_create(&thread, NULL, serve, NULL);
	if (r)
		return err_errno(e, r, "start the thread that keeps the rescue system's services");
	pthread_detach(thread);
	return 0;
}

int rescue_start(const char *hash, const char *ssh_key, struct journal *j, struct err *e)
{
	int r;

	if (access(BUSYBOX, X_OK) < 0 || access(DROPBEAR, X_OK) < 0)
		return err_set(e, ENOTSUP,
			"this ramdisk has no rescue system; boot the machine with initramfs-rescue "
			"(driver_info/rescue_ramdisk, or rescue_ramdisk in ingot.conf)");
	if (!rescue_hash_valid(hash))
		return err_set(
			e, EINVAL, "the rescue password is said to be hashed, but is no hash");
	r = make_user(hash, ssh_key, e);
	if (r < 0 || n_services)
		return r;
	(void)fs_mkdir_p("/dev/pts", 0755, NULL);
	if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620") < 0 &&
		errno != EBUSY)
		say_warning(j, "rescue: mount /dev/pts: %s", strerror(errno));
	make_keys(j);
	r = start_services(j, e);
	if (r == 0)
		say(j, "rescue system ready: user rescue, by SSH and on the consoles");
	return r;
}
