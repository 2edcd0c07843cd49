/*
 * The boot services as a whole: what is checked before anything starts, the order of starting and
 * stopping, and the way of an event to the owner.
 */
#include "boot/boot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "boot/internal.h"
#include "boot/neighbour.h"
#include "boot/text.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#define FIRMWARE_MAX_BYTES (16 << 20)

static const char *const event_names[BOOT_EVENT_COUNT] = {
	[BOOT_EVENT_DHCP_DISCOVER] = "dhcp-discover",
	[BOOT_EVENT_DHCP_OFFER] = "dhcp-offer",
	[BOOT_EVENT_DHCP_REQUEST] = "dhcp-request",
	[BOOT_EVENT_DHCP_ACK] = "dhcp-ack",
	[BOOT_EVENT_DHCP_NAK] = "dhcp-refused",
	[BOOT_EVENT_TFTP_START] = "tftp-start",
	[BOOT_EVENT_TFTP_END] = "tftp-end",
	[BOOT_EVENT_SCRIPT_ASKED] = "script-asked",
	[BOOT_EVENT_SCRIPT_ANSWERED] = "script-answered",
	[BOOT_EVENT_FETCH] = "fetch-start",
	[BOOT_EVENT_KERNEL] = "kernel",
	[BOOT_EVENT_RAMDISK] = "ramdisk",
	[BOOT_EVENT_FILE] = "file",
	[BOOT_EVENT_NOT_FOUND] = "not-found",
	[BOOT_EVENT_SERVICE] = "service",
};

const char *boot_event_name(enum boot_event_kind kind)
{
	return kind < BOOT_EVENT_COUNT ? event_names[kind] : "unknown";
}

void boot_emit(struct boot *b, struct boot_event *ev)
{
	if (!ev->wall_us)
		ev->wall_us = time_wall_us();
	if (!*ev->mac && *ev->ip)
		str_copy(ev->mac, sizeof(ev->mac), machines_mac_of(&b->machines, ev->ip));
	if (!*ev->mac && *ev->ip)
		(void)neighbour_mac(ev->ip, ev->mac); /* the address is another server's */
	b->event(b->data, ev);
}

void boot_say(struct boot *b, enum boot_event_kind kind, bool good, const char *mac, const char *ip,
	const char *fmt, ...)
{
	struct boot_event ev = {.kind = kind, .ok = good};
	char text[sizeof(ev.detail)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_copy(ev.detail, sizeof(ev.detail), text, strlen(text));
	str_copy(ev.mac, sizeof(ev.mac), mac);
	str_copy(ev.ip, sizeof(ev.ip), ip);
	boot_emit(b, &ev);
}

int boot_new(uv_loop_t *loop, const struct boot_config *config, boot_policy_fn *policy,
	boot_event_fn *event, void *data, struct boot **ret, struct err *e)
{
	struct boot *b;
	struct boot_settings settings = {0};
	int r;

	r = settings_load(config, &settings, e);
	if (r < 0)
		return r;
	b = xcalloc(1, sizeof(*b));
	b->loop = loop;
	b->settings = settings;
	b->policy = policy;
	b->event = event;
	b->data = data;
	list_init(&b->asks);
	machines_init(&b->machines, BOOT_MACHINES_MAX, BOOT_TOKEN_MS);
	*ret = b;
	return 0;
}

void boot_free(struct boot *b)
{
	if (!b)
		return;
	machines_done(&b->machines);
	settings_done(&b->settings);
	free(b->url);
	free(b);
}

/* Our own boot programs and iPXE's go to one folder, which in.tftpd serves and nothing else is in.
 */
static int copy_firmware(struct boot *b, const char *name, struct err *e)
{
	_cleanup_free_ char *dirs = xstrdup(b->settings.firmware_dirs);
	_cleanup_free_ char *to = xasprintf("%s/%s", b->settings.tftp_root, name);
	char *save = NULL;

	for (char *dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		_cleanup_free_ char *from = xasprintf("%s/%s", dir, name);
		_cleanup_free_ char *content = NULL;
		size_t len;

		if (access(from, R_OK) < 0)
			continue;
		if (fs_read(from, FIRMWARE_MAX_BYTES, &content, &len, e) < 0)
			return err_prefix(e, "boot program");
		return fs_write_atomic(to, content, len, 0644, e);
	}
	boot_say(b, BOOT_EVENT_SERVICE, false, "", "",
		"boot program %s is in none of %s; machines that need it will not boot", name,
		b->settings.firmware_dirs);
	return 0;
}

static int prepare_files(struct boot *b, struct err *e)
{
	static const char *const names[] = {
		"undionly.kpxe", "snponly.efi", "ipxe.efi", "bootdisk.efi"};
	const char *const shipped[] = {b->settings.kernel, b->settings.ramdisk};
	int r;

	r = fs_mkdir_p(b->settings.state_dir, 0755, e);
	if (r == 0)
		r = fs_mkdir_p(b->settings.tftp_root, 0755, e);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++)
		r = copy_firmware(b, names[i], e);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(shipped); i++)
		if (access(shipped[i], R_OK) < 0)
			boot_say(b, BOOT_EVENT_SERVICE, false, "", "",
				"the agent's %s %s cannot be read; no machine can start the agent",
				i ? "ramdisk" : "kernel", shipped[i]);
	return r;
}

