/*
 * What a handler sees of a request: its headers copied so that they outlive the connection, its
 * body and addresses. Knows nothing of threads or replies. Its line is read in uri.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/http/req.h"

#define HEADERS_MAX 128

struct req_block {
	struct req_block *next;
	max_align_t data[];
};

struct http_req *req_new(struct http_server *s, const char *uri)
{
	struct http_req *req = xmalloc(sizeof(*req));

	memset(req, 0, offsetof(struct http_req, arena));
	req->server = s;
	atomic_init(&req->refs, 1);
	pthread_mutex_init(&req->lock, NULL);
	list_init(&req->link);
	req->uri = req_strdup(req, uri);
	return req;
}

void *req_alloc(struct http_req *req, size_t size)
{
	size_t at = (req->arena_used + 7) & ~(size_t)7;
	struct req_block *block;

	if (at < sizeof(req->arena) && size <= sizeof(req->arena) - at) {
		req->arena_used = at + size;
		return req->arena + at;
	}
	block = xmalloc(sizeof(*block) + size);
	block->next = req->blocks;
	req->blocks = block;
	return block->data;
}

static char *arena_copy(struct http_req *req, const char *s, size_t len)
{
	char *copy = req_alloc(req, len + 1);

	memcpy(copy, s, len + 1);
	return copy;
}

char *req_strdup(struct http_req *req, const char *s)
{
	return arena_copy(req, s, strlen(s));
}

struct http_req *http_inner(const struct http_req *outer, const char *method, const char *path,
	http_inner_fn reply, void *data)
{
	struct http_req *req = req_new(NULL, path);

	str_copy(req->method, sizeof(req->method), method);
	req->raw = req->path = req->uri;
	req->query = "";
	req->tls = outer->tls;
	req->ends = outer->ends;
	req->inner = reply;
	req->inner_data = data;
	return req;
}

void req_ref(struct http_req *req)
{
	atomic_fetch_add_explicit(&req->refs, 1, memory_order_relaxed);
}

static void blocks_free(struct req_block *block)
{
	while (block) {
		struct req_block *next = block->next;

		free(block);
		block = next;
	}
}

void req_unref(struct http_req *req)
{
	if (atomic_fetch_sub_explicit(&req->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (req->response)
		MHD_destroy_response(req->response);
	req_stream_drop(req);
	blocks_free(req->blocks);
	if (req->body)
		mem_wipe(req->body, req->body_len);
	free(req->body);
	pthread_mutex_destroy(&req->lock);
	free(req);
}

void req_field_add(struct http_req *req, struct req_fields *f, const char *name, const char *value)
{
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 12;
		struct req_field *list = req_alloc(req, cap * sizeof(*list));

		if (f->n)
			memcpy(list, f->list, f->n * sizeof(*list));
		f->list = list;
		f->cap = cap;
	}
	f->list[f->n++] = (struct req_field){req_strdup(req, name), req_strdup(req, value)};
}

static enum MHD_Result copy_header(
	void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct http_req *req = cls;

	req_field_add(req, &req->headers, key, value ? value : "");
	return req->headers.n < HEADERS_MAX ? MHD_YES : MHD_NO;
}

int req_copy_headers(struct http_req *req)
{
	MHD_get_connection_values(req->mhd, MHD_HEADER_KIND, copy_header, req);
	return req->headers.n < HEADERS_MAX ? 0 : -EINVAL;
}

static unsigned count_headers(const struct http_req *req, const char *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < req->headers.n; i++)
		n += !strcasecmp(req->headers.list[i].name, name);
	return n;
}

int req_check_framing(const struct http_req *req)
{
	const char *length = http_header(req, "Content-Length");
	const char *encoding = http_header(req, "Transfer-Encoding");

	if (count_headers(req, "Content-Length") + count_headers(req, "Transfer-Encoding") > 1)
		return -EINVAL;
	if (encoding && strcasecmp(encoding, "chunked"))
		return -EINVAL;
	return length && (!*length || strspn(length, "0123456789") != strlen(length)) ? -EINVAL : 0;
}

int req_check_host(const struct http_req *req, const char *version)
{
	unsigned n = count_headers(req, "Host");

	return n == 1 || (n == 0 && !strcmp(version, "HTTP/1.0")) ? 0 : -EINVAL;
}

static void address_text(const struct sockaddr *sa, char *ret, size_t size)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	char name[IF_NAMESIZE];
	size_t n;

	*ret = 0;
	if (sa->sa_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, ret, size);
		return;
	}
	if (sa->sa_family != AF_INET6)
		return;
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, ret, size);
		return;
	}
	inet_ntop(AF_INET6, &in6->sin6_addr, ret, size);
	n = strlen(ret);
	if (in6->sin6_scope_id && if_indextoname(in6->sin6_scope_id, name))
		snprintf(ret + n, size - n, "%%%s", name);
}

static void conn_learn_ends(struct http_conn *conn, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *ci =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct http_ends *ends = &conn->ends;
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);

	if (ci && ci->client_addr)
		address_text(ci->client_addr, ends->peer, sizeof(ends->peer));
	if (getsockname(conn->fd, (struct sockaddr *)&local, &len) == 0)
		address_text((struct sockaddr *)&local, ends->local, sizeof(ends->local));
	conn->known = true;
}

void req_fill_addresses(struct http_req *req)
{
	if (!req->conn)
		return;
	if (!req->conn->known)
		conn_learn_ends(req->conn, req->mhd);
	req->ends = req->conn->ends;
}

const char *http_method(const struct http_req *req)
{
	return req->method;
}

const char *http_path(const struct http_req *req)
{
	return req->path;
}

const char *http_path_raw(const struct http_req *req)
{
	return req->raw;
}

const char *http_arg(const struct http_req *req, const char *name)
{
	for (size_t i = 0; i < req->n_args; i++)
		if (!strcmp(req->args[i].name, name))
			return req->args[i].value;
	return NULL;
}

bool http_arg_next(
	const struct http_req *req, size_t *pos, const char **ret_name, const char **ret_value)
{
	if (*pos >= req->n_args)
		return false;
	*ret_name = req->args[*pos].name;
	*ret_value = req->args[*pos].value;
	(*pos)++;
	return true;
}

const char *http_header(const struct http_req *req, const char *name)
{
	for (size_t i = 0; i < req->headers.n; i++)
		if (!strcasecmp(req->headers.list[i].name, name))
			return req->headers.list[i].value;
	return NULL;
}

const char *http_body(const struct http_req *req, size_t *ret_len)
{
	if (ret_len)
		*ret_len = req->body_len;
	return req->body ? req->body : "";
}

const char *http_peer(const struct http_req *req)
{
	return req->ends.peer;
}

const char *http_local(const struct http_req *req)
{
	return req->ends.local;
}

bool http_is_tls(const struct http_req *req)
{
	return req->tls;
}

void http_on_done(struct http_req *req, http_done_fn fn, void *data)
{
	pthread_mutex_lock(&req->lock);
	req->on_done = fn;
	req->on_done_data = data;
	pthread_mutex_unlock(&req->lock);
}

void http_reply_header(struct http_req *req, const char *name, const char *value)
{
	if (value && !strpbrk(name, "\r\n") && !strpbrk(value, "\r\n"))
		req_field_add(req, &req->extra, name, value);
}
