/* HTTP/1.0 by hand: connect, write, read the status line; see post.h. */
#include "tests/vrack/system/post.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#define SILENCE_S 10

struct target {
	struct sockaddr_storage addr;
	socklen_t len;
	char authority[128]; /* what the Host header says */
	const char *path;
};

static int parse_address(char *host, unsigned port, struct target *t)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&t->addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&t->addr;
	size_t n = strlen(host);

	memset(&t->addr, 0, sizeof(t->addr));
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((unsigned short)port);
		t->len = sizeof(*v6);
		return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1 ? 0 : -EINVAL;
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons((unsigned short)port);
	t->len = sizeof(*v4);
	return inet_pton(AF_INET, host, &v4->sin_addr) == 1 ? 0 : -EINVAL;
}

static int parse_url(const char *url, struct target *t)
{
	static const char scheme[] = "http://";
	unsigned long port = 80;
	char host[sizeof(t->authority)], *colon, *end;
	size_t n;

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0 || strpbrk(url, " \r\n"))
		return -EINVAL;
	url += sizeof(scheme) - 1;
	n = strcspn(url, "/");
	if (n == 0 || n >= sizeof(host))
		return -EINVAL;
	memcpy(host, url, n);
	host[n] = '\0';
	strcpy(t->authority, host);
	t->path = url[n] ? url + n : "/";
	colon = strrchr(host, ':');
	if (colon && !strchr(colon, ']')) {
		*colon = '\0';
		port = strtoul(colon + 1, &end, 10);
		if (*end || port == 0 || port > 65535)
			return -EINVAL;
	}
	return parse_address(host, (unsigned)port, t);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* "HTTP/1.x NNN ..."; what follows does not matter. */
static int read_status(int fd)
{
	char answer[64];
	size_t len = 0;
	int status;
	ssize_t n;

	while (len < 12) {
		n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0);
		if (n <= 0)
			return n == 0 ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;
		len += (size_t)n;
	}
	answer[len] = '\0';
	return sscanf(answer, "HTTP/1.%*1d %3d", &status) == 1 ? status : -EPROTO;
}

int post_json(const char *url, const char *body)
{
	struct timeval limit = {.tv_sec = SILENCE_S};
	struct target t;
	char head[1024];
	int fd, r = parse_url(url, &t);

	if (r < 0)
		return r;
	fd = socket(t.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&t.addr, t.len) < 0)
		r = errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	snprintf(head, sizeof(head),
		"POST %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: ingot-system\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		t.path, t.authority, strlen(body));
	if (r == 0)
		r = write_all(fd, head, strlen(head));
	if (r == 0)
		r = write_all(fd, body, strlen(body));
	if (r == 0)
		r = read_status(fd);
	close(fd);
	return r;
}
