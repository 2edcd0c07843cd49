/* image_write() as the agent calls it: over TLS with a given CA, with credentials, progress,
 * cancel. */
#include <errno.h>
#include <stdlib.h>

#include "agent/image/image.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/http/server.h"
#include "tests/unit/http/peer.h"
#include "tests/unit/tap.h"

#define SIZE (3 * 1024 * 1024)

static char *cert, *key, *other_cert, *other_key;
static char *image;
static char target[] = "/tmp/ingot-write-XXXXXX";

static void handle(struct http_req *req, void *data)
{
	const char *auth = http_header(req, "Authorization");

	if (!str_eq(auth, "Bearer geheim"))
		http_reply_text(req, 401, "who are you");
	else
		http_reply(req, 200, NULL, image, SIZE);
}

struct seen {
	unsigned calls, phases;
	uint64_t read;
	atomic_bool *cancel;
};

static void on_progress(const struct image_progress *p, void *data)
{
	struct seen *s = data;

	s->calls++;
	s->phases |= 1U << p->phase;
	s->read = p->read;
	if (s->cancel && p->phase == IMAGE_WRITING)
		atomic_store(s->cancel, true);
}

static void test_good(const struct image_job *job)
{
	_cleanup_free_ char *got = NULL;
	struct image_result res;
	struct seen seen = {0};
	struct err e = {0};
	size_t len = 0;

	is_int(image_write(job, on_progress, &seen, NULL, &res, &e), 0, "written over TLS");
	fs_read(target, 2 * SIZE, &got, &len, &e);
	ok(len == SIZE && !memcmp(got, image, SIZE), "byte for byte");
	ok(seen.read == SIZE && seen.phases == (1U << IMAGE_PREPARING | 1U << IMAGE_WRITING |
						       1U << IMAGE_FINISHING |
						       1U << IMAGE_VERIFYING | 1U << IMAGE_DONE),
		"progress of every phase");
	ok(res.progress.decoded == SIZE && res.progress.written + res.progress.skipped == SIZE,
		"bytes add up");
	is_str(res.disk_label, "", "no partition table");
	is_str(image_phase_name(IMAGE_VERIFYING), "verifying", "phases have names");
}

static void test_failures(struct image_job job)
{
	atomic_bool cancel = false;
	struct seen seen = {.cancel = &cancel};
	struct err e = {0};

	is_int(image_write(&job, on_progress, &seen, &cancel, NULL, &e), -ECANCELED, "cancelled");
	ok(str_starts(e.text, "write image: cancelled"), "by name");
	job.authorization = "Bearer wrong";
	is_int(image_write(&job, NULL, NULL, NULL, NULL, &e), -ENOENT, "401 is final");
	ok(strstr(e.text, "401 Unauthorized; check image_source") && !strstr(e.text, "wrong"),
		"and says so without the secret");
	job.ca_pem = other_cert;
	is_int(image_write(&job, NULL, NULL, NULL, NULL, &e), -EPROTO, "another CA is refused");
	job.disk_format = "vmdk";
	is_int(image_write(&job, NULL, NULL, NULL, NULL, &e), -ENOTSUP, "vmdk is refused");
	job.disk_format = "raw";
	job.no_checksum = false;
	is_int(image_write(&job, NULL, NULL, NULL, NULL, &e), -EINVAL, "no checksum is refused");
	job.no_checksum = true;
	job.target_size = 4711;
	is_int(image_write(&job, NULL, NULL, NULL, NULL, &e), -ENXIO, "another disk is refused");
	ok(strstr(e.text, "expected are 4711") != NULL, "with both sizes");
	job.target_size = 0;
	job.configdrive = "!!!!";
	job.authorization = "Bearer geheim";
	job.ca_pem = cert;
	ok(image_write(&job, NULL, NULL, NULL, NULL, &e) < 0 && strstr(e.text, "config drive"),
		"a config drive needs a partition table");
}

int main(void)
{
	struct http_server_config c = {.listen = "127.0.0.1:0", .threads = 1, .handler = handle};
	struct http_server *s = NULL;
	struct err e = {0};
	char url[64];
	const char *urls[] = {url, NULL};
	struct image_job job = {.urls = urls,
		.disk_format = "raw",
		.target = target,
		.no_checksum = true,
		.authorization = "Bearer geheim"};

	peer_certificate(&cert, &key);
	peer_certificate(&other_cert, &other_key);
	image = calloc(1, SIZE);
	for (size_t i = 0; i < SIZE / 2; i++)
		image[i] = (char)(i * 7 % 251);
	c.tls_cert = cert;
	c.tls_key = key;
	if (http_server_new(&c, &s, &e) < 0)
		printf("# %s\n", e.text);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/image", http_server_port(s));
	job.ca_pem = cert;
	close(mkstemp(target));
	test_good(&job);
	test_failures(job);
	unlink(target);
	http_server_free(s);
	free(image);
	free(cert);
	free(key);
	free(other_cert);
	free(other_key);
	return done_testing();
}
