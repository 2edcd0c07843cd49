/* Reader of SCSI's pages (SPC-5, SBC-4): names, serial number, logs about health. No I/O. */
#ifndef AGENT_INSPECT_SCSI_H
#define AGENT_INSPECT_SCSI_H

#include "agent/inspect/ata.h"

#define SCSI_NAME_MAX	33 /* 128 bits in hex */
#define SCSI_SERIAL_MAX 256

/* Unit serial number, VPD page 80h; -EINVAL when the page is another, or empty. */
int scsi_serial(const uint8_t *page, size_t len, char ret[static SCSI_SERIAL_MAX]);

/*
 * The unit's NAA name out of VPD page 83h in hex, 16 or 32 digits, the longest there is; names of
 * ports and targets do not count. -ENOENT when it has none, -EINVAL when the page is another.
 */
int scsi_name(const uint8_t *page, size_t len, char ret[static SCSI_NAME_MAX]);

/* Medium rotation rate, VPD page B1h: 1 does not turn; 0: not told. */
unsigned scsi_rotation_rate(const uint8_t *page, size_t len);

/* IDENTIFY DEVICE of a disk behind a SATL: VPD page 89h (SAT-4, 12.4.2). */
int scsi_ata_identify(const uint8_t *page, size_t len, struct ata_identity *ret);

/*
 * A page of LOG SENSE: 2Fh informational exceptions, 0Dh temperature, 11h solid state media, 15h
 * background scan. Others, and what is cut off, are skipped.
 */
void scsi_log(const uint8_t *page, size_t len, struct health *h);

/*
 * The status of SMART RETURN STATUS in the sense data of an ATA pass-through (SAT-4, 12.2.2.7), in
 * either format: 1 the disk is failing, 0 it is not, -EINVAL when they do not tell.
 */
int scsi_sense_smart(const uint8_t *sense, size_t len);

#endif
