/*
 * Everything about libcurl's options and codes in one place: the blocking and the event-driven
 * client fill their handles here and read the outcome here.
 */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/http/curl.h"

#define RESPONSE_MAX	   (16 * 1024 * 1024)
#define HEAD_MAX	   (64 * 1024)
#define TIMEOUT_MS	   60000
#define IDLE_TIMEOUT_S	   60
#define CONNECT_TIMEOUT_MS 10000
#define METHODS		   "http,https"

static const struct {
	CURLcode code;
	int errnum;
} errnos[] = {
	{CURLE_UNSUPPORTED_PROTOCOL, EINVAL},
	{CURLE_URL_MALFORMAT, EINVAL},
	{CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH},
	{CURLE_COULDNT_RESOLVE_PROXY, EHOSTUNREACH},
	{CURLE_COULDNT_CONNECT, ECONNREFUSED},
	{CURLE_OPERATION_TIMEDOUT, ETIMEDOUT},
	{CURLE_PEER_FAILED_VERIFICATION, EPROTO},
	{CURLE_SSL_CONNECT_ERROR, EPROTO},
	{CURLE_SSL_PINNEDPUBKEYNOTMATCH, EPROTO},
	{CURLE_SSL_CACERT_BADFILE, EPROTO},
	{CURLE_SSL_CERTPROBLEM, EPROTO},
	{CURLE_WEIRD_SERVER_REPLY, EPROTO},
	{CURLE_GOT_NOTHING, EPROTO},
	{CURLE_BAD_CONTENT_ENCODING, EPROTO},
	{CURLE_TOO_MANY_REDIRECTS, ELOOP},
	{CURLE_FILESIZE_EXCEEDED, EFBIG},
	{CURLE_OUT_OF_MEMORY, ENOMEM},
};

int curl_errno(CURLcode code)
{
	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++)
		if (errnos[i].code == code)
			return -errnos[i].errnum;
	return -EIO;
}

static CURLcode global_code;

static void global_init(void)
{
	global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int curl_ready(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, global_init);
	if (global_code == CURLE_OK)
		return 0;
	return err_set(e, EIO, "libcurl does not start: %s", curl_easy_strerror(global_code));
}

static int pin_of_key(gnutls_pubkey_t key, char **ret)
{
	gnutls_datum_t der = {0};
	unsigned char sum[32];
	char *text;

	if (gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) < 0)
		return -EINVAL;
	gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, sum);
	gnutls_free(der.data);
	text = b64_encode(sum, sizeof(sum));
	*ret = xasprintf("sha256//%s", text);
	free(text);
	return 0;
}

int curl_pin_of_pem(const char *pem, char **ret, struct err *e)
{
	gnutls_datum_t in = {(unsigned char *)pem, strlen(pem)};
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t key = NULL;
	int r = -EINVAL;

	if (gnutls_x509_crt_init(&crt) == 0 && gnutls_pubkey_init(&key) == 0 &&
		gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_PEM) == 0 &&
		gnutls_pubkey_import_x509(key, crt, 0) == 0)
		r = pin_of_key(key, ret);
	if (key)
		gnutls_pubkey_deinit(key);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	return r < 0 ? err_set(e, EINVAL, "the pinned certificate is no PEM certificate") : 0;
}

int curl_set_tls(CURL *easy, const struct http_tls *tls, char **ret_pin, struct err *e)
{
	bool verify = !tls->insecure && !tls->pin_pem;
	int r;

	*ret_pin = NULL;
	if (!verify) { /* or the system's bundle is read for nothing: 49 ms of CPU, and again for
			  each connection */
		curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (tls->pin_pem) {
		r = curl_pin_of_pem(tls->pin_pem, ret_pin, e);
		if (r < 0)
			return r;
		curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, *ret_pin);
	}
	if (verify && tls->ca_file) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca_file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	return 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct curl_job *j = arg;
	long status = 0;

	if (j->on_body)
		curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 == 2) {
		j->enough = !j->on_body(j->on_body_data, data, size * n);
		return j->enough ? 0 : size * n;
	}
	if (buf_append(&j->body, data, size * n) == 0)
		return size * n;
	j->too_large = true;
	return 0;
}

/* Keeps the headers of the last answer only: a redirect's are forgotten. */
static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct curl_job *j = arg;
	char *colon;
	size_t len = size * n, nl;

	if (len >= 5 && !strncmp(data, "HTTP/", 5)) {
		buf_truncate(&j->head, 0);
		return len;
	}
	colon = memchr(data, ':', len);
	if (!colon)
		return len;
	nl = colon - data;
	for (size_t i = 0; i < nl; i++)
		buf_printf(&j->head, "%c", tolower((unsigned char)data[i]));
	while (len > nl && isspace((unsigned char)data[len - 1]))
		len--;
	for (nl++; nl < len && data[nl] == ' ';)
		nl++;
	buf_puts(&j->head, ": ");
	buf_append(&j->head, data + nl, len > nl ? len - nl : 0);
	buf_puts(&j->head, "\n");
	return size * n;
}

