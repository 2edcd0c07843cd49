/* The boot loader of the image that was written. */
#ifndef AGENT_BOOTLOADER_H
#define AGENT_BOOTLOADER_H

#include "agent/agent.h"

/*
 * The command image.install_bootloader. A whole-disk image brings its own boot loader: under BIOS
 * in its first sectors, under UEFI at the removable-media path of its EFI system partition, which
 * firmware tries without an entry in NVRAM. So nothing is written; under UEFI a disk without such a
 * partition is an error, unless ignore_bootloader_failure is set.
 */
int bootloader_install(void *agent, const json_t *params, json_t **ret_result, struct err *e);

#endif
