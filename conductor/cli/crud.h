/* The verbs every resource has, out of its table; see resource.h. */
#ifndef CONDUCTOR_CLI_CRUD_H
#define CONDUCTOR_CLI_CRUD_H

#include "conductor/cli/resource.h"

VERB(crud_list);
VERB(crud_show);
VERB(crud_create);
VERB(crud_set);
VERB(crud_unset);
VERB(crud_delete);

/* Records as lines of what is worth showing; as JSON one alone, or with `many` a list. */
void crud_print(const struct cli_line *line, const json_t *records, bool many);

/* Appends the rows of all verbs of a resource to an array that has room for RESOURCE_VERBS. What
 * they point to is never freed. Gives their number. */
size_t crud_verbs(const struct resource *r, struct cli_verb *ret);

#endif
