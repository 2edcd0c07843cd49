/* What the agent says: on the console, line by line, and kept for when somebody asks for its logs.
 */
#ifndef AGENT_REPORT_JOURNAL_H
#define AGENT_REPORT_JOURNAL_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/log.h"

#define JOURNAL_BYTES	 (256 * 1024)
#define JOURNAL_CONSOLES 4

struct journal;

struct journal *journal_new(void);
void journal_free(struct journal *j);

/*
 * A further console (a tty; owned from now on, should be non-blocking): one that takes no bytes,
 * such as an unplugged serial line, loses lines and holds nothing up.
 */
void journal_add_console(struct journal *j, int fd);

/* One line: standard error, the further consoles, and the ring. j NULL: standard error only. Any
 * thread. */
void journal_line(struct journal *j, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As an error line: "<what>: <the error's text>". */
void journal_err(struct journal *j, const char *what, const struct err *e);

/* The newest JOURNAL_BYTES of what was said; allocated. */
char *journal_text(struct journal *j, size_t *ret_len);

/* The last lines, newest last, without their times; allocated. */
char *journal_tail(struct journal *j, unsigned lines);

/* The last error that was said; allocated, NULL when there was none. */
char *journal_last_error(struct journal *j);

#define say(j, ...)	    journal_line(j, LOG_LEVEL_INFO, __VA_ARGS__)
#define say_warning(j, ...) journal_line(j, LOG_LEVEL_WARNING, __VA_ARGS__)
#define say_error(j, ...)   journal_line(j, LOG_LEVEL_ERROR, __VA_ARGS__)
#define say_debug(j, ...)   journal_line(j, LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
