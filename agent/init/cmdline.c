/* Command line and parameters; see cmdline.h. */
#include "agent/init/cmdline.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/hwid/mac.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Cuts one word off *p and takes its quotes away; NULL at the end. */
static char *word_next(char **p)
{
	char *s = *p + strspn(*p, " \t\r\n"), *start = s, *out = s;
	bool quoted = false;

	if (!*s)
		return NULL;
	for (; *s && (quoted || !isspace((unsigned char)*s)); s++) {
		if (*s == '"')
			quoted = !quoted;
		else
			*out++ = *s;
	}
	*p = *s ? s + 1 : s;
	*out = '\0';
	return start;
}

void cmdline_parse(const char *line, struct cmdline *ret)
{
	char *p, *word, *eq;

	memset(ret, 0, sizeof(*ret));
	p = ret->text = xstrndup(line, CMDLINE_MAX);
	while (ret->n < CMDLINE_WORDS && (word = word_next(&p))) {
		eq = strchr(word, '=');
		if (eq)
			*eq++ = '\0';
		ret->words[ret->n++] = (struct cmdline_word){.key = word, .value = eq};
	}
}

void cmdline_done(struct cmdline *c)
{
	free(c->text);
	memset(c, 0, sizeof(*c));
}

const char *cmdline_get(const struct cmdline *c, const char *key)
{
	for (size_t i = c->n; i-- > 0;)
		if (str_eq(c->words[i].key, key))
			return c->words[i].value;
	return NULL;
}

bool cmdline_has(const struct cmdline *c, const char *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->words[i].key, key))
			return true;
	return false;
}

struct reader {
	const struct cmdline *c;
	struct params *p;
	struct err *e;
	int r; /* the first failure */
};

static void read_text(struct reader *rd, const char *key, char **ret)
{
	const char *v = cmdline_get(rd->c, key);

	if (!str_empty(v))
		*ret = xstrdup(v);
}

static void read_int(struct reader *rd, const char *key, int min, int max, int *ret)
{
	const char *v = cmdline_get(rd->c, key);

	if (v && str_to_int(v, min, max, ret) < 0 && rd->r == 0)
		rd->r = err_set(rd->e, EINVAL, "kernel parameter %s=%s: not a number from %d to %d",
			key, v, min, max);
}

static void read_bool(struct reader *rd, const char *key, bool *ret)
{
	const char *v = cmdline_get(rd->c, key);

	if (cmdline_has(rd->c, key) && !v)
		*ret = true;
	else if (v && str_to_bool(v, ret) < 0 && rd->r == 0)
		rd->r = err_set(
			rd->e, EINVAL, "kernel parameter %s=%s: neither yes nor no", key, v);
}

static void read_urls(struct reader *rd)
{
	const char *v = cmdline_get(rd->c, "ipa-api-url");
	_cleanup_free_ char *list = xstrdup(v ? v : "");
	char *save = NULL;

	for (char *u = strtok_r(list, ",", &save); u; u = strtok_r(NULL, ",", &save)) {
		size_t len = strlen(u = str_trim(u));

		while (len && u[len - 1] == '/')
			u[--len] = '\0';
		if (len && rd->p->n_api_urls < PARAMS_URLS_MAX)
			rd->p->api_urls[rd->p->n_api_urls++] = xstrdup(u);
	}
}

static void read_bootif(struct reader *rd)
{
	const char *v = cmdline_get(rd->c, "BOOTIF");
	uint8_t mac[MAC_LEN];

	if (str_empty(v))
		return;
	if (mac_parse(v, mac) == 0 && mac_is_station(mac))
		mac_format(mac, rd->p->bootif);
	else if (rd->r == 0)
		rd->r = err_set(
			rd->e, EINVAL, "kernel parameter BOOTIF=%s: not a NIC's address", v);
}

static void read_token(struct reader *rd)
{
	read_text(rd, "ipa-agent-token", &rd->p->agent_token);
	if (rd->p->agent_token && strlen(rd->p->agent_token) > PARAMS_TOKEN_MAX && rd->r == 0)
		rd->r = err_set(rd->e, EINVAL, "kernel parameter ipa-agent-token: longer than %d",
			PARAMS_TOKEN_MAX);
}

