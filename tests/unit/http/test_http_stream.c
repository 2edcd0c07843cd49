/* Replies that are written while they are sent: piece by piece, to their end, or cut off. */
#include <pthread.h>
#include <stdlib.h>

#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/http/server.h"
#include "tests/unit/http/peer.h"
#include "tests/unit/tap.h"

#define BEHIND_MAX 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct http_stream *stream; /* of the last request */

static void handle(struct http_req *req, void *data)
{
	struct http_stream *s = http_stream_new(BEHIND_MAX);

	http_stream_write(s, "first ", 6); /* before it is a reply */
	http_reply_stream(req, 200, "text/plain", s);
	pthread_mutex_lock(&lock);
	stream = s;
	pthread_mutex_unlock(&lock);
}

static struct http_stream *taken(void)
{
	struct http_stream *s = NULL;

	for (int i = 0; i < 4000 && !s; i++) {
		pthread_mutex_lock(&lock);
		s = TAKE_PTR(stream);
		pthread_mutex_unlock(&lock);
		if (!s)
			usleep(5000);
	}
	return s;
}

static int ask(const struct http_server *s)
{
	static const char text[] = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	int fd = peer_connect(http_server_port(s));

	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		perror("send");
	return fd;
}

/* Reads until the text has come, or the end of it; true: it came. */
static bool reads(int fd, const char *text)
{
	static char got[8192];
	size_t n = 0;
	ssize_t r;

	while (n + 1 < sizeof(got) && (r = recv(fd, got + n, sizeof(got) - n - 1, 0)) > 0) {
		n += (size_t)r;
		got[n] = '\0';
		if (strstr(got, text))
			return true;
	}
	return false;
}

static void test_pieces(struct http_server *server)
{
	int fd = ask(server);
	struct http_stream *s = taken();
	char rest[256];
	ssize_t n;

	ok(reads(fd, "first "), "what was written before the reply is sent with it");
	is_int(http_stream_write(s, "second", 6), 0, "more is written");
	ok(reads(fd, "second"), "and sent at once");
	is_int(http_stream_write(s, "third", 5), 0, "once more");
	http_stream_end(s);
	ok(reads(fd, "third"), "what was written before the end is sent");
	while ((n = recv(fd, rest, sizeof(rest), 0)) > 0)
		;
	is_int(n, 0, "then the answer ends");
	close(fd);
}

static void test_slow(struct http_server *server)
{
	static char much[4096];
	int fd = ask(server), r = 0;
	struct http_stream *s = taken();
	size_t written = 0;

	for (; r == 0 && written < (64 << 20); written += sizeof(much))
		r = http_stream_write(s, much, sizeof(much));
	is_int(r, -ENOBUFS, "one who does not read is cut off");
	is_int(http_stream_write(s, much, 1), -EPIPE, "and gets no more");
	http_stream_end(s);
	close(fd);
}

static void test_gone(struct http_server *server)
{
	int fd = ask(server), r = 0;
	struct http_stream *s = taken();

	reads(fd, "first ");
	close(fd);
	for (int i = 0; r == 0 && i < 4000; i++) {
		r = http_stream_write(s, "x", 1);
		usleep(2000);
	}
	is_int(r, -EPIPE, "the writer learns that nobody reads any more");
	http_stream_end(s);
}

static void test_stop(struct http_server *server)
{
	int64_t since = time_mono_ms();
	int fd = ask(server);
	struct http_stream *s = taken();

	reads(fd, "first ");
	http_server_stop(server, 10000);
	ok(time_mono_ms() - since < 8000,
		"a server that stops does not wait for an endless answer");
	is_int(http_stream_write(s, "x", 1), -EPIPE, "its writer learns of it");
	http_stream_end(s);
	close(fd);
}

int main(void)
{
	struct http_server_config c = {.listen = "127.0.0.1:0", .threads = 2, .handler = handle};
	struct http_server *server;
	struct err e;

	if (http_server_new(&c, &server, &e) < 0)
		return 1;
	test_pieces(server);
	test_slow(server);
	test_gone(server);
	test_stop(server);
	http_server_free(server);
	return done_testing();
}
