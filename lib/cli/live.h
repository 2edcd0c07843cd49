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

/* On a terminal: the lines of text in place of the block that was drawn before. */
void live_block(struct live *l, const char *text);
/* How much a block may hold; 80 and 22 when the terminal does not say. */
void live_size(const struct live *l, int *ret_columns, int *ret_rows);
void live_free(struct live *l); /* leaves the last picture */

#endif
