/* The boot loader of a partition image, out of the image itself. */
#ifndef AGENT_PARTBOOT_H
#define AGENT_PARTBOOT_H

#include "agent/agent.h"
#include "lib/base/buf.h"

/*
 * Of image.install_bootloader: when its root_uuid is that of the partition image this agent wrote,
 * fills the EFI system partition, which has to be there when the machine runs in UEFI mode (uefi),
 * or without one installs GRUB for BIOS, which the conductor has to allow. Adds to `done` what was
 * done. 0 also when there is nothing to do.
 */
int partboot_install(
	struct agent *a, const json_t *params, bool uefi, struct buf *done, struct err *e);

#endif
