/* What a batch's body asks for: its parts, what is allowed in it, and what would be lost by it. */
#ifndef CONDUCTOR_API_BATCHPLAN_H
#define CONDUCTOR_API_BATCHPLAN_H

#include "conductor/api/call.h"

/*
 * Every node once, by name or UUID; requests for each, of known routes below /v1/nodes/{node}; when
 * one of them destroys data, not more nodes than `at_most` allows. -EINVAL names what is wrong.
 */
int batch_check(const json_t *body, struct err *e);

/* The requests of an element of "nodes": its own, or the body's. Borrowed; NULL: none. */
const json_t *batch_requests(const json_t *body, const json_t *node);
json_t *batch_node_name(const json_t *node); /* borrowed */

/* The path of one request about one node, of a checked body. Allocated. */
char *batch_path(const json_t *node, const json_t *request);

/* Adds to a dry run's row what the node is, what runs on it, and its disks as last inspected. */
void batch_describe(const struct call *c, json_t *row);

#endif
