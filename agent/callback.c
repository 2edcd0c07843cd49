/* The agent's command server: which address, which certificate, who may ask; see callback.h. */
#include "agent/callback.h"

#include "agent/agent.h"
#include "agent/inspect/inventory.h"
#include "agent/inspection.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BODY_MAX      (96u * 1024 * 1024) /* a config drive of 64 MiB in base64 */
#define SERVER_CONNS  32
#define STOP_DRAIN_MS 1000

static bool authorized(void *data, const char *token)
{
	struct agent *a = data;
	bool yes;

	pthread_mutex_lock(&a->lock);
	yes = !a->locked_down && !a->silent && token_valid(a->token, token);
	pthread_mutex_unlock(&a->lock);
	return yes;
}

/* The conductor has seen what ended before: no need to tell it again. */
static void command_came(void *data, const char *name)
{
	struct agent *a = data;

	say(a->journal, "command %s", name);
	pthread_mutex_lock(&a->lock);
	a->repeats = 0;
	pthread_mutex_unlock(&a->lock);
}

/* Of the network card that ipa-network-interface names. */
static int card_address(struct agent *a, const char *name, char ret[static 256], struct err *e)
{
	_cleanup_json_ json_t *nics = inventory_nics(a->sr);
	json_t *nic;
	size_t i;

	json_array_foreach (nics, i, nic) {
		const char *v4 = json_str(nic, "ipv4_address"), *v6 = json_str(nic, "ipv6_address");

		if (!str_eq(json_str(nic, "name"), name) || (!v4 && !v6))
			continue;
		str_copy(ret, 256, v4 ? v4 : v6);
		return 0;
	}
	return err_set(e, EADDRNOTAVAIL, "%s (ipa-network-interface) has no address", name);
}

static int find_address(struct agent *a, struct conductor *c, char ret[static 256], struct err *e)
{
	if (a->address) {
		str_copy(ret, 256, a->address);
		return 0;
	}
	if (a->params->network_interface)
		return card_address(a, a->params->network_interface, ret, e);
	return conductor_local_address(c, ret, 256, e);
}

/* Where the conductor reaches us; a route may come a little later than the address. */
static int own_address(struct agent *a, struct conductor *c, char ret[static 256], struct err *e)
{
	int64_t pause_ms = (int64_t)a->params->ip_lookup_pause_s * 1000;
	int r;

	for (int left = a->params->ip_lookup_attempts; (r = find_address(a, c, ret, e)) < 0;
		left--) {
		if (left <= 1)
			return r;
		say_warning(
			a->journal, "%s; next try in %d s", e->text, a->params->ip_lookup_pause_s);
		if (!agent_pause(a, pause_ms))
			return r;
	}
	return r;
}

/* "192.0.2.1:9999" or "[2001:db8::1]:9999" */
static void host_port(char *ret, size_t size, const char *host, int port)
{
	snprintf(ret, size, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
}

/* An API that cannot take our certificate could not trust it either. */
static bool wants_tls(struct agent *a, struct conductor *c)
{
	if (conductor_minor(c) >= API_MINOR_CA ||
		a->params->advertise_protocol == PARAMS_PROTOCOL_HTTPS)
		return true;
	say_warning(a->journal,
		"this API (1.%d) cannot take a certificate: commands come without encryption",
		conductor_minor(c));
	return false;
}

int callback_start(struct agent *a, struct conductor *c, struct callback *s, struct err *e)
{
	char address[256], listen[300], target[300], host[65] = "", priority[RULES_PRIORITY_MAX];
	const struct rules rules = agent_rules(a);
	struct http_server_config config = {
		.listen = listen,
		.tls_priority = priority,
		.max_connections = SERVER_CONNS,
		.body_max = BODY_MAX,
		.bodies_max = BODY_MAX + (1u << 20),
		.handler = agent_api_handle,
		.data = &s->api,
	};
	bool tls = wants_tls(a, c);
	int r = own_address(a, c, address, e);

	if (r < 0)
		return r;
	gethostname(host, sizeof(host) - 1);
	if (tls)
		r = certificate_new(
			address, host, a->params->certificate_curve, &s->certificate, e);
	if (r < 0)
		return r;
	rules_tls_priority(&rules, a->params->tls_min_version, priority);
	config.tls_cert = s->certificate.cert_pem;
	config.tls_key = s->certificate.key_pem;
	host_port(listen, sizeof(listen), a->params->listen_host ? a->params->listen_host : address,
		a->params->listen_port);
	s->api = (struct agent_api){.commands = a->commands,
		.authorized = authorized,
		.open_reading = conductor_newest(c) < API_MINOR_READER,
		.on_command = command_came,
		.agent = a,
		.started_us = time_wall_us()};
	r = http_server_new(&config, &s->server, e);
	if (r < 0)
		return err_prefix(e, "listen for commands on %s", listen);
	host_port(target, sizeof(target), address,
		a->params->advertise_port ? a->params->advertise_port
					  : http_server_port(s->server));
	snprintf(s->callback_url, sizeof(s->callback_url), "%s://%s", tls ? "https" : "http",
		target);
	say(a->journal, "taking commands on %s", s->callback_url);
	return 0;
}

void callback_stop(struct callback *s)
{
	if (s->server)
		http_server_stop(s->server, STOP_DRAIN_MS);
	http_server_free(s->server);
	certificate_done(&s->certificate);
}
