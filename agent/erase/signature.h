/*
 * What a disk carries: partition tables, file systems, LVM, RAID, encryption, ZFS, by their marks.
 * A reader of our own, as libblkid and its like are larger than all of agent/erase; it needs only
 * to tell that data is there and what to call it.
 */
#ifndef AGENT_ERASE_SIGNATURE_H
#define AGENT_ERASE_SIGNATURE_H

#include "agent/erase/parts.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/json/json.h"

#define SIGNATURES_MAX 64

struct signature {
	char what[32];	/* "ext4", "GPT", "LVM" */
	char label[64]; /* printable; "" where there is none */
	unsigned part;	/* 0: the disk itself */
};

struct signatures {
	size_t n; /* what is beyond SIGNATURES_MAX is not told */
	struct signature all[SIGNATURES_MAX];
};

/* Reads at most 400 KiB of the disk and of each partition. Negative when the disk cannot be read.
 */
int signatures_find(const struct disk_reader *r, struct signatures *ret);

/* The same for a disk or file; size_bytes 0: find out. */
int signatures_of(const char *path, uint64_t size_bytes, unsigned sector_bytes,
	struct signatures *ret, struct err *e);

/*
 * The first file system that is made for being mounted by many machines at once (VMFS, GPFS, GFS2,
 * OCFS2): its disk may be another machine's as well. NULL: none. Borrowed.
 */
const struct signature *signatures_shared(const struct signatures *s);

/* "GPT, ext4 \"root\" on partition 1"; "nothing" when there is none. */
void signatures_text(const struct signatures *s, struct buf *out);

/* An array of such texts, a new reference. */
json_t *signatures_json(const struct signatures *s);

#endif
