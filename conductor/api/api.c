/*
 * The API's life, and what happens to every request before its handler: path, who asks, version,
 * body. See api.h.
 */
#include "conductor/api/api.h"
#include "conductor/api/batch.h"
#include "conductor/api/call.h"
#include "conductor/api/internal.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define MIB	       ((size_t)1024 * 1024)
#define REQUEST_ID_MAX (sizeof("req-") + UUID_TEXT_MAX)

void api_call_began(struct api *a)
{
	atomic_fetch_add(&a->calls, 1);
}

void api_call_ended(struct api *a)
{
	atomic_fetch_sub(&a->calls, 1);
}

#define TEXT_(x) #x
#define TEXT(x)	 TEXT_(x)

/* Headers of every answer: the versions we know, and an id to find the request by. */
static void common_headers(struct http_req *req)
{
	char id[REQUEST_ID_MAX] = "req-";

	uuid_new(id + 4);
	http_reply_header(req, "openstack-request-id", id);
	http_reply_header(req, "x-openstack-request-id", id);
	http_reply_header(req, "X-OpenStack-Ironic-API-Minimum-Version", "1." TEXT(API_MINOR_MIN));
	http_reply_header(req, "X-OpenStack-Ironic-API-Maximum-Version", "1." TEXT(API_MINOR_MAX));
}

/* What links begin with: the configured URL, or the one the client used. */
static void find_base(struct call *c)
{
	const char *host = http_header(c->req, "Host"), *configured = c->api->config.public_url;
	bool good = !str_empty(host) && strlen(host) < 256;

	if (configured) {
		str_copy(c->base, sizeof(c->base), configured);
		return;
	}
	for (const char *p = host; good && *p; p++)
		good = isalnum((unsigned char)*p) || strchr(".-_:[]", *p);
	snprintf(c->base, sizeof(c->base), "%s://%s", http_is_tls(c->req) ? "https" : "http",
		good ? host : http_local(c->req));
}

static int check_user(struct call *c, struct err *e)
{
	int r;

	if (!c->api->auth || (c->route && (c->route->flags & ROUTE_PUBLIC)))
		return 0;
	r = auth_check(c->api->auth, http_header(c->req, "Authorization"), &c->user, e);
	if (r == -EACCES)
		http_reply_header(c->req, "WWW-Authenticate", "Basic realm=\"Baremetal API\"");
	return r;
}

static int check_version(struct call *c, struct err *e)
{
	char text[32];
	int r;

	c->version = API_MINOR_MAX;
	if (c->route->flags & ROUTE_UNVERSIONED)
		return 0;
	r = version_parse(http_header(c->req, "X-OpenStack-Ironic-API-Version"),
		http_header(c->req, "OpenStack-API-Version"), &c->version, e);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "1.%d", c->version);
	http_reply_header(c->req, "X-OpenStack-Ironic-API-Version", text);
	snprintf(text, sizeof(text), "baremetal 1.%d", c->version);
	http_reply_header(c->req, "OpenStack-API-Version", text);
	http_reply_header(c->req, "Vary", "X-OpenStack-Ironic-API-Version, OpenStack-API-Version");
	return 0;
}

/* A path that there is, by another method; or none that there is in the version asked for. */
static int no_route(struct call *c, struct err *e)
{
	int version;

	if (!c->match.path_known ||
		(version_parse(http_header(c->req, "X-OpenStack-Ironic-API-Version"),
			 http_header(c->req, "OpenStack-API-Version"), &version, NULL) == 0 &&
			version < c->match.since))
		return err_set(e, ENOENT, "The resource could not be found.");
	http_reply_header(c->req, "Allow", c->match.allowed);
	return err_set(e, EBADRQC, "The method is not allowed for this resource.");
}

static int run(struct call *c, struct err *e)
{
	const char *body;
	size_t len;
	int r;

	r = check_user(c, e);
	if (r < 0)
		return r;
	if (!c->route)
		return no_route(c, e);
	if ((c->route->flags & ROUTE_RAMDISK) && c->api->config.ramdisk_endpoints_off)
		return err_set(e, EPERM, "This endpoint is switched off");
	r = check_version(c, e);
	if (r < 0)
		return r;
	body = http_body(c->req, &len);
	return call_run(c, body, len, e);
}

/* Before 1.91 ".json" may stand behind a path and means nothing. */
static void match_path(struct call *c)
{
	const char *path = http_path(c->req),
		   *asked = http_header(c->req, "X-OpenStack-Ironic-API-Version");
	_cleanup_free_ char *cut = NULL;
	int version;

	if (asked && str_ends(path, ".json") && version_parse(asked, NULL, &version, NULL) == 0 &&
		version < 91)
		cut = xstrndup(path, strlen(path) - strlen(".json"));
	router_match(http_method(c->req), cut ? cut : path, &c->match);
	c->route = c->match.route;
	memcpy(c->params, c->match.params, sizeof(c->params));
}

