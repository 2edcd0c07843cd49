/* From a host name to an address, without waiting for it. */
#include <netdb.h>
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct lookup *l = container_of(req, struct lookup, req);
	struct ipmi_engine *e = l->engine;
	struct ipmi_bmc *b = l->bmc;
	union address a = {0};

	engine_enter(e);
	e->lookups--;
	if (b) {
		b->lookup = NULL;
		b->phase = PHASE_IDLE;
		if (status == 0 && found && found->ai_addrlen <= sizeof(a)) {
			memcpy(&a, found->ai_addr, found->ai_addrlen);
			a.v4.sin_port = htons(b->port);
			directory_set_address(e, b, &a);
		} else {
			circuit_failed(b, IPMI_E_NAME, "the host name has no address");
			bmc_fail_queued(b, IPMI_PRIORITY_COMMAND, IPMI_E_NAME,
				"the host name has no address; check ipmi_address and the "
				"resolver");
		}
		bmc_kick(b);
	}
	uv_freeaddrinfo(found);
	free(l);
	engine_dispatch(e);
	engine_maybe_delete(e);
}

void resolve_start(struct ipmi_bmc *b)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
	struct lookup *l = xcalloc(1, sizeof(*l));

	l->engine = b->engine;
	l->bmc = b;
	if (uv_getaddrinfo(b->engine->loop, &l->req, on_resolved, b->host, NULL, &hints) < 0) {
		free(l);
		bmc_fail_queued(b, IPMI_PRIORITY_COMMAND, IPMI_E_NAME,
			"this is not a host name; correct ipmi_address");
		b->phase = PHASE_IDLE;
		return;
	}
	b->lookup = l;
	b->engine->lookups++;
	b->phase = PHASE_RESOLVING;
}

/* An address written out; a name is looked up at the first request. */
void resolve_literal(struct ipmi_bmc *b)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST}, *found;
	union address a = {0};

	if (getaddrinfo(b->host, NULL, &hints, &found) != 0)
		return;
	if (found->ai_addrlen <= sizeof(a)) {
		memcpy(&a, found->ai_addr, found->ai_addrlen);
		a.v4.sin_port = htons(b->port);
		directory_set_address(b->engine, b, &a);
		b->literal = true;
	}
	freeaddrinfo(found);
}
