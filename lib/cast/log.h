/*
 * A recording kept in files below a folder: NAME.cast, and the one before it, NAME.1.cast. Both
 * together stay below a ceiling. Blocking: not for the engine's thread.
 */
#ifndef LIB_CAST_LOG_H
#define LIB_CAST_LOG_H

#include "lib/cast/cast.h"

/* Events that wait to be written, with their own wall clock; a plain growing text of bytes. */
void cast_note(struct buf *notes, int64_t wall_us, char code, const void *data, size_t len);

/*
 * Appends notes to the recording, beginning a new file (mode 0600) where there is none or it has
 * reached half of max_bytes. 0 or a negative errno.
 */
int cast_log_append(const char *folder, const char *name, const char *title,
	const struct buf *notes, size_t max_bytes, struct err *e);

/* Both files, the older first, from the byte on where a line begins; -ENOENT: nothing was recorded.
 */
int cast_log_read(const char *folder, const char *name, char **ret, size_t *ret_len, struct err *e);

void cast_log_remove(const char *folder, const char *name);

#endif
