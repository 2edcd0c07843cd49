/* Finding and asking the conductor; see conn.h. */
#include "conductor/cli/conn.h"
#include "conductor/cli/clouds.h"
#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/cli/prompt.h"
#include "lib/cli/table.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_URL   "http://127.0.0.1:6385"
#define MINOR	      110
#define RETRY_MS      10000
#define STREAM_IDLE_S 45 /* the conductor says something every 15 s */
#define ANSWER_MAX    ((size_t)256 * 1024 * 1024)

struct conn {
	struct http_client *http;
	struct cloud cloud; /* endpoint without /v1 and slash */
	int minor;
	bool exact; /* of the minor: it was asked for */
	bool (*on_body)(void *data, const char *bytes, size_t len); /* of conn_stream() */
	void *on_body_data;
	unsigned timeout_ms; /* of one request; 0: the client's own */
};

static const char *first_env(const char *const *names)
{
	for (; *names; names++)
		if (!str_empty(getenv(*names)))
			return getenv(*names);
	return NULL;
}

static int find_endpoint(const struct cli_line *line, struct cloud *cloud, struct err *e)
{
	static const char *const vars[] = {
		"INGOT_URL", "OS_ENDPOINT", "OS_ENDPOINT_OVERRIDE", NULL};
	const char *url = cli_value(line, "url"), *name = cli_value(line, "os-cloud");

	if (!url)
		url = cli_value(line, "os-endpoint");
	if (!url && !name)
		url = first_env(vars);
	if (!url && !name)
		name = getenv("OS_CLOUD");
	if (!url && !str_empty(name))
		return cloud_find(name, cloud, e);
	cloud->endpoint = xstrdup(url ? url : DEFAULT_URL);
	return 0;
}

/* An option, else a variable of the environment; NULL: neither. */
static const char *option_or_env(const struct cli_line *line, const char *option, const char *env)
{
	const char *value = cli_value(line, option);

	return value ? value : str_empty(getenv(env)) ? NULL : getenv(env);
}

static int read_password(const struct cli_line *line, struct cloud *cloud, struct err *e)
{
	const char *file = cli_value(line, "password-file"),
		   *given = cli_value(line, "os-password");

	if (given) {
		fprintf(stderr,
			"ingot: --os-password: everybody on this machine can read a command "
			"line; OS_PASSWORD, --password-file or clouds.yaml are better\n");
		str_replace(&cloud->password, given);
	}
	if (file) {
		free(cloud->password);
		cloud->password = fs_read_line(file);
		if (!cloud->password)
			return err_set(e, EINVAL, "--password-file %s: cannot be read", file);
	}
	if (cloud->username && !cloud->password)
		return prompt_password("Password: ", &cloud->password, e);
	return 0;
}

static int find_password(const struct cli_line *line, struct cloud *cloud, struct err *e)
{
	const char *user = option_or_env(line, "os-username", "OS_USERNAME");
	const char *type = option_or_env(line, "os-auth-type", "OS_AUTH_TYPE");
	bool basic = !cloud->open;

	if (type && cloud_auth_type(type, &basic, e) < 0)
		return -e->code;
	if (!basic) {
		str_replace(&cloud->username, NULL);
		return 0;
	}
	if (user && !str_eq(user, cloud->username)) {
		str_replace(&cloud->username, user);
		str_replace(&cloud->password, getenv("OS_PASSWORD"));
	}
	if (type && !cloud->username)
		return err_set(e, EINVAL,
			"http_basic: a name is missing; --os-username or OS_USERNAME gives it");
	return read_password(line, cloud, e);
}

/* --os-baremetal-api-version: that very one, and no older. */
static int find_version(const struct cli_line *line, struct conn *c, struct err *e)
{
	const char *text =
		option_or_env(line, "os-baremetal-api-version", "OS_BAREMETAL_API_VERSION");

	text = text ? text : c->cloud.version;
	if (!text || str_eq(text, "latest") || str_eq(text, "1"))
		return 0;
	c->exact = true;
	if (!str_starts(text, "1.") || str_to_int(text + 2, 1, 9999, &c->minor) < 0)
		return err_set(e, EINVAL, "API version '%.32s': expected 1.N or latest", text);
	return 0;
}

static void trim_endpoint(char *url)
{
	size_t n = strlen(url);

	while (n && url[n - 1] == '/')
		url[--n] = 0;
	if (str_ends(url, "/v1"))
		url[n - 3] = 0;
}

