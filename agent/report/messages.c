/* Messages of the agent protocol; see messages.h. Everything that comes in is from a wire. */
#include "agent/report/messages.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HEARTBEAT_TIMEOUT_S   300
#define PROGRESS_INTERVAL_MIN 100
#define PROGRESS_INTERVAL_MAX 60000

static int clamp(int64_t v, int min, int max)
{
	return v < min ? min : v > max ? max : (int)v;
}

static int parse_config(const json_t *config, struct lookup *l, struct err *e)
{
	const json_t *ingot = json_object_get(config, "ingot");
	const char *token = json_str(config, "agent_token");
	const char *url = json_str(ingot, "progress_url");

	l->heartbeat_timeout_s =
		clamp(json_int(config, "heartbeat_timeout", HEARTBEAT_TIMEOUT_S), 1, 86400);
	if (token && !str_copy(l->agent_token, sizeof(l->agent_token), token))
		return err_set(e, EBADMSG, "lookup: the agent token is longer than %d characters",
			TOKEN_TEXT_MAX - 1);
	if (url && (!str_starts(url, "http://") && !str_starts(url, "https://")))
		url = NULL;
	if (url && !str_copy(l->progress_url, sizeof(l->progress_url), url))
		l->progress_url[0] = '\0';
	l->progress_interval_ms = clamp(
		json_int(ingot, "interval_ms", 1000), PROGRESS_INTERVAL_MIN, PROGRESS_INTERVAL_MAX);
	rules_parse(config, &l->rules);
	return 0;
}

int lookup_parse(const char *body, size_t len, struct lookup *ret, struct err *e)
{
	_cleanup_json_ json_t *reply = NULL;
	struct lookup l = {0};
	const char *uuid;
	int r;

	if (json_parse(body, len, CONFIG_DEPTH_MAX, &reply, e) < 0) {
		err_prefix(e, "lookup");
		return -EBADMSG;
	}
	uuid = json_str(json_object_get(reply, "node"), "uuid");
	if (!uuid || !uuid_valid(uuid))
		return err_set(e, EBADMSG, "lookup: the answer names no node");
	str_copy(l.uuid, sizeof(l.uuid), uuid);
	r = parse_config(json_object_get(reply, "config"), &l, e);
	if (r < 0)
		return r;
	l.node = json_incref(json_object_get(reply, "node"));
	*ret = l;
	return 0;
}

void lookup_done(struct lookup *l)
{
	json_decref(l->node);
	mem_wipe(l->agent_token, sizeof(l->agent_token));
	memset(l, 0, sizeof(*l));
}

int token_adopt(char have[static TOKEN_TEXT_MAX], const char *given, struct err *e)
{
	if (str_eq(given, TOKEN_HIDDEN)) {
		if (strlen(have) >= TOKEN_LEN_MIN)
			return 0;
		return err_set(e, EACCES,
			"lookup: the agent token of this node was given out before, and not to "
			"this "
			"agent; power the node off and on by its conductor to get a new one");
	}
	if (str_empty(given))
		return have[0] ? 0
			       : err_set(e, EACCES, "lookup: the conductor gave no agent token");
	if (strlen(given) < TOKEN_LEN_MIN || strlen(given) >= TOKEN_TEXT_MAX)
		return err_set(e, EACCES,
			"lookup: an agent token of %zu characters; %d at least are needed",
			strlen(given), TOKEN_LEN_MIN);
	str_copy(have, TOKEN_TEXT_MAX, given);
	return 0;
}

bool token_valid(const char *have, const char *given)
{
	return !str_empty(have) && given && secret_eq(have, given);
}

int api_minor_from_text(const char *text)
{
	int minor;

	if (!text || !str_starts(text, "1.") || str_to_int(text + 2, 1, 100000, &minor) < 0)
		return API_MINOR_ASSUMED;
	return minor;
}

int api_minor_use(int newest)
{
	return newest < API_MINOR_MAX ? newest : API_MINOR_MAX;
}

int api_minor_parse(const char *body, size_t len)
{
	_cleanup_json_ json_t *root = NULL;

	if (json_parse(body, len, CONFIG_DEPTH_MAX, &root, NULL) < 0)
		return API_MINOR_ASSUMED;
	return api_minor_from_text(json_str(json_object_get(root, "default_version"), "version"));
}

json_t *heartbeat_body(const struct heartbeat *h)
{
	json_t *body = json_object();

	json_put_str(body, "callback_url", h->callback_url);
	if (h->minor >= API_MINOR_TOKEN && !str_empty(h->agent_token))
		json_put_str(body, "agent_token", h->agent_token);
	if (h->minor >= API_MINOR_VERSION)
		json_put_str(body, "agent_version", INGOT_VERSION);
	if (h->minor >= API_MINOR_CA && h->agent_verify_ca)
		json_put_str(body, "agent_verify_ca", h->agent_verify_ca);
	return body;
}

bool inspection_uuid(const char *body, size_t len, char ret[static UUID_TEXT_MAX])
{
	_cleanup_json_ json_t *reply = NULL;
	const char *uuid;

	if (json_parse(body, len, CONFIG_DEPTH_MAX, &reply, NULL) < 0)
		return false;
	uuid = json_str(reply, "uuid");
	if (!uuid)
		uuid = json_str(json_object_get(reply, "node"), "uuid");
	return uuid && uuid_valid(uuid) && str_copy(ret, UUID_TEXT_MAX, uuid);
}

char *url_with_arg(const char *base, const char *name, const char *value)
{
	struct buf b = BUF_INIT(65536);

	buf_printf(&b, "%s%c%s=", base, strchr(base, '?') ? '&' : '?', name);
	for (const unsigned char *p = (const unsigned char *)value; *p; p++)
		if (isalnum(*p) || strchr("-._~,:", *p))
			buf_append(&b, p, 1);
		else
			buf_printf(&b, "%%%02X", *p);
	return buf_take(&b);
}

int http_date_parse(const char *text, int64_t *ret_s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4], zone[4];
	const char *m;
	struct tm tm = {0};

	if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d %3s", &tm.tm_mday, month, &tm.tm_year,
		    &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone) != 7 ||
		!str_eq(zone, "GMT") || strlen(month) != 3 || !(m = strstr(months, month)) ||
		(m - months) % 3 || tm.tm_year < 1970 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
		tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 ||
		tm.tm_sec < 0 || tm.tm_sec > 60)
		return -EINVAL;
	tm.tm_mon = (int)(m - months) / 3;
	tm.tm_year -= 1900;
	*ret_s = timegm(&tm);
	return 0;
}

int64_t heartbeat_interval_ms(int timeout_s, uint32_t random)
{
	int64_t ms = (int64_t)timeout_s * (300 + random % 301);

	return ms < 1000 ? 1000 : ms;
}

int64_t backoff_next(int64_t *ms, int64_t first_ms, int64_t max_ms)
{
	*ms = *ms ? *ms * 2 : first_ms;
	if (*ms > max_ms)
		*ms = max_ms;
	return *ms;
}
