/* The route table: every method and path the conductor answers, and what each asks for. */
#include "conductor/api/allocations.h"
#include "conductor/api/batch.h"
#include "conductor/api/below.h"
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/parts.h"
#include "conductor/api/plans.h"
#include "conductor/api/ramdisk.h"
#include "conductor/api/resource.h"
#include "conductor/api/router.h"
#include "conductor/api/states.h"

#define OPEN   (ROUTE_PUBLIC | ROUTE_UNVERSIONED)
#define OURS   ROUTE_UNVERSIONED
#define AGENT  (ROUTE_PUBLIC | ROUTE_RAMDISK)
#define NEWER  ROUTE_TOO_OLD_406
#define LATER  .flags = ROUTE_TOO_OLD_405
#define NODE   "/v1/nodes/{node}"
#define STATES NODE "/states"
#define MANAGE NODE "/management"
#define DRIVER "/v1/drivers/{driver}"
#define BMC    "/ingot/v1/nodes/{node}/bmc"

/* Method, path, since, handler; then flags, body, schema, arg by name where they are not 0. */
#define R(m, p, s, h, ...)                                                                         \
	{                                                                                          \
		.method = (m), .path = (p), .since = (s), .handler = (h), __VA_ARGS__              \
	}
#define BODY(s)	      .body = BODY_REQUIRED, .schema = &(s)
#define OPTIONAL(s)   .body = BODY_OPTIONAL, .schema = &(s)
#define PATCH(s)      .body = BODY_PATCH, .schema = &(s)
#define ONE(r)	      .resource = &(r)
#define ARGS(a)	      .args = (a)
#define PAGES	      "fields detail limit marker sort_key sort_dir"
#define LIST(r)	      .resource = &(r), .list = true
#define OF_NODE(r)    LIST(r), .below = &node_resource, .column = "node_uuid"
#define IN_CHASSIS(r) LIST(r), .below = &chassis_resource, .column = "chassis_uuid"
#define IN_GROUP(r)   LIST(r), .below = &portgroup_resource, .column = "portgroup_uuid"