int conn_open(const struct cli_line *line, struct conn **ret, struct err *e)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	const char *ca = option_or_env(line, "os-cacert", "OS_CACERT");
	int r;

	c->minor = MINOR;
	r = find_endpoint(line, &c->cloud, e);
	if (r == 0)
		r = find_password(line, &c->cloud, e);
	if (r == 0)
		r = find_version(line, c, e);
	if (r == 0)
		r = http_client_new(&c->http, e);
	if (r < 0) {
		conn_close(c);
		return r;
	}
	trim_endpoint(c->cloud.endpoint);
	if (ca)
		str_replace(&c->cloud.cacert, ca);
	c->cloud.insecure |= cli_flag(line, "insecure");
	if (c->cloud.insecure && c->cloud.password)
		fprintf(stderr,
			"ingot: the certificate of %s is not checked: whoever answers there "
			"gets the password; --os-cacert FILE checks it\n",
			c->cloud.endpoint);
	*ret = c;
	return 0;
}

int conn_twin(const struct conn *c, struct conn **ret, struct err *e)
{
	struct conn *twin = xcalloc(1, sizeof(*twin));
	int r;

	twin->minor = c->minor;
	twin->exact = c->exact;
	twin->timeout_ms = c->timeout_ms;
	twin->cloud = (struct cloud){.endpoint = xstrdup(c->cloud.endpoint),
		.username = xstrdup(c->cloud.username),
		.password = xstrdup(c->cloud.password),
		.cacert = xstrdup(c->cloud.cacert),
		.insecure = c->cloud.insecure};
	r = http_client_new(&twin->http, e);
	if (r < 0) {
		conn_close(twin);
		return r;
	}
	*ret = twin;
	return 0;
}

void conn_close(struct conn *c)
{
	if (!c)
		return;
	http_client_free(c->http);
	cloud_done(&c->cloud);
	free(c);
}

const char *conn_url(const struct conn *c)
{
	return c->cloud.endpoint;
}

void conn_patience(struct conn *c, unsigned timeout_ms)
{
	c->timeout_ms = timeout_ms;
}

static int ask_once(struct conn *c, const char *method, const char *path, const char *body,
	struct http_response *ret, struct err *e)
{
	_cleanup_free_ char *url = xasprintf("%s%s", c->cloud.endpoint, path);
	char version[64];
	const char *const headers[] = {version, "Accept: application/json", NULL};
	struct http_request rq = {
		.method = method,
		.url = url,
		.headers = headers,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.user = c->cloud.username,
		.password = c->cloud.password,
		.tls = {.ca_file = c->cloud.cacert, .insecure = c->cloud.insecure},
		.response_max = ANSWER_MAX,
		.timeout_ms = c->timeout_ms,
		.on_body = c->on_body,
		.on_body_data = c->on_body_data,
		.idle_timeout_s = STREAM_IDLE_S,
	};
	int r;

	snprintf(version, sizeof(version), "X-OpenStack-Ironic-API-Version: 1.%d", c->minor);
	r = http_client_do(c->http, &rq, ret, e);
	if (r == -ECONNREFUSED)
		err_advise(e, "is the conductor running? --url or INGOT_URL say where it is");
	return r;
}

/* An older conductor than we are: speak its newest version from now on. */
static bool older(struct conn *c, const struct http_response *r)
{
	_cleanup_free_ char *max = NULL;
	int minor;

	if (r->status != 406 || c->exact)
		return false;
	max = http_response_header(r, "X-OpenStack-Ironic-API-Maximum-Version");
	if (!max || !str_starts(max, "1.") || str_to_int(max + 2, 1, c->minor - 1, &minor) < 0)
		return false;
	c->minor = minor;
	return true;
}

static bool worth_retrying(const struct http_response *r)
{
	return r->status == 503 || (r->status == 409 && strstr(r->body, "is locked by host"));
}

static int ask(struct conn *c, const char *method, const char *path, const char *body,
	struct http_response *ret, struct err *e)
{
	int64_t until = time_mono_ms() + RETRY_MS;
	useconds_t pause = 100000;

	for (;;) {
		int r = ask_once(c, method, path, body, ret, e);

		if (r < 0)
			return r;
		if (older(c, ret)) {
			http_response_done(ret);
			continue;
		}
		if (!worth_retrying(ret) || time_mono_ms() >= until)
			return 0;
		http_response_done(ret);
		usleep(pause);
		pause = pause < 1000000 ? pause * 2 : pause;
	}
}

/* The faultstring of an error's body (Ironic wraps JSON in a JSON string), or its text. */
static char *fault_text(const struct http_response *r)
{
	_cleanup_json_ json_t *outer = NULL, *inner = NULL;
	const json_t *message;
	const char *text;

	if (json_parse(r->body, r->len, 16, &outer, NULL) < 0)
		return NULL;
	message = json_object_get(outer, "error_message");
	text = json_string_value(message);
	if (text && json_parse(text, strlen(text), 16, &inner, NULL) == 0)
		message = inner;
	text = json_is_object(message) ? json_str(message, "faultstring")
				       : json_string_value(message);
	return xstrdup(text);
}

