/* The kernel's table of neighbours; see neighbour.h. */
#include "boot/neighbour.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

#define TABLE_MAX ((size_t)4 * 1024 * 1024)
#define COMPLETE  2 /* ATF_COM of linux/if_arp.h */

bool neighbour_find(const char *table, const char *ip, char ret_mac[static BOOT_MAC_TEXT])
{
	for (const char *line = strchr(table, '\n'); line; line = strchr(line, '\n')) {
		char address[46], mac[BOOT_MAC_TEXT];
		unsigned type, flags;

		line++;
		if (sscanf(line, "%45s 0x%x 0x%x %17s", address, &type, &flags, mac) != 4)
			continue;
		if (!str_eq(address, ip) || !(flags & COMPLETE))
			continue;
		str_copy(ret_mac, BOOT_MAC_TEXT, mac);
		return true;
	}
	return false;
}

bool neighbour_mac(const char *ip, char ret_mac[static BOOT_MAC_TEXT])
{
	_cleanup_free_ char *table = NULL;
	size_t len;

	return fs_read("/proc/net/arp", TABLE_MAX, &table, &len, NULL) == 0 &&
	       neighbour_find(table, ip, ret_mac);
}
