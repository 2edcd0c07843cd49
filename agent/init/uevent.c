/* Device news; see uevent.h. */
#include "agent/init/uevent.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_BYTES (8 * 1024 * 1024) /* a coldplug of thousands of devices in one burst */

int uevent_open(struct err *e)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = 1};
	_cleanup_close_ int fd = socket(
		AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	int bytes = RECEIVE_BYTES;

	if (fd < 0)
		return err_errno(e, errno, "open the kernel's device news");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_errno(e, errno, "listen to the kernel's device news");
	return TAKE_FD(fd);
}

static const char *value_of(const char *field, const char *key)
{
	size_t n = strlen(key);

	return strncmp(field, key, n) || field[n] != '=' ? NULL : field + n + 1;
}

int uevent_parse(const char *text, size_t len, struct uevent *ret)
{
	struct uevent u = {0};
	const struct {
		const char *key;
		const char **to;
	} keys[] = {
		{"ACTION", &u.action},
		{"DEVPATH", &u.devpath},
		{"SUBSYSTEM", &u.subsystem},
		{"MODALIAS", &u.modalias},
		{"DEVNAME", &u.devname},
	};
	const char *v;

	if (!len || text[len - 1] || !strchr(text, '@'))
		return -EINVAL;
	for (size_t at = strlen(text) + 1; at < len; at += strlen(text + at) + 1)
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			if ((v = value_of(text + at, keys[i].key)))
				*keys[i].to = v;
	if (!u.action || !u.devpath)
		return -EINVAL;
	*ret = u;
	return 0;
}
