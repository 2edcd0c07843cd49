/* From the file's bytes to the disk's; see qcow2pass.h. */
#include "agent/image/format/qcow2pass.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <zstd.h>

#include "lib/base/mem.h"

#define SECTOR 512

int qcow2_unpack_init(struct qcow2_unpack *u, const struct qcow2 *q, struct err *e)
{
	*u = (struct qcow2_unpack){.zstd = q->zstd, .cluster_size = qcow2_cluster_size(q)};
	u->state = u->zstd ? (void *)ZSTD_createDCtx() : libdeflate_alloc_decompressor();
	return u->state ? 0 : err_set(e, ENOMEM, "no memory to decompress");
}

void qcow2_unpack_done(struct qcow2_unpack *u)
{
	if (!u->state)
		return;
	if (u->zstd)
		ZSTD_freeDCtx(u->state);
	else
		libdeflate_free_decompressor(u->state);
	u->state = NULL;
}

/* Raw deflate, followed by what is none of it. */
static bool unpack_zlib(struct qcow2_unpack *u, const uint8_t *in, size_t len, uint8_t *out)
{
	size_t used, have;

	return libdeflate_deflate_decompress_ex(u->state, in, len, out, u->cluster_size, &used,
		       &have) == LIBDEFLATE_SUCCESS &&
	       have == u->cluster_size;
}

/* Frame by frame and each at once: then the window is the cluster itself, whatever a frame asks
 * for. */
static bool unpack_zstd(struct qcow2_unpack *u, const uint8_t *in, size_t len, uint8_t *out)
{
	size_t have = 0;

	while (have < u->cluster_size) {
		size_t frame = ZSTD_findFrameCompressedSize(in, len), n;

		if (ZSTD_isError(frame) || !frame)
			return false;
		n = ZSTD_decompressDCtx(u->state, out + have, u->cluster_size - have, in, frame);
		if (ZSTD_isError(n))
			return false;
		have += n;
		in += frame;
		len -= frame;
	}
	return true;
}

int qcow2_unpack(struct qcow2_unpack *u, uint64_t at, const uint8_t *in, size_t len, uint8_t *out,
	struct err *e)
{
	if ((u->zstd ? unpack_zstd : unpack_zlib)(u, in, len, out))
		return 0;
	return err_set(e, EBADMSG,
		"the qcow2 image is damaged: the compressed cluster at byte %" PRIu64
		" of the file does not decompress; fetch the image anew",
		at);
}

int qcow2_pass_init(
	struct qcow2_pass *p, struct qcow2_map *map, const struct qcow2_sink *sink, struct err *e)
{
	size_t cluster = qcow2_cluster_size(&map->q);
	int r;

	*p = (struct qcow2_pass){.map = map, .sink = *sink, .walk = {.end = map->n}};
	r = qcow2_seal_init(&p->seal, e);
	if (r == 0)
		r = qcow2_unpack_init(&p->unpack, &map->q, e);
	if (r < 0)
		return r;
	p->packed = malloc(2 * cluster + SECTOR); /* as much as a descriptor can name */
	p->cluster = malloc(cluster);
	return p->packed && p->cluster ? 0 : err_set(e, ENOMEM, "no memory for clusters");
}

void qcow2_pass_done(struct qcow2_pass *p)
{
	qcow2_seal_done(&p->seal);
	qcow2_unpack_done(&p->unpack);
	free(p->packed);
	free(p->cluster);
	*p = (struct qcow2_pass){0};
}

/* The last cluster may reach beyond the disk's end. */
static uint64_t clip(const struct qcow2_pass *p, uint64_t offset, uint64_t len)
{
	uint64_t size = p->map->q.size;

	if (offset >= size)
		return 0;
	return len < size - offset ? len : size - offset;
}

static int put(
	struct qcow2_pass *p, uint64_t offset, const uint8_t *bytes, size_t len, struct err *e)
{
	size_t n = (size_t)clip(p, offset, len);

	return n ? p->sink.put(p->sink.data, offset, bytes, n, e) : 0;
}

static uint64_t guest_offset(const struct qcow2_pass *p, const struct qcow2_extent *x)
{
	return (uint64_t)x->guest << p->map->q.cluster_bits;
}

