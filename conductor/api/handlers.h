/* All handlers, so that the route table can name them; each lives in its resource's file. */
#ifndef CONDUCTOR_API_HANDLERS_H
#define CONDUCTOR_API_HANDLERS_H

#include "conductor/api/call.h"

#define HANDLER(name) int name(struct call *c, struct err *e)

/* root.c */
HANDLER(root_get);
HANDLER(v1_get);

/* nodes.c */
HANDLER(nodes_list);
HANDLER(nodes_detail);
HANDLER(nodes_create);
HANDLER(node_get);
HANDLER(node_patch);
HANDLER(node_delete);
HANDLER(node_validate);

/* states.c */
HANDLER(states_get);
HANDLER(states_provision);
HANDLER(states_power);
HANDLER(states_raid);
HANDLER(console_get);
HANDLER(console_put);
HANDLER(maintenance_put);
HANDLER(maintenance_delete);

/* manage.c */
HANDLER(boot_device_get);
HANDLER(boot_device_put);
HANDLER(boot_device_supported);
HANDLER(boot_mode_put);
HANDLER(secure_boot_put);
HANDLER(inject_nmi);
HANDLER(indicators_list);
HANDLER(indicator_get);
HANDLER(indicator_put);
HANDLER(vmedia_get);
HANDLER(vmedia_attach);
HANDLER(vmedia_detach);
HANDLER(vifs_get);
HANDLER(vif_attach);
HANDLER(vif_detach);

/* settings.c */
HANDLER(bios_list);
HANDLER(bios_get);
HANDLER(firmware_list);

/* below.c */
HANDLER(traits_get);
HANDLER(traits_put);
HANDLER(traits_clear);
HANDLER(trait_add);
HANDLER(trait_remove);
HANDLER(history_list);
HANDLER(history_get);
HANDLER(inventory_get);
HANDLER(children_get);
HANDLER(node_methods);
HANDLER(vendor_passthru);

/* conductors.c */
HANDLER(conductors_list);
HANDLER(conductor_get);

/* allocations.c */
HANDLER(allocations_list);
HANDLER(node_allocation_get);
HANDLER(node_allocation_delete);

/* inspectionrules.c */
HANDLER(inspection_rules_clear);

/* events.c */
HANDLER(events_post);

/* batch.c */
HANDLER(batch_post);

/* crud.c */
HANDLER(record_list);
HANDLER(record_get);
HANDLER(record_create);
HANDLER(record_patch);
HANDLER(record_delete);

/* parts.c, plans.c */
HANDLER(volume_get);
HANDLER(runbook_traits_get);
HANDLER(runbook_traits_put);
HANDLER(runbook_traits_delete);

/* drivers.c */
HANDLER(drivers_list);
HANDLER(driver_get);
HANDLER(driver_properties);
HANDLER(driver_raid_properties);
HANDLER(driver_methods);
HANDLER(driver_passthru);

/* shards.c */
HANDLER(shards_list);

/* bmc.c */
HANDLER(bmc_get);
HANDLER(bmc_clear_sel);
HANDLER(bmc_identify);
HANDLER(bmc_reset);
HANDLER(bmc_raw);

/* ramdisk.c */
HANDLER(lookup);
HANDLER(heartbeat);
HANDLER(continue_inspection);

/* kept.c */
HANDLER(erasures_list);
HANDLER(inspections_list);
HANDLER(logs_list);
HANDLER(logs_get);

/* console.c */
HANDLER(console_watch_get);
HANDLER(console_log_get);
HANDLER(console_input);
HANDLER(console_leave);

/* ingot.c */
HANDLER(why_get);
HANDLER(story_get);
HANDLER(progress_list);
HANDLER(progress_get);
HANDLER(progress_post);
HANDLER(boot_get);
HANDLER(queue_list);
HANDLER(queue_put);
HANDLER(bmc_list);
HANDLER(waiting_list);
HANDLER(waiting_post);
HANDLER(phone_home);
HANDLER(inventory_export);
HANDLER(metrics_get);

#endif
