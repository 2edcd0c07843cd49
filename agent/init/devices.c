/* Loading drivers; see devices.h. */
#include "agent/init/devices.h"
#include "agent/init/modindex.h"
#include "agent/init/net/net.h"
#include "agent/init/uevent.h"
#include "lib/base/deadline.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PASSES_MAX  16
#define QUIET_MS    100 /* no news for so long after the last pass: the buses are through */
#define SETTLE_MS   10000
#define MESSAGE_MAX 16384
#define COMPRESSED  4 /* MODULE_INIT_COMPRESSED_FILE, linux/module.h */

/* What no device asks for by name: upper halves of SCSI, and IPMI found by SMBIOS. */
static const char *const always[] = {"sd_mod", "sr_mod", "sg", "ipmi_si", "ipmi_devintf", "nvme",
	"vfat", "nls_ascii", "nls_cp437"};

struct devices {
	const struct params *params;
	const struct sysroot *sr;
	struct journal *journal;
	struct modindex *index; /* index_lock */
	pthread_mutex_t index_lock;
	struct map tried; /* modaliases that were looked up */
	int news;
	unsigned loaded, failed;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool settled;
	unsigned announced, seen; /* block devices */
};

static int load_file(const char *path, void *data)
{
	struct devices *d = data;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	int flags = str_ends(path, ".ko") ? 0 : COMPRESSED, code;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", flags) == 0) {
		d->loaded++;
		return 0;
	}
	code = errno;
	if (code != EEXIST && code != ENODEV) {
		d->failed++;
		say_warning(d->journal, "module %s: %s", path, strerror(code));
	}
	return -code;
}

/* By name, whether a device asks for it or not. */
static void load(struct devices *d, const char *name)
{
	pthread_mutex_lock(&d->index_lock);
	(void)modindex_load(d->index, name, load_file, d);
	pthread_mutex_unlock(&d->index_lock);
}

static void load_wanted(struct devices *d)
{
	_cleanup_free_ char *list = xstrdup(d->params->modules ? d->params->modules : "");
	char *save = NULL;

	for (char *w = strtok_r(list, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
		if (modindex_has(d->index, w))
			load(d, w);
		else
			say_warning(d->journal,
				"ingot-modules=%s: the ramdisk has no such module; if it is not "
				"built into the kernel, add it to the driver list",
				w);
	}
}

/* Loads what claims this device. Gives the number of modules loaded. */
static unsigned claim(struct devices *d, const char *modalias)
{
	const char *names[MODINDEX_MATCHES_MAX];
	unsigned before = d->loaded;
	size_t n;

	if (map_get(&d->tried, modalias))
		return 0;
	map_put(&d->tried, modalias, d);
	n = modindex_match(d->index, modalias, names);
	for (size_t i = 0; i < n; i++)
		if (!modindex_listed(d->params->module_blacklist, names[i]))
			load(d, names[i]);
	return d->loaded - before;
}

/* PCI base class 2 is network; 1 is virtio's device id for network. */
static bool is_network(const char *modalias)
{
	return (str_starts(modalias, "pci:") && strstr(modalias, "bc02sc")) ||
	       str_starts(modalias, "virtio:d00000001v");
}

/* One walk over all devices. Gives the number of modules loaded. */
static unsigned pass(struct devices *d, bool network_only)
{
	_cleanup_free_ char *top = sysroot_path(d->sr, "/sys/devices");
	char *const paths[] = {top, NULL};
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOSTAT | FTS_NOCHDIR, NULL);
	unsigned loaded = 0;
	FTSENT *f;

	while (fts && (f = fts_read(fts))) {
		const struct sysroot none = {.root = ""};
		_cleanup_free_ char *modalias = NULL;

		if (f->fts_info == FTS_D || !str_eq(f->fts_name, "modalias"))
			continue;
		modalias = sysroot_line(&none, "%s", f->fts_path);
		if (modalias && (!network_only || is_network(modalias)))
			loaded += claim(d, modalias);
	}
	if (fts)
		fts_close(fts);
	return loaded;
}

