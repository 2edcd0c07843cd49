/* Pieces of files by byte range, from an honest server, from a wrong one, and from a local file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/fetch/range.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/http/server.h"
#include "tests/unit/http/peer.h"
#include "tests/unit/tap.h"

#define SIZE 100000

static uint8_t file[SIZE];
static unsigned cuts; /* answers to be refused for now */

/* The path says how the server is: "/good", "/whole", "/shifted", "/changing". */
static void handle(struct http_req *req, void *data)
{
	static unsigned served;
	const char *path = http_path(req), *range = http_header(req, "Range");
	char head[80];
	unsigned first = 0, last = SIZE - 1;

	if (cuts) {
		cuts--;
		http_reply_text(req, 503, "later");
		return;
	}
	if (str_eq(path, "/whole") || !range || sscanf(range, "bytes=%u-%u", &first, &last) < 1) {
		http_reply(req, 200, NULL, file, SIZE);
		return;
	}
	if (str_eq(path, "/shifted") && served++)
		first++;
	snprintf(head, sizeof(head), "bytes %u-%u/%u", first, last, SIZE);
	http_reply_header(req, "Content-Range", head);
	if (str_eq(path, "/changing"))
		snprintf(head, sizeof(head), "\"%u\"", served++);
	http_reply_header(req, "ETag", str_eq(path, "/changing") ? head : "\"1\"");
	http_reply(req, 206, NULL, file + first, last - first + 1);
}

static struct range *open_at(struct image_job *job, const char *base, const char *path)
{
	static char url[80];
	static const char *urls[2] = {url};
	struct range *r = NULL;

	snprintf(url, sizeof(url), "%s%s", base, path);
	job->urls = urls;
	return range_open(job, NULL, &r, NULL) == 0 ? r : NULL;
}

static void test_good(struct range *r)
{
	uint8_t buf[5000];
	struct err e = {0};

	ok(r && range_size(r) == SIZE, "the file's size");
	is_int(range_read(r, 777, buf, sizeof(buf), &e), 0, "a piece");
	ok(!memcmp(buf, file + 777, sizeof(buf)), "is that piece");
	is_int(range_read(r, SIZE - 1, buf, 1, &e), 0, "the last byte");
	is_int(buf[0], file[SIZE - 1], "is that byte");
	is_int(range_read(r, SIZE, buf, 0, &e), 0, "nothing at the end");
	is_int(range_read(r, SIZE - 1, buf, 2, &e), -ERANGE, "not beyond");
	is_int(range_read(r, UINT64_MAX, buf, 2, &e), -ERANGE, "nor far beyond");
}

static void test_server(struct image_job *job, const char *base)
{
	struct range *r = open_at(job, base, "/good");
	struct err e = {0};
	uint8_t buf[100];

	test_good(r);
	cuts = 2;
	is_int(range_read(r, 5, buf, 100, &e), 0, "503 twice");
	cuts = 9;
	is_int(range_read(r, 5, buf, 100, &e), -EREMOTEIO, "503 for ever");
	cuts = 0;
	range_free(r);
	ok(!open_at(job, base, "/whole"), "a server without ranges");
	r = open_at(job, base, "/shifted");
	is_int(range_read(r, 5, buf, 100, &e), -EPROTO, "another range");
	range_free(r);
	r = open_at(job, base, "/changing");
	is_int(range_read(r, 5, buf, 100, &e), -ESTALE, "another file");
	range_free(r);
}

static void test_local(struct image_job *job)
{
	static char path[] = "/tmp/ingot-range-XXXXXX";
	int fd = mkstemp(path);
	struct range *r;

	fs_write_all(fd, file, SIZE);
	close(fd);
	r = open_at(job, path, "");
	test_good(r);
	range_free(r);
	r = open_at(job, "file://", path);
	ok(r && range_size(r) == SIZE, "file://");
	range_free(r);
	unlink(path);
	ok(!open_at(job, path, ""), "no file");
}

int main(void)
{
	struct http_server_config c = {.listen = "127.0.0.1:0", .threads = 1, .handler = handle};
	struct image_job job = {.retries = 3, .retry_pause_ms = 1};
	struct http_server *s = NULL;
	struct err e = {0};
	char base[40];

	for (size_t i = 0; i < SIZE; i++)
		file[i] = (uint8_t)(i * 7 % 251);
	if (http_server_new(&c, &s, &e) < 0)
		printf("# %s\n", e.text);
	snprintf(base, sizeof(base), "http://127.0.0.1:%u", http_server_port(s));
	test_server(&job, base);
	test_local(&job);
	http_server_free(s);
	return done_testing();
}
