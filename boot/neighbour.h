/* Which MAC address an IPv4 address has on our own network, as the kernel has learnt it. */
#ifndef BOOT_NEIGHBOUR_H
#define BOOT_NEIGHBOUR_H

#include <stdbool.h>

#include "boot/boot.h"

/*
 * Looks into the table of neighbours: for addresses that another DHCP server gave. False: the
 * kernel knows none, as of a machine behind a router. Does not block.
 */
bool neighbour_mac(const char *ip, char ret_mac[static BOOT_MAC_TEXT]);

/* The same of one text in the form of /proc/net/arp (proc(5)). */
bool neighbour_find(const char *table, const char *ip, char ret_mac[static BOOT_MAC_TEXT]);

#endif
