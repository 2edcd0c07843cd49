/* Where clouds.yaml is; see clouds.h. What it says is read in clouds.c. */
#include "conductor/cli/clouds.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdlib.h>
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
		return 0;
	}
	return err_set(e, ENOENT, "cloud '%.64s': no clouds.yaml found", name);
}
