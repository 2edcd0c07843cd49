/* Live lines: on a terminal one block that is drawn again, elsewhere a line whenever one changes.
 */
#ifndef LIB_CLI_LIVE_H
#define LIB_CLI_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct live;

/* tty: -1 asks the file. */
struct live *live_new(FILE *out, size_t n_lines, int tty);

/*
 * Sets one line. Without a terminal it is printed when `mark` (what matters: state, phase) differs
 * from the last one; numbers that merely grow do not count.
 */
void live_set(struct live *l, size_t line, const char *mark, const char *text);

/* Draws; on a terminal at most as many lines as fit, unfinished ones first. */
void live_draw(struct live *l);
void live_finish(struct live *l, size_t line); /* may leave the block when it is too long */
void live_free(struct live *l);		       /* leaves the last picture */

#endif
