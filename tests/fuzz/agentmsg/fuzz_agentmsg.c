/*
 * What the agent reads from the network: lookup replies, versions, dates, command bodies and their
 * parameters, kernel parameters, device news, partition tables. The first byte chooses.
 */
#include "agent/agent.h"
#include "agent/bootloader.h"
#include "agent/init/uevent.h"
#include "agent/report/api.h"
#include "agent/report/messages.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What goes back is made of what came. */
static void fuzz_heartbeat(const char *token, const char *url)
{
	const struct heartbeat h = {.callback_url = url,
		.agent_verify_ca = url,
		.agent_token = token,
		.minor = API_MINOR_ASSUMED + 60};
	char *text = NULL;
	json_t *body = heartbeat_body(&h);

	text = json_text(body);
	free(text);
	json_decref(body);
}

static void fuzz_lookup(const char *text, size_t len)
{
	char token[TOKEN_TEXT_MAX] = "", uuid[UUID_TEXT_MAX];
	struct lookup l;

	(void)api_minor_parse(text, len);
	(void)inspection_uuid(text, len, uuid);
	if (lookup_parse(text, len, &l, NULL) < 0)
		return;
	(void)token_adopt(token, l.agent_token, NULL);
	(void)token_valid(token, l.agent_token);
	fuzz_heartbeat(token, l.progress_url);
	lookup_done(&l);
}

/* The checks that run before a command does anything. */
static void fuzz_command(const char *text, size_t len)
{
	json_t *params = NULL;
	char *name = NULL;
	struct err e;

	if (agent_api_parse(text, len, &name, &params, &e) < 0)
		return;
	for (const struct command_spec *s = agent_commands; s->name; s++)
		if (s->validate && !strcmp(s->name, name))
			(void)s->validate(NULL, params, &e);
	json_decref(params);
	free(name);
}

static void fuzz_text(const char *text, size_t len)
{
	struct cmdline c;
	struct params p;
	struct uevent u;
	struct err e;
	int64_t s;

	(void)http_date_parse(text, &s);
	(void)uevent_parse(text, len + 1, &u);
	free(url_with_arg("http://x/", "a", text));
	cmdline_parse(text, &c);
	(void)params_from_cmdline(&c, &p, &e);
	params_done(&p);
	cmdline_done(&c);
}

static void fuzz_tables(uint8_t *data, size_t len)
{
	(void)bootloader_find_esp(data, len, len % 2 ? 512 : 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0]) {
	case 'l':
		fuzz_lookup(text, size - 1);
		break;
	case 'c':
		fuzz_command(text, size - 1);
		break;
	case 't':
		fuzz_text(text, size - 1);
		break;
	case 'p':
		fuzz_tables((uint8_t *)text, size - 1);
		break;
	default:
		break;
	}
	free(text);
	return 0;
}
