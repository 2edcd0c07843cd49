/* Asks the disks themselves how they are. */
#ifndef AGENT_INSPECT_DISKASK_H
#define AGENT_INSPECT_DISKASK_H

#include "lib/json/json.h"

/*
 * Puts a member "health" (see health.h) into each disk of the inventory that tells of it: NVMe by
 * its SMART log, ATA by SMART through SCSI's pass-through, SCSI by its logs. Each disk is asked in
 * a thread of its own and all have limit_ms together: one that does not answer by then has no
 * "health", and its thread ends when the kernel lets go of it. Only on the machine itself.
 */
void disks_ask_health(json_t *disks, int limit_ms);

#endif
