/* Ethernet addresses: every form that tools write is read, everything else refused. */
#include "lib/base/mem.h"
#include "lib/hwid/mac.h"
#include "tests/unit/tap.h"

int main(void)
{
	static const char *const good[] = {"52:54:00:AB:cd:0e", "52-54-00-ab-CD-0E", "525400abcd0e",
		"5254.00ab.cd0e", "01-52-54-00-ab-cd-0e"};
	static const char *const bad[] = {"", "52:54:00:ab:cd", "52:54:00:ab:cd:0g",
		"52:54:00:ab:cd:0e:", "52:54-00:ab:cd:0e", "02-52-54-00-ab-cd-0e",
		"01:52:54:00:ab:cd:0e", "5254:00ab:cd0e", "52 54 00 ab cd 0e", "525400abcd0e1",
		"52:54:00:ab:cd::e", "-52-54-00-ab-cd-0e", "::::::::::::-----"};
	static const uint8_t zero[6], multicast[6] = {1, 0, 0x5e}, nic[6] = {0x52, 0x54};
	char text[MAC_TEXT_MAX];
	uint8_t mac[MAC_LEN] = {9, 9, 9, 9, 9, 9};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		is_int(mac_normalise(good[i], text), 0, "reads %s", good[i]);
		is_str(text, "52:54:00:ab:cd:0e", "as the normal form");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(mac_parse(bad[i], mac) < 0 && mac[0] == 9, "refuses \"%s\"", bad[i]);
	ok(mac_parse(NULL, mac) < 0, "refuses NULL");
	mac_parse(good[0], mac);
	is_str(mac_format_hyphen(mac, text), "52-54-00-ab-cd-0e", "iPXE's hexhyp form");
	ok(!mac_is_station(zero) && !mac_is_station(multicast) && mac_is_station(nic),
		"a NIC's address is neither zero nor multicast");
	return done_testing();
}
