/* The words of a verb that mean records of any resource. */
#ifndef CONDUCTOR_CLI_CRUDWORDS_H
#define CONDUCTOR_CLI_CRUDWORDS_H

#include "conductor/cli/fan.h"
#include "conductor/cli/resource.h"

/* The fields that have to be known of the rows to tell which are meant. Allocated. */
char *words_fields(const struct resource *r, const struct selection *s);

/* Leaves only the members that "uuid,properties" names; NULL: all. */
void words_narrow(json_t *row, const char *fields);

/* What the arguments of a line mean: names as they are, globs by asking. */
int words_select(struct conn *c, const struct cli_line *line, const struct resource *r,
	struct names *ret, struct err *e);

/* Whether the first n arguments may mean more than one, however many there are now. */
bool words_many(const struct cli_line *line, int n);

/* Of a fan_call whose data is the resource: the path of one record, also by its MAC address. */
int words_path(
	struct conn *c, const char *name, const struct fan_call *call, char **ret, struct err *e);

#endif
