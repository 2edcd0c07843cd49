/* Packing a config drive; see isodir.h. */
#include "conductor/cli/isodir.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#define DRIVE_MAX ((size_t)64 * 1024 * 1024)

/* Runs one of the programs. -ENOENT: there is none of that name. */
static int run_tool(const char *tool, const char *folder, const char *iso, struct err *e)
{
	const char *const argv[] = {tool, "-quiet", "-o", iso, "-ldots", "-allow-lowercase",
		"-allow-multidot", "-l", "-J", "-r", "-V", "config-2", folder, NULL};
	posix_spawn_file_actions_t actions;
	int status = 0, r;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(&pid, tool, &actions, NULL, (char **)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		return -r;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, EIO, "%s failed with status %d", tool,
		WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static int make_iso(const char *folder, const char *iso, struct err *e)
{
	static const char *const tools[] = {"genisoimage", "mkisofs", "xorrisofs"};
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(tools); i++)
		r = run_tool(tools[i], folder, iso, e);
	if (r == -ENOENT)
		return err_set(e, ENOENT,
			"a folder is packed by genisoimage, mkisofs or xorrisofs, and none is "
			"installed; a file of JSON needs none of them");
	return r;
}

static int compress_gzip(const char *data, size_t len, char **ret, size_t *ret_len, struct err *e)
{
	z_stream z = {0};
	size_t max;
	_cleanup_free_ char *out = NULL;
	int r;

	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ENOMEM, "gzip: no memory");
	max = deflateBound(&z, len);
	out = xmalloc(max);
	z.next_in = (Bytef *)data;
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)max;
	r = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	if (r != Z_STREAM_END)
		return err_set(e, EIO, "gzip: error %d", r);
	*ret_len = z.total_out;
	*ret = TAKE_PTR(out);
	return 0;
}

int isodir_pack(const char *folder, char **ret, size_t *ret_len, struct err *e)
{
	char iso[] = "/tmp/ingot-drive-XXXXXX";
	_cleanup_free_ char *data = NULL;
	int fd = mkostemp(iso, O_CLOEXEC), r;
	size_t len;

	if (fd < 0)
		return err_errno(e, errno, "%s", iso);
	close(fd);
	r = make_iso(folder, iso, e);
	if (r == 0)
		r = fs_read(iso, DRIVE_MAX, &data, &len, e);
	if (r == 0)
		r = compress_gzip(data, len, ret, ret_len, e);
	unlink(iso);
	return r;
}
