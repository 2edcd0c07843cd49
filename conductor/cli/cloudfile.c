/* Where clouds.yaml is; see clouds.h. What it says is read in clouds.c. */
#include "conductor/cli/clouds.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1024 * 1024)

static char *file_name(int i)
{
	const char *home = getenv("HOME"), *set = getenv("OS_CLIENT_CONFIG_FILE");

	switch (i) {
	case 0:
		return xstrdup(set);
	case 1:
		return xstrdup("clouds.yaml");
	case 2:
		return home ? xasprintf("%s/.config/openstack/clouds.yaml", home) : NULL;
	default:
		return xstrdup("/etc/openstack/clouds.yaml");
	}
}

/* secure.yaml beside the file, where there is one. */
static int read_secrets(const char *path, const char *name, struct cloud *c, struct err *e)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *secure =
		xasprintf("%.*ssecure.yaml", slash ? (int)(slash + 1 - path) : 0, path);
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (access(secure, R_OK) < 0)
		return 0;
	if (fs_read(secure, FILE_MAX, &text, &len, e) < 0 ||
		cloud_add_secrets(text, len, name, c, e) < 0)
		return err_prefix(e, "%s", secure);
	return 0;
}

int cloud_find(const char *name, struct cloud *ret, struct err *e)
{
	for (int i = 0; i < 4; i++) {
		_cleanup_free_ char *path = file_name(i), *text = NULL;
		size_t len;

		if (!path || access(path, R_OK) < 0)
			continue;
		if (fs_read(path, FILE_MAX, &text, &len, e) < 0 ||
			cloud_parse(text, len, name, ret, e) < 0)
			return err_prefix(e, "%s", path);
		if (ret->regions)
			fprintf(stderr,
				"ingot: %s: cloud %s: regions are ignored: a conductor has none\n",
				path, name);
		return ret->open ? 0 : read_secrets(path, name, ret, e);
	}
	return err_set(e, ENOENT, "cloud '%.64s': no clouds.yaml found", name);
}
