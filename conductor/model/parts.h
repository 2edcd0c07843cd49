/* What nodes are made of and stand in: chassis, ports, port groups, volumes. See record.h. */
#ifndef CONDUCTOR_MODEL_PARTS_H
#define CONDUCTOR_MODEL_PARTS_H

#include "conductor/model/record.h"

/* A group of nodes, for people; node.chassis_uuid names it. */
struct chassis {
	char *uuid;
	char *description;
	json_t *extra;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type chassis_type;

struct port {
	char *uuid;
	char *node_uuid;
	char *address; /* MAC, lower case, colons */
	char *name;
	char *description;
	char *portgroup_uuid;
	bool pxe_enabled;
	json_t *local_link_connection;
	char *physical_network;
	bool is_smartnic;
	char *vendor;
	char *category;
	bool available_for_dynamic_portgroup;
	json_t *extra;
	json_t *internal_info;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type port_type;

/* Ports of a node that work as one: a LAG. */
struct portgroup {
	char *uuid;
	char *node_uuid;
	char *address; /* MAC, as a port's; may be absent */
	char *name;
	char *mode;	    /* of the Linux bonding driver: "active-backup", "802.3ad", ... */
	json_t *properties; /* of that driver */
	bool standalone_ports_supported; /* its ports may be used one by one, to boot */
	char *physical_network;
	char *category;
	bool dynamic_portgroup;
	json_t *extra;
	json_t *internal_info;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type portgroup_type;

/* How a node names itself to remote storage. */
struct volume_connector {
	char *uuid;
	char *node_uuid;
	char *type; /* "iqn", "ip", "mac", "wwnn", "wwpn", "port", "portgroup" */
	char *connector_id;
	json_t *extra;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type volume_connector_type;

/* A remote volume that a node uses. */
struct volume_target {
	char *uuid;
	char *node_uuid;
	char *volume_type;  /* "iscsi", "fibre_channel" */
	json_t *properties; /* how to reach it; has secrets */
	int64_t boot_index; /* 0: the node boots from it */
	char *volume_id;
	json_t *extra;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type volume_target_type;

#endif
