/*
 * The parts of a qcow2 file, versions 2 and 3, as pure functions over its bytes: header, L1 and L2
 * entries. Names and rules are those of QEMU's docs/interop/qcow2.txt. What would need another
 * file, a key or a newer program is refused by name.
 */
#ifndef AGENT_IMAGE_FORMAT_QCOW2_H
#define AGENT_IMAGE_FORMAT_QCOW2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define QCOW2_CLUSTER_MAX (2U << 20) /* QEMU's limit too */
#define QCOW2_GUEST_BITS  46	     /* of a guest cluster's number */

struct qcow2 {
	unsigned version;
	unsigned cluster_bits;
	uint64_t size; /* of the disk image, bytes */
	uint64_t l1_offset;
	uint32_t l1_entries; /* those that the size needs; the file may have more */
	bool zstd;	     /* what compressed clusters are compressed with; else deflate */
};

bool qcow2_present(const uint8_t *start, size_t len);

/*
 * Reads the header out of the file's first bytes; 112 are enough, more give names to what is
 * refused. -ENOTSUP for features that are not written, -EBADMSG for a damaged header.
 */
int qcow2_read(const uint8_t *start, size_t len, struct qcow2 *ret, struct err *e);

static inline uint64_t qcow2_cluster_size(const struct qcow2 *q)
{
	return 1ULL << q->cluster_bits;
}

/* Clusters that an L2 table describes, which is one cluster of 8-byte entries. */
static inline uint32_t qcow2_l2_entries(const struct qcow2 *q)
{
	return 1U << (q->cluster_bits - 3);
}

static inline uint64_t qcow2_guest_clusters(const struct qcow2 *q)
{
	return (q->size + qcow2_cluster_size(q) - 1) >> q->cluster_bits;
}

/* Where an L2 table lies, by its big-endian L1 entry; 0: there is none. -EBADMSG. */
int qcow2_l1_entry(const struct qcow2 *q, const uint8_t entry[8], uint64_t *ret, struct err *e);

enum qcow2_content { QCOW2_ZERO, QCOW2_PLAIN, QCOW2_PACKED };

struct qcow2_cluster {
	enum qcow2_content content;
	uint64_t offset;  /* in the file; aligned to the cluster when plain */
	uint32_t sectors; /* packed: of 512 bytes, from the one that holds the offset */
};

/* What an L2 entry, big-endian, says of its cluster. -EBADMSG. */
int qcow2_l2_entry(
	const struct qcow2 *q, const uint8_t entry[8], struct qcow2_cluster *ret, struct err *e);

#endif
