/* Ethernet addresses as text: one normal form, several that are read. */
#ifndef LIB_HWID_MAC_H
#define LIB_HWID_MAC_H

#include <stdbool.h>
#include <stdint.h>

#define MAC_LEN	     6
#define MAC_TEXT_MAX 18

/*
 * Reads "52:54:00:12:34:56", "52-54-00-12-34-56", "525400123456", "5254.0012.3456" and pxelinux's
 * BOOTIF form "01-52-54-00-12-34-56", any case. 0, or -EINVAL and ret untouched.
 */
int mac_parse(const char *text, uint8_t ret[static MAC_LEN]);

/* The normal form: lower case with colons. Return ret. */
char *mac_format(const uint8_t mac[static MAC_LEN], char ret[static MAC_TEXT_MAX]);
char *mac_format_hyphen(const uint8_t mac[static MAC_LEN], char ret[static MAC_TEXT_MAX]);

/* Any form read by mac_parse() to the normal form. 0 or -EINVAL. text may be ret. */
int mac_normalise(const char *text, char ret[static MAC_TEXT_MAX]);

/* Can be the address of a NIC: not multicast, not all zero (all ones is multicast). */
bool mac_is_station(const uint8_t mac[static MAC_LEN]);

#endif
