/* SNTP; see sntp.h. */
#include "agent/init/sntp.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define VERSION	    4
#define MODE_CLIENT 3
#define MODE_SERVER 4
#define LEAP_ALARM  3	       /* not synchronised */
#define TO_1970	    2208988800 /* seconds from 1900 */
#define ERA	    (1ll << 32)
#define YEAR_2020   1577836800
#define STRATUM_MAX 15
#define ORIGINATE   24
#define TRANSMIT    40
#define REFERENCE   12

void sntp_request(uint64_t nonce, uint8_t ret[static SNTP_BYTES])
{
	memset(ret, 0, SNTP_BYTES);
	ret[0] = VERSION << 3 | MODE_CLIENT;
	put_be64(ret + TRANSMIT, nonce);
}

/* RFC 4330 3: without its first bit set the time is one of the era that begins in 2036. */
static int64_t to_wall_us(uint64_t ntp)
{
	int64_t s = (int64_t)(ntp >> 32);

	if (!(s & 0x80000000))
		s += ERA;
	return (s - TO_1970) * 1000000 + (int64_t)(((ntp & 0xffffffff) * 1000000) >> 32);
}

int sntp_parse(const uint8_t *data, size_t len, uint64_t nonce, int64_t *ret_wall_us, struct err *e)
{
	int64_t wall_us;

	if (len < SNTP_BYTES || (data[0] & 7) != MODE_SERVER || !(data[0] >> 3 & 7) ||
		(data[0] >> 3 & 7) > VERSION)
		return err_set(e, EPROTO, "the answer is no server's");
	if (get_be64(data + ORIGINATE) != nonce)
		return err_set(e, EPROTO, "the answer is to another request");
	if (!data[1])
		return err_set(e, EREMOTEIO, "it refuses: \"%c%c%c%c\"", data[REFERENCE] & 0x5f,
			data[REFERENCE + 1] & 0x5f, data[REFERENCE + 2] & 0x5f,
			data[REFERENCE + 3] & 0x5f);
	wall_us = to_wall_us(get_be64(data + TRANSMIT));
	if (data[0] >> 6 == LEAP_ALARM || data[1] > STRATUM_MAX || !get_be64(data + TRANSMIT))
		return err_set(e, EREMOTEIO, "it does not know the time itself");
	if (wall_us < YEAR_2020 * 1000000ll)
		return err_set(e, ERANGE, "it tells a time before 2020");
	*ret_wall_us = wall_us;
	return 0;
}

/* Until the answer to this request; others that come meanwhile are passed over. */
static int answer(int fd, uint64_t nonce, int64_t until_ms, int64_t *ret_wall_us, struct err *e)
{
	uint8_t packet[512];
	int r = err_set(e, ETIMEDOUT, "no answer");

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left_ms = until_ms - time_mono_ms();
		ssize_t n;

		if (left_ms <= 0 || poll(&p, 1, (int)left_ms) <= 0)
			return r;
		n = recv(fd, packet, sizeof(packet), 0);
		if (n < 0)
			return err_errno(e, errno, "no answer");
		r = sntp_parse(packet, (size_t)n, nonce, ret_wall_us, e);
		if (r != -EPROTO)
			return r;
	}
}

static int exchange(const struct addrinfo *ai, int timeout_ms, int64_t *ret_wall_us, struct err *e)
{
	_cleanup_close_ int fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int64_t sent_ms = time_mono_ms();
	uint8_t request[SNTP_BYTES];
	uint64_t nonce;
	int r;

	(void)!getrandom(&nonce, sizeof(nonce), 0);
	sntp_request(nonce, request);
	/* connected: answers from elsewhere are not even seen */
	if (fd < 0 || connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 ||
		send(fd, request, sizeof(request), 0) < 0)
		return err_errno(e, errno, "ask");
	r = answer(fd, nonce, sent_ms + timeout_ms, ret_wall_us, e);
	if (r == 0)
		*ret_wall_us += (time_mono_ms() - sent_ms) * 1000 / 2;
	return r;
}

static int ask_one(const char *server, const char *service, int timeout_ms, int64_t *ret_wall_us,
	struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list = NULL;
	int r = getaddrinfo(server, service, &hints, &list);

	if (r)
		return err_set(e, EHOSTUNREACH, "time server %.200s: %s", server, gai_strerror(r));
	r = -EHOSTUNREACH;
	for (const struct addrinfo *ai = list; ai && r < 0; ai = ai->ai_next)
		r = exchange(ai, timeout_ms, ret_wall_us, e);
	freeaddrinfo(list);
	return r < 0 ? err_prefix(e, "time server %.200s", server) : 0;
}

int sntp_ask(const char *servers, const char *service, int timeout_ms, int64_t *ret_wall_us,
	struct err *e)
{
	_cleanup_free_ char *list = xstrdup(servers);
	int r = err_set(e, EINVAL, "no time server is named");
	char *save = NULL;

	for (char *s = strtok_r(list, ", ", &save); s && r < 0; s = strtok_r(NULL, ", ", &save))
		r = ask_one(s, service, timeout_ms, ret_wall_us, e);
	return r;
}
