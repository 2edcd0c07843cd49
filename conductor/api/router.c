/* Matching paths; see router.h. */
#include "conductor/api/router.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <pthread.h>
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
	size_t n, len;

	path += *path == '/';
	if (!*path || !strcmp(path, "v1") || str_starts(path, "v1/") ||
		str_starts(path, "ingot/") || !strcmp(path, "metrics"))
		prefix = "";
	n = strlen(prefix);
	len = strlen(path);
	ret->text[0] = 0;
	if (n + len >= sizeof(ret->text))
		return -1;
	memcpy(ret->text, prefix, n);
	memcpy(ret->text + n, path, len + 1);
	return split(ret->text, segments);
}

/* A route's path, cut once, with those of as many segments behind it. */
struct pattern {
	const struct route *route;
	struct pattern *next;
	int n_params;
	struct {
		const char *text;
		size_t len;
		bool param;
	} parts[SEGMENTS_MAX];
};

static struct pattern *patterns[SEGMENTS_MAX + 1]; /* by their number of segments */

static int cut(const char *path, struct pattern *p)
{
	int n = 0;

	for (path++; *path && n < SEGMENTS_MAX; n++) {
		p->parts[n].text = path;
		p->parts[n].len = strcspn(path, "/");
		p->parts[n].param = *path == '{';
		p->n_params += p->parts[n].param;
		path += p->parts[n].len;
		path += *path == '/';
	}
	return n;
}

static void cut_all(void)
{
	struct pattern *all = xcalloc(n_routes, sizeof(*all));

	for (size_t i = n_routes; i-- > 0;) {
		int n = cut(routes[i].path, &all[i]);

		all[i].route = &routes[i];
		all[i].next = patterns[n];
		patterns[n] = &all[i];
	}
}

static bool match(const struct pattern *p, char *const *segments, const size_t *lengths, int n)
{
	for (int i = 0; i < n; i++) {
		if (p->parts[i].param ? !lengths[i]
				      : lengths[i] != p->parts[i].len ||
						memcmp(segments[i], p->parts[i].text, lengths[i]))
			return false;
	}
	return true;
}

static void take_params(const struct pattern *p, char *const *segments, int n, const char **ret)
{
	int k = 0;

	for (int i = 0; i < n && k < ROUTE_PARAMS_MAX; i++)
		if (p->parts[i].param)
			ret[k++] = segments[i];
}

static void allow(struct route_match *ret, const struct route *route)
{
	const char *method = route->method;

	if (!ret->path_known || route->since < ret->since)
		ret->since = route->since;
	ret->path_known = true;
	if (strstr(ret->allowed, method))
		return;
	if (ret->allowed[0])
		strncat(ret->allowed, ", ", sizeof(ret->allowed) - strlen(ret->allowed) - 1);
	strncat(ret->allowed, method, sizeof(ret->allowed) - strlen(ret->allowed) - 1);
}

void router_match(const char *method, const char *path, struct route_match *ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct pattern *best = NULL;
	char *segments[SEGMENTS_MAX];
	size_t lengths[SEGMENTS_MAX];
	int n;

	pthread_once(&once, cut_all);
	memset(ret, 0, offsetof(struct route_match, text));
	n = normalise(path, ret, segments);
	if (n < 0)
		return;
	for (int i = 0; i < n; i++)
		lengths[i] = strlen(segments[i]);
	if (str_eq(method, "HEAD"))
		method = "GET";
	for (const struct pattern *p = patterns[n]; p; p = p->next) {
		if (!match(p, segments, lengths, n))
			continue;
		allow(ret, p->route);
		if (str_eq(p->route->method, method) && (!best || p->n_params < best->n_params))
			best = p;
	}
	if (!best)
		return;
	ret->route = best->route;
	take_params(best, segments, n, ret->params);
}
