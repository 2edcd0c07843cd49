/* Starting another kernel without the firmware: kexec_file_load(2). */
#ifndef AGENT_SYSTEM_KEXEC_H
#define AGENT_SYSTEM_KEXEC_H

#include "agent/system/grub.h"

/*
 * Loads the plan's kernel and initial ramdisks, which lie below the folder `dir`, to be started by
 * reboot(LINUX_REBOOT_CMD_KEXEC). Under Secure Boot the kernel takes signed ones alone. 0 or
 * negative errno; on failure nothing is loaded. `dry`: everything but the last call, for where
 * there is no machine to restart.
 */
int kexec_load(const struct boot_plan *plan, int dir, bool dry, struct err *e);

#endif
