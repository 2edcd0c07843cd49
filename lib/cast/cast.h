/*
 * Recordings of a terminal, as text lines: a header and one event a line, in the form of asciicast
 * version 2 (docs.asciinema.org/manual/asciicast/v2), so that other players take them too. A log, a
 * live stream and a replay are the same lines.
 *
 *   {"version": 2, "width": 80, "height": 25, "timestamp": 1767225600, "title": "r12u07"}
 *   [1.250000, "o", "login: "]
 *
 * Codes: "o" what the machine wrote, "m" a remark of ours, "i" what a person typed, and "x", our
 * own: machine output that is not UTF-8, as hexadecimal digits.
 */
#ifndef LIB_CAST_CAST_H
#define LIB_CAST_CAST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/json/json.h"

#define CAST_LINE_MAX 65536 /* a longer one is not ours */

/* start_us: wall clock. id: a word for who reads this stream, NULL: none. */
void cast_header(struct buf *b, int64_t start_us, const char *title, const char *id);

/* One event, or several where text and other bytes alternate. at_us: since the header's time. */
void cast_event(struct buf *b, int64_t at_us, char code, const void *data, size_t len);

/* How many of the bytes do not end in the middle of a character. */
size_t cast_whole(const char *data, size_t len);

struct cast_line {
	bool header;
	int64_t time_us; /* header: wall clock of its start; else since then */
	char code;	 /* 'o' also for what came as "x" */
	char *data;	 /* allocated; NULL in a header */
	size_t len;
	char *id; /* header: allocated or NULL */
};

/* -EINVAL: not a line of such a file. A code nobody knows is read and given. */
int cast_read(const char *text, size_t len, struct cast_line *ret, struct err *e);
void cast_line_done(struct cast_line *l);

/*
 * What a terminal would leave to read, for people: escape sequences, control characters and empty
 * lines are left out, a carriage return begins its line again, output that jumps about becomes
 * lines. Appends to b; stops quietly where b is full.
 */
void cast_plain(struct buf *b, const char *data, size_t len);

#endif
