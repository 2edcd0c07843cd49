/*
 * Downloads with resume. A cut transfer goes on from the byte reached, by Range, tied to the same
 * file by If-Range and the total length. A server that answers from the start again has its first
 * bytes dropped. What came in between is judged by the checksum.
 */
#include "agent/image/source.h"
#include "agent/image/imghead.h"

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
#include "lib/http/curl.h"

#define RETRIES		10
#define RETRY_PAUSE_MS	500
#define PAUSE_MAX_MS	10000
#define STALL_S		60
#define PROGRESS_BYTES	(64 * 1024) /* received: the transfer goes on, retries count anew */
#define ATTEMPTS_MAX	1000
#define REDIRECTS_MAX	5
#define FILE_READ_BYTES (512 * 1024)

enum verdict { DONE, AGAIN, NEXT_URL, FATAL };

/* One URL's transfer; state that lives through its attempts. */
struct transfer {
	struct source *s;
	const char *url;
	char shown[256];
	uint64_t at;			  /* bytes handed to the sink */
	uint64_t total;			  /* 0: unknown */
	char validator[IMGHEAD_TEXT_MAX]; /* strong ETag or date of the file begun with */
	unsigned restarts;		  /* how often the server began again instead of going on */

	/* of the present attempt */
	CURL *easy;
	char error[CURL_ERROR_SIZE];
	long status;
	bool checked;
	uint64_t skip; /* bytes to drop: the server began at 0 */
	struct imghead head;
	int64_t last_ms;
	bool stalled, sink_failed;
	struct err err;
	enum verdict verdict;
};

static bool stopped(const struct source *s)
{
	return atomic_load(s->stop);
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	imghead_line(&t->head, line, size * n);
	t->last_ms = time_mono_ms();
	return size * n;
}

static int verdict_set(struct transfer *t, enum verdict v, int code, const char *text)
{
	t->verdict = v;
	return err_set(&t->err, code, "GET %s: %s", t->shown, text);
}

/* Whether this answer is the rest of the file that was begun. */
static int check_same_file(struct transfer *t, uint64_t total)
{
	const char *now = imghead_validator(&t->head);

	if (t->total && total && total != t->total) {
		t->verdict = t->at ? FATAL : NEXT_URL;
		return err_set(&t->err, ESTALE,
			"GET %s: the file has %" PRIu64 " bytes now and had %" PRIu64
			" before; it was changed during the download",
			t->shown, total, t->total);
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

static int check_status(struct transfer *t)
{
	char text[160];

	if (t->status == 200 || t->status == 206)
		return 0;
	snprintf(text, sizeof(text), "%ld %s%s", t->status, http_status_text((int)t->status),
		t->status >= 400 && t->status < 500 ? "; check image_source" : "");
	if (t->status >= 500 || t->status == 408 || t->status == 429)
		return verdict_set(t, AGAIN, EREMOTEIO, text);
	return verdict_set(t, NEXT_URL, ENOENT, text);
}

static unsigned retries_of(const struct image_job *job)
{
	return job->retries ? job->retries : RETRIES;
}

/* Looks at the answer's head when its first byte comes. */
static int check_answer(struct transfer *t)
{
	curl_off_t length = -1;
	uint64_t total = 0;
	int r;

	t->checked = true;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
	r = check_status(t);
	if (r < 0)
		return r;
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	t->skip = 0;
	if (t->status == 206) {
		if (!t->head.has_range || t->head.range_start != t->at)
			return verdict_set(t, NEXT_URL, EPROTO,
				"the server answers with another range than asked for");
		total = t->head.range_total;
	} else {
		t->skip = t->at;
		total = length > 0 ? (uint64_t)length : 0;
		if (t->at && ++t->restarts > retries_of(t->s->job))
			return verdict_set(t, NEXT_URL, EPROTO,
				"the transfer is cut again and again, and the server does not go "
				"on where it was (no byte ranges); put the image on a server that "
				"does");
	}
	return check_same_file(t, total);
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n, drop;
	const uint8_t *p = (const uint8_t *)data;

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
	if (len > drop && t->s->sink(t->s->data, p, len - drop) < 0) {
		t->sink_failed = true;
		return 0;
	}
	t->at += len - drop;
	atomic_store(t->s->read, t->at);
	t->last_ms = time_mono_ms(); /* after the sink: its waiting is not the server's */
	return len;
}

static int on_tick(
	void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	struct transfer *t = arg;
	unsigned limit = t->s->job->stall_timeout_s ? t->s->job->stall_timeout_s : STALL_S;

	if (stopped(t->s))
		return 1;
	if (time_mono_ms() - t->last_ms < limit * 1000LL)
		return 0;
	t->stalled = true;
	return 1;
}

static int slist_add(struct curl_slist **l, const char *line)
{
	struct curl_slist *n = strpbrk(line, "\r\n") ? NULL : curl_slist_append(*l, line);

	if (!n)
		return -EINVAL;
	*l = n;
	return 0;
}

static int request_headers(struct transfer *t, struct curl_slist **l)
{
	const struct image_job *job = t->s->job;
	char *line;
	int r = 0;

	if (job->authorization) {
		line = xasprintf("Authorization: %s", job->authorization);
		r = slist_add(l, line);
		mem_wipe(line, strlen(line));
		free(line);
	}
	for (size_t i = 0; r == 0 && job->headers && job->headers[i]; i++)
		r = slist_add(l, job->headers[i]);
	if (r == 0 && t->at && t->validator[0]) {
		line = xasprintf("If-Range: %s", t->validator);
		r = slist_add(l, line);
		free(line);
	}
	return r;
}

static void set_options(struct transfer *t, const struct image_job *job)
{
	CURL *c = t->easy;
	char range[32];

	curl_easy_setopt(c, CURLOPT_URL, t->url);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "ingot-agent/" INGOT_VERSION);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, 15000L);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 512L * 1024);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_tick);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	if (job->user) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(c, CURLOPT_USERNAME, job->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, job->password ? job->password : "");
	}
	if (job->http_proxy && str_starts(t->url, "http:"))
		curl_easy_setopt(c, CURLOPT_PROXY, job->http_proxy);
	if (job->https_proxy && str_starts(t->url, "https:"))
		curl_easy_setopt(c, CURLOPT_PROXY, job->https_proxy);
	if (job->no_proxy)
		curl_easy_setopt(c, CURLOPT_NOPROXY, job->no_proxy);
	snprintf(range, sizeof(range), "%" PRIu64 "-", t->at);
	if (t->at)
		curl_easy_setopt(c, CURLOPT_RANGE, range);
}

