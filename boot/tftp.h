/*
 * in.tftpd's log as events: a socket that its /dev/log leads to, and a watch on the process that
 * serves each request, because in.tftpd does not log how a transfer ended. The loop's thread only.
 */
#ifndef BOOT_TFTP_H
#define BOOT_TFTP_H

#include <uv.h>

#include "boot/boot.h"
#include "lib/base/err.h"

struct tftp;

struct tftp_hooks {
	void (*event)(void *data, const struct boot_event *event); /* with ip, without mac */
	void (*closed)(void *data);
	void *data;
};

/* Makes dir/tftpd.log; root is the folder that in.tftpd serves, for the files' sizes. */
int tftp_open(uv_loop_t *loop, const char *dir, const char *root, const struct tftp_hooks *hooks,
	struct tftp **ret, struct err *e);
const char *tftp_socket_path(const struct tftp *t);
void tftp_close(struct tftp *t); /* then hooks->closed; t is freed */

#endif
