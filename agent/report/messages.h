/* What goes to and comes from the conductor, as plain data: no sockets, no threads. */
#ifndef AGENT_REPORT_MESSAGES_H
#define AGENT_REPORT_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/report/rules.h"
#include "lib/base/uuid.h"
#include "lib/json/json.h"

#define TOKEN_TEXT_MAX	  257
#define TOKEN_LEN_MIN	  32
#define TOKEN_HIDDEN	  "******" /* what a second lookup gets instead of the token */
#define API_MINOR_MAX	  68
#define API_MINOR_ASSUMED 31 /* when the API does not say */
#define API_MINOR_TOKEN	  62 /* heartbeats carry agent_token */
#define API_MINOR_VERSION 36 /* ... agent_version */
#define API_MINOR_CA	  68 /* ... agent_verify_ca */
#define API_MINOR_READER                                                                           \
	96 /* the oldest known whose conductor shows its token when it reads, too */
#define CONFIG_DEPTH_MAX 25

/* The answer to a lookup. */
struct lookup {
	char uuid[UUID_TEXT_MAX];
	json_t *node;			  /* whole, owned */
	char agent_token[TOKEN_TEXT_MAX]; /* "" when there is none */
	int heartbeat_timeout_s;
	char progress_url[512]; /* "" when the conductor wants no progress */
	int progress_interval_ms;
	struct rules rules;
};

/* 0, or -EBADMSG saying what is wrong with it. */
int lookup_parse(const char *body, size_t len, struct lookup *ret, struct err *e);
void lookup_done(struct lookup *l);

/*
 * The rule of the one-time token: `have` ("" when none) becomes the token of the reply. A hidden
 * one is fine when the agent has its own of at least 32 characters. 0, or -EACCES: somebody else
 * got this node's token, so nothing may be done here.
 */
int token_adopt(char have[static TOKEN_TEXT_MAX], const char *given, struct err *e);

/* True when a command's token is the agent's; never without a token. */
bool token_valid(const char *have, const char *given);

/* The newest minor version of an API, out of the body of GET /. */
int api_minor_parse(const char *body, size_t len);

/* The one to use with it: at most API_MINOR_MAX. */
int api_minor_use(int newest);

/* "1.68", as ipa-ironic-api-version gives it, too; API_MINOR_ASSUMED when it is nonsense. */
int api_minor_from_text(const char *text);

struct heartbeat {
	const char *callback_url;
	const char *agent_token;     /* "" or NULL: left out */
	const char *agent_verify_ca; /* PEM, NULL: left out */
	int minor;		     /* what the API can take decides what is sent */
};

json_t *heartbeat_body(const struct heartbeat *h);

/* UUID in the answer to an inspection ({"uuid"} or {"node": {"uuid"}}); false when there is none.
 */
bool inspection_uuid(const char *body, size_t len, char ret[static UUID_TEXT_MAX]);

/* "base?name=value" or "base&name=value" with the value percent-encoded; allocated. */
char *url_with_arg(const char *base, const char *name, const char *value);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) to seconds since 1970, or -EINVAL. */
int http_date_parse(const char *text, int64_t *ret_s);

/*
 * Seconds to wait for the next heartbeat: timeout * U(0.3, 0.6), at least 1. `random` is any
 * number.
 */
int64_t heartbeat_interval_ms(int timeout_s, uint32_t random);

/* A pause that doubles from first_ms to max_ms. *ms is 0 before the first. Gives the pause. */
int64_t backoff_next(int64_t *ms, int64_t first_ms, int64_t max_ms);

#endif
