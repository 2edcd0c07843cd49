/*
 * What is known per MAC address: its last IP address, its current boot's one-time token, how often
 * it was told to wait. Bounded: the one that was quiet for longest is forgotten.
 */
#ifndef BOOT_MACHINES_H
#define BOOT_MACHINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot.h"
#include "lib/base/list.h"
#include "lib/base/map.h"

struct machine {
	struct list lru;
	char mac[BOOT_MAC_TEXT];
	char ip[46];
	char *token; /* NULL: no boot in progress */
	int64_t token_until_ms;
	char *kernel, *ramdisk; /* what the token gives */
	unsigned tries;
};

struct machines {
	struct map by_mac, by_ip, by_token;
	struct list lru; /* oldest first */
	size_t n, max;
	int64_t token_ms; /* how long a token is good */
};

void machines_init(struct machines *m, size_t max, int64_t token_ms);
void machines_done(struct machines *m);

/* Makes one when there is none. The pointer is valid until the next machines_get(). */
struct machine *machines_get(struct machines *m, const char *mac);
struct machine *machines_find(struct machines *m, const char *mac); /* or NULL */

void machines_lease(struct machines *m, const char *ip, const char *mac);
const char *machines_mac_of(struct machines *m, const char *ip); /* "" when not known */

/* A new token for a new boot; the one before is over. Borrowed. */
const char *machines_new_token(
	struct machines *m, struct machine *machine, const char *kernel, const char *ramdisk);
void machines_end_token(struct machines *m, struct machine *machine);

/* The machine that has this token, when it is not over; or NULL. */
struct machine *machines_by_token(struct machines *m, const char *token);

#endif
