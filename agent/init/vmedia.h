/* The agent's parameters when it was booted from virtual media: a file on a medium adds to the
 * kernel's. */
#ifndef AGENT_INIT_VMEDIA_H
#define AGENT_INIT_VMEDIA_H

#include "agent/init/cmdline.h"

#define VMEDIA_FILE_MAX 32768

/*
 * The parameters of a command line and of the text of parameters.txt (words as on a command line,
 * usually one a line), which win. -EINVAL as params_from_cmdline().
 */
int vmedia_params(const char *cmdline, const char *file, struct params *ret, struct err *e);

/*
 * parameters.txt at the top of a FAT or ISO 9660 volume, on a device or in a file; read without the
 * kernel's drivers. -ENOENT: it is not there; -EBADMSG: no such volume, or a broken one. *ret is
 * the caller's to free.
 */
int vmedia_read_from(const char *device, char **ret, struct err *e);

/*
 * parameters.txt of the medium labelled ir-vfd-dev, or else of one whose model says that it is
 * virtual media. -ENOENT: there is none (yet).
 */
int vmedia_read(char **ret, struct err *e);

#endif
