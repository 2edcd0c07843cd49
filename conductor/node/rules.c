/* The kinds of stored records and the rules for their changes; see records.h. */
#include "conductor/model/allocation.h"
#include "conductor/model/inspection.h"
#include "conductor/model/parts.h"
#include "conductor/model/plans.h"
#include "conductor/node/allocate.h"
#include "conductor/node/records.h"
#include "conductor/node/rules.h"

const struct record_kind record_kinds[] = {
	{
		.type = &chassis_type,
		.called = "Chassis",
	},
	{
		.type = &portgroup_type,
		.called = "Portgroup",
		.uniques = {{{"name"}}, {{"address"}}},
		.node_field = "node_uuid",
		.check = portgroup_check,
	},
	{
		.type = &port_type,
		.called = "Port",
		.uniques = {{{"address"}}, {{"name"}}},
		.node_field = "node_uuid",
		.parent_field = "portgroup_uuid",
		.parent = &portgroup_type,
		.check = port_check,
		.with = port_with,
	},
	{
		.type = &volume_connector_type,
		.called = "Volume connector",
		.uniques = {{{"type", "connector_id"}}},
		.node_field = "node_uuid",
		.check = volume_check,
	},
	{
		.type = &volume_target_type,
		.called = "Volume target",
		.uniques = {{{"node_uuid", "boot_index"}}},
		.node_field = "node_uuid",
		.check = volume_check,
	},
	{
		.type = &deploy_template_type,
		.called = "Deploy template",
		.uniques = {{{"name"}}},
	},
	{
		.type = &runbook_type,
		.called = "Runbook",
		.uniques = {{{"name"}}},
	},
	{
		.type = &allocation_type,
		.called = "Allocation",
		.uniques = {{{"name"}}},
		.node_field = "node_uuid",
		.node_optional = true,
		.check = allocation_check,
		.with = allocation_with,
		.after = allocation_after,
	},
	{
		.type = &inspection_rule_type,
		.called = "Inspection rule",
		.check = inspection_rule_check,
	},
};
const int n_record_kinds = ARRAY_SIZE(record_kinds);
_Static_assert(ARRAY_SIZE(record_kinds) <= RECORD_KINDS_MAX, "make RECORD_KINDS_MAX larger");
