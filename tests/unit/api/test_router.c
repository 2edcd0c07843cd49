/* Paths and methods to rows. */
#include "conductor/api/router.h"
#include "lib/base/mem.h"
#include "tests/unit/api/fake_engine.h"
#include "tests/unit/tap.h"

static void test_found(void)
{
	static const struct {
		const char *method, *path, *row, *param;
	} cases[] = {
		{"GET", "/", "/", NULL},
		{"GET", "/v1", "/v1", NULL},
		{"GET", "/v1/", "/v1", NULL},
		{"HEAD", "/v1/nodes", "/v1/nodes", NULL},
		{"GET", "/v1/nodes/", "/v1/nodes", NULL},
		{"GET", "/nodes", "/v1/nodes", NULL},
		{"GET", "/nodes/detail", "/v1/nodes/detail", NULL},
		{"GET", "/v1/nodes/detail/", "/v1/nodes/detail", NULL},
		{"GET", "/v1/nodes/metal3~host-0", "/v1/nodes/{node}", "metal3~host-0"},
		{"PATCH", "/v1/nodes/x.y", "/v1/nodes/{node}", "x.y"},
		{"PUT", "/v1/nodes/n1/states/provision", "/v1/nodes/{node}/states/provision", "n1"},
		{"GET", "/v1/nodes/n1/management/boot_device/supported",
			"/v1/nodes/{node}/management/boot_device/supported", "n1"},
		{"POST", "/v1/heartbeat/abc", "/v1/heartbeat/{node}", "abc"},
		{"GET", "/lookup", "/v1/lookup", NULL},
		{"GET", "/ingot/v1/why/n1", "/ingot/v1/why/{node}", "n1"},
		{"GET", "/metrics", "/metrics", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct route_match m;

		router_match(cases[i].method, cases[i].path, &m);
		is_str(m.route ? m.route->path : NULL, cases[i].row, "%s %s", cases[i].method,
			cases[i].path);
		is_str(m.params[0], cases[i].param, "its parameter");
	}
}

static void test_not_found(void)
{
	static const char *const paths[] = {"/v2", "/v1/nonsense",
		"/v1/nodes/a/b/c/d/e/f/g/h/i/j/k", "/v1//nodes", "/v1/nodes//states",
		"/v1/nodes/n1/states/power/x", "//"};
	char path[3000];
	struct route_match m;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		router_match("GET", paths[i], &m);
		ok(!m.route && !m.path_known, "%s is not known", paths[i]);
	}
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	router_match("GET", path, &m);
	ok(!m.route, "a path too long");
	router_match("DELETE", "/v1/nodes", &m);
	ok(!m.route && m.path_known, "a known path, another method");
	is_str(m.allowed, "GET, POST", "and what is allowed");
}

int main(void)
{
	test_found();
	test_not_found();
	return done_testing();
}
