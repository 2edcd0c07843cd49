/* The orderly end of process 1. */
#ifndef AGENT_INIT_POWER_H
#define AGENT_INIT_POWER_H

#include <stdbool.h>

#include "agent/report/journal.h"

/* Ends all other processes: asks, and after grace_ms kills. */
void power_end_processes(int grace_ms);

/*
 * Everything that disks have to know is with them afterwards: file systems of disks unmounted (in
 * the reverse order), what could not be made read-only, buffers and the disks' own caches flushed.
 * A disk that does not answer is waited for until timeout_ms, and named.
 */
void power_settle_disks(struct journal *j, int timeout_ms);

/*
 * reboot(2) with this command (RB_AUTOBOOT, RB_POWER_OFF, RB_KEXEC); when the kernel refuses, by
 * the magic key; a kernel that cannot be started makes a reboot.
 */
void power_now(struct journal *j, int command) __attribute__((noreturn));

#endif
