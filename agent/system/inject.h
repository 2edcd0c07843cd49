/* Files put into the system that was written, as the Ironic agent's step inject_files does it. */
#ifndef AGENT_SYSTEM_INJECT_H
#define AGENT_SYSTEM_INJECT_H

#include "agent/system/volume.h"
#include "lib/json/json.h"

#define INJECT_FILES_MAX 1024
#define INJECT_BYTES_MAX (64u << 20) /* of one file */

struct inject {
	struct volumes *volumes;
	const json_t *node; /* for the addresses of contents; may be NULL */
	/* The body of a URL, allocated; NULL: contents may not be URLs. */
	int (*fetch)(void *data, const char *url, char **ret, size_t *ret_len, struct err *e);
	void *data;
};

/*
 * Looks at a list of {path, partition, content, deleted, mode, dirmode, owner, group} before
 * anything is done. -EINVAL with everything that is wrong.
 */
int inject_check(const json_t *files, struct err *e);

/*
 * Writes or deletes one of them: on its partition, or on the first that has the folder its path
 * begins with. Nothing outside of that partition is ever touched, wherever links lead.
 */
int inject_file(struct inject *x, const json_t *file, struct err *e);

/* "http://h/{node[uuid]}" with the node's values; -EINVAL: it has no such one. Allocated. */
int inject_url(const char *text, const json_t *node, char **ret, struct err *e);

#endif
