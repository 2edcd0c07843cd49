/* A rack file's rows as the nodes they describe. */
#ifndef CONDUCTOR_CLI_RACK_H
#define CONDUCTOR_CLI_RACK_H

#include "lib/base/buf.h"
#include "lib/cli/csv.h"
#include "lib/json/json.h"

/* What one row wants. */
struct rack_node {
	unsigned line;
	const char *name; /* borrowed from the CSV */
	json_t *body;	  /* of POST /v1/nodes */
	json_t *macs;	  /* array of strings, normal form */
};

/*
 * Columns: name, bmc_address, bmc_port, bmc_username, bmc_password, mac (several with ';' between),
 * boot_mode (bios or uefi), serial, driver (ipmi when empty), resource_class, description, and any
 * properties.X and driver_info.X. Every mistake of every row is written to `wrong`, one line each
 * ("line 7: ..."); -EINVAL when there is one. The caller frees with rack_nodes_free().
 */
int rack_read(const struct csv *csv, struct rack_node **ret, size_t *ret_n, struct buf *wrong);
void rack_nodes_free(struct rack_node *nodes, size_t n);

/*
 * The JSON patch from a node as the API shows it to what the row wants; empty when nothing is to
 * change. A password that is stored already is not compared, because it is never shown; it is
 * written when `passwords`. A reader's line per change goes to `diff`.
 */
json_t *rack_patch(
	const struct rack_node *want, const json_t *node, bool passwords, struct buf *diff);

#endif
