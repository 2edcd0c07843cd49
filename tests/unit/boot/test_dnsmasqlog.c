/* dnsmasq's log becomes the events that tell how a machine boots. The fixtures are recordings. */
#include <stdlib.h>

#include "boot/dnsmasqlog.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

struct seen {
	struct boot_event events[64];
	int n;
	char leases[256]; /* "ip=mac " each */
};

static void on_event(void *data, const struct boot_event *ev)
{
	struct seen *s = data;

	if (ev->kind != BOOT_EVENT_SERVICE && s->n < 64)
		s->events[s->n++] = *ev;
}

static void on_lease(void *data, const char *ip, const char *mac)
{
	struct seen *s = data;
	size_t n = strlen(s->leases);

	snprintf(s->leases + n, sizeof(s->leases) - n, "%s=%s ", ip, mac);
}

static void replay(const char *name, struct seen *s)
{
	_cleanup_free_ char *path = xasprintf("tests/fixtures/boot/%s", name);
	_cleanup_free_ char *text = NULL;
	struct dnsmasq_log log;
	char *save = NULL;

	memset(s, 0, sizeof(*s));
	if (!ok(fs_read(path, 1 << 20, &text, NULL, NULL) == 0, "%s can be read", path))
		return;
	dnsmasq_log_init(&log, on_event, on_lease, s);
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (*l != '#')
			dnsmasq_log_line(&log, l, strlen(l));
	dnsmasq_log_flush(&log);
}

struct want {
	enum boot_event_kind kind;
	const char *mac, *ip;
	bool ok;
	const char *detail;
};

static void compare(const char *name, const struct want *want, int n)
{
	struct seen s;

	replay(name, &s);
	is_int(s.n, n, "%s: number of events", name);
	for (int i = 0; i < n && i < s.n; i++) {
		is_int(s.events[i].kind, want[i].kind, "%s: event %d is %s", name, i,
			boot_event_name(want[i].kind));
		is_str(s.events[i].mac, want[i].mac, "%s: event %d: MAC", name, i);
		is_str(s.events[i].ip, want[i].ip, "%s: event %d: address", name, i);
		is_int(s.events[i].ok, want[i].ok, "%s: event %d: good or not", name, i);
		is_str(s.events[i].detail, want[i].detail, "%s: event %d: detail", name, i);
	}
}

#define M1 "52:54:00:77:00:01"
#define M2 "52:54:00:77:00:02"
#define MA "52:54:00:77:00:11"
#define MB "52:54:00:77:00:12"

static void test_efi(void)
{
	static const struct want want[] = {
		{BOOT_EVENT_DHCP_DISCOVER, M2, "", true, "arch 7 (UEFI x86-64), firmware"},
		{BOOT_EVENT_DHCP_OFFER, M2, "10.77.0.200", true, "boot file snponly.efi"},
		{BOOT_EVENT_DHCP_REQUEST, M2, "10.77.0.200", true,
			"arch 7 (UEFI x86-64), firmware"},
		{BOOT_EVENT_DHCP_ACK, M2, "10.77.0.200", true, "boot file snponly.efi"},
		{BOOT_EVENT_DHCP_DISCOVER, M2, "", true, "arch 7 (UEFI x86-64), iPXE"},
		{BOOT_EVENT_DHCP_OFFER, M2, "10.77.0.200", true,
			"boot file http://10.77.0.1:8080/boot.ipxe"},
		{BOOT_EVENT_DHCP_REQUEST, M2, "10.77.0.200", true, "arch 7 (UEFI x86-64), iPXE"},
		{BOOT_EVENT_DHCP_ACK, M2, "10.77.0.200", true,
			"boot file http://10.77.0.1:8080/boot.ipxe"},
	};
	struct seen s;

	compare("dnsmasq-efi.log", want, ARRAY_SIZE(want));
	replay("dnsmasq-efi.log", &s);
	is_str(s.leases, "10.77.0.200=" M2 " 10.77.0.200=" M2 " ", "each ACK is a lease");
}

