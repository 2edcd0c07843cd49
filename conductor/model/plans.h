/* Lists of steps that are kept under a name: deploy templates, runbooks. See record.h. */
#ifndef CONDUCTOR_MODEL_PLANS_H
#define CONDUCTOR_MODEL_PLANS_H

#include "conductor/model/record.h"

/* Deploy steps for nodes whose instance_info.traits has the template's name. */
struct deploy_template {
	char *uuid;
	char *name; /* a trait */
	char *description;
	json_t *steps; /* [{"interface", "step", "args", "priority"}] */
	json_t *extra;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type deploy_template_type;

/* Steps for cleaning or service, for nodes that have one of its traits. */
struct runbook {
	char *uuid;
	char *name;
	char *description;
	json_t *steps;	/* [{"interface", "step", "args", "order"}] */
	json_t *traits; /* texts; of one made by an old client its name is one */
	bool disable_ramdisk;
	bool public;
	char *owner;
	json_t *extra;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type runbook_type;

#endif