static int add_header(struct curl_job *j, const char *line)
{
	struct curl_slist *l;

	if (strpbrk(line, "\r\n"))
		return -EINVAL;
	l = curl_slist_append(j->headers, line);
	if (!l)
		return -ENOMEM;
	j->headers = l;
	return 0;
}

static int set_headers(struct curl_job *j, const struct http_request *rq)
{
	char line[160];
	int r = 0;

	if (rq->body) {
		snprintf(line, sizeof(line), "Content-Type: %s",
			rq->content_type ? rq->content_type : "application/json");
		r = add_header(j, line);
	}
	if (r == 0)
		r = add_header(j, "Expect:"); /* no waiting for 100 Continue */
	for (size_t i = 0; r == 0 && rq->headers && rq->headers[i]; i++)
		r = add_header(j, rq->headers[i]);
	curl_easy_setopt(j->easy, CURLOPT_HTTPHEADER, j->headers);
	return r;
}

static void set_method(struct curl_job *j, const struct http_request *rq, bool copy)
{
	CURL *c = j->easy;
	const void *body = rq->body;

	if (body && copy) {
		j->copied_body = xmalloc(rq->body_len + 1);
		memcpy(j->copied_body, body, rq->body_len);
		body = j->copied_body;
	}
	if (body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
	}
	if (!strcmp(j->method, "HEAD"))
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	else if (body || strcmp(j->method, "GET") != 0)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, j->method);
}

static void set_limits(struct curl_job *j, const struct http_request *rq)
{
	CURL *c = j->easy;

	j->timeout_ms = rq->timeout_ms ? rq->timeout_ms : TIMEOUT_MS;
	j->connect_timeout_ms =
		rq->connect_timeout_ms ? rq->connect_timeout_ms : CONNECT_TIMEOUT_MS;
	j->response_max = rq->response_max ? rq->response_max : RESPONSE_MAX;
	buf_init(&j->body, j->response_max);
	buf_init(&j->head, HEAD_MAX);
	j->on_body = rq->on_body;
	j->on_body_data = rq->on_body_data;
	if (rq->on_body) { /* it may go on for ever, but not in silence */
		curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME,
			(long)(rq->idle_timeout_s ? rq->idle_timeout_s : IDLE_TIMEOUT_S));
	} else {
		curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)j->timeout_ms);
	}
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)j->connect_timeout_ms);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, rq->redirects ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)rq->redirects);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, METHODS);
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, METHODS);
}

int curl_job_init(
	struct curl_job *j, CURL *easy, const struct http_request *rq, bool copy, struct err *e)
{
	int r;

	*j = (struct curl_job){.easy = easy};
	http_url_shown(rq->url, j->shown, sizeof(j->shown));
	set_limits(j, rq);
	if (!str_copy(j->method, sizeof(j->method), rq->method ? rq->method : "GET"))
		return err_set(e, EINVAL, "HTTP method too long");
	curl_easy_setopt(easy, CURLOPT_URL, rq->url);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, j->error);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "ingot/" INGOT_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, j);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, j);
	set_method(j, rq, copy);
	if (rq->user) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(easy, CURLOPT_USERNAME, rq->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, rq->password ? rq->password : "");
	}
	r = set_headers(j, rq);
	if (r < 0)
		return err_set(e, -r, "%s %s: a header cannot be sent", j->method, j->shown);
	r = curl_set_tls(easy, &rq->tls, &j->pin, e);
	return r < 0 ? err_prefix(e, "%s %s", j->method, j->shown) : 0;
}

void curl_job_done(struct curl_job *j)
{
	curl_slist_free_all(j->headers);
	free(j->pin);
	free(j->copied_body);
	buf_done(&j->body);
	buf_done(&j->head);
}

static int job_failure(struct curl_job *j, CURLcode code, struct err *e)
{
	const char *cause = *j->error ? j->error : curl_easy_strerror(code);
	const char *advice = NULL;
	int r = curl_errno(code);

	if (j->too_large)
		return err_set(e, EFBIG, "%s %s: the answer is longer than %zu bytes", j->method,
			j->shown, j->response_max);
	if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		advice = "the server shows another certificate than the one known";
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		advice = "give the CA that signed the server's certificate";
	err_set(e, -r, "%s %s: %s", j->method, j->shown, cause);
	if (advice)
		err_advise(e, "%s", advice);
	return r;
}

int curl_job_result(struct curl_job *j, CURLcode code, struct http_response *ret, struct err *e)
{
	long status = 0;

	if (code != CURLE_OK && !j->enough)
		return job_failure(j, code, e);
	curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
	*ret = (struct http_response){.status = (int)status, .len = j->body.len};
	ret->body = j->body.data ? buf_take(&j->body) : xstrdup("");
	ret->headers = j->head.data ? buf_take(&j->head) : xstrdup("");
	return 0;
}
