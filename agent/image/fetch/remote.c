/* GETs to image servers; see remote.h. */
#include "agent/image/fetch/remote.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/image/fetch/places.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#define REDIRECTS_MAX 5
#define STALL_S	      60

#define RETRIES	       10
#define RETRY_PAUSE_MS 500
#define PAUSE_MAX_MS   10000
#define RENEWALS       3 /* of a token, in one attempt: others use them, too */

/* What one attempt needs beside the connection. */
struct attempt {
	struct remote *r;
	remote_body_fn fn;
	void *data;
};

unsigned remote_stall_s(const struct image_job *job)
{
	return job->stall_timeout_s ? job->stall_timeout_s : STALL_S;
}

unsigned remote_retries(const struct image_job *job)
{
	return job->retries ? job->retries : RETRIES;
}

static bool stopped(const struct remote *r)
{
	return r->stop && atomic_load(r->stop);
}

/* Half a second, doubled; but what was only cut goes on soon. */
void remote_pause(const struct remote *r, unsigned failed)
{
	unsigned first = r->job->retry_pause_ms ? r->job->retry_pause_ms : RETRY_PAUSE_MS;
	unsigned ms = failed ? first << (failed < 6 ? failed - 1 : 5) : first / 10;

	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	for (unsigned slept = 0; slept < ms && !stopped(r); slept += 50)
		usleep(50 * 1000);
}

int remote_open(struct remote *r, const struct image_job *job, const char *url,
	const char *authorization, const atomic_bool *stop, struct err *e)
{
	int ready = curl_ready(e);

	*r = (struct remote){.job = job, .stop = stop};
	if (ready < 0)
		return ready;
	http_url_shown(url, r->shown, sizeof(r->shown));
	r->easy = curl_easy_init();
	if (!r->easy)
		return err_set(e, ENOMEM, "no memory for a download");
	r->url = xstrdup(url);
	r->authorization = xstrdup(authorization);
	return 0;
}

int remote_open_at(struct remote *r, const struct image_job *job, unsigned url,
	const atomic_bool *stop, struct err *e)
{
	char *authorization = places_authorization(job->places, url);
	int ret = remote_open(r, job, job->urls[url], authorization, stop, e);

	r->place = url;
	if (authorization)
		mem_wipe(authorization, strlen(authorization));
	free(authorization);
	return ret;
}

/* After a 401 to what was shown: whether there is something else to show now. */
static bool renew(struct remote *r)
{
	if (!r->refused || !places_renew(r->job->places, r->place, r->authorization))
		return false;
	free(r->authorization);
	r->authorization = places_authorization(r->job->places, r->place);
	r->refused = false;
	return true;
}

void remote_close(struct remote *r)
{
	if (r->easy)
		curl_easy_cleanup(r->easy);
	if (r->authorization)
		mem_wipe(r->authorization, strlen(r->authorization));
	free(r->authorization);
	free(r->url);
	*r = (struct remote){0};
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct remote *r = arg;

	imghead_line(&r->head, line, size * n);
	r->last_ms = time_mono_ms();
	return size * n;
}

static size_t on_data(char *bytes, size_t size, size_t n, void *arg)
{
	struct attempt *a = arg;
	struct remote *r = a->r;

	if (!r->status)
		curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &r->status);
	r->refused = r->renews && r->status == 401;
	if (r->refused)
		return size * n;
	n = a->fn(a->data, (const uint8_t *)bytes, size * n);
	r->last_ms = time_mono_ms(); /* after the taker: its waiting is not the server's */
	return n;
}

static int on_tick(
	void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	struct remote *r = arg;

	if (stopped(r))
		return 1;
	r->stalled = time_mono_ms() - r->last_ms >= remote_stall_s(r->job) * 1000LL;
	return r->stalled;
}

static int add_header(struct curl_slist **l, const char *name, const char *value)
{
	_cleanup_free_ char *line = name ? xasprintf("%s: %s", name, value) : xstrdup(value);
	struct curl_slist *n = strpbrk(line, "\r\n") ? NULL : curl_slist_append(*l, line);

	mem_wipe(line, strlen(line));
	if (!n)
		return -EINVAL;
	*l = n;
	return 0;
}

static int request_headers(const struct remote *r, const char *if_range, struct curl_slist **l)
{
	const char *authorization = r->authorization ? r->authorization : r->job->authorization;
	int ret = 0;

	if (authorization)
		ret = add_header(l, "Authorization", authorization);
	for (size_t i = 0; ret == 0 && r->job->headers && r->job->headers[i]; i++)
		ret = add_header(l, NULL, r->job->headers[i]);
	if (ret == 0 && !str_empty(if_range))
		ret = add_header(l, "If-Range", if_range);
	return ret;
}

static void set_identity(CURL *c, const struct image_job *job, const char *url, bool authorized)
{
	if (job->user && !authorized) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(c, CURLOPT_USERNAME, job->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, job->password ? job->password : "");
	}
	if (job->http_proxy && str_starts(url, "http:"))
		curl_easy_setopt(c, CURLOPT_PROXY, job->http_proxy);
	if (job->https_proxy && str_starts(url, "https:"))
		curl_easy_setopt(c, CURLOPT_PROXY, job->https_proxy);
	if (job->no_proxy)
		curl_easy_setopt(c, CURLOPT_NOPROXY, job->no_proxy);
}

static void set_options(struct remote *r, struct attempt *a)
{
	CURL *c = r->easy;

	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, r->error);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "ingot-agent/" INGOT_VERSION);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, 15000L);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 512L * 1024);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_tick);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, r);
	set_identity(c, r->job, r->url, r->authorization != NULL);
}

