/* A wrong configuration names its key; dnsmasq's file says what the measurements ask for. */
#include <arpa/inet.h>

#include "boot/settings.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

static void refuses(struct boot_config c, const char *key)
{
	struct boot_settings s = {0};
	struct err e = {0};
	int r = settings_load(&c, &s, &e);

	if (!ok(r == -22 && strstr(e.text, key), "refused because of %s", key))
		printf("#   %d %s\n", r, e.text);
	settings_done(&s);
}

static void test_refusals(void)
{
	struct boot_config good = {.dhcp = BOOT_DHCP_FULL,
				   .interface = "br0",
				   .range = "10.0.0.10,10.0.0.20"},
			   c;

#define WITH(member, value, key) (c = good, c.member = (value), refuses(c, key))
	WITH(interface, NULL, "interface");
	WITH(interface, "br0\nport=53", "interface");
	WITH(interface, "averyveryverylongname", "interface");
	WITH(range, NULL, "range");
	WITH(range, "10.0.0.10", "range");
	WITH(range, "10.0.0.10,10.0.0.300", "range");
	WITH(range, "10.0.0.20,10.0.0.10", "swap");
	WITH(range, "10.0.0.10,10.0.0.20,255.0.255.0", "netmask");
	WITH(range, "10.0.0.10,10.0.1.20,255.255.255.0", "different networks");
	WITH(range, "10.0.0.10,10.0.0.20,255.255.255.0,1y", "lease");
	WITH(range, "10.0.0.10,10.0.0.20,255.255.255.0,1h,x", "range");
	WITH(address, "10.0.0", "address");
	WITH(http_listen, "8080", "http_listen");
	WITH(http_listen, "10.0.0.1:99999", "http_listen");
	WITH(state_dir, "relative", "state_dir");
	WITH(state_dir, "/a b", "state_dir");
	WITH(tftp_root, "/a\nb", "tftp_root");
	WITH(ask_timeout_s, 1000, "timeout");
}

static void test_defaults(void)
{
	struct boot_config c = {0};
	struct boot_settings s;
	struct err e = {0};

	is_int(settings_load(&c, &s, &e), 0, "an empty configuration is right");
	ok(!s.active, "and starts nothing");
	is_str(s.state_dir, "/var/lib/ingot/boot", "default state_dir");
	is_str(s.tftp_root, "/var/lib/ingot/boot/tftp", "default tftp_root");
	is_int(s.ask_timeout_s, 20, "default time for an answer");
	settings_done(&s);
	c.http_listen = "127.0.0.1:8080";
	is_int(settings_load(&c, &s, &e), 0, "HTTP alone is right");
	ok(s.active, "and starts");
	settings_done(&s);
}

static struct dnsmasq_setup setup(enum boot_dhcp dhcp)
{
	struct dnsmasq_setup s = {.dhcp = dhcp,
		.interface = "br0",
		.http_url = "http://10.77.0.1:8080",
		.lease_file = "/x/leases",
		.hosts_dir = "/x/hosts",
		.user = "nobody",
		.ra = true};

	inet_pton(AF_INET, "10.77.0.1", &s.network.address);
	inet_pton(AF_INET, "255.255.255.0", &s.network.netmask);
	inet_pton(AF_INET6, "fd77::", &s.network.prefix);
	range_parse("10.77.0.100,10.77.0.200", &s.range, NULL);
	return s;
}

static void has_line(const struct buf *b, const char *line)
{
	_cleanup_free_ char *whole = xasprintf("\n%s\n", line);

	ok(strstr(buf_str(b), whole), "has the line %s", line);
}

/* The lines that made machines boot in 2.3 instead of 18.3 s, and kept undionly.kpxe from looping.
 */
static void test_full(void)
{
	struct dnsmasq_setup s = setup(BOOT_DHCP_FULL);
	struct buf b = BUF_INIT(16384);
	static const char *const lines[] = {
		"port=0",
		"interface=br0",
		"no-ping",
		"log-dhcp",
		"dhcp-range=10.77.0.100,10.77.0.200,255.255.255.0,1h",
		"dhcp-match=set:ipxe,175",
		"dhcp-match=set:bios,option:client-arch,0",
		"dhcp-match=set:efi64,option:client-arch,7",
		"dhcp-match=set:efi64,option:client-arch,9",
		"dhcp-match=set:efihttp,option:client-arch,16",
		"dhcp-boot=tag:ipxe,http://10.77.0.1:8080/boot.ipxe",
		"dhcp-boot=tag:bios,tag:!ipxe,undionly.kpxe,,10.77.0.1",
		"dhcp-boot=tag:efi64,tag:!ipxe,snponly.efi,,10.77.0.1",
		"dhcp-boot=tag:efihttp,tag:!ipxe,http://10.77.0.1:8080/file/ipxe.efi",
		"dhcp-option-force=tag:efihttp,tag:!ipxe,60,HTTPClient",
		"dhcp-option=tag:ipxe,encap:175,176,1b",
		"enable-ra",
		"dhcp-range=fd77::,ra-only",
		"ra-param=br0,10,0",
	};

	is_int(dnsmasq_config_render(&s, &b), 0, "full service");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		has_line(&b, lines[i]);
	buf_truncate(&b, 0);
	s.ra = false;
	dnsmasq_config_render(&s, &b);
	ok(!strstr(buf_str(&b), "ra-"), "no router advertisements when they are off");
	buf_done(&b);
}

static void test_proxy(void)
{
	struct dnsmasq_setup s = setup(BOOT_DHCP_PROXY);
	struct buf b = BUF_INIT(16384);

	is_int(dnsmasq_config_render(&s, &b), 0, "proxy");
	has_line(&b, "dhcp-range=10.77.0.0,proxy,255.255.255.0");
	has_line(&b, "pxe-service=tag:!ipxe,X86PC,\"Ingot\",undionly.kpxe,10.77.0.1");
	has_line(&b, "pxe-service=tag:ipxe,X86-64_EFI,\"Ingot\",http://10.77.0.1:8080/boot.ipxe");
	ok(!strstr(buf_str(&b), "authoritative"), "a proxy gives no addresses");
	buf_done(&b);
	s.dhcp = BOOT_DHCP_NONE;
	is_int(dnsmasq_config_render(&s, &b), -22, "nothing to render without DHCP");
}

int main(void)
{
	test_refusals();
	test_defaults();
	test_full();
	test_proxy();
	return done_testing();
}
