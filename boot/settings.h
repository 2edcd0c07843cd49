/* The boot services' configuration after checking: every default filled in, every address parsed.
 */
#ifndef BOOT_SETTINGS_H
#define BOOT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

#include "boot/boot.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

#define BOOT_ARCHIVES_MAX 8

/* "first,last[,netmask[,lease]]" */
struct boot_range {
	struct in_addr first, last, netmask; /* netmask 0.0.0.0: the interface's */
	char lease[16];			     /* "1h", "infinite"; "" when not given */
};

struct boot_settings {
	enum boot_dhcp dhcp;
	enum boot_ra ra;
	bool active; /* false: nothing is configured that could be started */
	char *interface;
	char *address; /* "" until boot_start() reads it from the interface */
	struct boot_range range;
	char *http_listen; /* NULL: address:8080 */
	char *state_dir, *tftp_root, *firmware_dirs, *kernel, *ramdisk;
	char *rescue_ramdisk; /* "": as ramdisk */
	char *archives[BOOT_ARCHIVES_MAX];
	size_t n_archives;
	unsigned ask_timeout_s;
};

/* Checks and copies; -EINVAL names the key and what would be right. */
int settings_load(const struct boot_config *config, struct boot_settings *ret, struct err *e);
void settings_done(struct boot_settings *s);

int range_parse(const char *text, struct boot_range *ret, struct err *e);

/* What the machine's interface says, as dnsmasq's configuration needs it. */
struct boot_network {
	struct in_addr address, netmask;
	bool has_ula;		/* an IPv6 address that is not link-local */
	struct in6_addr prefix; /* its /64 */
};

/* Looks the interface up; with address set, that one must be among its addresses. */
int network_find(
	const char *interface, const char *address, struct boot_network *ret, struct err *e);

/* Adds a random unique local /64 address (RFC 4193) to the interface, for this run only. */
int network_add_ula(const char *interface, struct in6_addr *ret_address, struct err *e);
/* Gives the interface this address (again). */
int network_put_ula(const char *interface, const struct in6_addr *address, struct err *e);
int network_remove_ula(const char *interface, const struct in6_addr *address, struct err *e);

/* dnsmasq's configuration file. http_url is without a slash at the end. */
struct dnsmasq_setup {
	enum boot_dhcp dhcp;
	const char *interface;
	struct boot_network network;
	struct boot_range range;
	const char *http_url;
	const char *lease_file, *hosts_dir;
	const char *user;
	bool ra;
};

int dnsmasq_config_render(const struct dnsmasq_setup *s, struct buf *out);

#endif