/* Ranges as RFC 9110 section 14.1.2 writes them. */
static void set_range(CURL *c, uint64_t first, uint64_t last)
{
	char range[48];

	if (last < UINT64_MAX)
		snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, first, last);
	else
		snprintf(range, sizeof(range), "%" PRIu64 "-", first);
	if (first || last < UINT64_MAX)
		curl_easy_setopt(c, CURLOPT_RANGE, range);
}

static CURLcode get_once(
	struct attempt *a, uint64_t first, uint64_t last, const char *if_range, struct err *e)
{
	struct remote *r = a->r;
	struct http_tls tls = {.ca_file = r->job->ca_file, .insecure = r->job->insecure};
	struct curl_slist *headers = NULL;
	CURLcode code = CURLE_FAILED_INIT;
	char *pin = NULL;

	r->head = (struct imghead){0};
	r->error[0] = 0;
	r->status = 0;
	r->stalled = r->refused = false;
	r->last_ms = time_mono_ms();
	curl_easy_reset(r->easy);
	set_options(r, a);
	set_range(r->easy, first, last);
	curl_set_tls(r->easy, &tls, &pin, NULL);
	if (request_headers(r, if_range, &headers) < 0) {
		err_set(e, EINVAL, "GET %s: a request header holds a line break", r->shown);
	} else {
		curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, headers);
		code = curl_easy_perform(r->easy);
		curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &r->status);
	}
	r->refused |= r->renews && code == CURLE_OK && r->status == 401;
	curl_slist_free_all(headers);
	free(pin);
	return code;
}

CURLcode remote_get(struct remote *r, uint64_t first, uint64_t last, const char *if_range,
	remote_body_fn fn, void *data, struct err *e)
{
	struct attempt a = {r, fn, data};
	unsigned tries = RENEWALS;
	CURLcode code;

	do {
		r->renews = r->authorization && r->job->places && tries--;
		code = get_once(&a, first, last, if_range, e);
	} while (renew(r));
	return code;
}

int remote_status(const struct remote *r, bool *ret_again, struct err *e)
{
	long s = r->status;

	*ret_again = s >= 500 || s == 408 || s == 429;
	if (s == 200 || s == 206)
		return 0;
	return err_set(e, *ret_again ? EREMOTEIO : ENOENT, "GET %s: %ld %s%s", r->shown, s,
		http_status_text((int)s), s >= 400 && s < 500 ? "; check image_source" : "");
}

bool remote_hopeless(CURLcode code, struct err *e)
{
	static const struct {
		CURLcode code;
		const char *advice;
	} rows[] = {
		{CURLE_URL_MALFORMAT, "correct image_source"},
		{CURLE_UNSUPPORTED_PROTOCOL,
			"correct image_source; http, https, oci and file are known"},
		{CURLE_TOO_MANY_REDIRECTS, "correct image_source, or the server's redirects"},
		{CURLE_PEER_FAILED_VERIFICATION,
			"the agent does not trust the server's certificate; give its CA with the "
			"kernel parameter ipa-cafile, set the machine's clock if that is wrong, or "
			"serve the image by http: its checksum protects it"},
		{CURLE_SSL_CACERT_BADFILE, "correct the kernel parameter ipa-cafile"},
	};

	char now[TIME_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].code != code)
			continue;
		err_advise(e, "%s", rows[i].advice);
		if (code == CURLE_PEER_FAILED_VERIFICATION)
			err_advise(e, "the clock says %.10s",
				time_format(time_wall_us(), now, sizeof(now)));
		return true;
	}
	return false;
}

int remote_error(const struct remote *r, CURLcode code, uint64_t at, uint64_t total, struct err *e)
{
	const char *cause = *r->error ? r->error : curl_easy_strerror(code);
	char text[48];

	if (r->stalled) {
		snprintf(text, sizeof(text), "nothing came for %u s", remote_stall_s(r->job));
		cause = text;
	}
	return err_set(e,
		code == CURLE_OK ? EPROTO
		: r->stalled	 ? ETIMEDOUT
				 : -curl_errno(code),
		"GET %s: %s after %" PRIu64 " of %" PRIu64 " bytes", r->shown,
		code == CURLE_OK ? "it ended" : cause, at, total);
}

static size_t to_buffer(void *data, const uint8_t *bytes, size_t len)
{
	struct remote_answer *a = data;

	return buf_append(&a->body, bytes, len) == 0 ? len : 0;
}

/* One attempt of it; *ret_again as in remote_status(). */
static int fetch_once(
	struct remote *r, size_t max, struct remote_answer *ret, bool *ret_again, struct err *e)
{
	CURLcode c;

	buf_done(&ret->body);
	buf_init(&ret->body, max);
	c = remote_get(r, 0, UINT64_MAX, NULL, to_buffer, ret, e);
	ret->status = r->status;
	str_copy(ret->challenge, sizeof(ret->challenge), r->head.challenge);
	*ret_again = false;
	if (ret->body.overflow)
		return err_set(
			e, EFBIG, "GET %s: the answer is longer than %zu bytes", r->shown, max);
	if (c == CURLE_OK)
		return r->status == 401 ? 0 : remote_status(r, ret_again, e);
	remote_error(r, c, 0, 0, e);
	*ret_again = !remote_hopeless(c, e);
	return curl_errno(c);
}

int remote_fetch(const struct image_job *job, const char *url, const char *authorization,
	const atomic_bool *stop, size_t max, struct remote_answer *ret, struct err *e)
{
	unsigned retries = remote_retries(job), failed = 0;
	bool again = true;
	struct remote r;
	int code = remote_open(&r, job, url, authorization, stop, e);

	if (code < 0)
		return code;
	while ((code = fetch_once(&r, max, ret, &again, e)) < 0 && again && failed < retries &&
		!stopped(&r))
		remote_pause(&r, failed++);
	remote_close(&r);
	return code;
}