/* Failures that another attempt does not cure, and what does. */
static bool hopeless(struct transfer *t, CURLcode code)
{
	static const struct {
		CURLcode code;
		const char *advice;
	} rows[] = {
		{CURLE_URL_MALFORMAT, "correct image_source"},
		{CURLE_UNSUPPORTED_PROTOCOL, "correct image_source; http and https are known"},
		{CURLE_TOO_MANY_REDIRECTS, "correct image_source, or the server's redirects"},
		{CURLE_PEER_FAILED_VERIFICATION,
			"the agent does not trust the server's certificate; give its CA with the "
			"kernel parameter ipa-cafile, or serve the image by http: its checksum "
			"protects it"},
		{CURLE_SSL_CACERT_BADFILE, "correct the kernel parameter ipa-cafile"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].code == code) {
			err_advise(&t->err, "%s", rows[i].advice);
			return true;
		}
	return false;
}

/* What the end of an attempt means, when no callback has said so already. */
static void judge(struct transfer *t, CURLcode code)
{
	const char *cause = *t->error ? t->error : curl_easy_strerror(code);
	char text[200];

	if (code == CURLE_OK && !t->checked && check_answer(t) < 0)
		return; /* an empty body */
	if (code == CURLE_OK && (!t->total || t->at == t->total)) {
		t->verdict = DONE;
		return;
	}
	if (t->err.code)
		return;
	if (t->stalled) {
		snprintf(text, sizeof(text), "nothing came for %u s",
			t->s->job->stall_timeout_s ? t->s->job->stall_timeout_s : STALL_S);
		cause = text;
	}
	err_set(&t->err,
		code == CURLE_OK ? EPROTO
		: t->stalled	 ? ETIMEDOUT
				 : -curl_errno(code),
		"GET %s: %s after %" PRIu64 " of %" PRIu64 " bytes", t->shown,
		code == CURLE_OK ? "it ended" : cause, t->at, t->total);
	t->verdict = hopeless(t, code) ? NEXT_URL : AGAIN;
}

