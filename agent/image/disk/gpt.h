/*
 * GUID partition tables (UEFI specification 2.10, section 5.3) in memory: read, moved to the end of
 * a larger disk, given one more partition. Everything read is hostile.
 */
#ifndef AGENT_IMAGE_DISK_GPT_H
#define AGENT_IMAGE_DISK_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define GPT_BACKUP_MAX (256 * 1024) /* bytes of the largest backup table handled */

/* The primary table as found; `head` stays the caller's and holds the disk's first bytes. */
struct gpt {
	uint8_t *head;
	size_t head_len;
	uint32_t sector; /* bytes */
	uint32_t header_size;
	uint64_t first_usable, last_usable, alternate; /* sectors */
	uint64_t entries_lba;
	uint32_t n_entries, entry_size;
	uint8_t guid[16];
};

struct gpt_partition {
	uint8_t type[16], guid[16];
	uint64_t first, last; /* sectors, both included */
	char name[37];	      /* non-ASCII characters become '?' */
};

/* Whether "EFI PART" stands where a disk with such sectors has it. */
bool gpt_present(const uint8_t *head, size_t len, uint32_t sector);

/*
 * Reads and checks the primary table at the start of a disk. 0; -ENOENT when there is none;
 * -EBADMSG when it is damaged. All entries have to lie within head.
 */
int gpt_read(uint8_t *head, size_t len, uint32_t sector, struct gpt *ret, struct err *e);

/*
 * Makes an empty table of 128 entries and its protective MBR at the start of a disk of so many
 * sectors; head is at least 64 KiB and zero there. -EFBIG when the disk is too small.
 */
int gpt_create(uint8_t *head, size_t len, uint32_t sector, uint64_t disk_sectors,
	const uint8_t guid[16], struct gpt *ret, struct err *e);

/* Partition i (from 0); false when the entry is unused or beyond the table. */
bool gpt_partition(const struct gpt *g, uint32_t i, struct gpt_partition *ret);
unsigned gpt_count(const struct gpt *g);

/*
 * Makes the table fit a disk of so many sectors: backup at its end, usable space up to it, sums
 * renewed, protective MBR enlarged. Changes head. -EFBIG when a partition would end beyond.
 */
int gpt_resize(struct gpt *g, uint64_t disk_sectors, struct err *e);

/* Adds a partition, numbered from 1 in *ret_number. -ENOSPC when all entries are used. */
int gpt_add(struct gpt *g, const struct gpt_partition *p, unsigned *ret_number, struct err *e);

/* Gives partition i (from 0) another last sector, which is within the usable ones. */
int gpt_set_last(struct gpt *g, uint32_t i, uint64_t last, struct err *e);

/*
 * Writes the backup table (entries, then header) that belongs to the primary one, for the disk's
 * last bytes, to out, which has room for size bytes. Returns its length.
 */
size_t gpt_backup(const struct gpt *g, uint8_t *out, size_t size);

/* "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" of the mixed-endian bytes. Returns ret. */
char *gpt_guid_text(const uint8_t guid[16], char ret[37]);

/* The mixed-endian bytes of such a text, which has to be one. */
void gpt_guid_bytes(const char *text, uint8_t ret[16]);
int gpt_guid_new(uint8_t ret[16], struct err *e); /* a random one */

#endif