/* Stored records of a resource: list, create, show, change, delete. */
#define RECORDS(path, since, r, ...)                                                               \
	R("GET", path, since, record_list, LIST(r##_resource)),                                    \
		R("POST", path, since, record_create, BODY(r##_schema), ONE(r##_resource),         \
			__VA_ARGS__),                                                              \
		R("GET", path "/{" #r "}", since, record_get, ONE(r##_resource)),                  \
		R("PATCH", path "/{" #r "}", since, record_patch, PATCH(r##_schema),               \
			ONE(r##_resource), __VA_ARGS__),                                           \
		R("DELETE", path "/{" #r "}", since, record_delete, ONE(r##_resource),             \
			__VA_ARGS__)

/* A vendor method, named in the query or, as ironicclient does, in the path. */
#define PASSTHRU(path, handler)                                                                    \
	R("GET", path, 0, handler, .arg = "GET", ARGS("method")),                                  \
		R("PUT", path, 0, handler, .arg = "PUT", ARGS("method")),                          \
		R("PATCH", path, 0, handler, .arg = "PATCH", ARGS("method")),                      \
		R("DELETE", path, 0, handler, .arg = "DELETE", ARGS("method")),                    \
		R("POST", path, 0, handler, .body = BODY_OPTIONAL, ARGS("method"))

const struct route routes[] = {
	R("GET", "/", 0, root_get, .flags = OPEN),
	R("GET", "/v1", 0, v1_get, .flags = ROUTE_PUBLIC),

	R("GET", "/v1/nodes", 0, nodes_list, LIST(node_resource)),
	R("POST", "/v1/nodes", 0, nodes_create, BODY(node_schema), ONE(node_resource)),
	R("GET", "/v1/nodes/detail", 0, nodes_detail, LIST(node_resource)),
	R("GET", "/v1/nodes/validate", 0, node_validate, ARGS("node node_uuid")),
	R("GET", NODE, 0, node_get, ONE(node_resource)),
	R("PATCH", NODE, 0, node_patch, PATCH(node_schema), ONE(node_resource),
		ARGS("reset_interfaces")),
	R("DELETE", NODE, 0, node_delete),
	R("GET", NODE "/validate", 0, node_validate),

	R("GET", STATES, 0, states_get),
	R("PUT", STATES "/power", 0, states_power, BODY(power_schema)),
	R("PUT", STATES "/provision", 0, states_provision, BODY(provision_schema),
		.flags = ROUTE_PROVISION),
	R("PUT", STATES "/raid", 12, states_raid, .body = BODY_REQUIRED, .flags = NEWER),
	R("GET", STATES "/console", 0, console_get),
	R("PUT", STATES "/console", 0, console_put, BODY(console_schema)),
	R("PUT", STATES "/boot_mode", 76, boot_mode_put, BODY(boot_mode_schema)),
	R("PUT", STATES "/secure_boot", 76, secure_boot_put, BODY(secure_boot_schema)),
	R("PUT", NODE "/maintenance", 0, maintenance_put, OPTIONAL(maintenance_schema)),
	R("DELETE", NODE "/maintenance", 0, maintenance_delete),
	R("GET", MANAGE "/boot_device", 0, boot_device_get),
	R("PUT", MANAGE "/boot_device", 0, boot_device_put, BODY(boot_device_schema)),
	R("GET", MANAGE "/boot_device/supported", 0, boot_device_supported),
	R("PUT", MANAGE "/inject_nmi", 29, inject_nmi, OPTIONAL(nothing_schema)),
	R("GET", MANAGE "/indicators", 0, indicators_list),
	R("GET", MANAGE "/indicators/{indicator}", 0, indicator_get),
	R("PUT", MANAGE "/indicators/{indicator}", 0, indicator_put, BODY(indicator_schema)),

	R("GET", NODE "/traits", 37, traits_get, .flags = NEWER),
	R("PUT", NODE "/traits", 37, traits_put, BODY(traits_schema), LATER),
	R("DELETE", NODE "/traits", 37, traits_clear),
	R("PUT", NODE "/traits/{trait}", 37, trait_add, OPTIONAL(nothing_schema), LATER),
	R("DELETE", NODE "/traits/{trait}", 37, trait_remove),
	R("GET", NODE "/vifs", 28, vifs_get),
	R("POST", NODE "/vifs", 28, vif_attach, .body = BODY_REQUIRED),
	R("DELETE", NODE "/vifs/{vif}", 28, vif_detach),
	R("GET", NODE "/bios", 40, bios_list, ARGS("fields detail")),
	R("GET", NODE "/bios/{name}", 40, bios_get),
	R("GET", NODE "/firmware", 86, firmware_list, ARGS("fields detail")),
	R("GET", NODE "/history", 78, history_list, LIST(history_resource)),
	R("GET", NODE "/history/{event}", 78, history_get, ONE(history_resource)),
	R("GET", NODE "/inventory", 81, inventory_get),
	R("GET", NODE "/children", 83, children_get),
	R("GET", NODE "/vmedia", 93, vmedia_get),
	R("POST", NODE "/vmedia", 89, vmedia_attach, BODY(vmedia_schema)),
	R("DELETE", NODE "/vmedia", 89, vmedia_detach, ARGS("device_types")),
	R("GET", NODE "/allocation", 52, node_allocation_get, ONE(allocation_resource),
		ARGS("fields")),
	R("DELETE", NODE "/allocation", 52, node_allocation_delete),
	R("GET", NODE "/ports", 0, record_list, OF_NODE(port_resource)),
	R("GET", NODE "/ports/detail", 0, record_list, OF_NODE(port_resource)),
	R("GET", NODE "/portgroups", 24, record_list, OF_NODE(portgroup_resource)),
	R("GET", NODE "/portgroups/detail", 24, record_list, OF_NODE(portgroup_resource)),
	R("GET", NODE "/volume", 32, volume_get),
	R("GET", NODE "/volume/connectors", 32, record_list, OF_NODE(volume_connector_resource)),
	R("GET", NODE "/volume/targets", 32, record_list, OF_NODE(volume_target_resource)),
	R("GET", NODE "/vendor_passthru/methods", 0, node_methods),
	PASSTHRU(NODE "/vendor_passthru", vendor_passthru),
	PASSTHRU(NODE "/vendor_passthru/{method}", vendor_passthru),

	RECORDS("/v1/ports", 0, port),
	R("GET", "/v1/ports/detail", 0, record_list, LIST(port_resource)),

	R("GET", "/v1/drivers", 0, drivers_list, ARGS("type detail fields")),
	R("GET", "/v1/drivers/properties", 0, driver_properties, ARGS("driver_name")),
	R("GET", DRIVER, 0, driver_get, ARGS("fields")),
	R("GET", DRIVER "/properties", 0, driver_properties),
	R("GET", DRIVER "/raid/logical_disk_properties", 12, driver_raid_properties,
		.flags = NEWER),
	R("GET", DRIVER "/vendor_passthru/methods", 0, driver_methods),
	PASSTHRU(DRIVER "/vendor_passthru", driver_passthru),
	PASSTHRU(DRIVER "/vendor_passthru/{method}", driver_passthru),
	R("GET", "/v1/conductors", 49, conductors_list, ARGS(PAGES)),
	R("GET", "/v1/conductors/{hostname}", 49, conductor_get, ARGS("fields")),

	RECORDS("/v1/chassis", 0, chassis),
	R("GET", "/v1/chassis/detail", 0, record_list, LIST(chassis_resource)),
	R("GET", "/v1/chassis/{chassis}/nodes", 0, record_list, IN_CHASSIS(node_resource)),
	R("GET", "/v1/chassis/{chassis}/nodes/detail", 0, record_list, IN_CHASSIS(node_resource)),
	RECORDS("/v1/portgroups", 23, portgroup),
	R("GET", "/v1/portgroups/detail", 23, record_list, LIST(portgroup_resource)),
	R("GET", "/v1/portgroups/{portgroup}/ports", 24, record_list, IN_GROUP(port_resource)),
	R("GET", "/v1/portgroups/{portgroup}/ports/detail", 24, record_list,
		IN_GROUP(port_resource)),
	R("GET", "/v1/volume", 32, volume_get),
	RECORDS("/v1/volume/connectors", 32, volume_connector),
	RECORDS("/v1/volume/targets", 32, volume_target),
	R("GET", "/v1/allocations", 52, allocations_list, LIST(allocation_resource)),
	R("POST", "/v1/allocations", 52, record_create, BODY(allocation_schema),
		ONE(allocation_resource), LATER),
	R("GET", "/v1/allocations/{id}", 52, record_get, ONE(allocation_resource)),
	R("PATCH", "/v1/allocations/{id}", 57, record_patch, PATCH(allocation_schema),
		ONE(allocation_resource), LATER),
	R("DELETE", "/v1/allocations/{id}", 52, record_delete, ONE(allocation_resource), LATER),
	RECORDS("/v1/deploy_templates", 55, deploy_template, LATER),
	RECORDS("/v1/runbooks", 92, runbook, LATER),
	R("GET", "/v1/runbooks/{runbook}/traits", 112, runbook_traits_get),
	R("PUT", "/v1/runbooks/{runbook}/traits", 112, runbook_traits_put,
		BODY(runbook_traits_schema)),
	R("PUT", "/v1/runbooks/{runbook}/traits/{trait}", 112, runbook_traits_put),
	R("DELETE", "/v1/runbooks/{runbook}/traits", 112, runbook_traits_delete),
	R("DELETE", "/v1/runbooks/{runbook}/traits/{trait}", 112, runbook_traits_delete),
	RECORDS("/v1/inspection_rules", 96, inspection_rule, LATER),
	R("DELETE", "/v1/inspection_rules", 96, inspection_rules_clear, LATER),
	R("GET", "/v1/shards", 82, shards_list),
	R("POST", "/v1/events", 54, events_post, BODY(events_schema)),

	R("GET", "/v1/lookup", 22, lookup, .flags = AGENT, ARGS("addresses node_uuid boot_token")),
	R("POST", "/v1/heartbeat/{node}", 22, heartbeat, BODY(heartbeat_schema), .flags = AGENT),
	R("POST", "/v1/continue_inspection", 84, continue_inspection, .body = BODY_REQUIRED,
		.flags = AGENT | ROUTE_INSPECTION | ROUTE_IN_1_1, ARGS("node_uuid boot_token")),

	R("GET", "/ingot/v1/why/{node}", 0, why_get, .flags = OURS),
	R("GET", "/ingot/v1/nodes/{node}/history", 0, story_get, .flags = OURS),
	R("GET", "/ingot/v1/progress", 0, progress_list, .flags = OURS),
	R("GET", "/ingot/v1/progress/{node}", 0, progress_get, .flags = OURS),
	R("POST", "/ingot/v1/nodes/{node}/progress", 0, progress_post, .body = BODY_REQUIRED,
		.flags = OPEN | ROUTE_RAMDISK),
	R("GET", "/ingot/v1/nodes/{node}/erasures", 0, erasures_list, .flags = OURS),
	R("GET", "/ingot/v1/nodes/{node}/inspections", 0, inspections_list, .flags = OURS),
	R("GET", BMC "/info", 0, bmc_get, .flags = OURS, .arg = "info"),
	R("GET", BMC "/fru", 0, bmc_get, .flags = OURS, .arg = "fru"),
	R("GET", BMC "/sel", 0, bmc_get, .flags = OURS, .arg = "sel", ARGS("last")),
	R("DELETE", BMC "/sel", 0, bmc_clear_sel, .flags = OURS, .arg = "sel clear"),
	R("GET", BMC "/sensors", 0, bmc_get, .flags = OURS, .arg = "sensors", ARGS("thresholds")),
	R("GET", BMC "/lan", 0, bmc_get, .flags = OURS, .arg = "lan"),
	R("POST", BMC "/identify", 0, bmc_identify, OPTIONAL(bmc_identify_schema), .flags = OURS,
		.arg = "identify"),
	R("POST", BMC "/reset", 0, bmc_reset, OPTIONAL(bmc_reset_schema), .flags = OURS,
		.arg = "reset"),
	R("POST", BMC "/raw", 0, bmc_raw, BODY(bmc_raw_schema), .flags = OURS, .arg = "raw"),
	R("GET", "/ingot/v1/nodes/{node}/logs", 0, logs_list, .flags = OURS),
	R("GET", "/ingot/v1/nodes/{node}/logs/{file}", 0, logs_get, .flags = OURS),
	R("GET", "/ingot/v1/nodes/{node}/console", 0, console_watch_get, .flags = OURS),
	R("DELETE", "/ingot/v1/nodes/{node}/console/{watch}", 0, console_leave, .flags = OURS),
	R("GET", "/ingot/v1/nodes/{node}/console/log", 0, console_log_get, .flags = OURS),
	R("POST", "/ingot/v1/nodes/{node}/console/input", 0, console_input,
		BODY(console_input_schema), .flags = OURS),
	R("GET", "/ingot/v1/boot/{mac}", 0, boot_get, .flags = OURS),
	R("GET", "/ingot/v1/queue", 0, queue_list, .flags = OURS),
	R("PUT", "/ingot/v1/queue/{node}", 0, queue_put, .body = BODY_REQUIRED, .flags = OURS),
	R("GET", "/ingot/v1/bmcs", 0, bmc_list, .flags = OURS, ARGS("troubled")),
	R("GET", "/ingot/v1/waiting", 0, waiting_list, .flags = OURS),
	R("POST", "/ingot/v1/waiting/{mac}", 0, waiting_post, .body = BODY_REQUIRED, .flags = OURS),
	R("POST", "/ingot/v1/phone-home/{token}", 0, phone_home, .body = BODY_OPTIONAL,
		.flags = OPEN),
	R("POST", "/ingot/v1/batch", 0, batch_post, BODY(batch_schema),
		.flags = OURS | ROUTE_PROVISION),
	R("GET", "/ingot/v1/inventory", 0, inventory_export, .flags = OURS, ARGS("format")),
	R("GET", "/metrics", 0, metrics_get, .flags = OURS),
};
const size_t n_routes = ARRAY_SIZE(routes);
