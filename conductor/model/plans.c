/* Field tables of lists of steps; see plans.h. */
#include "conductor/model/plans.h"
#include "conductor/model/fields.h"

static const struct field deploy_template_fields[] = {
	F(deploy_template, uuid, FIELD_STR, U),
	F(deploy_template, name, FIELD_STR, U),
	F(deploy_template, description, FIELD_STR, 0),
	F(deploy_template, steps, FIELD_ARRAY, 0),
	F(deploy_template, extra, FIELD_OBJECT, 0),
	F(deploy_template, created_at, FIELD_TIME, C),
	F(deploy_template, updated_at, FIELD_TIME, C),
};

static const struct field runbook_fields[] = {
	F(runbook, uuid, FIELD_STR, U),
	F(runbook, name, FIELD_STR, U),
	F(runbook, description, FIELD_STR, 0),
	F(runbook, steps, FIELD_ARRAY, 0),
	F(runbook, traits, FIELD_ARRAY, 0),
	F(runbook, disable_ramdisk, FIELD_BOOL, C),
	F(runbook, public, FIELD_BOOL, C),
	F(runbook, owner, FIELD_STR, C),
	F(runbook, extra, FIELD_OBJECT, 0),
	F(runbook, created_at, FIELD_TIME, C),
	F(runbook, updated_at, FIELD_TIME, C),
};

TYPE(deploy_template, "deploy_templates");
TYPE(runbook, "runbooks");
