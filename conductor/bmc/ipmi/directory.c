/* Whose packet is it: BMCs by the session ids we gave out, and by address. */
#include <arpa/inet.h>
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"

#define SLOT_BITS 20 /* a million BMCs; the other bits of a session id are random */
#define SLOT_MASK ((1u << SLOT_BITS) - 1)

bool directory_full(const struct ipmi_engine *e)
{
	return e->n_free == 0 && e->n_slots >= SLOT_MASK;
}

void directory_add(struct ipmi_engine *e, struct ipmi_bmc *b)
{
	if (e->n_free) {
		b->slot = e->free_slots[--e->n_free];
	} else {
		if (e->n_slots == e->cap_slots) {
			e->cap_slots = e->cap_slots ? 2 * e->cap_slots : 64;
			e->slots = xrealloc(e->slots, e->cap_slots * sizeof(struct ipmi_bmc *));
			e->free_slots =
				xrealloc(e->free_slots, e->cap_slots * sizeof(*e->free_slots));
		}
		b->slot = (uint32_t)e->n_slots++;
	}
	e->slots[b->slot] = b;
}

void directory_remove(struct ipmi_engine *e, struct ipmi_bmc *b)
{
	directory_clear_address(e, b);
	e->slots[b->slot] = NULL;
	e->free_slots[e->n_free++] = b->slot;
}

/* Slot numbers are stored plus one, so that no id is 0. */
struct ipmi_bmc *directory_by_id(const struct ipmi_engine *e, uint32_t session_id)
{
	uint32_t slot = (session_id & SLOT_MASK) - 1;

	return slot < e->n_slots ? e->slots[slot] : NULL;
}

uint32_t directory_new_id(struct ipmi_engine *e, const struct ipmi_bmc *b)
{
	uint32_t high;

	engine_random(e, &high, sizeof(high));
	return (high & ~SLOT_MASK) | (b->slot + 1);
}

bool address_equal(const union address *a, const union address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_port == b->v4.sin_port &&
		       a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->v6.sin6_port == b->v6.sin6_port &&
	       !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr));
}

static uint32_t address_hash(const union address *a)
{
	uint32_t words[4] = {0}, hash = 2166136261u;
	uint16_t port = a->v4.sin_port; /* at the same place in both */

	if (a->any.sa_family == AF_INET)
		words[0] = a->v4.sin_addr.s_addr;
	else
		memcpy(words, &a->v6.sin6_addr, sizeof(words));
	for (int i = 0; i < 4; i++)
		hash = (hash ^ words[i]) * 0x9e3779b1u;
	hash = (hash ^ port) * 0x9e3779b1u;
	return hash ^ hash >> 15;
}

static struct ipmi_bmc **bucket(const struct ipmi_engine *e, const union address *a)
{
	return &e->buckets[address_hash(a) & (e->n_buckets - 1)];
}

static void grow_buckets(struct ipmi_engine *e)
{
	struct ipmi_bmc **old = e->buckets;
	size_t n = e->n_buckets;

	e->n_buckets = n ? 2 * n : 64;
	e->buckets = xcalloc(e->n_buckets, sizeof(struct ipmi_bmc *));
	for (size_t i = 0; i < n; i++) {
		struct ipmi_bmc *b, *next, **at;

		for (b = old[i]; b; b = next) {
			next = b->next_in_bucket;
			at = bucket(e, &b->address);
			b->next_in_bucket = *at;
			*at = b;
		}
	}
	free(old);
}

void directory_set_address(struct ipmi_engine *e, struct ipmi_bmc *b, const union address *a)
{
	struct ipmi_bmc **at;

	directory_clear_address(e, b);
	if (e->n_addressed >= e->n_buckets)
		grow_buckets(e);
	b->address = *a;
	at = bucket(e, a);
	b->next_in_bucket = *at;
	*at = b;
	e->n_addressed++;
}

void directory_clear_address(struct ipmi_engine *e, struct ipmi_bmc *b)
{
	struct ipmi_bmc **at;

	if (b->address.any.sa_family == AF_UNSPEC)
		return;
	for (at = bucket(e, &b->address); *at != b; at = &(*at)->next_in_bucket)
		;
	*at = b->next_in_bucket;
	b->next_in_bucket = NULL;
	b->address.any.sa_family = AF_UNSPEC;
	e->n_addressed--;
}

struct ipmi_bmc *directory_by_address(const struct ipmi_engine *e, const union address *a)
{
	struct ipmi_bmc *b;

	if (e->n_buckets == 0 || (a->any.sa_family != AF_INET && a->any.sa_family != AF_INET6))
		return NULL;
	for (b = *bucket(e, a); b; b = b->next_in_bucket)
		if (address_equal(&b->address, a))
			return b;
	return NULL;
}

struct ipmi_bmc *directory_next(const struct ipmi_bmc *b)
{
	struct ipmi_bmc *n;

	for (n = b->next_in_bucket; n; n = n->next_in_bucket)
		if (address_equal(&n->address, &b->address))
			return n;
	return NULL;
}
