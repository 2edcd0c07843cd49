/* A request's target split and decoded: path and arguments (RFC 9110, RFC 9112 section 3.2). */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/http/req.h"

int uri_decode(char *s, bool plus_is_space)
{
	char *out = s;

	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '%') {
			if (hex_decode((char[3]){s[1], s[1] ? s[2] : 0, 0}, &c, 1) != 1 || !c)
				return -EINVAL;
			s += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		*out++ = c;
	}
	*out = 0;
	return 0;
}

static int parse_args(struct http_req *req)
{
	size_t n = 1;
	char *save = NULL, *eq, *text;

	if (!*req->query)
		return 0;
	for (const char *p = req->query; *p; p++)
		n += *p == '&';
	if (n > REQ_ARGS_MAX)
		return -EINVAL;
	text = req_strdup(req, req->query);
	req->args = req_alloc(req, n * sizeof(*req->args));
	for (char *a = strtok_r(text, "&", &save); a; a = strtok_r(NULL, "&", &save)) {
		struct req_field *f = &req->args[req->n_args++];

		eq = strchr(a, '=');
		if (eq)
			*eq++ = 0;
		else
			eq = a + strlen(a);
		if (uri_decode(a, true) < 0 || uri_decode(eq, true) < 0)
			return -EINVAL;
		f->name = a;
		f->value = eq;
	}
	return 0;
}

/* "http://host/path" is allowed by RFC 9112 section 3.2.2 and means "/path". */
static const char *skip_authority(const char *uri)
{
	const char *p;

	if (strncasecmp(uri, "http://", 7) && strncasecmp(uri, "https://", 8))
		return uri;
	p = strchr(strstr(uri, "//") + 2, '/');
	return p ? p : "/";
}

int req_parse_uri(struct http_req *req)
{
	char *q;

	req->raw = req_strdup(req, skip_authority(req->uri));
	q = strchr(req->raw, '?');
	if (q)
		*q++ = 0;
	req->query = q ? q : "";
	req->path = req_strdup(req, req->raw);
	if (req->path[0] != '/' || uri_decode(req->path, false) < 0)
		return -EINVAL;
	return parse_args(req);
}
