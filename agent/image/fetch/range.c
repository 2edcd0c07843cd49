/* Reading pieces of files by byte range; see range.h. */
#include "agent/image/fetch/range.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/image/fetch/remote.h"
#include "agent/image/fetch/source.h"
#include "lib/base/str.h"

#define FILE_READ_BYTES (256 * 1024)
#define PROGRESS_BYTES	(64 * 1024) /* received: the transfer goes on, retries count anew */

struct range {
	const struct image_job *job;
	unsigned url;
	int fd; /* of a local file, or -1 */
	struct remote remote;
	uint64_t size;
	char validator[IMGHEAD_TEXT_MAX];

	/* of the present read */
	int (*fn)(void *data, const uint8_t *bytes, size_t len);
	void *data;
	uint64_t offset, len, at;
	bool opening, checked, bad, refused;
	struct err err;
};

static int answer_bad(struct range *r, int code, const char *what)
{
	r->bad = true;
	return err_set(&r->err, code, "GET %s: %s", r->remote.shown, what);
}

/* An answer to a range request is that range of that file, or of no use. */
static int check_answer(struct range *r)
{
	const struct imghead *h = &r->remote.head;
	const char *now = imghead_validator(h);
	bool again;
	int ret = remote_status(&r->remote, &again, &r->err);

	r->checked = true;
	r->bad = ret < 0 && !again;
	if (ret < 0)
		return ret;
	if (r->remote.status != 206)
		return answer_bad(r, ENOTSUP,
			"the server does not give parts of the file (no byte ranges); put the "
			"image on a server that does");
	if (!h->has_range || h->range_start != r->offset + r->at)
		return answer_bad(
			r, EPROTO, "the server answers with another range than asked for");
	if ((!r->opening && h->range_total != r->size) ||
		(r->validator[0] && now[0] && strcmp(now, r->validator) != 0))
		return answer_bad(r, ESTALE, "the file was changed during the download");
	r->size = h->range_total;
	str_copy(r->validator, sizeof(r->validator), now);
	return 0;
}

static size_t on_body(void *data, const uint8_t *bytes, size_t len)
{
	struct range *r = data;

	if (!r->checked && check_answer(r) < 0)
		return 0;
	if (len > r->len - r->at) {
		answer_bad(r, EPROTO, "the server sends more than was asked for");
		return 0;
	}
	if (r->fn(r->data, bytes, len) < 0) {
		r->refused = true;
		return 0;
	}
	r->at += len;
	return len;
}

/* One request for what is still missing. 0: all is there; -EAGAIN: try again. */
static int attempt(struct range *r)
{
	CURLcode code;

	r->checked = r->bad = false;
	r->err = (struct err){0};
	code = remote_get(&r->remote, r->offset + r->at, r->offset + r->len - 1, r->validator,
		on_body, r, &r->err);
	if (code == CURLE_OK && !r->checked)
		check_answer(r);
	if (code == CURLE_OK && !r->err.code && r->at == r->len)
		return 0;
	if (r->err.code)
		return r->bad || code == CURLE_FAILED_INIT ? -r->err.code : -EAGAIN;
	remote_error(&r->remote, code, r->at, r->len, &r->err);
	return code != CURLE_OK && remote_hopeless(code, &r->err) ? -r->err.code : -EAGAIN;
}

static bool stopped(const struct range *r)
{
	return r->remote.stop && atomic_load(r->remote.stop);
}

static int read_remote(struct range *r, struct err *e)
{
	unsigned retries = remote_retries(r->job), failed = 0;
	uint64_t before = 0;
	int ret;

	while ((ret = attempt(r)) == -EAGAIN && !stopped(r) && !r->refused) {
		if (r->at - before >= PROGRESS_BYTES)
			failed = 0;
		before = r->at;
		if (failed > retries)
			break;
		remote_pause(&r->remote, failed++);
	}
	if (ret == 0)
		return 0;
	if (stopped(r) || r->refused)
		return err_set(e, ECANCELED, "GET %s: stopped", r->remote.shown);
	if (e)
		*e = r->err;
	return -r->err.code;
}

