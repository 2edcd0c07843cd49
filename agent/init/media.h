/* Files on virtual media: a CD or USB stick, perhaps emulated by the BMC, found by its label. */
#ifndef AGENT_INIT_MEDIA_H
#define AGENT_INIT_MEDIA_H

#include <stddef.h>

#include "lib/base/err.h"

/*
 * The device of the first medium with one of the labels (a NULL-terminated list, case does not
 * matter); NULL for labels: of the first one whose model says "virtual media". Allocated; NULL:
 * there is none.
 */
char *media_find(const char *const labels[]);

/*
 * Reads `path` ("openstack/latest/network_data.json") of the first medium with one of the labels (a
 * NULL-terminated list, case does not matter). Only removable devices, CDs and USB are looked at: a
 * config drive on the machine's own disk belongs to the system deployed before. -ENODEV: there is
 * no such medium (yet); -ENOENT: no such file on it. Mounts read-only for the time of the call;
 * *ret is the caller's to free. The file is hostile, at most max bytes, and no link or device.
 */
int media_read(const char *const labels[], const char *path, size_t max, char **ret,
	size_t *ret_len, struct err *e);

#endif
