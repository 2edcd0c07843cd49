/* Texts about many nodes: those that are equal are printed once, as clush -b does. */
#ifndef CONDUCTOR_CLI_COLLATE_H
#define CONDUCTOR_CLI_COLLATE_H

#include <stdio.h>

#include "lib/cli/range.h"

struct collated {
	char *text;
	struct names nodes;
};

struct collate {
	struct collated *list;
	size_t n, nodes;
};

void collate_add(struct collate *c, const char *node, const char *text);

/* The text alone when there is one node; else each text under the nodes it is of, folded. */
void collate_print(const struct collate *c, FILE *out);
void collate_done(struct collate *c);

#endif
