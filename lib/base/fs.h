/* Files read whole and written so that a crash leaves the old or the new one. */
#ifndef LIB_BASE_FS_H
#define LIB_BASE_FS_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/base/err.h"

/*
 * Reads at most max bytes; a larger file is -EFBIG. *ret is NUL-terminated and the caller's to
 * free. Works for /proc and /sys, whose sizes are not known before. ret_len may be NULL.
 */
int fs_read(const char *path, size_t max, char **ret, size_t *ret_len, struct err *e);

/* As fs_read(), for one-line attributes: trims white space at the end; NULL when it cannot. */
char *fs_read_line(const char *path);

/* All bytes to an open file, also by several writes. 0 or negative errno. */
int fs_write_all(int fd, const void *bytes, size_t len);

/* Writes beside, fsyncs, renames over, fsyncs the folder. */
int fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *e);

int fs_mkdir_p(const char *path, mode_t mode, struct err *e);

/* Removes a tree without following links or leaving its file system; absent is fine. */
int fs_rm_rf(const char *path, struct err *e);

#endif