static int put_packed(struct qcow2_pass *p, const struct qcow2_extent *x, const uint8_t *packed,
	size_t len, struct err *e)
{
	int r = qcow2_unpack(&p->unpack, x->host, packed, len, p->cluster, e);

	p->packed_len = 0;
	return r < 0 ? r : put(p, guest_offset(p, x), p->cluster, p->unpack.cluster_size, e);
}

/* A compressed cluster, or a part of it: parts are gathered. */
static int take_packed(struct qcow2_pass *p, const struct qcow2_extent *x, uint64_t from,
	const uint8_t *bytes, size_t len, struct err *e)
{
	size_t whole = (size_t)(qcow2_extent_end(p->map, x) - x->host);

	if (!from && len == whole)
		return put_packed(p, x, bytes, len, e);
	memcpy(p->packed + from, bytes, len);
	p->packed_len = (size_t)from + len;
	return p->packed_len == whole ? put_packed(p, x, p->packed, whole, e) : 0;
}

static void seal_l1(struct qcow2_pass *p, const struct qcow2_extent *x, uint64_t from,
	const uint8_t *b, size_t len)
{
	uint64_t at = x->guest * 8 + from, end = (uint64_t)p->map->q.l1_entries * 8;

	if (at < end)
		qcow2_seal_add(&p->seal, QCOW2_L1, b, len < end - at ? len : (size_t)(end - at));
}

static int take(void *data, const struct qcow2_extent *x, uint64_t from, const uint8_t *bytes,
	size_t len, struct err *e)
{
	struct qcow2_pass *p = data;

	switch ((enum qcow2_kind)x->kind) {
	case QCOW2_DATA:
		return put(p, guest_offset(p, x) + from, bytes, len, e);
	case QCOW2_DENSE:
		return take_packed(p, x, from, bytes, len, e);
	case QCOW2_L1:
		seal_l1(p, x, from, bytes, len);
		break;
	case QCOW2_L2:
		qcow2_seal_add(&p->seal, QCOW2_L2, bytes, len);
		break;
	}
	return 0;
}

int qcow2_pass_feed(struct qcow2_pass *p, const uint8_t *bytes, size_t len, struct err *e)
{
	int r = qcow2_walk(&p->walk, p->map, p->at, bytes, len, take, p, e);

	p->at += len;
	return r;
}

/* What the file's end has cut: its last cluster is zero from there, as QEMU reads it. */
static int end_cut(struct qcow2_pass *p, const struct qcow2_extent *x, struct err *e)
{
	uint64_t stop = qcow2_extent_end(p->map, x), missing = stop - p->at, offset, len;

	if (p->at <= x->host)
		return -ENODATA;
	if (x->kind == QCOW2_L1 && missing < SECTOR)
		return 0;
	if (x->kind == QCOW2_DENSE && missing < SECTOR)
		return put_packed(p, x, p->packed, p->packed_len, e);
	if (x->kind != QCOW2_DATA || missing >= qcow2_cluster_size(&p->map->q))
		return -ENODATA;
	offset = guest_offset(p, x) + (p->at - x->host);
	len = clip(p, offset, missing);
	return len ? p->sink.zero(p->sink.data, offset, len, e) : 0;
}

static int end_missing(struct qcow2_pass *p, struct err *e)
{
	for (; p->walk.next < p->walk.end; p->walk.next++) {
		int r = end_cut(p, &p->map->x[p->walk.next], e);

		if (r == -ENODATA)
			return err_set(e, EBADMSG,
				"the qcow2 image is cut off: the file ends at byte %" PRIu64
				", data is expected at byte %" PRIu64 "; fetch it anew",
				p->at, p->map->x[p->walk.next].host);
		if (r < 0)
			return r;
	}
	return 0;
}

int qcow2_pass_end(struct qcow2_pass *p, struct err *e)
{
	int r = end_missing(p, e);

	if (r < 0)
		return r;
	if (!qcow2_seal_equal(&p->seal, &p->map->seal))
		return err_set(e, ESTALE,
			"the qcow2 image's tables are not those that were read before: the file "
			"was changed meanwhile; deploy again");
	return qcow2_map_gaps(p->map, p->sink.zero, p->sink.data, e);
}