static void handle(struct http_req *req, void *data)
{
	struct api *a = data;
	struct call *c = xcalloc(1, sizeof(*c));
	struct err e = {0};

	api_call_began(a);
	c->api = a;
	c->req = req;
	common_headers(req);
	find_base(c);
	match_path(c);
	if (run(c, &e) < 0)
		call_reply_error(c, &e);
}

static size_t body_limit(const char *method, const char *path, void *data)
{
	const struct api_config *c = &((struct api *)data)->config;
	struct route_match m;

	router_match(method, path, &m);
	if (m.route && (m.route->flags & ROUTE_PROVISION))
		return c->body_provision_max;
	if (m.route && (m.route->flags & ROUTE_INSPECTION))
		return c->body_inspection_max;
	return c->body_max;
}

/* What the server refuses before it comes to us. */
static char *refusal(int status, void *data)
{
	return call_error_text(status, status == 413   ? "The request's body is too large"
				       : status == 503 ? "The conductor is too busy, or stopping"
						       : "The request is malformed");
}

static void copy_config(struct api_config *dst, const struct api_config *src)
{
	*dst = *src;
	dst->listen = xstrdup(src->listen);
	dst->tls_cert = xstrdup(src->tls_cert);
	dst->tls_key = xstrdup(src->tls_key);
	dst->public_url = xstrdup(src->public_url);
	dst->console_folder = src->console_folder ? xstrdup(src->console_folder) : NULL;
	dst->htpasswd = xstrdup(src->htpasswd);
	dst->body_max = src->body_max ? src->body_max : MIB;
	dst->body_provision_max = src->body_provision_max ? src->body_provision_max : 64 * MIB;
	dst->body_inspection_max = src->body_inspection_max ? src->body_inspection_max : 16 * MIB;
	dst->list_max = src->list_max ? src->list_max : 1000;
}

/* The public URL without what links add themselves. */
static void trim_url(char *url)
{
	size_t n;

	if (!url)
		return;
	for (n = strlen(url); n && url[n - 1] == '/';)
		url[--n] = 0;
	if (str_ends(url, "/v1"))
		url[n - 3] = 0;
}

/* It goes into links as it is. */
static bool url_good(const char *url)
{
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"\\<>", *p))
			return false;
	return strlen(url) < sizeof(((struct call *)0)->base);
}

int api_new(const struct api_config *c, struct api **ret, struct err *e)
{
	struct api *a = xcalloc(1, sizeof(*a));
	int r = 0;

	copy_config(&a->config, c);
	trim_url((char *)a->config.public_url);
	if (a->config.public_url && !url_good(a->config.public_url))
		r = err_set(e, EINVAL, "public_url: too long, or with characters no URL has");
	if (r == 0 && c->auth == API_AUTH_HTTP_BASIC)
		r = c->htpasswd ? auth_new(c->htpasswd, &a->auth, e)
				: err_set(e, EINVAL, "auth = http_basic needs htpasswd = FILE");
	if (r < 0) {
		api_free(a);
		return err_prefix(e, "api");
	}
	*ret = a;
	return 0;
}

int api_start(struct api *a, struct err *e)
{
	struct http_server_config hc = {
		.listen = a->config.listen,
		.tls_cert = a->config.tls_cert,
		.tls_key = a->config.tls_key,
		.threads = a->config.threads,
		.max_connections = a->config.max_connections,
		.max_per_address = a->config.max_per_address,
		.request_timeout_s = a->config.request_timeout_s,
		.body_max = a->config.body_max,
		.body_limit = body_limit,
		.handler = handle,
		.refusal = refusal,
		.data = a,
	};
	int r = http_server_new(&hc, &a->server, e);

	return r < 0 ? err_prefix(e, "api") : 0;
}

int api_reload(struct api *a, struct err *e)
{
	int r = a->server ? http_server_reload_tls(a->server, e) : 0;

	return r < 0 ? err_prefix(e, "api") : 0;
}

uint16_t api_port(const struct api *a)
{
	return a->server ? http_server_port(a->server) : 0;
}

void api_stop(struct api *a, unsigned drain_ms)
{
	atomic_store(&a->stopping, true);
	if (a->server)
		http_server_stop(a->server, drain_ms);
	batch_wait(a);
}

void api_free(struct api *a)
{
	if (!a)
		return;
	http_server_free(a->server);
	auth_free(a->auth);
	free((char *)a->config.listen);
	free((char *)a->config.tls_cert);
	free((char *)a->config.tls_key);
	free((char *)a->config.public_url);
	free((char *)a->config.console_folder);
	free((char *)a->config.htpasswd);
	free(a);
}
