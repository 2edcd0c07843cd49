/*
 * One pass over a qcow2 file whose tables were read before: each cluster goes to its place on the
 * disk as it comes by, the rest of the disk is made zero at the end. Where places are is its sink's
 * business.
 */
#ifndef AGENT_IMAGE_FORMAT_QCOW2PASS_H
#define AGENT_IMAGE_FORMAT_QCOW2PASS_H

#include "agent/image/format/qcow2map.h"

/* Takes what belongs on the disk, in any order; offsets and lengths are those of the disk. */
struct qcow2_sink {
	void *data;
	int (*put)(void *data, uint64_t offset, const uint8_t *bytes, size_t len, struct err *e);
	int (*zero)(void *data, uint64_t offset, uint64_t len, struct err *e);
};

/* Unpacks compressed clusters, one at a time. */
struct qcow2_unpack {
	bool zstd;
	size_t cluster_size;
	void *state;
};

int qcow2_unpack_init(struct qcow2_unpack *u, const struct qcow2 *q, struct err *e);
void qcow2_unpack_done(struct qcow2_unpack *u);
/* Fills out with a cluster; what follows in `in` is ignored. -EBADMSG; at: in the file, for errors.
 */
int qcow2_unpack(struct qcow2_unpack *u, uint64_t at, const uint8_t *in, size_t len, uint8_t *out,
	struct err *e);

struct qcow2_pass {
	struct qcow2_map *map;
	struct qcow2_sink sink;
	struct qcow2_seal seal;
	struct qcow2_unpack unpack;
	struct qcow2_walk walk;
	uint64_t at;		   /* in the file */
	uint8_t *packed, *cluster; /* a compressed cluster that comes in pieces; one unpacked */
	size_t packed_len;
};

/* map: loaded; borrowed until qcow2_pass_done(). */
int qcow2_pass_init(
	struct qcow2_pass *p, struct qcow2_map *map, const struct qcow2_sink *sink, struct err *e);
void qcow2_pass_done(struct qcow2_pass *p); /* a zeroed one is fine */

/* The file's next bytes; every piece but the last is a multiple of 512. -EBADMSG. */
int qcow2_pass_feed(struct qcow2_pass *p, const uint8_t *bytes, size_t len, struct err *e);

/*
 * After the last byte. -EBADMSG when clusters are missing, -ESTALE when the tables were not those
 * that were read before.
 */
int qcow2_pass_end(struct qcow2_pass *p, struct err *e);

#endif
