/* A gzipped tar archive of a few texts in memory (POSIX.1-1988 ustar, RFC 1952). */
#ifndef AGENT_REPORT_TAR_H
#define AGENT_REPORT_TAR_H

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct tar_member {
	const char *name; /* at most 99 bytes */
	const void *data;
	size_t len;
};

/* The whole archive, appended to `ret`; -ENOSPC when its ceiling is too low. */
int tar_gz(const struct tar_member *members, size_t n, struct buf *ret, struct err *e);

#endif
