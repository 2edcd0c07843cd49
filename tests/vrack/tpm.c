/* swtpm beside QEMU; see tpm.h. */
#include "tests/vrack/tpm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "tests/vrack/child.h"
#include "tests/vrack/qemuargs.h"

/* The rack listens and swtpm takes over, so QEMU finds the socket however slow swtpm starts. */
static int listen_at(const char *path, struct err *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(e, ENAMETOOLONG, "%s is too long for a socket's path", path);
	strcpy(a.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
		return err_errno(e, errno, "listen on %s", path);
	return TAKE_FD(fd);
}

int tpm_start(const char *folder, int log_fd, pid_t *ret, struct err *e)
{
	_cleanup_free_ char *path = xasprintf("%s/" QEMU_TPM_SOCKET, folder);
	_cleanup_free_ char *dir = xasprintf("%s/tpm", folder);
	_cleanup_free_ char *state = xasprintf("dir=%s", dir);
	_cleanup_free_ char *control = xasprintf("type=unixio,fd=%d", CHILD_FD);
	const char *argv[] = {"swtpm", "socket", "--tpm2", "--tpmstate", state, "--ctrl", control,
		"--terminate", NULL};
	_cleanup_close_ int fd = -1;
	int r = fs_mkdir_p(dir, 0700, e);

	if (r < 0)
		return r;
	fd = listen_at(path, e);
	return fd < 0 ? fd : child_start(argv, log_fd, fd, ret, e);
}
