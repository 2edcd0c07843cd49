/* Matching paths; see router.h. */
#include "conductor/api/router.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

#define SEGMENTS_MAX 10

/* Cuts text at its slashes, in place; the number of segments, or -1 when there are too many. */
static int split(char *text, char *ret[static SEGMENTS_MAX])
{
	int n = 0;

	for (char *p = text; p && *p;) {
		char *slash = strchr(p, '/');

		if (n == SEGMENTS_MAX)
			return -1;
		ret[n++] = p;
		if (slash)
			*slash++ = 0;
		p = slash;
	}
	return n;
}

/* The full form of a path in ret->text, split. */
static int normalise(const char *path, struct route_match *ret, char *segments[static SEGMENTS_MAX])
{
	const char *prefix = "v1/";

	path += *path == '/';
	if (!*path || !strcmp(path, "v1") || str_starts(path, "v1/") ||
		str_starts(path, "ingot/") || !strcmp(path, "metrics"))
		prefix = "";
	if (snprintf(ret->text, sizeof(ret->text), "%s%s", prefix, path) >= (int)sizeof(ret->text))
		return -1;
	return split(ret->text, segments);
}

static bool is_param(const char *pattern, size_t len)
{
	return len && pattern[0] == '{';
}

/* Compares; fills the parameters. *ret_params is how many there were. */
static bool match(
	const char *pattern, char *const *segments, int n, struct route_match *ret, int *ret_params)
{
	int params = 0, i = 0;

	for (pattern++; *pattern; i++) {
		size_t len = strcspn(pattern, "/");

		if (i == n)
			return false;
		if (is_param(pattern, len)) {
			if (!segments[i][0] || params == ROUTE_PARAMS_MAX)
				return false;
			ret->params[params++] = segments[i];
		} else if (strlen(segments[i]) != len || memcmp(segments[i], pattern, len)) {
			return false;
		}
		pattern += len;
		pattern += *pattern == '/';
	}
	*ret_params = params;
	return i == n;
}

static void allow(struct route_match *ret, const char *method)
{
	ret->path_known = true;
	if (strstr(ret->allowed, method))
		return;
	if (ret->allowed[0])
		strncat(ret->allowed, ", ", sizeof(ret->allowed) - strlen(ret->allowed) - 1);
	strncat(ret->allowed, method, sizeof(ret->allowed) - strlen(ret->allowed) - 1);
}

void router_match(const char *method, const char *path, struct route_match *ret)
{
	const char *params[ROUTE_PARAMS_MAX] = {0};
	char *segments[SEGMENTS_MAX];
	int n, best = ROUTE_PARAMS_MAX + 1, found;

	memset(ret, 0, sizeof(*ret));
	n = normalise(path, ret, segments);
	if (n < 0)
		return;
	if (str_eq(method, "HEAD"))
		method = "GET";
	for (size_t i = 0; i < n_routes; i++) {
		if (!match(routes[i].path, segments, n, ret, &found))
			continue;
		allow(ret, routes[i].method);
		if (!str_eq(routes[i].method, method) || found >= best)
			continue;
		best = found;
		ret->route = &routes[i];
		memcpy(params, ret->params, sizeof(params));
	}
	memcpy(ret->params, params, sizeof(params));
}
