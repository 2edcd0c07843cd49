/*
 * What a disk's partition tables say, read leniently: a table may be damaged, made for sectors of
 * another size, or the backup of one that is gone. For looking at disks before they are erased or
 * written, not for changing tables (that is agent/image/disk/gpt.h). Everything read is hostile.
 */
#ifndef AGENT_ERASE_PARTS_H
#define AGENT_ERASE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARTS_MAX 256

/* Reads len bytes at offset; negative errno when not all of them can be had. */
struct disk_reader {
	int (*read)(void *data, void *buf, size_t len, uint64_t offset);
	void *data;
	uint64_t size;	 /* bytes of the disk */
	unsigned sector; /* bytes; 512 or 4096 */
};

struct part {
	unsigned number; /* as in its table: 5 and up are logical ones of an MBR */
	uint64_t offset, length;
	uint8_t type[16]; /* the GPT entry's, as it stands there; zeroes: of an MBR */
};

struct parts {
	bool gpt, gpt_backup, mbr; /* which tables are there; mbr: with partitions of its own */
	size_t n;
	struct part part[PARTS_MAX];
};

/* At most about 2 MiB are read. Negative only when the disk cannot be read. */
int parts_find(const struct disk_reader *r, struct parts *ret);

#endif
