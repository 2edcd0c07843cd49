/*
 * What the agent reads from the network: lookup replies, versions, dates, command bodies and their
 * parameters, kernel parameters, device news. The first byte chooses.
 */
#include "agent/agent.h"
#include "agent/init/uevent.h"
#include "agent/report/api.h"
#include "agent/report/messages.h"
#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A token that was taken is valid, stays when it is hidden, and goes with every heartbeat. */
static void fuzz_token(const struct lookup *l, int minor)
{
	char token[TOKEN_TEXT_MAX] = "";
	struct heartbeat h = {.callback_url = l->progress_url,
		.agent_token = token,
		.agent_verify_ca = l->uuid,
		.minor = minor};
	json_t *body;

	if (token_adopt(token, l->agent_token, NULL) < 0)
		return;
	if (!token_valid(token, l->agent_token) || token_adopt(token, TOKEN_HIDDEN, NULL) < 0 ||
		token_valid(token, NULL))
		abort();
	body = heartbeat_body(&h);
	if (minor >= API_MINOR_TOKEN && !str_eq(json_str(body, "agent_token"), token))
		abort();
	json_decref(body);
}

static void fuzz_lookup(const char *text, size_t len)
{
	int minor = api_minor_use(api_minor_parse(text, len));
	char uuid[UUID_TEXT_MAX];
	struct lookup l;
	char priority[RULES_PRIORITY_MAX];
	int64_t ms;

	if (minor < 1 || minor > API_MINOR_MAX)
		abort();
	if (inspection_uuid(text, len, uuid) && !uuid_valid(uuid))
		abort();
	if (lookup_parse(text, len, &l, NULL) < 0)
		return;
	ms = heartbeat_interval_ms(l.heartbeat_timeout_s, (uint32_t)len);
	if (!uuid_valid(l.uuid) || ms < 1000 || ms > 86400 * 600ll || !l.progress_interval_ms)
		abort();
	rules_tls_priority(&l.rules, PARAMS_TLS_1_2, priority);
	if (strncmp(priority, "NORMAL:-VERS-ALL:", 17) ||
		!rules_format_permitted(&(struct rules){0}, text))
		abort();
	fuzz_token(&l, minor);
	lookup_done(&l);
}

/* The checks that run before a command does anything. */
static void fuzz_command(const char *text, size_t len)
{
	static struct agent agent = {.rules = {.formats = "raw", .no_md5 = true}};
	json_t *params = NULL;
	char *name = NULL;
	struct err e;

	if (agent_api_parse(text, len, &name, &params, &e) < 0)
		return;
	for (const struct command_spec *s = agent_commands; s->name; s++)
		if (s->validate && !strcmp(s->name, name))
			(void)s->validate(&agent, params, &e);
	json_decref(params);
	free(name);
}

static void fuzz_cmdline(const char *text)
{
	struct cmdline c;
	struct params p;
	struct err e;

	cmdline_parse(text, &c);
	if (params_from_cmdline(&c, &p, &e) == 0 &&
		(p.listen_port < 0 || p.listen_port > 65535 || p.lookup_interval_s < 0 ||
			(p.agent_token && strlen(p.agent_token) > PARAMS_TOKEN_MAX)))
		abort();
	params_done(&p);
	cmdline_done(&c);
}

static void fuzz_text(const char *text, size_t len)
{
	struct uevent u;
	int64_t s;
	char *url;

	if (http_date_parse(text, &s) == 0 && s < 0)
		abort();
	if (uevent_parse(text, len + 1, &u) == 0 && (!u.action || !u.devpath))
		abort();
	url = url_with_arg("http://x/?b", "a", text);
	if (strpbrk(url, " \r\n#") || strlen(strchr(url, '&')) < strlen(text))
		abort();
	free(url);
	fuzz_cmdline(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] == 'l')
		fuzz_lookup(text, size - 1);
	else if (data[0] == 'c')
		fuzz_command(text, size - 1);
	else if (data[0] == 't')
		fuzz_text(text, size - 1);
	free(text);
	return 0;
}
