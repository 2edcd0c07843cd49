/* The node and its kin as plain data. See record.h for how they become JSON and rows. */
#ifndef CONDUCTOR_MODEL_NODE_H
#define CONDUCTOR_MODEL_NODE_H

#include "conductor/model/record.h"
#include "conductor/model/states.h"

/* The 13 interfaces of a hardware type, in the API's alphabetical order. */
enum interface {
	IF_BIOS,
	IF_BOOT,
	IF_CONSOLE,
	IF_DEPLOY,
	IF_FIRMWARE,
	IF_INSPECT,
	IF_MANAGEMENT,
	IF_NETWORK,
	IF_POWER,
	IF_RAID,
	IF_RESCUE,
	IF_STORAGE,
	IF_VENDOR,
	IF_COUNT
};
extern const char *const interface_names[IF_COUNT]; /* "bios", "boot", ... */

/* Contract section 2.7; names are the API's. */
struct node {
	char *uuid;
	char *name;
	char *driver;
	json_t *driver_info;
	json_t *driver_internal_info;
	json_t *properties;
	json_t *instance_info;
	json_t *extra;
	char *instance_uuid;
	char *instance_name;
	char *chassis_uuid;
	char *resource_class;
	int power_state;	/* enum power_state */
	int target_power_state; /* enum power_state */
	int provision_state;	/* enum provision_state */
	int target_provision_state;
	int64_t provision_updated_at;
	char *last_error;
	char *fault;
	char *health;
	char *reservation;
	bool maintenance;
	char *maintenance_reason;
	bool console_enabled;
	int64_t inspection_started_at;
	int64_t inspection_finished_at;
	json_t *clean_step;
	json_t *deploy_step;
	json_t *service_step;
	json_t *raid_config;
	json_t *target_raid_config;
	json_t *traits;
	char *interfaces[IF_COUNT]; /* "bios_interface" ... */
	json_t *network_data;
	int automated_clean; /* FIELD_TRI */
	char *conductor_group;
	char *conductor;
	bool is_protected;
	char *protected_reason;
	char *owner;
	char *lessee;
	char *shard;
	char *parent_node;
	char *description;
	char *allocation_uuid;
	bool retired;
	char *retired_reason;
	char *boot_mode;
	int secure_boot; /* FIELD_TRI */
	bool disable_power_off;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type node_type;

/* What happened to a node: every transition, with its cause. */
struct node_event {
	char *uuid;
	char *node_uuid;
	char *conductor;
	char *severity;	  /* "INFO" or "ERROR" */
	char *event;	  /* the text */
	char *event_type; /* "provisioning", "power", ... */
	char *user;
	char *from_state;
	char *to_state;
	int64_t duration_ms; /* spent in from_state */
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type node_event_type;

/* What the last inspection found: GET /v1/nodes/<uuid>/inventory. uuid is the node's. */
struct inventory {
	char *uuid;
	json_t *inventory;
	json_t *plugin_data;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type inventory_type;

/* What one of the last inspections found: GET /ingot/v1/nodes/<uuid>/inspections. */
struct past_inspection {
	char *uuid;
	char *node_uuid;
	json_t *inventory;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type past_inspection_type;

/* A node's BIOS settings as they were last applied or read. uuid is the node's. */
struct bios_settings {
	char *uuid;
	json_t *settings; /* array of {"name", "value", and what a BIOS tells of it} */
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type bios_settings_type;

/* A part of a node with firmware of its own. */
struct firmware_component {
	char *uuid; /* "<node's uuid>/<component>": a node has one of each */
	char *node_uuid;
	char *component; /* "bmc", "bios", "nic:..." */
	char *initial_version, *current_version, *last_version_flashed;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type firmware_component_type;

/* What an agent did to one disk of a node: erased its metadata, wrote an image over it, or left it.
 */
struct disk_record {
	char *uuid;
	char *node_uuid;
	char *step; /* "erase_devices_metadata", "write_image" */
	char *disk; /* "/dev/sda" */
	char *serial, *wwn, *model;
	int64_t size;  /* bytes */
	char *method;  /* "metadata", "image" */
	char *outcome; /* "erased", "failed", "skipped", "written", "kept" */
	char *error;
	json_t *found; /* what the disk carried before, as texts */
	int64_t duration_ms;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type disk_record_type;

/* A machine that asked to be booted and is no port of any node. */
struct waiting {
	char *uuid;
	char *address; /* MAC */
	bool ignored;
	json_t *facts; /* what the boot program told: uuid, serial, manufacturer, product, ip, ...
			*/
	int64_t asked; /* how often */
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type waiting_type;

/* News on their way to a webhook; deleted once delivered. */
struct delivery {
	char *uuid;
	char *url;
	json_t *body;
	int64_t attempts;
	int64_t next_attempt_at;
	char *last_error;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type delivery_type;

void node_init(struct node *n);
void node_done(struct node *n);
void node_copy(struct node *dst, const struct node *src);
#define _cleanup_node_ _cleanup_(node_done)

/* A record type by its plural name, or NULL; and all of them in the order they were added. */
extern const struct record_type *const record_types[];
extern const int n_record_types;

#endif
