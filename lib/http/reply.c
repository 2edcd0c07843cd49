/*
 * Replies: made in whatever thread has the answer, sent by the connection's own thread. Also files,
 * of which fileview.c says how much.
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
#include "lib/http/fileview.h"
#include "lib/http/req.h"

static void drop(struct MHD_Response *r)
{
	if (r)
		MHD_destroy_response(r);
}

static void add_extra(const struct http_req *req, struct MHD_Response *r)
{
	for (size_t i = 0; r && i < req->extra.n; i++)
		MHD_add_response_header(r, req->extra.list[i].name, req->extra.list[i].value);
}

/*
 * Gives the response to the connection and ends the handler's hold on the request. whole: it is all
 * there already, in memory.
 */
static void reply_send(
	struct http_req *req, int status, struct MHD_Response *r, uint64_t len, bool whole)
{
	add_extra(req, r);
	pthread_mutex_lock(&req->lock);
	if (req->gone || req->state == REQ_REPLIED) { /* the server stopped and answered 503 */
		drop(r);
	} else {
		bool waiting = req->state == REQ_SUSPENDED;

		req->whole = whole;
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
	reply_send(req, status, r, len, true);
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
	reply_send(req, status, r, len, true);
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
	reply_send(req, status, r, 0, false);
}

void http_reply_text(struct http_req *req, int status, const char *text)
{
	char *line = xasprintf("%s\n", text);

	http_reply_take(req, status, "text/plain; charset=utf-8", line, strlen(line));
}

struct MHD_Response *reply_plain(struct http_req *req, int status)
{
	const char *type;
	char *text = server_refusal(req->server, status, &type);
	size_t len = strlen(text);
	struct MHD_Response *r = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);

	if (!r)
		free(text);
	set_type(r, type);
	req->whole = true;
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
	if (req->whole)
		conn_reply_deadline(req);
	ret = MHD_queue_response(req->mhd, req->status, req->response);
	MHD_destroy_response(req->response);
	req->response = NULL;
	return ret;
}

/* Files */

static void file_headers(struct MHD_Response *r, const struct fileview *f, const char *type)
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

void http_reply_fd(struct http_req *req, int fd, const char *content_type)
{
	struct fileview f;
	struct MHD_Response *r;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		http_reply_text(req, 404, "404 Not Found");
		return;
	}
	fileview_make(req, &st, &f);
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
	reply_send(req, f.status, r, f.count, false);
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
