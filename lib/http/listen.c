/* A listening socket for an address as configurations write it: "IP:port", "[IPv6]:port". */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/http/req.h"

#define WAITING_MAX 1024 /* connections that nobody has accepted yet */

static int split_listen(
	const char *listen, char *host, size_t size, const char **ret_port, struct err *e)
{
	const char *colon = listen ? strrchr(listen, ':') : NULL;
	size_t n;

	if (!colon || !colon[1])
		return err_set(e, EINVAL, "listen address \"%s\" needs the form IP:port",
			listen ? listen : "");
	n = colon - listen;
	*ret_port = colon + 1;
	if (n >= 2 && listen[0] == '[' && listen[n - 1] == ']') {
		listen++;
		n -= 2;
	} else if (memchr(listen, ':', n)) {
		return err_set(
			e, EINVAL, "listen address \"%s\": write IPv6 as [address]:port", listen);
	}
	if (n >= size)
		return err_set(e, EINVAL, "listen address \"%s\" is too long", listen);
	memcpy(host, listen, n);
	host[n] = 0;
	return 0;
}

static int socket_listen(const char *listen_on, const struct addrinfo *ai, int *ret_fd,
	uint16_t *ret_port, struct err *e)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	int one = 1, fd;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(e, errno, "listen on %s: socket", listen_on);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, WAITING_MAX) < 0 ||
		getsockname(fd, (struct sockaddr *)&ss, &len) < 0) {
		int code = errno;

		close(fd);
		err_errno(e, code, "listen on %s", listen_on);
		return code == EADDRINUSE ? err_advise(e, "another program has this port") : -code;
	}
	*ret_fd = fd;
	*ret_port = ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
						   : ((struct sockaddr_in *)&ss)->sin_port);
	return 0;
}

int http_listen(const char *listen_on, int *ret_fd, uint16_t *ret_port, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *ai;
	const char *port = NULL;
	char host[128];
	int r;

	r = split_listen(listen_on, host, sizeof(host), &port, e);
	if (r < 0)
		return r;
	r = getaddrinfo(*host ? host : "0.0.0.0", port, &hints, &ai);
	if (r != 0)
		return err_set(e, EINVAL, "listen on \"%s\": %s", listen_on, gai_strerror(r));
	r = socket_listen(listen_on, ai, ret_fd, ret_port, e);
	freeaddrinfo(ai);
	return r;
}
