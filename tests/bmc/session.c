/* Session slots, idle timeout, keys and the inbound sequence window. */
#include "tests/bmc/session.h"

#include <netinet/in.h>
#include <string.h>

#include "lib/base/mem.h"
#include "tests/bmc/sol.h"

#define WINDOW_AHEAD  15
#define WINDOW_BEHIND 16
#define SETUPS_MAX    16

static bool session_is_stale(const struct bmcemu *bmc, const struct session *s)
{
	return emu_now(bmc) - s->used_ms > (int64_t)bmc->config.idle_timeout_s * 1000;
}

static void drop_stale(struct bmcemu *bmc)
{
	struct session *s, *next;

	list_for_each_safe (s, next, &bmc->sessions, member)
		if (session_is_stale(bmc, s))
			session_free(bmc, s);
}

/* Set-ups take no slot, but there are only so many: the oldest one makes room. */
static void limit_setups(struct bmcemu *bmc)
{
	struct session *s, *oldest = NULL;
	unsigned n = 0;

	list_for_each (s, &bmc->sessions, member) {
		if (s->phase == SESSION_ACTIVE)
			continue;
		n++;
		if (!oldest)
			oldest = s; /* the list is in the order of their making */
	}
	if (n >= SETUPS_MAX)
		session_free(bmc, oldest);
}

static struct session *find_id(struct bmcemu *bmc, uint32_t id)
{
	struct session *s;

	list_for_each (s, &bmc->sessions, member)
		if (s->id == id)
			return s;
	return NULL;
}

bool session_slot_is_free(struct bmcemu *bmc)
{
	drop_stale(bmc);
	return session_count_active(bmc) < bmc->config.session_slots &&
	       !fault_value(&bmc->faults, FAULT_SLOTS_FULL);
}

struct session *session_new(struct bmcemu *bmc)
{
	struct session *s;

	if (!session_slot_is_free(bmc))
		return NULL;
	limit_setups(bmc);
	s = xcalloc(1, sizeof(*s));
	do
		emu_random(&s->id, sizeof(s->id));
	while (!s->id || find_id(bmc, s->id));
	s->handle = ++bmc->next_handle % 63 + 1;
	s->used_ms = emu_now(bmc);
	list_append(&bmc->sessions, &s->member);
	return s;
}

void session_free(struct bmcemu *bmc, struct session *s)
{
	if (sol_holder(bmc) == s)
		sol_deactivate(bmc, false);
	list_remove(&s->member);
	mem_wipe(s, sizeof(*s));
	free(s);
}

void session_free_all(struct bmcemu *bmc)
{
	struct session *s, *next;

	list_for_each_safe (s, next, &bmc->sessions, member)
		session_free(bmc, s);
}

struct session *session_find(struct bmcemu *bmc, uint32_t id)
{
	struct session *s = id ? find_id(bmc, id) : NULL;

	if (s && session_is_stale(bmc, s)) {
		session_free(bmc, s);
		s = NULL;
	}
	return s;
}

static size_t address_len(const struct sockaddr *a)
{
	return a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

struct session *session_find_opening(
	struct bmcemu *bmc, uint32_t console_id, const struct sockaddr *peer)
{
	struct session *s;

	list_for_each (s, &bmc->sessions, member)
		if (s->phase == SESSION_OPENED && s->console_id == console_id &&
			!memcmp(&s->peer, peer, address_len(peer)))
			return s;
	return NULL;
}

void session_set_peer(struct session *s, const struct sockaddr *peer)
{
	memset(&s->peer, 0, sizeof(s->peer));
	memcpy(&s->peer, peer, address_len(peer));
}

unsigned session_count_active(const struct bmcemu *bmc)
{
	const struct session *s;
	unsigned n = 0;

	list_for_each (s, &bmc->sessions, member)
		n += s->phase == SESSION_ACTIVE;
	return n;
}

/* IPMI 2.0 sections 13.31 and 13.32; the constants are 20 bytes for every hash. */
void session_derive_keys(const struct bmcemu *bmc, struct session *s)
{
	const uint8_t *key = emu_has_kg(bmc) ? bmc->config.kg : bmc->users[s->user_id - 1].password;
	const struct suite_part parts[] = {
		{s->console_random, 16},
		{s->random, 16},
		{&s->role, 1},
		{&s->name_len, 1},
		{s->name, s->name_len},
	};
	uint8_t constant[20];
	const struct suite_part one = {constant, sizeof(constant)};

	suite_mac(s->suite, key, SUITE_KEY_LEN, parts, ARRAY_SIZE(parts), s->sik);
	memset(constant, 1, sizeof(constant));
	suite_mac(s->suite, s->sik, s->suite->mac_len, &one, 1, s->k1);
	memset(constant, 2, sizeof(constant));
	suite_mac(s->suite, s->sik, s->suite->mac_len, &one, 1, s->k2);
}

bool session_accept_seq(struct session *s, uint32_t seq)
{
	uint32_t ahead = seq - s->seq_in, behind = s->seq_in - seq;

	if (seq == 0)
		return false;
	if (ahead && ahead <= WINDOW_AHEAD) {
		s->seq_window = s->seq_window << ahead | 1;
		s->seq_in = seq;
		return true;
	}
	if (behind > WINDOW_BEHIND || s->seq_window & 1u << behind)
		return false;
	s->seq_window |= 1u << behind;
	return true;
}
