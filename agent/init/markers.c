/* End markers; see markers.h. */
#include "agent/init/markers.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SYSTEM_MB 110	  /* what the kernel and the agent at work need beside the files */
#define FIRST	  "agent" /* without it nothing of this runs: it has to be among those that ended */

static uint64_t bytes_of(const char *dir, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/begin/%s", dir, name);
	_cleanup_free_ char *line = fs_read_line(path);
	uint64_t bytes = 0;

	if (line)
		(void)str_to_u64(line, 0, 1ull << 40, &bytes);
	return bytes;
}

static bool ended(const char *dir, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/end/%s", dir, name);

	return access(path, F_OK) == 0;
}

static void add_name(char *list, size_t size, const char *name)
{
	size_t len = strlen(list);

	snprintf(list + len, size - len, "%s%.32s", len ? ", " : "", name);
}

bool markers_whole(const char *dir, uint64_t memory_mb, bool half, char *text, size_t size)
{
	_cleanup_free_ char *begin = xasprintf("%s/begin", dir);
	char missing[200] = "";
	DIR *d = opendir(begin);
	uint64_t bytes = 0, need_mb;
	struct dirent *entry;

	if (!ended(dir, FIRST))
		add_name(missing, sizeof(missing), FIRST);
	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		bytes += bytes_of(dir, entry->d_name);
		if (!str_eq(entry->d_name, FIRST) && !ended(dir, entry->d_name))
			add_name(missing, sizeof(missing), entry->d_name);
	}
	if (d)
		closedir(d);
	if (!missing[0])
		return true;
	/* the files, the archives they come from (about two fifths), and room to work */
	need_mb = (half ? bytes * 2 : bytes + bytes * 2 / 5) / 1000000 + SYSTEM_MB;
	snprintf(text, size,
		"the ramdisk is not complete: the kernel ran out of memory while it unpacked %s, "
		"so "
		"drivers or programs are missing; this machine has %llu MB, give it at least %llu "
		"MB%s",
		missing, (unsigned long long)memory_mb, (unsigned long long)need_mb,
		half ? ", or add rootfstype=ramfs to the kernel's command line" : "");
	return false;
}