static int read_local(struct range *r, struct err *e)
{
	_cleanup_free_ uint8_t *buf = xmalloc(FILE_READ_BYTES);

	while (r->at < r->len) {
		uint64_t left = r->len - r->at;
		size_t want = left < FILE_READ_BYTES ? (size_t)left : FILE_READ_BYTES;
		ssize_t n = pread(r->fd, buf, want, (off_t)(r->offset + r->at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(e, n < 0 ? errno : ENODATA, "read %s at byte %" PRIu64,
				r->job->urls[r->url], r->offset + r->at);
		if (r->fn(r->data, buf, (size_t)n) < 0)
			return err_set(e, ECANCELED, "read %s: stopped", r->job->urls[r->url]);
		r->at += (uint64_t)n;
	}
	return 0;
}

int range_stream(struct range *r, uint64_t offset, uint64_t len,
	int (*fn)(void *data, const uint8_t *bytes, size_t len), void *data, struct err *e)
{
	if (offset > r->size || len > r->size - offset)
		return err_set(e, ERANGE,
			"bytes %" PRIu64 " to %" PRIu64 " lie outside the image file of %" PRIu64
			" bytes",
			offset, offset + len, r->size);
	r->offset = offset;
	r->len = len;
	r->at = 0;
	r->fn = fn;
	r->data = data;
	r->refused = false;
	if (!len)
		return 0;
	return r->fd >= 0 ? read_local(r, e) : read_remote(r, e);
}

static int to_memory(void *data, const uint8_t *bytes, size_t len)
{
	uint8_t **at = data;

	memcpy(*at, bytes, len);
	*at += len;
	return 0;
}

int range_read(struct range *r, uint64_t offset, void *buf, size_t len, struct err *e)
{
	uint8_t *at = buf;

	return range_stream(r, offset, len, to_memory, &at, e);
}

static int open_local(struct range *r, const char *path, struct err *e)
{
	struct stat st;

	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return err_errno(e, errno, "open image %s", path);
	r->size = (uint64_t)st.st_size;
	return S_ISREG(st.st_mode) ? 0 : err_set(e, EINVAL, "the image %s is no file", path);
}

/* The first byte tells the size, and whether there are ranges at all. */
static int open_remote(struct range *r, const atomic_bool *stop, struct err *e)
{
	int ret = remote_open_at(&r->remote, r->job, r->url, stop, e);
	uint8_t first;

	if (ret < 0)
		return ret;
	r->size = 1; /* at least; the answer says */
	r->opening = true;
	ret = range_read(r, 0, &first, 1, e);
	r->opening = false;
	return ret;
}

int range_resume(const struct image_job *job, unsigned url, uint64_t size, const char *validator,
	const atomic_bool *stop, struct range **ret, struct err *e)
{
	struct range *r = xcalloc(1, sizeof(*r));
	int code;

	*r = (struct range){.job = job, .url = url, .fd = -1, .size = size};
	str_copy(r->validator, sizeof(r->validator), validator);
	code = remote_open_at(&r->remote, job, url, stop, e);
	if (code < 0)
		range_free(r);
	else
		*ret = r;
	return code;
}

static void close_both(struct range *r)
{
	remote_close(&r->remote);
	mem_closep(&r->fd);
	r->fd = -1;
}

int range_open(
	const struct image_job *job, const atomic_bool *stop, struct range **ret, struct err *e)
{
	struct range *r = xcalloc(1, sizeof(*r));
	int code = err_set(e, EINVAL, "the image has no URL");

	for (unsigned i = 0; job->urls && job->urls[i]; i++) {
		const char *path = source_path(job->urls[i]);

		*r = (struct range){.job = job, .url = i, .fd = -1};
		code = path ? open_local(r, path, e) : open_remote(r, stop, e);
		if (code == 0) {
			*ret = r;
			return 0;
		}
		close_both(r);
		if (code == -ECANCELED)
			break;
	}
	free(r);
	return code;
}

void range_free(struct range *r)
{
	if (!r)
		return;
	close_both(r);
	free(r);
}

uint64_t range_size(const struct range *r)
{
	return r->size;
}

unsigned range_url(const struct range *r)
{
	return r->url;
}