int params_from_cmdline(const struct cmdline *c, struct params *ret, struct err *e)
{
	struct params *p = ret;
	struct reader rd = {.c = c, .p = p, .e = e};

	*p = (struct params){
		.listen_port = 9999,
		.lookup_timeout_s = 600,
		.lookup_interval_s = 10,
		.http_timeout_s = 30,
		.disk_wait_attempts = 10,
		.disk_wait_delay_s = 3,
		.image_timeout_s = 60,
		.image_retries = 9,
		.dhcp_wait_s = 60,
		.ip_lookup_attempts = 6,
		.watchdog_s = 60,
	};
	read_urls(&rd);
	read_bootif(&rd);
	read_token(&rd);
	read_text(&rd, "ipa-inspection-callback-url", &p->inspection_callback_url);
	read_text(&rd, "ipa-inspection-collectors", &p->inspection_collectors);
	read_text(&rd, "ingot-boot-token", &p->boot_token);
	read_text(&rd, "ipa-ironic-api-version", &p->api_version);
	read_text(&rd, "ipa-advertise-host", &p->advertise_host);
	read_text(&rd, "ipa-global-request-id", &p->global_request_id);
	read_text(&rd, "ipa-cafile", &p->ca_file);
	read_text(&rd, "ipa-ntp-server", &p->ntp_server);
	read_text(&rd, "ipa-enable-vlan-interfaces", &p->vlan_interfaces);
	read_text(&rd, "ingot-modules", &p->modules);
	read_text(&rd, "modprobe.blacklist", &p->module_blacklist);
	read_int(&rd, "ipa-listen-port", 0, 65535, &p->listen_port);
	p->advertise_port = p->listen_port;
	read_int(&rd, "ipa-advertise-port", 1, 65535, &p->advertise_port);
	read_int(&rd, "ipa-lookup-timeout", 0, INT_MAX, &p->lookup_timeout_s);
	read_int(&rd, "ipa-lookup-interval", 1, 3600, &p->lookup_interval_s);
	read_int(&rd, "ipa-http-request-timeout", 1, 3600, &p->http_timeout_s);
	read_int(&rd, "ipa-disk-wait-attempts", 0, 10000, &p->disk_wait_attempts);
	read_int(&rd, "ipa-disk-wait-delay", 0, 3600, &p->disk_wait_delay_s);
	read_int(&rd, "ipa-image-download-connection-timeout", 1, 86400, &p->image_timeout_s);
	read_int(&rd, "ipa-image-download-connection-retries", 1, 1000, &p->image_retries);
	read_int(&rd, "ipa-image-download-connection-retry-interval", 0, 3600, &p->image_pause_s);
	read_int(&rd, "ingot-fatal-reboot", 0, 86400, &p->fatal_reboot_s);
	read_int(&rd, "ipa-inspection-dhcp-wait-timeout", 0, 86400, &p->dhcp_wait_s);
	read_int(&rd, "ipa-ip-lookup-attempts", 1, 10000, &p->ip_lookup_attempts);
	read_int(&rd, "ingot-watchdog", 0, 86400, &p->watchdog_s);
	read_bool(&rd, "ipa-inspection-dhcp-all-interfaces", &p->dhcp_all);
	read_bool(&rd, "ingot-shell", &p->shell);
	read_bool(&rd, "ipa-insecure", &p->insecure);
	read_bool(&rd, "ipa-debug", &p->debug);
	return rd.r;
}

void params_done(struct params *p)
{
	for (size_t i = 0; i < p->n_api_urls; i++)
		free(p->api_urls[i]);
	free(p->inspection_callback_url);
	free(p->inspection_collectors);
	if (p->agent_token)
		mem_wipe(p->agent_token, strlen(p->agent_token));
	free(p->agent_token);
	free(p->boot_token);
	free(p->api_version);
	free(p->advertise_host);
	free(p->global_request_id);
	free(p->ca_file);
	free(p->ntp_server);
	free(p->vlan_interfaces);
	free(p->modules);
	free(p->module_blacklist);
	memset(p, 0, sizeof(*p));
}
