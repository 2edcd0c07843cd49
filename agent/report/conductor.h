/* The way to the conductor: version, lookup, inspection, heartbeat; one attempt per call. */
#ifndef AGENT_REPORT_CONDUCTOR_H
#define AGENT_REPORT_CONDUCTOR_H

#include "agent/init/cmdline.h"
#include "agent/report/messages.h"

struct conductor;

/*
 * `params` is borrowed and outlives it. One thread at a time. Without an API among them only
 * conductor_inspection() may be called.
 */
int conductor_new(const struct params *params, struct conductor **ret, struct err *e);
void conductor_free(struct conductor *c);

/* The API in use, "http://10.0.0.1:6385". */
const char *conductor_url(const struct conductor *c);
int conductor_minor(const struct conductor *c);	 /* of the version in use */
int conductor_newest(const struct conductor *c); /* of the newest that the API has */

/*
 * Where to POST the inspection; NULL: nowhere. With "mdns" it is known once conductor_discover()
 * was well.
 */
const char *conductor_callback(const struct conductor *c);

/*
 * GET / of the API: learns the version. An API that is to be found by mDNS is looked for first.
 * Tries all URLs in turn and keeps the first that answers. *ret_date_s is the API's clock (seconds
 * since 1970), 0 when it did not say. When a certificate is refused, the clock is asked without
 * looking at the certificate and the error is -EKEYREJECTED, so that the caller can set the clock
 * and try again.
 */
int conductor_discover(struct conductor *c, int64_t *ret_date_s, struct err *e);

/*
 * GET /v1/lookup. `macs` is a comma list; `node_uuid` NULL or "" when not known. -EAGAIN: the node
 * is locked (409); other errors say why in the API's words. After no answer or one of 500 and more
 * the next call, also of conductor_heartbeat(), goes to the next of several URLs.
 */
int conductor_lookup(struct conductor *c, const char *macs, const char *node_uuid,
	struct lookup *ret, struct err *e);

/*
 * POSTs the inspection. ret_uuid is "" when the answer names no node. -EAGAIN for answers worth
 * another try (409, 5xx, no connection), -ENOENT for 404: no node waits for it, perhaps not yet;
 * other errors for those that are final.
 */
int conductor_inspection(struct conductor *c, const json_t *data,
	char ret_uuid[static UUID_TEXT_MAX], struct err *e);

int conductor_heartbeat(
	struct conductor *c, const char *node_uuid, const struct heartbeat *h, struct err *e);

/* The address of ours by which packets to the API leave; brackets around IPv6 are not added. */
int conductor_local_address(const struct conductor *c, char *ret, size_t size, struct err *e);

#endif
