/* The deployed system's HTTP POST, against a server of a few lines. */
#include "tests/unit/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vrack/system/post.h"

/* Reads one request to the end of its body (which ends in '}'), and answers with `answer`. */
static void serve(int listener, const char *answer, const char *wants)
{
	char request[4096] = "";
	size_t len = 0;
	ssize_t n;
	int fd = accept(listener, NULL, NULL);

	while ((n = recv(fd, request + len, sizeof(request) - 1 - len, 0)) > 0) {
		len += (size_t)n;
		request[len] = '\0';
		if (request[len - 1] == '}')
			break;
	}
	send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	_exit(strstr(request, wants) ? 0 : 1);
}

static int listen_here(char *url, size_t size)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 4) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		exit(1);
	snprintf(url, size, "http://127.0.0.1:%d/phone-home/x", ntohs(a.sin_port));
	return fd;
}

static void check(const char *answer, int want, const char *wants, const char *what)
{
	char url[64];
	int status = 1, listener = listen_here(url, sizeof(url));
	pid_t pid = fork();

	if (pid == 0)
		serve(listener, answer, wants);
	close(listener);
	is_int(post_json(url, "{\"a\":1}"), want, "%s", what);
	waitpid(pid, &status, 0);
	is_int(status, 0, "%s: the request is right", what);
}

int main(void)
{
	char url[64];

	check("HTTP/1.1 204 No Content\r\n\r\n", 204,
		"POST /phone-home/x HTTP/1.0\r\nHost: 127.0.0.1:", "accepted");
	check("HTTP/1.0 503 Busy\r\n\r\n", 503, "Content-Type: application/json\r\n", "refused");
	check("HTTP/1.1 200 OK\r\n\r\n", 200, "Content-Length: 7\r\n\r\n{\"a\":1}",
		"body and length");
	check("SSH-2.0-not HTTP\r\n", -EPROTO, "POST", "another protocol");
	check("HTTP", -ECONNRESET, "POST", "cut short");
	close(listen_here(url, sizeof(url)));
	is_int(post_json(url, "{}"), -ECONNREFUSED, "nobody listens");
	is_int(post_json("https://10.0.0.1/x", "{}"), -EINVAL, "no TLS");
	is_int(post_json("http://host.example/x", "{}"), -EINVAL, "no names");
	is_int(post_json("http://10.0.0.1:0/x", "{}"), -EINVAL, "port 0");
	is_int(post_json("http://10.0.0.1:8x/x", "{}"), -EINVAL, "a port that is none");
	is_int(post_json("http://10.0.0.1/x HTTP/1.0\r\nA: b", "{}"), -EINVAL, "no second header");
	return done_testing();
}
