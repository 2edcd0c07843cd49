/*
 * What a handler sees of a request: its headers copied so that they outlive the connection, its
 * body and addresses. Knows nothing of threads or replies. Its line is read in uri.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/http/req.h"

struct http_req *req_new(struct http_server *s, const char *uri)
{
	struct http_req *req = xcalloc(1, sizeof(*req));

	req->server = s;
	atomic_init(&req->refs, 1);
	pthread_mutex_init(&req->lock, NULL);
	list_init(&req->link);
	req->uri = xstrdup(uri);
	return req;
}

struct http_req *http_inner(const struct http_req *outer, const char *method, const char *path,
	http_inner_fn reply, void *data)
{
	struct http_req *req = req_new(NULL, path);

	str_copy(req->method, sizeof(req->method), method);
	req->raw = xstrdup(path);
	req->path = xstrdup(path);
	req->query = "";
	req->tls = outer->tls;
	req->peer_port = outer->peer_port;
	memcpy(req->peer, outer->peer, sizeof(req->peer));
	memcpy(req->local, outer->local, sizeof(req->local));
	req->inner = reply;
	req->inner_data = data;
	return req;
}

void req_ref(struct http_req *req)
{
	atomic_fetch_add_explicit(&req->refs, 1, memory_order_relaxed);
}

static void fields_free(struct req_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((char *)f[i].name); /* the value is in the same block */
	free(f);
}

void req_unref(struct http_req *req)
{
	if (atomic_fetch_sub_explicit(&req->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (req->response)
		MHD_destroy_response(req->response);
	req_stream_drop(req);
	fields_free(req->headers, req->n_headers);
	fields_free(req->extra, req->n_extra);
	free(req->args);
	free(req->args_text);
	free(req->path);
	free(req->raw);
	free(req->uri);
	if (req->body)
		mem_wipe(req->body, req->body_len);
	free(req->body);
	pthread_mutex_destroy(&req->lock);
	free(req);
}

static void field_add(struct req_field **list, size_t *n, const char *name, const char *value)
{
	size_t nl = strlen(name), vl = strlen(value);
	char *block = xmalloc(nl + vl + 2);

	memcpy(block, name, nl + 1);
	memcpy(block + nl + 1, value, vl + 1);
	*list = xrealloc(*list, (*n + 1) * sizeof(**list));
	(*list)[(*n)++] = (struct req_field){block, block + nl + 1};
}

static enum MHD_Result copy_header(
	void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct http_req *req = cls;

	field_add(&req->headers, &req->n_headers, key, value ? value : "");
	return req->n_headers < 128 ? MHD_YES : MHD_NO;
}

int req_copy_headers(struct http_req *req)
{
	MHD_get_connection_values(req->mhd, MHD_HEADER_KIND, copy_header, req);
	return req->n_headers < 128 ? 0 : -EINVAL;
}

int req_check_host(const struct http_req *req, const char *version)
{
	unsigned n = 0;

	for (size_t i = 0; i < req->n_headers; i++)
		n += !strcasecmp(req->headers[i].name, "Host");
	return n == 1 || (n == 0 && !strcmp(version, "HTTP/1.0")) ? 0 : -EINVAL;
}

static uint16_t address_text(const struct sockaddr *sa, char *ret, size_t size)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	char name[IF_NAMESIZE];
	size_t n;

	*ret = 0;
	if (sa->sa_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, ret, size);
		return ntohs(in->sin_port);
	}
	if (sa->sa_family != AF_INET6)
		return 0;
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, ret, size);
		return ntohs(in6->sin6_port);
	}
	inet_ntop(AF_INET6, &in6->sin6_addr, ret, size);
	n = strlen(ret);
	if (in6->sin6_scope_id && if_indextoname(in6->sin6_scope_id, name))
		snprintf(ret + n, size - n, "%%%s", name);
	return ntohs(in6->sin6_port);
}

void req_fill_addresses(struct http_req *req)
{
	const union MHD_ConnectionInfo *ci =
		MHD_get_connection_info(req->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);

	if (ci && ci->client_addr)
		req->peer_port = address_text(ci->client_addr, req->peer, sizeof(req->peer));
	if (req->conn && getsockname(req->conn->fd, (struct sockaddr *)&local, &len) == 0)
		address_text((struct sockaddr *)&local, req->local, sizeof(req->local));
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

const char *http_query_raw(const struct http_req *req)
{
	return req->query;
}

const char *http_arg(const struct http_req *req, const char *name)
{
	for (size_t i = 0; i < req->n_args; i++)
		if (!strcmp(req->args[i].name, name))
			return req->args[i].value;
	return NULL;
}

static bool field_next(const struct req_field *f, size_t n, size_t *pos, const char **ret_name,
	const char **ret_value)
{
	if (*pos >= n)
		return false;
	*ret_name = f[*pos].name;
	*ret_value = f[*pos].value;
	(*pos)++;
	return true;
}

bool http_arg_next(
	const struct http_req *req, size_t *pos, const char **ret_name, const char **ret_value)
{
	return field_next(req->args, req->n_args, pos, ret_name, ret_value);
}

const char *http_header(const struct http_req *req, const char *name)
{
	for (size_t i = 0; i < req->n_headers; i++)
		if (!strcasecmp(req->headers[i].name, name))
			return req->headers[i].value;
	return NULL;
}

bool http_header_next(
	const struct http_req *req, size_t *pos, const char **ret_name, const char **ret_value)
{
	return field_next(req->headers, req->n_headers, pos, ret_name, ret_value);
}

const char *http_body(const struct http_req *req, size_t *ret_len)
{
	if (ret_len)
		*ret_len = req->body_len;
	return req->body ? req->body : "";
}

const char *http_peer(const struct http_req *req)
{
	return req->peer;
}

uint16_t http_peer_port(const struct http_req *req)
{
	return req->peer_port;
}

const char *http_local(const struct http_req *req)
{
	return req->local;
}

bool http_is_tls(const struct http_req *req)
{
	return req->tls;
}

void http_set_user(struct http_req *req, void *user)
{
	req->user = user;
}

void *http_user(const struct http_req *req)
{
	return req->user;
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
		field_add(&req->extra, &req->n_extra, name, value);
}
