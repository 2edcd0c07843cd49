/*
 * The archives of agents' logs in a folder: one file per failure, named by node, what failed and
 * when, as Ironic does (<uuid>_<what>_<YYYY-mm-dd-HH-MM-SS>.tar.gz), the newest few per node. Calls
 * block on the disk: never on the engine's thread.
 */
#ifndef CONDUCTOR_AGENTLINK_LOGFILES_H
#define CONDUCTOR_AGENTLINK_LOGFILES_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/json/json.h"

#define LOGFILE_NAME_MAX 128

/*
 * Writes an archive whose base64 is given, at most 4 MiB of it, and removes the node's oldest
 * beyond `keep`. The folder is made when it is missing. -EINVAL: it is no base64.
 */
int logfiles_save(const char *folder, const char *node_uuid, const char *what, const char *base64,
	int keep, char ret_name[static LOGFILE_NAME_MAX], struct err *e);

/* [{"file", "size", "at"}] of a node, the newest first; [] when there are none. A new reference. */
json_t *logfiles_list(const char *folder, const char *node_uuid);

/* Where a file of that list lies, allocated; NULL when the name is none of this node's files. */
char *logfiles_path(const char *folder, const char *node_uuid, const char *name);

#endif
