/*
 * Replies: made in whatever thread has the answer, sent by the connection's own thread. Also files,
 * with ranges and validators as RFC 9110 sections 13 and 14 have them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/http/client.h"
#include "lib/http/req.h"

static void drop(struct MHD_Response *r)
{
	if (r)
		MHD_destroy_response(r);
}

static void add_extra(const struct http_req *req, struct MHD_Response *r)
{
	for (size_t i = 0; r && i < req->n_extra; i++)
		MHD_add_response_header(r, req->extra[i].name, req->extra[i].value);
}

/* Gives the response to the connection and ends the handler's hold on the request. */
static void reply_send(struct http_req *req, int status, struct MHD_Response *r, uint64_t len)
{
	add_extra(req, r);
	pthread_mutex_lock(&req->lock);
	if (req->gone || req->state == REQ_REPLIED) { /* the server stopped and answered 503 */
		drop(r);
	} else {
		bool waiting = req->state == REQ_SUSPENDED;

		req->status = status;
		req->reply_len = req->head ? 0 : len;
		req->response = r;
		req->state = REQ_REPLIED;
		if (waiting)
			MHD_resume_connection(req->mhd);
	}
	pthread_mutex_unlock(&req->lock);
	req_unref(req);
}

static void reply_inner(struct http_req *req, int status, const char *data, size_t len)
{
	req->inner(status, len ? data : "", len, req->inner_data);
	req_unref(req);
}

static void set_type(struct MHD_Response *r, const char *content_type)
{
	if (r && content_type)
		MHD_add_response_header(r, "Content-Type", content_type);
}

void http_reply(
	struct http_req *req, int status, const char *content_type, const void *data, size_t len)
{
	struct MHD_Response *r;

	if (req->inner) {
		reply_inner(req, status, data, len);
		return;
	}
	r = MHD_create_response_from_buffer(
		len, (void *)data, len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
	set_type(r, content_type);
	reply_send(req, status, r, len);
}

void http_reply_take(
	struct http_req *req, int status, const char *content_type, char *data, size_t len)
{
	struct MHD_Response *r;

	if (req->inner) {
		reply_inner(req, status, data, len);
		free(data);
		return;
	}
	r = MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);
	if (!r)
		free(data);
	set_type(r, content_type);
	reply_send(req, status, r, len);
}

void http_reply_stream(
	struct http_req *req, int status, const char *content_type, struct http_stream *s)
{
	static const char refused[] = "an endless answer has no place in this one";
	struct MHD_Response *r;

	if (req->inner) {
		reply_inner(req, 400, refused, strlen(refused));
		return;
	}
	r = stream_response(req, s);
	set_type(r, content_type);
	reply_send(req, status, r, 0);
}

void http_reply_text(struct http_req *req, int status, const char *text)
{
	char *line = xasprintf("%s\n", text);

	http_reply_take(req, status, "text/plain; charset=utf-8", line, strlen(line));
}

struct MHD_Response *reply_plain(struct http_req *req, int status)
{
	char *line = xasprintf("%d %s\n", status, http_status_text(status));
	size_t len = strlen(line);
	struct MHD_Response *r = MHD_create_response_from_buffer(len, line, MHD_RESPMEM_MUST_FREE);

	if (!r)
		free(line);
	set_type(r, "text/plain; charset=utf-8");
	req->status = status;
	req->reply_len = req->head ? 0 : len;
	return r;
}

enum MHD_Result req_queue(struct http_req *req)
{
	enum MHD_Result ret;

	if (!req->response)
		return MHD_NO; /* no memory for it: the connection is closed */
	if (req->conn && req->reply_len > 65536)
		req->acked_before = conn_acked(req->conn->fd);
	ret = MHD_queue_response(req->mhd, req->status, req->response);
	MHD_destroy_response(req->response);
	req->response = NULL;
	return ret;
}

/* Files */

struct file_reply {
	uint64_t size, first, count;
	int status;
	char etag[64], modified[40];
	time_t mtime;
};

