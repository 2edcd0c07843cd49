/* What client.c and async/async.c share: filling an easy handle from a struct http_request. */
#ifndef LIB_HTTP_CURL_H
#define LIB_HTTP_CURL_H

#include <curl/curl.h>

#include "lib/base/buf.h"
#include "lib/http/client.h"

/* One transfer; everything curl may touch while it runs. */
struct curl_job {
	CURL *easy;
	struct curl_slist *headers;
	char *pin;
	char *copied_body;
	struct buf body, head;
	bool too_large;
	bool (*on_body)(void *data, const char *bytes, size_t len); /* NULL: into body */
	void *on_body_data;
	bool enough; /* it wants no more */
	char method[24];
	char shown[256]; /* the url, for errors */
	char error[CURL_ERROR_SIZE];
	unsigned timeout_ms, connect_timeout_ms;
	size_t response_max;
};

/* Once per process, any thread. */
int curl_ready(struct err *e);

/*
 * Sets all options of easy (which is reset, keeping its connections). With copy, nothing of rq is
 * needed afterwards. The job is to be released by curl_job_done() either way.
 */
int curl_job_init(
	struct curl_job *j, CURL *easy, const struct http_request *rq, bool copy, struct err *e);
void curl_job_done(struct curl_job *j);

/* Turns what curl said into ret and 0, or an error. */
int curl_job_result(struct curl_job *j, CURLcode code, struct http_response *ret, struct err *e);

/* curl's PINNEDPUBLICKEY text for the first certificate of a PEM text, allocated. */
int curl_pin_of_pem(const char *pem, char **ret, struct err *e);

/* Sets whom to trust. *ret_pin is allocated when a key is pinned, to be kept and freed. */
int curl_set_tls(CURL *easy, const struct http_tls *tls, char **ret_pin, struct err *e);

/* Negative errno for a curl code. */
int curl_errno(CURLcode code);

#endif
