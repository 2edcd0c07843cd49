/* Requests to the conductor; see conductor.h. */
#include "agent/report/conductor.h"
#include "agent/report/mdns.h"
#include "lib/base/str.h"
#include "lib/http/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_MAX (4 * 1024 * 1024)
#define MDNS_MS	  3000
#define MDNS	  "mdns" /* in place of a URL */

struct conductor {
	const struct params *params;
	struct http_client *http;
	size_t url;	      /* index of the API in use */
	char *found;	      /* the API that mDNS told, NULL: none or not asked for */
	char *found_callback; /* beside it, NULL: none */
	int minor, newest;
};

int conductor_new(const struct params *params, struct conductor **ret, struct err *e)
{
	struct conductor *c;
	int r;

	if (!params->n_api_urls && !params->inspection_callback_url && !params->use_mdns)
		return err_set(e, EINVAL,
			"no conductor: the kernel parameter ipa-api-url is missing; give it on the "
			"kernel's command line");
	c = xcalloc(1, sizeof(*c));
	c->params = params;
	c->newest = API_MINOR_ASSUMED;
	c->minor = api_minor_use(
		params->api_version ? api_minor_from_text(params->api_version) : API_MINOR_ASSUMED);
	r = http_client_new(&c->http, e);
	if (r < 0) {
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void conductor_free(struct conductor *c)
{
	if (!c)
		return;
	http_client_free(c->http);
	free(c->found);
	free(c->found_callback);
	free(c);
}

static bool wants_mdns(const struct conductor *c)
{
	const struct params *p = c->params;

	return p->n_api_urls ? str_eq(p->api_urls[0], MDNS) : p->use_mdns;
}

const char *conductor_url(const struct conductor *c)
{
	return wants_mdns(c) ? c->found : c->params->api_urls[c->url];
}

const char *conductor_callback(const struct conductor *c)
{
	const char *given = c->params->inspection_callback_url;

	return str_eq(given, MDNS) ? c->found_callback : given;
}

int conductor_minor(const struct conductor *c)
{
	return c->minor;
}

int conductor_newest(const struct conductor *c)
{
	return c->newest;
}

/* An API that gives no answer, or one of trouble of its own, is left for the next of the list. */
static void leave_failed(struct conductor *c, int r, const struct http_response *resp)
{
	if (c->params->n_api_urls > 1 && (r < 0 || resp->status >= 500))
		c->url = (c->url + 1) % c->params->n_api_urls;
}

/* One request with the headers all of them share. */
static int request(struct conductor *c, struct http_request *rq, bool version,
	struct http_response *ret, struct err *e)
{
	char version_header[64], id_header[160];
	const char *headers[3] = {0};
	size_t n = 0;

	snprintf(version_header, sizeof(version_header), "X-OpenStack-Ironic-API-Version: 1.%d",
		c->minor);
	if (version)
		headers[n++] = version_header;
	if (c->params->global_request_id && strlen(c->params->global_request_id) < 100) {
		snprintf(id_header, sizeof(id_header), "X-Openstack-Request-Id: %s",
			c->params->global_request_id);
		headers[n++] = id_header;
	}
	rq->headers = headers;
	rq->response_max = REPLY_MAX;
	rq->timeout_ms = (unsigned)c->params->http_timeout_s * 1000;
	if (!rq->tls.insecure) {
		rq->tls.ca_file = c->params->ca_file;
		rq->tls.insecure = c->params->insecure;
	}
	return http_client_do(c->http, rq, ret, e);
}

static int64_t date_of(const struct http_response *resp)
{
	_cleanup_free_ char *date = http_response_header(resp, "date");
	int64_t s;

	return date && http_date_parse(date, &s) == 0 ? s : 0;
}

/* The clock of an API whose certificate was refused, perhaps only because ours is wrong. */
static int date_without_trust(struct conductor *c, const char *url, int64_t *ret_date_s)
{
	struct http_request rq = {.url = url, .tls = {.insecure = true}};
	struct http_response resp;

	if (request(c, &rq, false, &resp, NULL) < 0)
		return -EPROTO;
	*ret_date_s = date_of(&resp);
	http_response_done(&resp);
	return *ret_date_s ? -EKEYREJECTED : -EPROTO;
}

static int discover_one(struct conductor *c, const char *api, int64_t *ret_date_s, struct err *e)
{
	_cleanup_free_ char *url = xasprintf("%s/", api);
	struct http_request rq = {.url = url};
	struct http_response resp;
	int r = request(c, &rq, false, &resp, e);

	if (r == -EPROTO && str_starts(url, "https:"))
		return date_without_trust(c, url, ret_date_s);
	if (r < 0)
		return r;
	c->newest = resp.status == 200 ? api_minor_parse(resp.body, resp.len) : API_MINOR_ASSUMED;
	if (!c->params->api_version)
		c->minor = api_minor_use(c->newest);
	*ret_date_s = date_of(&resp);
	http_response_done(&resp);
	return 0;
}

/* Asks anew each time: who answers may have moved. */
static int discover_by_mdns(struct conductor *c, int64_t *ret_date_s, struct err *e)
{
	struct mdns m;
	char *url = NULL;
	int r = mdns_find(MDNS_MS, &m, &url, e);

	if (r < 0)
		return r;
	free(c->found);
	c->found = url;
	free(c->found_callback);
	c->found_callback = m.inspection_callback_url[0]
				    ? xstrdup(m.inspection_callback_url)
				    : xasprintf("%s/v1/continue_inspection", url);
	return discover_one(c, url, ret_date_s, e);
}

int conductor_discover(struct conductor *c, int64_t *ret_date_s, struct err *e)
{
	int r = -EINVAL;

	*ret_date_s = 0;
	if (wants_mdns(c))
		return discover_by_mdns(c, ret_date_s, e);
	for (size_t i = 0; i < c->params->n_api_urls; i++) {
		size_t url = (c->url + i) % c->params->n_api_urls;

		r = discover_one(c, c->params->api_urls[url], ret_date_s, e);
		if (r == 0 || r == -EKEYREJECTED) {
			c->url = url;
			return r;
		}
	}
	return r;
}

/* The reason an Ironic API gives: {"error_message": "{\"faultstring\": ...}"}, or an object there.
 */
static void fault(const struct http_response *resp, char *ret, size_t size)
{
	_cleanup_json_ json_t *body = NULL, *inner = NULL;
	const json_t *message;
	const char *text;

	snprintf(ret, size, "%d %s", resp->status, http_status_text(resp->status));
	if (json_parse(resp->body, resp->len, JSON_DEPTH_MAX, &body, NULL) < 0)
		return;
	message = json_object_get(body, "error_message");
	text = json_string_value(message);
	if (text && json_parse(text, strlen(text), JSON_DEPTH_MAX, &inner, NULL) == 0)
		message = inner;
	if (json_str(message, "faultstring"))
		text = json_str(message, "faultstring");
	if (!str_empty(text))
		snprintf(ret, size, "%d %s", resp->status, text);
}

/* -EAGAIN where the same request may go better later. */
static int refused(
	const char *what, const char *url, const struct http_response *resp, struct err *e)
{
	char text[400], shown[256];

	fault(resp, text, sizeof(text));
	return err_set(e, resp->status == 409 || resp->status >= 500 ? EAGAIN : EREMOTEIO,
		"%s: %s: %s", what, http_url_shown(url, shown, sizeof(shown)), text);
}

static char *lookup_url(struct conductor *c, const char *macs, const char *node_uuid)
{
	_cleanup_free_ char *base = xasprintf("%s/v1/lookup", conductor_url(c));
	char *url = url_with_arg(base, "addresses", macs), *longer;

	if (!str_empty(node_uuid)) {
		longer = url_with_arg(url, "node_uuid", node_uuid);
		free(url);
		url = longer;
	}
	if (c->params->boot_token) {
		longer = url_with_arg(url, "boot_token", c->params->boot_token);
		free(url);
		url = longer;
	}
	return url;
}

int conductor_lookup(struct conductor *c, const char *macs, const char *node_uuid,
	struct lookup *ret, struct err *e)
{
	_cleanup_free_ char *url = lookup_url(c, macs, node_uuid);
	struct http_request rq = {.url = url};
	struct http_response resp;
	int r = request(c, &rq, true, &resp, e);

	leave_failed(c, r, &resp);
	if (r < 0) {
		err_prefix(e, "lookup");
		return r;
	}
	if (resp.status != 200)
		r = refused("lookup", url, &resp, e);
	else
		r = lookup_parse(resp.body, resp.len, ret, e);
	mem_wipe(resp.body, resp.len);
	http_response_done(&resp);
	return r;
}

int conductor_inspection(
	struct conductor *c, const json_t *data, char ret_uuid[static UUID_TEXT_MAX], struct err *e)
{
	const char *base = conductor_callback(c);
	_cleanup_free_ char *url = c->params->boot_token
					   ? url_with_arg(base, "boot_token", c->params->boot_token)
					   : xstrdup(base);
	_cleanup_free_ char *body = json_text(data);
	struct http_request rq = {
		.method = "POST", .url = url, .body = body, .body_len = strlen(body)};
	struct http_response resp;
	int r = request(c, &rq, false, &resp, e);

	ret_uuid[0] = '\0';
	if (r < 0) {
		err_prefix(e, "send the inspection");
		return -EAGAIN;
	}
	if (resp.status / 100 != 2)
		r = refused("send the inspection", url, &resp, e);
	if (resp.status == 404)
		r = -ENOENT;
	if (resp.status / 100 == 2)
		inspection_uuid(resp.body, resp.len, ret_uuid);
	http_response_done(&resp);
	return r;
}

int conductor_heartbeat(
	struct conductor *c, const char *node_uuid, const struct heartbeat *h, struct err *e)
{
	_cleanup_free_ char *url = xasprintf("%s/v1/heartbeat/%s", conductor_url(c), node_uuid);
	_cleanup_json_ json_t *json = heartbeat_body(h);
	_cleanup_free_ char *body = json_text(json);
	struct http_request rq = {
		.method = "POST", .url = url, .body = body, .body_len = strlen(body)};
	struct http_response resp;
	int r = request(c, &rq, true, &resp, e);

	mem_wipe(body, strlen(body));
	leave_failed(c, r, &resp);
	if (r < 0) {
		err_prefix(e, "heartbeat");
		return r;
	}
	if (resp.status / 100 != 2)
		r = refused("heartbeat", url, &resp, e);
	http_response_done(&resp);
	return r;
}

/* Host and port of "scheme://host:port/..."; brackets are taken off. */
static int split_host(const char *url, char host[static 256], char port[static 8])
{
	const char *p = strstr(url, "://"), *end, *colon;
	size_t n;

	if (!p)
		return -EINVAL;
	snprintf(port, 8, "%s", str_starts(url, "https") ? "443" : "80");
	p += 3;
	end = p + strcspn(p, "/?#");
	if (*p == '[') {
		colon = memchr(p, ']', (size_t)(end - p));
		if (!colon)
			return -EINVAL;
		n = (size_t)(colon - p) - 1;
		p++;
		colon++;
	} else {
		colon = memchr(p, ':', (size_t)(end - p));
		n = (size_t)((colon ? colon : end) - p);
	}
	if (n >= 256)
		return -EINVAL;
	memcpy(host, p, n);
	host[n] = '\0';
	if (colon && colon < end && *colon == ':' && end - colon - 1 > 0 && end - colon - 1 < 8)
		snprintf(port, 8, "%.*s", (int)(end - colon - 1), colon + 1);
	return 0;
}

int conductor_local_address(const struct conductor *c, char *ret, size_t size, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *ai = NULL;
	const char *url = conductor_url(c);
	struct sockaddr_storage ours;
	socklen_t len = sizeof(ours);
	_cleanup_close_ int fd = -1;
	char host[256], port[8];
	int r;

	if (split_host(url, host, port) < 0)
		return err_set(e, EINVAL, "the URL of the API has no host: %s", url);
	r = getaddrinfo(host, port, &hints, &ai);
	if (r)
		return err_set(e, EHOSTUNREACH, "find %s: %s", host, gai_strerror(r));
	fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r = fd < 0 || connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 ||
			    getsockname(fd, (struct sockaddr *)&ours, &len) < 0
		    ? -errno
		    : 0;
	freeaddrinfo(ai);
	if (r < 0)
		return err_errno(e, -r, "find the address that reaches %s", host);
	r = getnameinfo(
		(struct sockaddr *)&ours, len, ret, (socklen_t)size, NULL, 0, NI_NUMERICHOST);
	return r ? err_set(e, EIO, "own address: %s", gai_strerror(r)) : 0;
}
