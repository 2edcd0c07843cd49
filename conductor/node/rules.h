/* The rules of single kinds of records, for the table in rules.c. Internal to node/. */
#ifndef CONDUCTOR_NODE_RULES_H
#define CONDUCTOR_NODE_RULES_H

#include "conductor/node/records.h"

/* ports.c */
int port_check(struct record_change *ch, struct err *e);
void port_with(struct record_change *ch, struct commit *c);
int portgroup_check(struct record_change *ch, struct err *e);
/* volumes.c */
int volume_check(struct record_change *ch, struct err *e);

/* inspect.c */
int inspection_rule_check(struct record_change *ch, struct err *e);

#endif