static void attempt(struct transfer *t)
{
	const struct image_job *job = t->s->job;
	struct http_tls tls = {.ca_file = job->ca_file, .insecure = job->insecure};
	struct curl_slist *headers = NULL;
	char *pin = NULL;

	t->err = (struct err){0};
	t->error[0] = 0;
	t->checked = t->stalled = t->sink_failed = false;
	t->status = 0;
	t->verdict = AGAIN;
	t->last_ms = time_mono_ms();
	curl_easy_reset(t->easy);
	set_options(t, job);
	curl_set_tls(t->easy, &tls, &pin, NULL);
	if (request_headers(t, &headers) < 0) {
		verdict_set(t, FATAL, EINVAL, "a request header holds a line break");
	} else {
		curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, headers);
		judge(t, curl_easy_perform(t->easy));
	}
	curl_slist_free_all(headers);
	free(pin);
}

/* Sleeps, but wakes when stopped. */
static void pause_ms(const struct source *s, unsigned ms)
{
	for (unsigned slept = 0; slept < ms && !stopped(s); slept += 50)
		usleep(50 * 1000);
}

/* Tries one URL until it is done, refused or out of retries. */
static enum verdict transfer_run(struct transfer *t)
{
	const struct image_job *job = t->s->job;
	unsigned retries = retries_of(job), failed = 0;
	unsigned wait_ms = job->retry_pause_ms ? job->retry_pause_ms : RETRY_PAUSE_MS;
	unsigned pause;

	for (int n = 0; n < ATTEMPTS_MAX; n++) {
		uint64_t before = t->at;

		attempt(t);
		if (t->verdict != AGAIN || t->sink_failed || stopped(t->s))
			return t->verdict;
		if (t->at - before >= PROGRESS_BYTES)
			failed = 0;
		if (failed >= retries)
			break;
		/* half a second, doubled; but what was only cut goes on soon */
		pause = failed ? wait_ms << (failed < 6 ? failed - 1 : 5) : wait_ms / 10;
		failed++;
		atomic_fetch_add(t->s->resumed, 1);
		pause_ms(t->s, pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
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
	int r = curl_ready(e);

	if (r < 0)
		return r;
	t->easy = curl_easy_init();
	if (!t->easy)
		return err_set(e, ENOMEM, "no memory for a download");
	v = transfer_run(t);
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	if (v == DONE)
		return 0;
	if (stopped(s) || t->sink_failed)
		return err_set(e, ECANCELED, "GET %s: stopped", t->shown);
	if (e)
		*e = t->err;
	return v == FATAL ? -ESTALE : -t->err.code;
}

static int read_all(struct source *s, struct transfer *t, int fd, struct err *e)
{
	_cleanup_free_ uint8_t *buf = xmalloc(FILE_READ_BYTES);
	ssize_t n;

	if (t->at && lseek(fd, (off_t)t->at, SEEK_SET) < 0)
		return err_errno(e, errno, "seek %s", t->shown);
	while ((n = read(fd, buf, FILE_READ_BYTES)) != 0) {
		if (n < 0)
			return err_errno(e, errno, "read %s", t->shown);
		if (stopped(s) || s->sink(s->data, buf, (size_t)n) < 0)
			return err_set(e, ECANCELED, "read %s: stopped", t->shown);
		t->at += (uint64_t)n;
		atomic_store(s->read, t->at);
	}
	return 0;
}

static int run_file(struct source *s, struct transfer *t, struct err *e)
{
	const char *path = str_starts(t->url, "file://") ? t->url + 7 : t->url;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int code = errno;

		err_errno(e, code, "open image %s", path);
		return code == ENOENT ? err_advise(e, "check image_source") : -code;
	}
	if (S_ISREG(st.st_mode))
		atomic_store(s->total, (uint64_t)st.st_size);
	return read_all(s, t, fd, e);
}

int source_run(struct source *s, struct err *e)
{
	struct transfer t = {.s = s};
	int r = err_set(e, EINVAL, "the image has no URL");

	for (size_t i = 0; s->job->urls && s->job->urls[i]; i++) {
		t.url = s->job->urls[i];
		t.validator[0] = 0; /* another server's tags say nothing */
		http_url_shown(t.url, t.shown, sizeof(t.shown));
		if (strstr(t.url, "://") && !str_starts(t.url, "file://"))
			r = run_http(s, &t, e);
		else
			r = run_file(s, &t, e);
		if (r == 0 || r == -ECANCELED || r == -ESTALE)
			break;
	}
	return r;
}
