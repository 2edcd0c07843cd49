/* The partition table of the image on its new disk: read, fitted, given a config drive. */
#ifndef AGENT_IMAGE_DISK_TABLE_H
#define AGENT_IMAGE_DISK_TABLE_H

#include "agent/image/disk/gpt.h"
#include "agent/image/disk/target.h"

enum table_kind { TABLE_NONE, TABLE_MBR, TABLE_GPT };

struct table {
	enum table_kind kind;
	uint32_t sector;
	uint64_t disk_sectors;
	struct gpt gpt;
};

struct table_part {
	unsigned number; /* from 1 */
	uint64_t first, sectors;
	char name[37];
};

const char *table_name(enum table_kind kind); /* "gpt", "msdos", "" */

/*
 * Refuses an image whose GPT is made for sectors of another size than the disk's, as soon as its
 * start is known. Nothing is wrong with an image without GPT.
 */
int table_check_sector(const uint8_t *head, size_t len, uint32_t sector, bool block, struct err *e);

/* Reads what stands in the target's first MiB. */
int table_read(struct target *t, struct table *ret, struct err *e);

/* Moves a GPT's backup to the end of the disk; in memory, written by target_release(). */
int table_fit(struct target *t, struct table *table, struct err *e);

/* Identifier of the disk: its GUID, or "0x" and 8 digits. */
void table_id(const struct table *table, const struct target *t, char *ret, size_t size);
unsigned table_count(const struct table *table, const struct target *t);

/* Partition `number`, from 1; false when there is none. What it says is hostile. */
bool table_part(
	const struct table *table, const struct target *t, unsigned number, struct table_part *ret);

/* Its name in Linux, PARTUUID: a GUID in lower case, or the disk's 8 digits and two more; "". */
void table_part_uuid(
	const struct table *table, const struct target *t, unsigned number, char *ret, size_t size);

/* An MBR's entry, and which one BIOS boots. Numbers from 1, places in sectors below 2^32. */
void table_mbr_put(uint8_t *mbr, unsigned number, uint8_t type, uint64_t first, uint64_t sectors);
void table_mbr_activate(uint8_t *mbr, unsigned number);

/*
 * Enlarges the partition that lies last, the one with number `drive` left out (0: none), into the
 * free space behind it. *ret_number is 0 when there is none, or it is no Linux file system's (those
 * are what systems make their file system grow in).
 */
int table_grow(
	struct target *t, struct table *table, unsigned drive, unsigned *ret_number, struct err *e);

/*
 * A place for a file system with that label and so many bytes: the image's own partition of that
 * name or label, else a new one at the end of the disk. Gives its offset and number.
 */
int table_place(struct target *t, struct table *table, const char *label, uint64_t bytes,
	uint64_t *ret_offset, unsigned *ret_number, struct err *e);

#endif
