/* The way to the conductor: where it is, who asks, and one request after the other. */
#ifndef CONDUCTOR_CLI_CONN_H
#define CONDUCTOR_CLI_CONN_H

#include "lib/cli/verb.h"
#include "lib/http/client.h"
#include "lib/json/json.h"

struct conn;

/*
 * By --url or --os-endpoint, else INGOT_URL, OS_ENDPOINT, OS_ENDPOINT_OVERRIDE, else --os-cloud or
 * OS_CLOUD in clouds.yaml, else http://127.0.0.1:6385. A name and password come from --os-username
 * and --password-file (or --os-password, which warns), OS_USERNAME and OS_PASSWORD, or the cloud; a
 * name alone asks on the terminal. --os-auth-type or OS_AUTH_TYPE none gives nobody's name.
 */
int conn_open(const struct cli_line *line, struct conn **ret, struct err *e);
void conn_close(struct conn *c);
DEFINE_CLEANUP(struct conn, conn_close)
#define _cleanup_conn_ _cleanup_(conn_closep)

const char *conn_url(const struct conn *c);

/*
 * One request; path begins with "/v1" or "/ingot/v1"; body is borrowed, NULL: none. *ret_json is
 * a new reference, NULL when the answer had no JSON; ret may be NULL. A node that is locked and a
 * busy conductor are asked again for ten seconds. Below 0: the text is the conductor's own;
 * -ENOENT, -EACCES, -EBUSY (409), -EAGAIN (503), -ENOSYS (405, 501), -EINVAL (other 4xx),
 * -EREMOTEIO (other 5xx), or what
 * http_client_do() gives.
 */
int conn_call(struct conn *c, const char *method, const char *path, const json_t *body,
	json_t **ret_json, struct err *e);

/* From now on an answer may take so long; 60 s when this is not called. */
void conn_patience(struct conn *c, unsigned timeout_ms);

/* GETs all pages of a collection into one array; path may have a query. */
int conn_list(
	struct conn *c, const char *path, const char *plural, json_t **ret_array, struct err *e);

/* The same, not more than so many rows. */
int conn_list_some(struct conn *c, const char *path, const char *plural, size_t at_most,
	json_t **ret_array, struct err *e);

/* The body as it came, for what is no text either. Allocated; a NUL is behind it. */
int conn_data(struct conn *c, const char *path, char **ret, size_t *ret_len, struct err *e);

/* The same for a text. */
int conn_text(struct conn *c, const char *path, char **ret, struct err *e);

/*
 * GETs an answer without end: its body goes to on_body as it comes, until that says false or the
 * conductor ends it, both of which is 0. After 45 s of silence the conductor is gone: -ETIMEDOUT.
 */
int conn_stream(struct conn *c, const char *path,
	bool (*on_body)(void *data, const char *bytes, size_t len), void *data, struct err *e);

/* Another connection of the same kind, for another thread. */
int conn_twin(const struct conn *c, struct conn **ret, struct err *e);

/* "/v1/nodes/" and the name, escaped, and more. Allocated. */
char *conn_path(const char *before, const char *name, const char *after);

#endif
