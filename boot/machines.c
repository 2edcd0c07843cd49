/* The table of machines by MAC address, with their leases and tokens. */
#include "boot/machines.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

void machines_init(struct machines *m, size_t max, int64_t token_ms)
{
	memset(m, 0, sizeof(*m));
	list_init(&m->lru);
	m->max = max;
	m->token_ms = token_ms;
}

static void drop_ip(struct machines *m, struct machine *machine)
{
	if (map_get(&m->by_ip, machine->ip) == machine)
		map_remove(&m->by_ip, machine->ip);
	machine->ip[0] = '\0';
}

void machines_end_token(struct machines *m, struct machine *machine)
{
	if (!machine->token)
		return;
	map_remove(&m->by_token, machine->token);
	mem_wipe(machine->token, strlen(machine->token));
	str_replace(&machine->token, NULL);
	str_replace(&machine->kernel, NULL);
	str_replace(&machine->ramdisk, NULL);
}

static void forget(struct machines *m, struct machine *machine)
{
	machines_end_token(m, machine);
	drop_ip(m, machine);
	map_remove(&m->by_mac, machine->mac);
	list_remove(&machine->lru);
	m->n--;
	free(machine);
}

void machines_done(struct machines *m)
{
	struct machine *machine, *next;

	list_for_each_safe (machine, next, &m->lru, lru)
		forget(m, machine);
	map_done(&m->by_mac);
	map_done(&m->by_ip);
	map_done(&m->by_token);
}

struct machine *machines_find(struct machines *m, const char *mac)
{
	return map_get(&m->by_mac, mac);
}

struct machine *machines_get(struct machines *m, const char *mac)
{
	struct machine *machine = map_get(&m->by_mac, mac), *oldest;

	if (machine) {
		list_remove(&machine->lru);
	} else {
		oldest = list_first(&m->lru, struct machine, lru);
		if (m->n == m->max && oldest)
			forget(m, oldest);
		machine = xcalloc(1, sizeof(*machine));
		str_copy(machine->mac, sizeof(machine->mac), mac);
		map_put(&m->by_mac, mac, machine);
		m->n++;
	}
	list_append(&m->lru, &machine->lru);
	return machine;
}

void machines_lease(struct machines *m, const char *ip, const char *mac)
{
	struct machine *machine = machines_get(m, mac);
	struct machine *before = map_get(&m->by_ip, ip);

	if (before == machine)
		return;
	if (before)
		drop_ip(m, before);
	drop_ip(m, machine);
	str_copy(machine->ip, sizeof(machine->ip), ip);
	map_put(&m->by_ip, ip, machine);
}

const char *machines_mac_of(struct machines *m, const char *ip)
{
	struct machine *machine = map_get(&m->by_ip, ip);

	return machine ? machine->mac : "";
}

const char *machines_new_token(
	struct machines *m, struct machine *machine, const char *kernel, const char *ramdisk)
{
	machines_end_token(m, machine);
	machine->token = secret_new(32);
	machine->token_until_ms = time_mono_ms() + m->token_ms;
	str_replace(&machine->kernel, kernel);
	str_replace(&machine->ramdisk, ramdisk);
	map_put(&m->by_token, machine->token, machine);
	return machine->token;
}

struct machine *machines_by_token(struct machines *m, const char *token)
{
	struct machine *machine = map_get(&m->by_token, token);

	if (!machine)
		return NULL;
	if (time_mono_ms() < machine->token_until_ms)
		return machine;
	machines_end_token(m, machine);
	return NULL;
}
