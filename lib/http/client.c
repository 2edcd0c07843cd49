/* Requests that wait for their answer, and what is read out of answers. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/str.h"
#include "lib/http/curl.h"

struct http_client {
	CURL *easy;
};

int http_client_new(struct http_client **ret, struct err *e)
{
	struct http_client *c;
	int r = curl_ready(e);

	if (r < 0)
		return r;
	c = xcalloc(1, sizeof(*c));
	c->easy = curl_easy_init();
	if (!c->easy) {
		free(c);
		return err_set(e, ENOMEM, "no memory for an HTTP client");
	}
	*ret = c;
	return 0;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->easy);
	free(c);
}

int http_client_do(struct http_client *c, const struct http_request *rq, struct http_response *ret,
	struct err *e)
{
	struct curl_job j;
	int r;

	curl_easy_reset(c->easy);
	r = curl_job_init(&j, c->easy, rq, false, e);
	if (r == 0)
		r = curl_job_result(&j, curl_easy_perform(c->easy), ret, e);
	curl_job_done(&j);
	return r;
}

void http_response_done(struct http_response *r)
{
	free(r->body);
	free(r->headers);
	*r = (struct http_response){0};
}

char *http_response_header(const struct http_response *r, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = r->headers; p && *p;) {
		const char *end = strchrnul(p, '\n');

		if (!strncasecmp(p, name, n) && !strncmp(p + n, ": ", 2))
			return xstrndup(p + n + 2, end - p - n - 2);
		p = *end ? end + 1 : end;
	}
	return NULL;
}

/* The first line of a text body, short and printable; "" for anything else. */
static void body_excerpt(const struct http_response *r, char *ret, size_t size)
{
	size_t n = 0;

	while (n < r->len && n + 1 < size && r->body[n] != '\n' && r->body[n] != '\r') {
		unsigned char ch = r->body[n];

		if (ch < ' ' || ch == 127)
			break;
		ret[n++] = ch;
	}
	ret[n] = 0;
	if (*ret == '<') /* a page for browsers says nothing in its first line */
		*ret = 0;
}

int http_status_err(const struct http_request *rq, const struct http_response *r, struct err *e)
{
	char shown[256], text[200];
	int code = EREMOTEIO;

	if (r->status == 404 || r->status == 410)
		code = ENOENT;
	else if (r->status == 401 || r->status == 403)
		code = EACCES;
	body_excerpt(r, text, sizeof(text));
	return err_set(e, code, "%s %s: %d %s%s%s", rq->method ? rq->method : "GET",
		http_url_shown(rq->url, shown, sizeof(shown)), r->status,
		http_status_text(r->status), *text ? ": " : "", text);
}

int http_get(const struct http_request *rq, char **ret, size_t *ret_len, struct err *e)
{
	_cleanup_(http_client_freep) struct http_client *c = NULL;
	struct http_response resp = {0};
	int r = http_client_new(&c, e);

	if (r == 0)
		r = http_client_do(c, rq, &resp, e);
	if (r == 0 && resp.status != 200)
		r = http_status_err(rq, &resp, e);
	if (r == 0) {
		*ret = TAKE_PTR(resp.body);
		*ret_len = resp.len;
	}
	http_response_done(&resp);
	return r;
}

const char *http_url_shown(const char *url, char *buf, size_t size)
{
	const char *scheme = url ? strstr(url, "://") : NULL;
	const char *host = scheme ? scheme + 3 : url ? url : "";
	size_t auth = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', auth);

	if (at)
		host = at + 1;
	snprintf(buf, size, "%.*s%.*s", scheme ? (int)(scheme + 3 - url) : 0, url ? url : "",
		(int)strcspn(host, "?#"), host);
	for (char *p = buf; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	return buf;
}
