/* Field table of inspection rules; see inspection.h. */
#include "conductor/model/inspection.h"
#include "conductor/model/fields.h"

static const struct field inspection_rule_fields[] = {
	F(inspection_rule, uuid, FIELD_STR, U),
	F(inspection_rule, description, FIELD_STR, C),
	F(inspection_rule, priority, FIELD_INT, C),
	F(inspection_rule, sensitive, FIELD_BOOL, C),
	F(inspection_rule, phase, FIELD_STR, C),
	F(inspection_rule, scope, FIELD_STR, C),
	F(inspection_rule, conditions, FIELD_ARRAY, 0),
	F(inspection_rule, actions, FIELD_ARRAY, 0),
	F(inspection_rule, created_at, FIELD_TIME, C),
	F(inspection_rule, updated_at, FIELD_TIME, C),
};

TYPE(inspection_rule, "inspection_rules");
