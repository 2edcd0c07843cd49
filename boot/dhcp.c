/* dnsmasq as a service: its files, its start, its log lines. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "boot/internal.h"
#include "boot/text.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define FLUSH_AFTER_MS 100

/* Can any user walk to this folder? dnsmasq reads its host files again after it gave up root. */
static bool open_to_all(const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);
	struct stat st;

	for (char *slash; *copy;) {
		if (stat(copy, &st) < 0 || !(st.st_mode & S_IXOTH))
			return false;
		slash = strrchr(copy, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return true;
}

static int prepare_ra(struct boot *b, bool *ret, struct err *e)
{
	int r;

	*ret = false;
	if (b->settings.ra == BOOT_RA_OFF)
		return 0;
	if (b->settings.ra == BOOT_RA_ADD && !b->network.has_ula) {
		r = network_add_ula(b->settings.interface, &b->ula, e);
		if (r < 0)
			return r;
		b->ula_added = b->network.has_ula = true;
		b->network.prefix = b->ula;
		memset(&b->network.prefix.s6_addr[8], 0, 8);
	}
	*ret = b->network.has_ula;
	if (!*ret)
		boot_say(b, BOOT_EVENT_SERVICE, false, "", "",
			"%s has no IPv6 address but link-local, so nobody answers iPXE's search "
			"for an "
			"IPv6 router: each boot takes 16 s longer; `ip address add fd77::1/64 dev "
			"%s`",
			b->settings.interface, b->settings.interface);
	return 0;
}

int dhcp_prepare(struct boot *b, struct err *e)
{
	const char *dir = b->settings.state_dir;
	_cleanup_free_ char *hosts = xasprintf("%s/hosts", dir);
	_cleanup_free_ char *leases = xasprintf("%s/leases", dir);
	_cleanup_free_ char *path = xasprintf("%s/dnsmasq.conf", dir);
	_cleanup_(buf_done) struct buf text = BUF_INIT(16384);
	struct dnsmasq_setup s = {
		.dhcp = b->settings.dhcp,
		.interface = b->settings.interface,
		.network = b->network,
		.range = b->settings.range,
		.http_url = b->url,
		.lease_file = leases,
		.hosts_dir = hosts,
	};
	int r;

	r = fs_mkdir_p(hosts, 0755, e);
	if (r == 0)
		r = prepare_ra(b, &s.ra, e);
	if (r < 0)
		return r;
	s.network = b->network;
	s.user = open_to_all(hosts) ? "nobody" : "root";
	r = dnsmasq_config_render(&s, &text);
	if (r < 0)
		return err_set(e, -r, "make dnsmasq's configuration");
	return fs_write_atomic(path, text.data, text.len, 0644, e);
}

static void on_event(void *data, const struct boot_event *event)
{
	struct boot_event ev = *event;

	boot_emit(data, &ev);
}

static void on_lease(void *data, const char *ip, const char *mac)
{
	struct boot *b = data;

	machines_lease(&b->machines, ip, mac);
}

static void on_flush_time(uv_timer_t *timer)
{
	struct boot *b = timer->data;

	dnsmasq_log_flush(&b->dnsmasq_log);
}

static void on_line(void *data, const char *line, size_t len)
{
	struct boot *b = data;

	dnsmasq_log_line(&b->dnsmasq_log, line, len);
	if (b->dnsmasq_log.pending && !b->stopping)
		uv_timer_start(&b->flush_soon, on_flush_time, FLUSH_AFTER_MS, 0);
}

static void on_state(void *data, bool ok, const char *text)
{
	health_report(data, BOOT_PART_DNSMASQ, ok, text);
}

static void on_stopped(void *data)
{
	struct boot *b = data;

	b->dnsmasq = NULL;
	boot_part_closed(b);
}

/* Who has which address, from before a restart: "expiry mac ip name client-id" a line. */
static void load_leases(struct boot *b)
{
	_cleanup_free_ char *path = xasprintf("%s/leases", b->settings.state_dir);
	_cleanup_free_ char *text = NULL;
	char mac[BOOT_MAC_TEXT], ip[46], clean[BOOT_MAC_TEXT];
	struct in_addr addr;

	if (access(path, F_OK) < 0 || fs_read(path, 4 << 20, &text, NULL, NULL) < 0)
		return;
	for (char *save, *line = strtok_r(text, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%*s %17s %45s", mac, ip) == 2 && text_mac(mac, clean) &&
			inet_pton(AF_INET, ip, &addr) == 1)
			machines_lease(&b->machines, ip, clean);
}

void dhcp_start(struct boot *b)
{
	_cleanup_free_ char *conf = xasprintf("--conf-file=%s/dnsmasq.conf", b->settings.state_dir);
	const char *const command[] = {
		"dnsmasq", "--keep-in-foreground", conf, "--log-facility=-", "--pid-file", NULL};
	const struct service_hooks hooks = {
		.line = on_line, .state = on_state, .stopped = on_stopped, .data = b};

	dnsmasq_log_init(&b->dnsmasq_log, on_event, on_lease, b);
	load_leases(b);
	b->open++;
	service_start(b->loop, "dnsmasq", command, NULL, &hooks, &b->dnsmasq);
}

/* Changed and removed host files are read again at SIGHUP; many changes of a second make one. */
void dhcp_tick(struct boot *b)
{
	if (!b->hosts_changed)
		return;
	b->hosts_changed = false;
	if (b->dnsmasq)
		service_hup(b->dnsmasq);
}

int boot_fix_address(struct boot *b, const char *mac, const char *ip, struct err *e)
{
	_cleanup_free_ char *path = NULL, *line = NULL, *beside = NULL;
	char clean[BOOT_MAC_TEXT];
	struct in_addr addr;
	int r = 0;

	if (!text_mac(mac, clean))
		return err_set(e, EINVAL, "fix an address: '%s' is no MAC address", mac);
	if (ip && inet_pton(AF_INET, ip, &addr) != 1)
		return err_set(e, EINVAL, "fix an address: '%s' is no IPv4 address", ip);
	path = xasprintf("%s/hosts/%s", b->settings.state_dir, clean);
	if (ip) {
		line = xasprintf("%s,%s\n", clean, ip);
		beside = xasprintf("%s/hosts.new", b->settings.state_dir);
		r = fs_write_atomic(beside, line, strlen(line), 0644, e);
		if (r == 0 && rename(beside, path) < 0)
			r = err_errno(e, errno, "write %s", path);
	} else if (unlink(path) < 0 && errno != ENOENT) {
		r = err_errno(e, errno, "remove %s", path);
	}
	if (r == 0)
		b->hosts_changed = true;
	return r;
}