static void test_bios(void)
{
	static const struct want want[] = {
		{BOOT_EVENT_DHCP_DISCOVER, M1, "", true, "arch 0 (BIOS), iPXE"},
		{BOOT_EVENT_DHCP_OFFER, M1, "10.77.0.199", true,
			"boot file http://10.77.0.1:8080/boot.ipxe"},
		{BOOT_EVENT_DHCP_REQUEST, M1, "10.77.0.199", true, "arch 0 (BIOS), iPXE"},
		{BOOT_EVENT_DHCP_ACK, M1, "10.77.0.199", true,
			"boot file http://10.77.0.1:8080/boot.ipxe"},
	};

	compare("dnsmasq-bios.log", want, ARRAY_SIZE(want));
}

static void test_refusals(void)
{
	static const struct want want[] = {
		{BOOT_EVENT_DHCP_DISCOVER, MA, "", true, "arch 7 (UEFI x86-64), firmware"},
		{BOOT_EVENT_DHCP_OFFER, MA, "10.77.0.100", true, ""},
		{BOOT_EVENT_DHCP_REQUEST, MA, "10.77.0.100", true,
			"arch 7 (UEFI x86-64), firmware"},
		{BOOT_EVENT_DHCP_ACK, MA, "10.77.0.100", true, ""},
		{BOOT_EVENT_DHCP_NAK, MB, "", false, "no network boot: no address available"},
		{BOOT_EVENT_DHCP_REQUEST, MB, "192.168.1.5", true, "no network boot"},
		{BOOT_EVENT_DHCP_NAK, MB, "192.168.1.5", false, "wrong network"},
		{BOOT_EVENT_DHCP_REQUEST, MB, "10.77.0.100", true, "no network boot"},
		{BOOT_EVENT_DHCP_NAK, MB, "10.77.0.100", false, "address in use"},
		{BOOT_EVENT_DHCP_NAK, MA, "10.77.0.100", false, ""},
	};

	compare("dnsmasq-refusals.log", want, ARRAY_SIZE(want));
}

static void test_proxy(void)
{
	struct seen s;

	replay("dnsmasq-proxy.log", &s);
	is_int(s.n, 2, "proxyDHCP: two offers");
	is_int(s.events[0].kind, BOOT_EVENT_DHCP_OFFER, "proxyDHCP: an offer");
	is_str(s.events[0].mac, M1, "proxyDHCP: MAC");
	is_str(s.events[0].detail, "boot file http://10.77.0.1:8080/boot.ipxe",
		"proxyDHCP: boot file");
}

static void test_hostile(void)
{
	struct seen s = {0};
	struct dnsmasq_log log;
	char line[600];

	dnsmasq_log_init(&log, on_event, on_lease, &s);
	memset(line, 'A', sizeof(line));
	memcpy(line, "dnsmasq-dhcp[1]: 7 vendor class: ", 33);
	dnsmasq_log_line(&log, line, sizeof(line));
	strcpy(line, "dnsmasq-dhcp[1]: 7 vendor class: x\033[2J DHCPACK(br0) 1.2.3.4 " M1);
	dnsmasq_log_line(&log, line, strlen(line));
	is_str(s.leases, "", "a message inside a class name gives no lease");
	is_int(s.n, 0, "and no event");
	strcpy(line, "dnsmasq-dhcp[1]: 8 DHCPNAK(br0) 10.0.0.1 " M1 " a\033]0;b");
	dnsmasq_log_line(&log, line, strlen(line));
	dnsmasq_log_flush(&log);
	is_str(s.events[0].detail, "a?]0;b", "control characters do not get through");
}

int main(void)
{
	test_efi();
	test_bios();
	test_refusals();
	test_proxy();
	test_hostile();
	return done_testing();
}
