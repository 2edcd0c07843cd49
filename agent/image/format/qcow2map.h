/*
 * Which part of a qcow2 file is which part of the disk: its tables, read in the order in which they
 * lie in the file, become extents sorted by their place in the file. Also knows the tables
 * themselves, so that nothing overlaps them, and seals them: what was read ahead has to come again
 * when the whole file is read for its checksum.
 */
#ifndef AGENT_IMAGE_FORMAT_QCOW2MAP_H
#define AGENT_IMAGE_FORMAT_QCOW2MAP_H

#include "agent/image/format/qcow2.h"

enum qcow2_kind {
	QCOW2_DATA,  /* n clusters, next to each other here and on the disk */
	QCOW2_DENSE, /* one compressed cluster, in n sectors of 512 bytes */
	QCOW2_L1,    /* n sectors of the L1 table; guest: its first entry there */
	QCOW2_L2     /* one L2 table; guest: its entry in the L1 table */
};

struct qcow2_extent {
	uint64_t host; /* byte in the file */
	uint64_t guest : QCOW2_GUEST_BITS, n : 16, kind : 2;
};

/* SHA-256 over the L1 table and over the L2 tables, as they lie in the file. */
struct qcow2_seal {
	void *hash[2];
};

int qcow2_seal_init(struct qcow2_seal *s, struct err *e);
void qcow2_seal_add(struct qcow2_seal *s, enum qcow2_kind kind, const void *bytes, size_t len);
void qcow2_seal_done(struct qcow2_seal *s);
bool qcow2_seal_equal(struct qcow2_seal *a, struct qcow2_seal *b); /* ends both */

struct qcow2_map {
	struct qcow2 q;
	uint64_t file_size; /* 0: unknown */
	struct qcow2_extent *x;
	size_t n, room, max;
	struct qcow2_seal seal;
};

/* memory_max: bytes that the extents may take. */
int qcow2_map_init(struct qcow2_map *m, const struct qcow2 *q, uint64_t file_size,
	uint64_t memory_max, struct err *e);
void qcow2_map_done(struct qcow2_map *m);

/* Walks over extents in the order of the file. */
struct qcow2_walk {
	size_t next, end; /* indices of extents */
};

/* Takes len bytes of an extent, from its byte `from` on. The map may grow meanwhile. */
typedef int (*qcow2_take_fn)(void *data, const struct qcow2_extent *x, uint64_t from,
	const uint8_t *bytes, size_t len, struct err *e);

/*
 * Gives out the parts of extents among bytes of the file at offset `at`, which rises with each
 * call; what is not given is no extent's. Every piece but the file's last is a multiple of 512
 * bytes long, and begins at one.
 */
int qcow2_walk(struct qcow2_walk *w, const struct qcow2_map *m, uint64_t at, const uint8_t *bytes,
	size_t len, qcow2_take_fn take, void *data, struct err *e);

uint64_t qcow2_extent_end(const struct qcow2_map *m, const struct qcow2_extent *x);

/*
 * Reading the tables, in two rounds, each in the order of the file: after qcow2_load_begin() the L1
 * table is wanted, after qcow2_load_l2() the L2 tables; qcow2_load_end() ends it.
 */
struct qcow2_load {
	struct qcow2_map *map;
	struct qcow2_walk walk;
	enum qcow2_kind kind; /* what is wanted now */
	uint64_t at;	      /* what comes before has been given */
	uint64_t l1_bytes;    /* read so far */
};

int qcow2_load_begin(struct qcow2_load *l, struct qcow2_map *m, struct err *e);
int qcow2_load_l2(struct qcow2_load *l, struct err *e);
int qcow2_load_end(struct qcow2_load *l, struct err *e);

/*
 * The next bytes wanted, what lies within `gap` bytes of each other together, at most max, which is
 * a multiple of 512. 0: all have come.
 */
size_t qcow2_load_want(struct qcow2_load *l, size_t max, uint64_t gap, uint64_t *ret_offset);

/* As qcow2_walk(), for any bytes of the file. -EBADMSG, -ENOMEM when the map would not fit. */
int qcow2_load_feed(
	struct qcow2_load *l, uint64_t at, const uint8_t *bytes, size_t len, struct err *e);

/* The extent that holds a guest cluster's data; NULL: it is all zero. */
const struct qcow2_extent *qcow2_map_find(const struct qcow2_map *m, uint64_t guest);

/*
 * Gives the ranges of the disk, in bytes, that no extent's data covers. Sorts the extents by guest:
 * the map cannot be walked afterwards.
 */
int qcow2_map_gaps(struct qcow2_map *m,
	int (*fn)(void *data, uint64_t offset, uint64_t len, struct err *e), void *data,
	struct err *e);

#endif
