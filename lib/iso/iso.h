/*
 * Writes ISO 9660 volumes (ECMA-119, second edition) with a Joliet tree for the names as they are:
 * config drives, which are a handful of small files. For the same files the bytes are the same.
 */
#ifndef LIB_ISO_ISO_H
#define LIB_ISO_ISO_H

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define ISO_FILES_MAX 64
#define ISO_DIRS_MAX  32

struct iso_file {
	const char *path; /* "openstack/latest/user_data": ASCII, at most 63 characters a part */
	const void *data;
	size_t len;
};

/*
 * Appends the volume to `out`. Label: at most 16 characters; it is written as it is, also where the
 * standard knows only capitals, as mkisofs does and cloud-init expects. -EINVAL: a path that cannot
 * be written, or too many; -EFBIG: larger than out may become.
 */
int iso_write(
	const char *label, const struct iso_file *files, size_t n, struct buf *out, struct err *e);

#endif
