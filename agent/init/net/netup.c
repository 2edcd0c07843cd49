/* Turning interfaces up. One that refuses, because its driver lacks a firmware file, say, is told
 * of once and tried again now and then: each try costs its driver time and the console lines of the
 * kernel. */
#include "agent/init/net/netif.h"
#include "agent/init/net/netstate.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdio.h>

#define AGAIN_MS 10000

static struct net_refusal *refusal_of(struct net *n, const char *name)
{
	for (size_t i = 0; i < n->n_refused; i++)
		if (str_eq(n->refused[i].name, name))
			return &n->refused[i];
	return NULL;
}

static struct net_refusal *refusal_add(struct net *n, const char *name, int r, const char *error)
{
	struct net_refusal *refusal = &n->refused[n->n_refused];

	if (n->n_refused == NET_NICS_MAX)
		return NULL;
	n->n_refused++;
	str_copy(refusal->name, sizeof(refusal->name), name);
	snprintf(refusal->problem, sizeof(refusal->problem), "%.120s%s", error,
		r == -ENOENT ? "; its driver misses a firmware file, which the kernel's log names"
			     : "");
	say_error(n->c.journal, "network: %s", refusal->problem);
	return refusal;
}

bool netup_try(struct net *n, const char *name)
{
	struct net_refusal *refusal = refusal_of(n, name);
	int64_t now = time_mono_ms();
	struct err e = {0};
	int r;

	if (refusal && now < refusal->again_ms)
		return false;
	r = netif_set_up(name, true, &e);
	if (r < 0 && !refusal)
		refusal = refusal_add(n, name, r, e.text);
	if (r < 0 && refusal)
		refusal->again_ms = now + AGAIN_MS;
	if (r == 0 && refusal)
		*refusal = n->refused[--n->n_refused];
	return r == 0;
}

void netup_describe(const struct net *n, struct buf *out)
{
	for (size_t i = 0; i < n->n_refused; i++)
		buf_printf(out, "%s\n", n->refused[i].problem);
}
