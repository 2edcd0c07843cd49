/* The boot loader of the image that was written, and the firmware's entries for it. */
#ifndef AGENT_BOOTLOADER_H
#define AGENT_BOOTLOADER_H

#include "agent/agent.h"

/*
 * The command image.install_bootloader. A partition image is given its boot loader first
 * (partboot.h), from then on it is as with the image of a disk. A whole-disk image brings its own
 * boot loader: under BIOS in its first sectors, and nothing is to be done; under UEFI on its EFI
 * system partition. The firmware gets a boot entry for it, first of BootOrder and BootNext, so that
 * the machine does not come back to the network; entries with the same label go, and the path for
 * removable media is made bootable when it is missing.
 *
 * Fails without such a partition, without a loader on it, and when the NVRAM cannot hold the entry;
 * where the firmware lets nobody change entries, a loader at the path for removable media is
 * enough. With ignore_bootloader_failure every failure is only told.
 */
int bootloader_install(void *agent, const json_t *params, json_t **ret_result, struct err *e);

/* Steps, as the Ironic agent has them: bootsteps.c. */
int bootloader_clean_nvram(struct agent *a, const json_t *args, json_t **ret_result, struct err *e);
int bootloader_erase_pstore(
	struct agent *a, const json_t *args, json_t **ret_result, struct err *e);

#endif