static int find_address(struct boot *b, struct err *e)
{
	struct boot_settings *s = &b->settings;
	char text[INET_ADDRSTRLEN];
	int r;

	if (*s->interface) {
		r = network_find(s->interface, s->address, &b->network, e);
		if (r < 0)
			return r;
		inet_ntop(AF_INET, &b->network.address, text, sizeof(text));
		str_replace(&s->address, text);
	}
	if (!s->http_listen)
		s->http_listen = xasprintf("%s:8080", s->address);
	b->url = xasprintf("http://%s", s->http_listen);
	return 0;
}

/* Says now what dnsmasq or in.tftpd would say later, over and over, in their logs. */
static int check_port(
	const char *interface, const char *address, int port, const char *what, struct err *e)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &sa.sin_addr);
	if (fd < 0)
		return err_errno(e, errno, "make a socket");
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) <
			0 ||
		bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_errno(e, errno,
			"%s on %s port %d; is another server running? see `ss "
			"-lunp sport = :%d`",
			what, interface, port, port);
	return 0;
}

static int check_program(const char *name, const char *package, struct err *e)
{
	static const char *const dirs[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dirs[i], name);

		if (access(path, X_OK) == 0)
			return 0;
	}
	return err_set(e, ENOENT, "%s is not installed; `apt-get install %s`", name, package);
}

static int check_services(struct boot *b, struct err *e)
{
	const char *interface = b->settings.interface;
	int r = 0;

	if (b->settings.dhcp != BOOT_DHCP_NONE) {
		r = check_program("dnsmasq", "dnsmasq-base", e);
		if (r == 0)
			r = check_port(interface, "0.0.0.0",
				b->settings.dhcp == BOOT_DHCP_FULL ? 67 : 4011, "DHCP", e);
	}
	if (r == 0 && *interface) {
		r = check_program("in.tftpd", "tftpd-hpa", e);
		if (r == 0)
			r = check_port(interface, b->settings.address, 69, "TFTP", e);
	}
	return r;
}

static void on_tftp_event(void *data, const struct boot_event *event)
{
	struct boot_event ev = *event;

	boot_emit(data, &ev);
}

static void on_tftpd_line(void *data, const char *line, size_t len)
{
	char text[200];

	text_copy(text, sizeof(text), line, len);
	boot_say(data, BOOT_EVENT_SERVICE, false, "", "", "in.tftpd: %s", text);
}

static void on_tftpd_state(void *data, bool good, const char *text)
{
	health_report(data, BOOT_PART_TFTPD, good, text);
}

static void on_tftp_closed(void *data)
{
	struct boot *b = data;

	b->tftp = NULL;
	boot_part_closed(b);
}

static void on_tftpd_stopped(void *data)
{
	struct boot *b = data;

	b->tftpd = NULL;
	boot_part_closed(b);
}

static void on_web_closed(void *data)
{
	struct boot *b = data;

	b->web = NULL;
	boot_part_closed(b);
}

