/*
 * What of the boot services is out of order, since when, and the interface they need: when it goes
 * that is told once; when it is back the services begin anew, which may have lost their sockets.
 */
#include "boot/health.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "boot/internal.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#define STEADY_MS 3000 /* a program that ran for so long is no longer one that ends at once */

void health_report(struct boot *b, enum boot_part part, bool ok, const char *text)
{
	struct part_health *h = &b->health[part];

	h->ok_ms = ok ? time_mono_ms() : 0;
	if (!ok)
		str_copy(h->trouble, sizeof(h->trouble), text);
	boot_say(b, BOOT_EVENT_SERVICE, ok, "", "", "%s", text);
}

static void heal(struct boot *b, enum boot_part part)
{
	struct part_health *h = &b->health[part];

	if (!*h->trouble || !h->ok_ms || time_mono_ms() - h->ok_ms < STEADY_MS)
		return;
	h->trouble[0] = '\0';
	boot_say(b, BOOT_EVENT_SERVICE, true, "", "", "%s works again", boot_part_names[part]);
}

static void interface_gone(struct boot *b, const struct err *e)
{
	char text[300];

	b->interface_index = 0;
	snprintf(text, sizeof(text), "%.200s; machines cannot boot until it is back", e->text);
	health_report(b, BOOT_PART_INTERFACE, false, text);
}

static void interface_back(struct boot *b)
{
	char text[128];

	if (b->ula_added)
		network_put_ula(b->settings.interface, &b->ula, NULL); /* it may be there still */
	snprintf(text, sizeof(text), "interface %s is back with %s; the services begin anew",
		b->settings.interface, b->settings.address);
	health_report(b, BOOT_PART_INTERFACE, true, text);
	if (b->dnsmasq)
		service_restart(b->dnsmasq);
	if (b->tftpd)
		service_restart(b->tftpd);
}

static void watch_interface(struct boot *b)
{
	const char *name = b->settings.interface;
	struct boot_network now;
	struct err e;
	unsigned index;

	if (!*name)
		return;
	if (network_find(name, b->settings.address, &now, &e) < 0) {
		if (b->interface_index)
			interface_gone(b, &e);
		return;
	}
	index = if_nametoindex(name);
	if (index && index != b->interface_index)
		interface_back(b);
	b->interface_index = index;
}

void health_start(struct boot *b)
{
	b->interface_index = if_nametoindex(b->settings.interface);
}

void health_tick(struct boot *b)
{
	watch_interface(b);
	for (enum boot_part part = 0; part < BOOT_PART_COUNT; part++)
		heal(b, part);
}

const char *const boot_part_names[BOOT_PART_COUNT] = {"the interface", "dnsmasq", "in.tftpd"};

unsigned boot_troubles(const struct boot *b, char *buf, size_t size)
{
	unsigned n = 0;
	size_t at = 0;

	if (size)
		*buf = '\0';
	for (enum boot_part part = 0; part < BOOT_PART_COUNT; part++) {
		if (!*b->health[part].trouble)
			continue;
		if (at < size)
			at += (size_t)snprintf(buf + at, size - at, "%s%s", n ? "; " : "",
				b->health[part].trouble);
		n++;
	}
	return n;
}
