/* A folder as a config drive. */
#ifndef CONDUCTOR_CLI_ISODIR_H
#define CONDUCTOR_CLI_ISODIR_H

#include <stddef.h>

#include "lib/base/err.h"

/*
 * The files of a folder as an ISO 9660 image labelled config-2 with Joliet and Rock Ridge names,
 * gzipped; made by genisoimage, mkisofs or xorrisofs, whichever there is. At most 64 MiB. The
 * caller frees.
 */
int isodir_pack(const char *folder, char **ret, size_t *ret_len, struct err *e);

#endif
