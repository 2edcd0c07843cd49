/* Many nodes at once as a few lines: those that do the same share one. No I/O. */
#ifndef CONDUCTOR_CLI_VIEW_H
#define CONDUCTOR_CLI_VIEW_H

#include "conductor/cli/cmd.h"
#include "lib/base/buf.h"

struct view_node {
	const char *name;
	const json_t *row; /* of /ingot/v1/progress; NULL: not asked yet */
	bool failed;
};

struct view_shape {
	int columns, rows; /* of the terminal */
	int64_t elapsed_ms;
};

/*
 * A summary, then a line for each group of nodes with the same state and the same wait, names
 * folded into ranges; nodes that transfer bytes have a bar of their own while there is room, else
 * one in common. At most shape->rows lines, each at most shape->columns characters, parted by line
 * feeds. Allocated.
 */
char *view_text(const struct view_node *nodes, size_t n, const struct view_shape *shape);

#endif
