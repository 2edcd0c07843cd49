/* Addresses that another DHCP server gave, in the kernel's table of neighbours. */
#include "boot/neighbour.h"
#include "tests/unit/tap.h"

/* /proc/net/arp of Linux 6.1, as it was read beside three machines, one of them gone. */
static const char table[] =
	"IP address       HW type     Flags       HW address            Mask     Device\n"
	"10.77.0.150      0x1         0x2         52:54:00:b0:00:01     *        br0\n"
	"10.77.0.15       0x1         0x2         52:54:00:b0:00:02     *        br0\n"
	"10.77.0.99       0x1         0x0         00:00:00:00:00:00     *        br0\n";

int main(void)
{
	char mac[BOOT_MAC_TEXT] = "";

	ok(neighbour_find(table, "10.77.0.150", mac), "a neighbour");
	is_str(mac, "52:54:00:b0:00:01", "by its whole address");
	ok(neighbour_find(table, "10.77.0.15", mac), "one whose address begins another's");
	is_str(mac, "52:54:00:b0:00:02", "is itself");
	ok(!neighbour_find(table, "10.77.0.99", mac), "one that did not answer is none");
	ok(!neighbour_find(table, "10.77.0.1", mac), "nor is one that is not there");
	ok(!neighbour_find("", "10.77.0.1", mac), "an empty table");
	ok(!neighbour_find("x\ny\n\n", "y", mac), "a table of nothing");
	return done_testing();
}