static void announce(struct devices *d)
{
	pthread_mutex_lock(&d->lock);
	d->announced++;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

/* Takes one announcement, if there is one; false when there is none. */
static bool one_news(struct devices *d)
{
	char text[MESSAGE_MAX + 1];
	struct uevent u;
	ssize_t n = recv(d->news, text, MESSAGE_MAX, 0);

	if (n < 0 && errno == ENOBUFS) {
		(void)pass(d, false); /* some were lost: look at everything */
		return true;
	}
	if (n <= 0)
		return false;
	text[n] = '\0';
	if (uevent_parse(text, (size_t)n + (text[n - 1] != '\0'), &u) < 0)
		return true;
	if (str_eq(u.action, "add") && u.modalias)
		(void)claim(d, u.modalias);
	if (str_eq(u.subsystem, "block"))
		announce(d);
	return true;
}

/* Waits for news; false when there was none for timeout_ms. */
static bool take_news(struct devices *d, int timeout_ms)
{
	struct pollfd p = {.fd = d->news, .events = POLLIN};

	if (poll(&p, 1, timeout_ms) <= 0)
		return false;
	while (one_news(d))
		;
	return true;
}

/*
 * One walk over everything there is; what appears because of it is announced, as the news were open
 * before. A last walk catches what an announcement may have missed.
 */
static void boot_passes(struct devices *d)
{
	int64_t start = time_mono_ms();

	load_wanted(d);
	for (int i = 0; i < PASSES_MAX && !net_nic_present(d->params, d->sr); i++)
		if (!pass(d, true) && !take_news(d, 0))
			break;
	(void)pass(d, false);
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		if (!modindex_listed(d->params->module_blacklist, always[i]))
			load(d, always[i]);
	do {
		while (time_mono_ms() - start < SETTLE_MS && take_news(d, QUIET_MS))
			;
	} while (pass(d, false) && time_mono_ms() - start < SETTLE_MS);
	say(d->journal, "%u kernel modules loaded in %.1f s%s", d->loaded,
		(double)(time_mono_ms() - start) / 1000, d->failed ? ", some failed" : "");
}

static void *devices_thread(void *arg)
{
	struct devices *d = arg;

	if (d->index)
		boot_passes(d);
	pthread_mutex_lock(&d->lock);
	d->settled = true;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
	while (d->index)
		(void)take_news(d, -1);
	return NULL;
}

static void open_index(struct devices *d)
{
	_cleanup_free_ char *dir = NULL;
	struct utsname uts;
	struct err e;

	uname(&uts);
	dir = sysroot_path(d->sr, "/lib/modules/%s", uts.release);
	if (modindex_new(dir, &d->index, &e) < 0)
		say_error(d->journal,
			"no kernel modules: %s; only what is built into the kernel works", e.text);
}

int devices_start(const struct params *params, const struct sysroot *sr, struct journal *j,
	struct devices **ret, struct err *e)
{
	struct devices *d = xcalloc(1, sizeof(*d));
	int r;

	d->params = params;
	d->sr = sr;
	d->journal = j;
	pthread_mutex_init(&d->lock, NULL);
	pthread_mutex_init(&d->index_lock, NULL);
	pthread_cond_init(&d->changed, NULL);
	d->news = uevent_open(e);
	if (d->news < 0) {
		r = d->news;
		free(d);
		return r;
	}
	open_index(d);
	r = pthread_create(&d->thread, NULL, devices_thread, d);
	if (r) {
		modindex_free(d->index);
		mem_closep(&d->news);
		free(d);
		return err_errno(e, r, "start the thread that loads drivers");
	}
	*ret = d;
	return 0;
}

bool devices_load(struct devices *d, const char *name)
{
	bool known = d->index && modindex_has(d->index, name);

	if (known)
		load(d, name);
	return known;
}

void devices_settle(struct devices *d, int timeout_ms)
{
	int64_t until_ms = time_mono_ms() + timeout_ms;

	pthread_mutex_lock(&d->lock);
	while (!d->settled && deadline_wait(&d->changed, &d->lock, until_ms))
		;
	pthread_mutex_unlock(&d->lock);
}

void devices_wait_change(struct devices *d, int timeout_ms)
{
	int64_t until_ms = time_mono_ms() + timeout_ms;

	pthread_mutex_lock(&d->lock);
	while (d->seen == d->announced && deadline_wait(&d->changed, &d->lock, until_ms))
		;
	d->seen = d->announced;
	pthread_mutex_unlock(&d->lock);
}
