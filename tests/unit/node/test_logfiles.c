/* Archives of agents' logs: names, bounds, and that a name cannot lead elsewhere. */
#include "conductor/agentlink/logfiles.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODE  "11111111-2222-3333-4444-555555555555"
#define OTHER "11111111-2222-3333-4444-666666666666"

static char folder[] = "/tmp/ingot-logfiles.XXXXXX";

static void put(const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", folder, name);

	if (fs_write_atomic(path, "x", 1, 0600, NULL) < 0)
		abort();
}

static void test_save(void)
{
	char name[LOGFILE_NAME_MAX];
	_cleanup_free_ char *path = NULL, *data = NULL;
	struct err e = {0};
	json_t *list;
	size_t len;

	put(NODE "_deploy_2026-01-02-03-04-05.tar.gz");
	put(NODE "_clean_2026-01-02-03-04-06.tar.gz");
	put(OTHER "_deploy_2025-01-01-00-00-00.tar.gz");
	put("something-else");
	is_int(logfiles_save(folder, NODE, "inspect", "aGVsbG8=", 2, name, &e), 0, "saved");
	ok(str_starts(name, NODE "_inspect_20") && strstr(name, ".tar.gz"), "%s", name);
	path = logfiles_path(folder, NODE, name);
	ok(path && fs_read(path, 100, &data, &len, NULL) == 0 && str_eq(data, "hello"),
		"it holds what was sent");
	list = logfiles_list(folder, NODE);
	is_int((int)json_array_size(list), 2, "the oldest went");
	is_str(json_str(json_array_get(list, 0), "file"), name, "the newest is first");
	is_str(json_str(json_array_get(list, 1), "file"), NODE "_clean_2026-01-02-03-04-06.tar.gz",
		"by time, not by name");
	json_decref(list);
	list = logfiles_list(folder, OTHER);
	is_int((int)json_array_size(list), 1, "another node's are left alone");
	json_decref(list);
	is_int(logfiles_save(folder, NODE, "x", "***", 2, name, &e), -EINVAL, "no base64");
	ok(strstr(e.text, "base64"), "%s", e.text);
}

static void test_names(void)
{
	static const char *const bad[] = {"../" NODE "_x_1.tar.gz", NODE "_/../../etc/x.tar.gz",
		OTHER "_deploy_2025-01-01-00-00-00.tar.gz", NODE ".tar.gz", NODE "_.tar.gz", "",
		"/etc/passwd"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!logfiles_path(folder, NODE, bad[i]), "no file of the node: \"%s\"", bad[i]);
}

int main(void)
{
	if (!mkdtemp(folder))
		abort();
	test_save();
	test_names();
	fs_rm_rf(folder, NULL);
	return done_testing();
}
