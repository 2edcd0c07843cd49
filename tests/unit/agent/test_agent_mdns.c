/* Finding the conductor by multicast DNS: a recorded answer, and broken and hostile ones. */
#include "tests/unit/tap.h"

#include "agent/report/mdns.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>

static void is_url(const struct mdns *m, const char *want, const char *what)
{
	_cleanup_free_ char *url = mdns_url(m);

	is_str(url, want, "%s", what);
}

static void test_recorded(const char *packet, size_t len)
{
	struct mdns m = {0}, part;

	is_int(mdns_take(&m, (const uint8_t *)packet, len), 0, "zeroconf's answer is read");
	is_str(m.host, "conductor.local", "the host, whose name is told by a pointer");
	is_int(m.port, 6385, "and its port");
	is_url(&m, "http://192.0.2.7:6385/baremetal", "together a URL, by its IPv4 address");
	is_str(m.inspection_callback_url, "http://192.0.2.7:5050/v1/continue", "an override");
	for (size_t i = 0; i < len; i++) {
		memset(&part, 0, sizeof(part));
		if (mdns_take(&part, (const uint8_t *)packet, i) != -EBADMSG) {
			ok(false, "an answer cut at byte %zu is refused", i);
			return;
		}
	}
	ok(true, "cut anywhere it is refused");
}

static struct mdns known(const char *host, uint16_t port)
{
	struct mdns m = {.port = port, .has_txt = true};

	str_copy(m.host, sizeof(m.host), host);
	return m;
}

static void test_urls(void)
{
	struct mdns m = known("ironic.example.org", 80);

	is_url(&m, "http://ironic.example.org:80", "port 80 is HTTP");
	m.port = 443;
	str_copy(m.path, sizeof(m.path), "/v1/");
	is_url(&m, "https://ironic.example.org:443/v1", "others are HTTPS; no slash at the end");
	m = known("c.local", 6385);
	is_url(&m, NULL, "a .local name is nothing without an address");
	m.addresses[0] = (struct mdns_address){.host = "C.LOCAL", .len = 16, .bytes = {0xfe, 0x80}};
	m.n_addresses = 1;
	is_url(&m, NULL, "one that needs an interface is none");
	m.addresses[1] = (struct mdns_address){
		.host = "c.local", .len = 16, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	m.n_addresses = 2;
	is_url(&m, "https://[2001:db8::1]:6385", "IPv6 in brackets");
	m.addresses[2] = (struct mdns_address){.host = "d.local", .len = 4, .bytes = {10, 0, 0, 1}};
	m.n_addresses = 3;
	is_url(&m, "https://[2001:db8::1]:6385", "another host's address is another's");
	m.has_txt = false;
	is_url(&m, NULL, "the path is still to come");
}

static void test_refused(void)
{
	uint8_t packet[128];
	size_t len = mdns_question(packet, 7);
	struct mdns m = {0};

	is_int(mdns_take(&m, packet, len), -EBADMSG, "a question is no answer");
	is_int(mdns_take(&m, packet, 5), -EBADMSG, "nor is a piece of one");
	packet[2] = 0x84;
	is_int(mdns_take(&m, packet, len), 0, "an answer that says nothing");
	is_url(&m, NULL, "gives nothing");
	packet[7] = 200;
	is_int(mdns_take(&m, packet, len), -EBADMSG, "records that are not there");
	packet[3] = 3;
	is_int(mdns_take(&m, packet, len), -EBADMSG, "no such name");
}

int main(void)
{
	char *packet = NULL;
	size_t len = 0;
	struct err e;

	is_int(fs_read("tests/fixtures/mdns/zeroconf-answer", MDNS_PACKET_MAX, &packet, &len, &e),
		0, "a recording");
	test_recorded(packet, len);
	free(packet);
	test_urls();
	test_refused();
	return done_testing();
}
