/* What of the boot services is out of order; see health.c. Internal to boot/. */
#ifndef BOOT_HEALTH_H
#define BOOT_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

struct boot;

enum boot_part { BOOT_PART_INTERFACE, BOOT_PART_DNSMASQ, BOOT_PART_TFTPD, BOOT_PART_COUNT };
extern const char *const boot_part_names[BOOT_PART_COUNT];

struct part_health {
	char trouble[320]; /* "": none */
	int64_t ok_ms;	   /* monotonic, since when it is said to work; 0: it is not */
};

/* A part works, or does not; emits the event. Trouble ends once it has worked for a while. */
void health_report(struct boot *b, enum boot_part part, bool ok, const char *text);

void health_start(struct boot *b);
void health_tick(struct boot *b); /* each second */

#endif
