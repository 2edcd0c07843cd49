/*
 * Replies whose body is written while they are sent: a buffer between a writer in any thread and
 * the connection's thread, which is suspended while the buffer is empty.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/http/req.h"

#define BLOCK_SIZE 4096

struct http_stream {
	pthread_mutex_t lock; /* all below */
	int refs;	      /* the writer's, the response's, the request's */
	struct buf buf;
	bool ended;		    /* nothing more is written */
	bool cut;		    /* what is in the buffer is not sent any more */
	bool gone;		    /* nobody reads */
	struct MHD_Connection *mhd; /* suspended; else NULL */
};

struct http_stream *http_stream_new(size_t max_bytes)
{
	struct http_stream *s = xcalloc(1, sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	buf_init(&s->buf, max_bytes);
	s->refs = 1;
	return s;
}

/* Unlocks. */
static void stream_put(struct http_stream *s)
{
	bool last = --s->refs == 0;

	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	buf_done(&s->buf);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void wake(struct http_stream *s)
{
	struct MHD_Connection *mhd = TAKE_PTR(s->mhd);

	if (mhd)
		MHD_resume_connection(mhd);
}

int http_stream_write(struct http_stream *s, const void *data, size_t len)
{
	int r = 0;

	pthread_mutex_lock(&s->lock);
	if (s->gone || s->ended)
		r = -EPIPE;
	else if (buf_append(&s->buf, data, len) < 0)
		r = -ENOBUFS;
	if (r == -ENOBUFS)
		s->ended = s->cut = true;
	wake(s);
	pthread_mutex_unlock(&s->lock);
	return r;
}

void http_stream_end(struct http_stream *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	wake(s);
	stream_put(s);
}

void req_stream_stop(struct http_req *req)
{
	struct http_stream *s = req->stream;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	wake(s);
	pthread_mutex_unlock(&s->lock);
}

void req_stream_drop(struct http_req *req)
{
	struct http_stream *s = TAKE_PTR(req->stream);

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	stream_put(s);
}

struct body {
	struct http_stream *stream;
	struct MHD_Connection *mhd;
};

static ssize_t on_read(void *cls, uint64_t pos, char *dst, size_t max)
{
	struct body *body = cls;
	struct http_stream *s = body->stream;
	ssize_t n = 0;

	pthread_mutex_lock(&s->lock);
	if (s->cut) {
		n = MHD_CONTENT_READER_END_WITH_ERROR;
	} else if (s->buf.len) {
		n = (ssize_t)(s->buf.len < max ? s->buf.len : max);
		memcpy(dst, s->buf.data, (size_t)n);
		buf_consume(&s->buf, (size_t)n);
	} else if (s->ended) {
		n = MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		s->mhd = body->mhd;
		MHD_suspend_connection(body->mhd);
	}
	pthread_mutex_unlock(&s->lock);
	return n;
}

static void on_free(void *cls)
{
	struct body *body = cls;
	struct http_stream *s = body->stream;

	pthread_mutex_lock(&s->lock);
	s->gone = true;
	s->mhd = NULL;
	stream_put(s);
	free(body);
}

struct MHD_Response *stream_response(struct http_req *req, struct http_stream *s)
{
	struct body *body = xcalloc(1, sizeof(*body));
	struct MHD_Response *r;

	body->stream = s;
	body->mhd = req->mhd;
	pthread_mutex_lock(&s->lock);
	s->refs += 2;
	pthread_mutex_unlock(&s->lock);
	pthread_mutex_lock(&req->lock);
	req->stream = s;
	pthread_mutex_unlock(&req->lock);
	r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, on_read, body, on_free);
	if (!r)
		on_free(body);
	return r;
}
