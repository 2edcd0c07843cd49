/*
 * Downloads with resume. A cut transfer goes on from the byte reached, by Range, tied to the same
 * file by If-Range and the total length. A server that answers from the start again has its first
 * bytes dropped. What came in between is judged by the checksum.
 */
#include "agent/image/fetch/source.h"
#include "agent/image/fetch/parallel.h"
#include "agent/image/fetch/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#define PROGRESS_BYTES	(64 * 1024) /* received: the transfer goes on, retries count anew */
#define ATTEMPTS_MAX	1000
#define SPREAD_BYTES	(16 * 1024 * 1024)
#define SPREAD_MS	1000
#define CONNECTIONS	4
#define FILE_READ_BYTES (512 * 1024)

enum verdict { DONE, AGAIN, NEXT_URL, FATAL, SPREAD };

/* One URL's transfer; state that lives through its attempts. */
struct transfer {
	struct source *s;
	struct remote remote;
	uint64_t at;			  /* bytes handed to the sink */
	uint64_t total;			  /* 0: unknown */
	char validator[IMGHEAD_TEXT_MAX]; /* strong ETag or date of the file begun with */
	unsigned url;
	bool single; /* the server did not give segments as asked: one connection from now on */
	int64_t waited_ms; /* for the sink, that is for disk, hash or decoder */
	unsigned restarts; /* how often the server began again instead of going on */

	/* of the present attempt */
	bool checked;
	uint64_t skip; /* bytes to drop: the server began at 0 */
	int64_t start_ms;
	bool sink_failed;
	struct err err;
	enum verdict verdict;
};

static bool stopped(const struct source *s)
{
	return atomic_load(s->stop);
}

static int verdict_set(struct transfer *t, enum verdict v, int code, const char *text)
{
	t->verdict = v;
	return err_set(&t->err, code, "GET %s: %s", t->remote.shown, text);
}

/* Whether this answer is the rest of the file that was begun. */
static int check_same_file(struct transfer *t, uint64_t total)
{
	const char *now = imghead_validator(&t->remote.head);

	if (t->total && total && total != t->total) {
		t->verdict = t->at ? FATAL : NEXT_URL;
		return err_set(&t->err, ESTALE,
			"GET %s: the file has %" PRIu64 " bytes now and had %" PRIu64
			" before; it was changed during the download",
			t->remote.shown, total, t->total);
	}
	if (t->at && t->validator[0] && now[0] && strcmp(now, t->validator) != 0)
		return verdict_set(t, FATAL, ESTALE, "the file was changed during the download");
	if (!t->at)
		str_copy(t->validator, sizeof(t->validator), now);
	if (total)
		t->total = total;
	atomic_store(t->s->total, t->total);
	return 0;
}

