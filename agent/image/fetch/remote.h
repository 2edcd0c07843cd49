/*
 * One GET to an image server, set up from the job: whom to trust, who we are, through which proxy,
 * how many redirects. What is done with the answer is its callers' business (source.c, range.c).
 */
#ifndef AGENT_IMAGE_FETCH_REMOTE_H
#define AGENT_IMAGE_FETCH_REMOTE_H

#include <stdatomic.h>

#include "agent/image/image.h"
#include "agent/image/fetch/imghead.h"
#include "lib/http/curl.h"

/* One connection; attempts follow each other on it. */
struct remote {
	const struct image_job *job;
	const atomic_bool *stop; /* NULL: never */
	char *url;
	char *authorization; /* of this URL, instead of the job's; NULL: the job's */
	unsigned place;	     /* which of the job's URLs it is */
	bool renews;	     /* its registry gives another token when this one has run out */
	bool refused;	     /* which is so now */
	char shown[256];     /* the url, for errors */

	/* of the present attempt; set by remote_get() */
	struct imghead head;
	long status; /* valid when the first byte of the body comes, and at the end */
	char error[CURL_ERROR_SIZE];
	int64_t last_ms; /* when something came */
	bool stalled;

	CURL *easy;
};

/* Takes bytes of the body; returning less than len ends the transfer. */
typedef size_t (*remote_body_fn)(void *data, const uint8_t *bytes, size_t len);

/* authorization may be NULL. Copies url and authorization; the job is borrowed. */
int remote_open(struct remote *r, const struct image_job *job, const char *url,
	const char *authorization, const atomic_bool *stop, struct err *e);
/* The same for one of the job's URLs, with what is to be shown there. */
int remote_open_at(struct remote *r, const struct image_job *job, unsigned url,
	const atomic_bool *stop, struct err *e);
void remote_close(struct remote *r); /* a zeroed one is fine */

/*
 * One attempt: the bytes [first, last] of the file; first 0 and last UINT64_MAX: all of it, without
 * a Range header. if_range: the validator of the file begun with, "" or NULL: none. The result is
 * curl's; -EINVAL in *ret when a header cannot be sent.
 */
CURLcode remote_get(struct remote *r, uint64_t first, uint64_t last, const char *if_range,
	remote_body_fn fn, void *data, struct err *e);

/* Whether status is an answer with a file: 0, else the error. *ret_again: worth another attempt. */
int remote_status(const struct remote *r, bool *ret_again, struct err *e);

/* Adds advice for failures that another attempt does not cure, and says whether it is one. */
bool remote_hopeless(CURLcode code, struct err *e);

/* "GET url: cause after at of total bytes"; CURLE_OK: it ended too early. */
int remote_error(const struct remote *r, CURLcode code, uint64_t at, uint64_t total, struct err *e);

/* Seconds without a byte after which a transfer counts as cut. */
unsigned remote_stall_s(const struct image_job *job);

/* Attempts that may fail one after another, beside the first. */
unsigned remote_retries(const struct image_job *job);

/* Waits before another attempt, so many having failed; wakes when stopped. */
void remote_pause(const struct remote *r, unsigned failed);

/* A small file, read whole. */
struct remote_answer {
	struct buf body; /* the caller's to release */
	long status;	 /* 200 or 401 after success */
	char challenge[IMGHEAD_CHALLENGE_MAX];
};

/*
 * Gets a file of at most max bytes, trying again as the job says. authorization NULL: the job's. A
 * 401 is success here: what it asks for may be answered. -EFBIG when there is more.
 */
int remote_fetch(const struct image_job *job, const char *url, const char *authorization,
	const atomic_bool *stop, size_t max, struct remote_answer *ret, struct err *e);

#endif