/* The log's socket first, so that it outlives the program. */
static int start_tftp(struct boot *b, struct err *e)
{
	const struct tftp_hooks log_hooks = {
		.event = on_tftp_event, .closed = on_tftp_closed, .data = b};
	int r = tftp_open(
		b->loop, b->settings.state_dir, b->settings.tftp_root, &log_hooks, &b->tftp, e);

	if (r == 0)
		b->open++;
	return r;
}

static void start_tftpd(struct boot *b)
{
	const struct service_hooks hooks = {.line = on_tftpd_line,
		.state = on_tftpd_state,
		.stopped = on_tftpd_stopped,
		.data = b};
	_cleanup_free_ char *listen = xasprintf("%s:69", b->settings.address);
	const char *const command[] = {"in.tftpd", "-L", "-4", "-a", listen, "-u", "nobody", "-vvv",
		"-s", b->settings.tftp_root, NULL};

	b->open++;
	service_start(b->loop, "in.tftpd", command, tftp_socket_path(b->tftp), &hooks, &b->tftpd);
}

static int start_web(struct boot *b, struct err *e)
{
	const struct web_hooks hooks = {
		.request = route_request, .sent = route_sent, .closed = on_web_closed, .data = b};
	int r = web_start(b->loop, b->settings.http_listen, &hooks, &b->web, e);

	if (r == 0)
		b->open++;
	return r;
}

static void on_tick(uv_timer_t *timer)
{
	struct boot *b = timer->data;

	ask_expire(b, time_mono_ms());
	dhcp_tick(b);
	health_tick(b);
}

static void start_timers(struct boot *b)
{
	uv_timer_init(b->loop, &b->tick);
	uv_timer_init(b->loop, &b->flush_soon);
	b->tick.data = b->flush_soon.data = b;
	b->open += 2;
	uv_timer_start(&b->tick, on_tick, 1000, 1000);
}

static void remove_ula(struct boot *b)
{
	if (b->ula_added)
		network_remove_ula(b->settings.interface, &b->ula, NULL);
	b->ula_added = false;
}

int boot_start(struct boot *b, struct err *e)
{
	bool tftp = *b->settings.interface;
	int r;

	if (!b->settings.active)
		return 0;
	r = find_address(b, e);
	if (r == 0)
		r = check_services(b, e);
	if (r == 0)
		r = prepare_files(b, e);
	if (r == 0 && b->settings.dhcp != BOOT_DHCP_NONE)
		r = dhcp_prepare(b, e);
	if (r == 0 && tftp)
		r = start_tftp(b, e);
	if (r == 0)
		r = start_web(b, e);
	if (r < 0) {
		if (b->tftp)
			tftp_close(b->tftp);
		remove_ula(b);
		return err_prefix(e, "boot services");
	}
	start_timers(b);
	health_start(b);
	if (tftp)
		start_tftpd(b);
	if (b->settings.dhcp != BOOT_DHCP_NONE)
		dhcp_start(b);
	b->started = true;
	return 0;
}

void boot_part_closed(void *boot)
{
	struct boot *b = boot;

	if (--b->open || !b->stopping)
		return;
	remove_ula(b);
	b->started = false;
	b->stopped(b->stopped_data);
}

static void on_timer_closed(uv_handle_t *handle)
{
	boot_part_closed(handle->data);
}

void boot_stop(struct boot *b, void (*done)(void *data), void *data)
{
	b->stopping = true;
	b->stopped = done;
	b->stopped_data = data;
	b->open++; /* this call itself: nothing is finished inside it but the last line */
	if (b->started) {
		ask_close_all(b);
		if (b->dnsmasq)
			service_stop(b->dnsmasq);
		if (b->tftpd)
			service_stop(b->tftpd);
		if (b->tftp)
			tftp_close(b->tftp);
		web_stop(b->web);
		uv_close((uv_handle_t *)&b->tick, on_timer_closed);
		uv_close((uv_handle_t *)&b->flush_soon, on_timer_closed);
	}
	boot_part_closed(b);
}

bool boot_token_valid(struct boot *b, const char *mac, const char *token)
{
	struct machine *m = machines_find(&b->machines, mac);

	return m && m->token && token && time_mono_ms() < m->token_until_ms &&
	       secret_eq(m->token, token);
}