static void http_date(time_t t, char *ret, size_t size)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(ret, size, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* Only the preferred form of a date is read; another one counts as not sent (RFC 9110 5.6.7). */
static bool parse_http_date(const char *s, time_t *ret)
{
	struct tm tm = {0};
	const char *end = strptime(s, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	if (!end || *end)
		return false;
	*ret = timegm(&tm);
	return true;
}

/* Whether a list of entity tags holds ours, by weak comparison. */
static bool etag_listed(const char *list, const char *etag)
{
	const char *p = list;
	size_t n = strlen(etag);

	if (!strcmp(list, "*"))
		return true;
	while ((p = strstr(p, etag))) {
		if ((p == list || strchr(" ,/", p[-1])) && (!p[n] || strchr(" ,", p[n])))
			return true;
		p += n;
	}
	return false;
}

static bool not_modified(const struct http_req *req, const struct file_reply *f)
{
	const char *none = http_header(req, "If-None-Match");
	const char *since = http_header(req, "If-Modified-Since");
	time_t t;

	if (none)
		return etag_listed(none, f->etag);
	return since && parse_http_date(since, &t) && f->mtime <= t;
}

/* If-Range: the range counts only when the file is still the one the client has a part of. */
static bool range_applies(const struct http_req *req, const struct file_reply *f)
{
	const char *v = http_header(req, "If-Range");
	time_t t;

	if (!v)
		return true;
	if (*v == '"')
		return !strcmp(v, f->etag);
	return parse_http_date(v, &t) && t == f->mtime;
}

/* Reads "first-last", "first-" or "-suffix"; false for anything else, which is then ignored. */
static bool range_numbers(
	const char *s, bool *ret_has_first, uint64_t *ret_first, uint64_t *ret_last)
{
	char copy[64], *dash;

	if (!str_copy(copy, sizeof(copy), s) || !(dash = strchr(copy, '-')))
		return false;
	*dash++ = 0;
	*ret_has_first = *copy;
	*ret_last = UINT64_MAX;
	if (*copy && str_to_u64(copy, 0, UINT64_MAX, ret_first) < 0)
		return false;
	if (*dash && str_to_u64(dash, 0, UINT64_MAX, ret_last) < 0)
		return false;
	return *ret_has_first ? *ret_first <= *ret_last : *dash;
}

static void apply_range(const struct http_req *req, struct file_reply *f)
{
	const char *v = http_header(req, "Range");
	uint64_t first = 0, last;
	bool has_first;

	if (!v || strncmp(v, "bytes=", 6) || !range_applies(req, f))
		return;
	if (!range_numbers(v + 6, &has_first, &first, &last))
		return;
	if (!has_first) {
		first = last < f->size ? f->size - last : 0;
		if (!last)
			first = f->size;
		last = UINT64_MAX;
	}
	if (first >= f->size) {
		f->status = 416;
		f->count = 0;
		return;
	}
	if (last >= f->size)
		last = f->size - 1;
	f->status = 206;
	f->first = first;
	f->count = last - first + 1;
}

static void file_headers(struct MHD_Response *r, const struct file_reply *f, const char *type)
{
	char text[96];

	MHD_add_response_header(r, "ETag", f->etag);
	MHD_add_response_header(r, "Last-Modified", f->modified);
	MHD_add_response_header(r, "Accept-Ranges", "bytes");
	if (f->status == 200 || f->status == 206)
		set_type(r, type);
	if (f->status == 206)
		snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, f->first,
			f->first + f->count - 1, f->size);
	else if (f->status == 416)
		snprintf(text, sizeof(text), "bytes */%" PRIu64, f->size);
	else
		return;
	MHD_add_response_header(r, "Content-Range", text);
}

static void file_describe(const struct http_req *req, const struct stat *st, struct file_reply *f)
{
	*f = (struct file_reply){.size = st->st_size, .count = st->st_size, .status = 200};
	f->mtime = st->st_mtim.tv_sec;
	http_date(f->mtime, f->modified, sizeof(f->modified));
	snprintf(f->etag, sizeof(f->etag), "\"%llx-%llx-%llx.%lx\"", (unsigned long long)st->st_ino,
		(unsigned long long)st->st_size, (unsigned long long)st->st_mtim.tv_sec,
		(unsigned long)st->st_mtim.tv_nsec);
	if (not_modified(req, f)) {
		f->status = 304;
		f->count = 0;
	} else {
		apply_range(req, f);
	}
}

void http_reply_fd(struct http_req *req, int fd, const char *content_type)
{
	struct file_reply f;
	struct MHD_Response *r;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		http_reply_text(req, 404, "404 Not Found");
		return;
	}
	file_describe(req, &st, &f);
	if (f.count) {
		r = MHD_create_response_from_fd_at_offset64(f.count, fd, f.first);
		if (!r)
			close(fd);
	} else {
		close(fd);
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	}
	if (r)
		file_headers(r, &f, content_type);
	reply_send(req, f.status, r, f.count);
}

void http_reply_file(struct http_req *req, const char *path, const char *content_type)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0)
		http_reply_fd(req, fd, content_type);
	else if (errno == ENOENT || errno == ENOTDIR || errno == EACCES)
		http_reply_text(req, 404, "404 Not Found");
	else
		http_reply_text(req, 500, "500 Internal Server Error");
}
