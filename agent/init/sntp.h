/* The time of day from an NTP server: one exchange (SNTP, RFC 4330; packet of RFC 5905). */
#ifndef AGENT_INIT_SNTP_H
#define AGENT_INIT_SNTP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define SNTP_BYTES 48

/* Writes a request with this nonce in place of our time, which nobody needs to know. */
void sntp_request(uint64_t nonce, uint8_t ret[static SNTP_BYTES]);

/*
 * Reads an answer to it: microseconds since 1970 at which the server sent it. Refused, with the
 * reason: not from a server, not to this request, a server that says it has no time itself (also by
 * a "kiss of death"), a time that cannot be (before 2020).
 */
int sntp_parse(
	const uint8_t *data, size_t len, uint64_t nonce, int64_t *ret_wall_us, struct err *e);

/*
 * Asks the servers of a comma list in turn, each at all its addresses, for at most timeout_ms each.
 * Gives the time now, half of the exchange's duration added. service: the port, "123". Blocks.
 */
int sntp_ask(const char *servers, const char *service, int timeout_ms, int64_t *ret_wall_us,
	struct err *e);

#endif