/* Looks at the answer's head when its first byte comes. */
static int check_answer(struct transfer *t)
{
	curl_off_t length = -1;
	uint64_t total = 0;
	bool again;

	t->checked = true;
	if (remote_status(&t->remote, &again, &t->err) < 0) {
		t->verdict = again ? AGAIN : NEXT_URL;
		return -t->err.code;
	}
	curl_easy_getinfo(t->remote.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	t->skip = 0;
	if (t->remote.status == 206) {
		if (!t->remote.head.has_range || t->remote.head.range_start != t->at)
			return verdict_set(t, NEXT_URL, EPROTO,
				"the server answers with another range than asked for");
		total = t->remote.head.range_total;
	} else {
		t->skip = t->at;
		total = length > 0 ? (uint64_t)length : 0;
		if (t->at && ++t->restarts > remote_retries(t->s->job))
			return verdict_set(t, NEXT_URL, EPROTO,
				"the transfer is cut again and again, and the server does not go "
				"on where it was (no byte ranges); put the image on a server that "
				"does");
	}
	return check_same_file(t, total);
}

/*
 * Whether the rest shall come over several connections: the server gives parts of a file that it
 * can name, much is left, and the disk has been waiting for this connection.
 */
static bool spreads(const struct transfer *t)
{
	const struct image_job *job = t->s->job;
	uint64_t least = job->connections ? 2 * PARALLEL_SEGMENT : PARALLEL_LEAST;
	int64_t ms = time_mono_ms() - t->start_ms;

	if (t->single || source_connections(job) == 1 || !t->remote.head.ranges ||
		!t->validator[0] || !t->total || t->total - t->at < least)
		return false;
	return job->connections ||
	       (t->at >= SPREAD_BYTES && ms >= SPREAD_MS && t->waited_ms < ms / 4);
}

static size_t on_data(void *arg, const uint8_t *p, size_t len)
{
	struct transfer *t = arg;
	int64_t before_ms;
	size_t drop;

	if (!t->checked && check_answer(t) < 0)
		return 0;
	if (stopped(t->s))
		return 0;
	drop = t->skip < len ? (size_t)t->skip : len;
	t->skip -= drop;
	p += drop;
	if (t->total && len - drop > t->total - t->at) {
		verdict_set(t, NEXT_URL, EPROTO, "the server sends more than it announced");
		return 0;
	}
	before_ms = time_mono_ms();
	if (len > drop && t->s->sink(t->s->data, p, len - drop) < 0) {
		t->sink_failed = true;
		return 0;
	}
	t->waited_ms += time_mono_ms() - before_ms;
	t->at += len - drop;
	atomic_store(t->s->read, t->at);
	if (spreads(t)) {
		t->verdict = SPREAD;
		return 0;
	}
	return len;
}

/* What the end of an attempt means, when no callback has said so already. */
static void judge(struct transfer *t, CURLcode code)
{
	if (t->verdict == SPREAD)
		return;
	if (code == CURLE_OK && !t->checked && check_answer(t) < 0)
		return; /* an empty body */
	if (code == CURLE_OK && (!t->total || t->at == t->total)) {
		t->verdict = DONE;
		return;
	}
	if (t->err.code)
		return;
	remote_error(&t->remote, code, t->at, t->total, &t->err);
	t->verdict = code != CURLE_OK && remote_hopeless(code, &t->err) ? NEXT_URL : AGAIN;
}

static void attempt(struct transfer *t)
{
	CURLcode code;

	t->err = (struct err){0};
	t->checked = t->sink_failed = false;
	t->verdict = AGAIN;
	t->waited_ms = 0;
	t->start_ms = time_mono_ms();
	code = remote_get(
		&t->remote, t->at, UINT64_MAX, t->at ? t->validator : NULL, on_data, t, &t->err);
	if (code == CURLE_FAILED_INIT && t->err.code)
		t->verdict = FATAL;
	else
		judge(t, code);
}

/* The rest over several connections. AGAIN: what is still missing has to come over one. */
static void spread(struct transfer *t)
{
	int r = parallel_run(t->s, t->url, t->total, t->validator, &t->at);

	t->single = true;
	t->sink_failed = r == -ECANCELED;
	t->verdict = r == 0 ? DONE : AGAIN;
}

/* Tries one URL until it is done, refused or out of retries. */
static enum verdict transfer_run(struct transfer *t)
{
	unsigned retries = remote_retries(t->s->job), failed = 0;

	for (int n = 0; n < ATTEMPTS_MAX; n++) {
		uint64_t before = t->at;

		attempt(t);
		if (t->verdict == SPREAD)
			spread(t);
		if (t->verdict != AGAIN || t->sink_failed || stopped(t->s))
			return t->verdict;
		if (t->at - before >= PROGRESS_BYTES)
			failed = 0;
		if (failed >= retries)
			break;
		atomic_fetch_add(t->s->resumed, 1);
		remote_pause(&t->remote, failed++);
	}
	err_advise(&t->err,
		"given up after %u attempts without progress; look at the image server and the "
		"way to it",
		retries + 1);
	return NEXT_URL;
}

static int run_http(struct source *s, struct transfer *t, struct err *e)
{
	enum verdict v;
	int r = remote_open_at(&t->remote, s->job, t->url, s->stop, e);

	if (r < 0)
		return r;
	v = transfer_run(t);
	if (v == DONE) {
		r = 0;
	} else if (stopped(s) || t->sink_failed) {
		r = err_set(e, ECANCELED, "GET %s: stopped", t->remote.shown);
	} else {
		r = v == FATAL ? -ESTALE : -t->err.code;
		if (e)
			*e = t->err;
	}
	remote_close(&t->remote);
	return r;
}

static int read_all(struct source *s, struct transfer *t, int fd, const char *path, struct err *e)
{
	_cleanup_free_ uint8_t *buf = xmalloc(FILE_READ_BYTES);
	ssize_t n;

	if (t->at && lseek(fd, (off_t)t->at, SEEK_SET) < 0)
		return err_errno(e, errno, "seek %s", path);
	while ((n = read(fd, buf, FILE_READ_BYTES)) != 0) {
		if (n < 0)
			return err_errno(e, errno, "read %s", path);
		if (stopped(s) || s->sink(s->data, buf, (size_t)n) < 0)
			return err_set(e, ECANCELED, "read %s: stopped", path);
		t->at += (uint64_t)n;
		atomic_store(s->read, t->at);
	}
	return 0;
}

static int run_file(struct source *s, struct transfer *t, const char *path, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int code = errno;

		err_errno(e, code, "open image %s", path);
		return code == ENOENT ? err_advise(e, "check image_source") : -code;
	}
	if (S_ISREG(st.st_mode))
		atomic_store(s->total, (uint64_t)st.st_size);
	return read_all(s, t, fd, path, e);
}

unsigned source_connections(const struct image_job *job)
{
	unsigned n = job->connections ? job->connections : CONNECTIONS;

	return n < PARALLEL_MAX ? n : PARALLEL_MAX;
}

const char *source_path(const char *url)
{
	if (str_starts(url, "file://"))
		return url + 7;
	return strstr(url, "://") ? NULL : url;
}

int source_run(struct source *s, struct err *e)
{
	struct transfer t = {.s = s};
	int r = err_set(e, EINVAL, "the image has no URL");

	for (size_t i = 0; s->job->urls && s->job->urls[i]; i++) {
		const char *path = source_path(s->job->urls[i]);

		t.url = (unsigned)i;
		t.single = false;
		t.validator[0] = 0; /* another server's tags say nothing */
		r = path ? run_file(s, &t, path, e) : run_http(s, &t, e);
		if (r == 0 || r == -ECANCELED || r == -ESTALE)
			break;
	}
	return r;
}