/* What may be done about an answer, where the text does not tell. */
static void advise(const struct conn *c, const struct http_response *r, struct err *e)
{
	if (r->status == 401)
		err_advise(e, "--os-username and --password-file, or OS_USERNAME and OS_PASSWORD");
	else if (r->status == 406 && c->exact)
		err_advise(e, "1.%d was asked for by --os-baremetal-api-version or its variable",
			c->minor);
	else if (r->status == 404 && e && strstr(e->text, " answered 404 "))
		err_advise(e, "is its API 1.%d too old for this?", c->minor);
	else if (r->status == 503)
		err_advise(e, "it was asked again for %d s; try later", RETRY_MS / 1000);
	else if (r->status == 409 && strstr(r->body, "is locked by host"))
		err_advise(e, "it was asked again for %d s; 'ingot why' tells what holds it",
			RETRY_MS / 1000);
}

static int answer_code(int status)
{
	static const int codes[][2] = {{404, ENOENT}, {401, EACCES}, {403, EACCES}, {409, EBUSY},
		{503, EAGAIN}, {405, ENOSYS}, {501, ENOSYS}};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i][0] == status)
			return codes[i][1];
	return status < 500 ? EINVAL : EREMOTEIO;
}

static int answer_err(const struct conn *c, const struct http_response *r, struct err *e)
{
	_cleanup_free_ char *text = fault_text(r);
	int code = answer_code(r->status);

	text_clean(text);
	if (!str_empty(text))
		err_set(e, code, "%s", text);
	else
		err_set(e, code, "%s answered %d %s", c->cloud.endpoint, r->status,
			http_status_text(r->status));
	advise(c, r, e);
	return -code;
}

int conn_call(struct conn *c, const char *method, const char *path, const json_t *body,
	json_t **ret_json, struct err *e)
{
	_cleanup_free_ char *text = body ? json_text(body) : NULL;
	struct http_response r = {0};
	int n = ask(c, method, path, text, &r, e);

	if (n < 0)
		return n;
	if (r.status >= 400)
		n = answer_err(c, &r, e);
	else if (ret_json && r.len && json_parse(r.body, r.len, 64, ret_json, e) < 0)
		n = err_prefix(e, "%s: answer of %s", c->cloud.endpoint, path);
	http_response_done(&r);
	return n;
}

int conn_text(struct conn *c, const char *path, char **ret, struct err *e)
{
	size_t len;

	return conn_data(c, path, ret, &len, e);
}

int conn_data(struct conn *c, const char *path, char **ret, size_t *ret_len, struct err *e)
{
	struct http_response r = {0};
	int n = ask(c, "GET", path, NULL, &r, e);

	if (n == 0 && r.status >= 400)
		n = answer_err(c, &r, e);
	if (n == 0) {
		*ret_len = r.len;
		*ret = TAKE_PTR(r.body);
	}
	http_response_done(&r);
	return n;
}

int conn_stream(struct conn *c, const char *path,
	bool (*on_body)(void *data, const char *bytes, size_t len), void *data, struct err *e)
{
	struct http_response r = {0};
	int n;

	c->on_body = on_body;
	c->on_body_data = data;
	n = ask(c, "GET", path, NULL, &r, e);
	c->on_body = NULL;
	if (n == 0 && r.status >= 400)
		n = answer_err(c, &r, e);
	http_response_done(&r);
	return n;
}

/* The path in a URL of ours, whatever name it calls us by. */
static const char *path_of(const char *url)
{
	const char *scheme = strstr(url, "://"), *path = scheme ? strchr(scheme + 3, '/') : NULL;

	return path ? path : url;
}

int conn_list(
	struct conn *c, const char *path, const char *plural, json_t **ret_array, struct err *e)
{
	return conn_list_some(c, path, plural, SIZE_MAX, ret_array, e);
}

int conn_list_some(struct conn *c, const char *path, const char *plural, size_t at_most,
	json_t **ret_array, struct err *e)
{
	_cleanup_json_ json_t *all = json_array();
	_cleanup_free_ char *at = xstrdup(path);

	while (at) {
		_cleanup_json_ json_t *page = NULL;
		const char *next;
		int r = conn_call(c, "GET", at, NULL, &page, e);

		if (r < 0)
			return r;
		json_array_extend(all, json_object_get(page, plural));
		next = json_array_size(all) < at_most ? json_str(page, "next") : NULL;
		str_replace(&at, next ? path_of(next) : NULL);
	}
	while (json_array_size(all) > at_most)
		json_array_remove(all, json_array_size(all) - 1);
	*ret_array = TAKE_PTR(all);
	return 0;
}

char *conn_path(const char *before, const char *name, const char *after)
{
	struct buf b = BUF_INIT(8192);

	buf_puts(&b, before);
	for (; *name; name++)
		buf_printf(&b,
			isalnum((unsigned char)*name) || strchr("-._~:@", *name) ? "%c" : "%%%02X",
			(unsigned char)*name);
	buf_puts(&b, after);
	return buf_take(&b);
}
