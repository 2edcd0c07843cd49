/* An inspection rule as it is kept; what it means is in model/rule. See record.h. */
#ifndef CONDUCTOR_MODEL_INSPECTION_H
#define CONDUCTOR_MODEL_INSPECTION_H

#include "conductor/model/record.h"

struct inspection_rule {
	char *uuid;
	char *description;
	int64_t priority; /* higher ones run first */
	bool sensitive;	  /* its conditions and actions are not shown */
	char *phase;	  /* "main" */
	char *scope;	  /* NULL: for all nodes */
	json_t *conditions;
	json_t *actions;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type inspection_rule_type;

#endif
