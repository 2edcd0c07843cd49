/* How the conductor reaches this agent: commands over HTTPS, with a certificate of the agent's own.
 */
#ifndef AGENT_CALLBACK_H
#define AGENT_CALLBACK_H

#include "agent/report/api.h"
#include "agent/report/certificate.h"
#include "agent/report/conductor.h"

struct agent;

struct callback {
	struct agent_api api;
	struct certificate certificate;
	struct http_server *server;
	char callback_url[320];
};

/*
 * Finds the address that the conductor reaches (the one told, that of ipa-network-interface, or the
 * one that leads to the conductor), makes a certificate for it, and listens. Conductors of an API
 * that cannot take a certificate are served without encryption, as the Ironic agent does. Returns 0
 * with callback_url set, or a negative errno; callback_stop() in both cases.
 */
int callback_start(struct agent *a, struct conductor *c, struct callback *s, struct err *e);

/* Lets requests end, at most a second, and frees what s holds. */
void callback_stop(struct callback *s);

#endif
