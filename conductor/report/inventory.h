/*
 * What the site has, for people and for other programs: all nodes with their ports and what the
 * last inspection found, as one JSON document or as CSV. Written piece by piece, so memory does not
 * grow with the site. Nothing secret is part of it: no driver_info, no instance_info.
 */
#ifndef CONDUCTOR_REPORT_INVENTORY_H
#define CONDUCTOR_REPORT_INVENTORY_H

#include "conductor/model/node.h"
#include "conductor/model/parts.h"

enum report_format { REPORT_JSON, REPORT_CSV, REPORT_FORMAT_COUNT };
extern const char *const report_format_names[REPORT_FORMAT_COUNT]; /* "json", "csv" */

/* REPORT_FORMAT_COUNT when unknown; NULL is JSON. */
enum report_format report_format_parse(const char *name);

/* Where the records come from. A negative return of each() has to end the walk and be returned. */
typedef int (*report_node_fn)(void *each_data, const struct node *n);
typedef int (*report_port_fn)(void *each_data, const struct port *p);
struct report_inventory_source {
	void *data;
	int (*nodes)(void *data, report_node_fn each, void *each_data, struct err *e);
	int (*ports)(void *data, const char *node_uuid, report_port_fn each, void *each_data,
		struct err *e);

	/* Into an initialised struct; -ENOENT when the node was never inspected. */
	int (*inventory)(void *data, const char *node_uuid, struct inventory *ret, struct err *e);
};

/* Takes the next piece of text; a negative return ends the export and is returned. */
typedef int (*report_write_fn)(void *data, const char *text, size_t len);

/* Runs on the caller's thread, which must not be the engine's. */
int report_inventory_export(const struct report_inventory_source *source, enum report_format format,
	report_write_fn write, void *write_data, struct err *e);

#endif
