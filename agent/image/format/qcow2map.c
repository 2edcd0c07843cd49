/* Extents of a qcow2 file, sorted, checked and sealed; see qcow2map.h. */
#include "agent/image/format/qcow2map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "lib/base/mem.h"

#define SECTOR	   512
#define N_MAX	   65535 /* of an extent */
#define FIRST_ROOM 256
#define SEAL_BYTES 32

static const char *const kind_names[] = {
	"data", "a compressed cluster", "the L1 table", "an L2 table"};

int qcow2_seal_init(struct qcow2_seal *s, struct err *e)
{
	*s = (struct qcow2_seal){0};
	for (size_t i = 0; i < ARRAY_SIZE(s->hash); i++) {
		gnutls_hash_hd_t h;

		if (gnutls_hash_init(&h, GNUTLS_DIG_SHA256) < 0) {
			qcow2_seal_done(s);
			return err_set(e, ENOTSUP, "SHA-256 is not available");
		}
		s->hash[i] = h;
	}
	return 0;
}

void qcow2_seal_add(struct qcow2_seal *s, enum qcow2_kind kind, const void *bytes, size_t len)
{
	gnutls_hash(s->hash[kind == QCOW2_L2], bytes, len);
}

void qcow2_seal_done(struct qcow2_seal *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->hash); i++)
		if (s->hash[i])
			gnutls_hash_deinit(s->hash[i], NULL);
	*s = (struct qcow2_seal){0};
}

bool qcow2_seal_equal(struct qcow2_seal *a, struct qcow2_seal *b)
{
	bool same = true;

	for (size_t i = 0; i < ARRAY_SIZE(a->hash); i++) {
		uint8_t sum[2][SEAL_BYTES];

		gnutls_hash_output(a->hash[i], sum[0]);
		gnutls_hash_output(b->hash[i], sum[1]);
		same = same && !memcmp(sum[0], sum[1], SEAL_BYTES);
	}
	return same;
}

static int damaged(struct err *e, const char *a, const char *what, uint64_t at)
{
	return err_set(e, EBADMSG,
		"the qcow2 image is damaged: %s %s at byte %" PRIu64
		" of the file; look at it with qemu-img check, or fetch it anew",
		a, what, at);
}

int qcow2_map_init(struct qcow2_map *m, const struct qcow2 *q, uint64_t file_size,
	uint64_t memory_max, struct err *e)
{
	*m = (struct qcow2_map){.q = *q,
		.file_size = file_size,
		.max = (size_t)(memory_max / sizeof(struct qcow2_extent))};
	return qcow2_seal_init(&m->seal, e);
}

void qcow2_map_done(struct qcow2_map *m)
{
	qcow2_seal_done(&m->seal);
	free(m->x);
	*m = (struct qcow2_map){0};
}

static int grow(struct qcow2_map *m, struct err *e)
{
	size_t room = m->room ? m->room + m->room / 2 : FIRST_ROOM;
	struct qcow2_extent *x;

	if (room > m->max)
		room = m->max;
	x = room > m->n ? realloc(m->x, room * sizeof(*x)) : NULL;
	if (!x)
		return err_set(e, ENOMEM,
			"the qcow2 image's clusters are too scattered: the map of them needs more "
			"than %zu MiB of memory; put it in order by qemu-img convert -O qcow2 OLD "
			"NEW, with larger clusters (-o cluster_size=1M) if that does not help",
			(m->max * sizeof(*x)) >> 20);
	m->x = x;
	m->room = room;
	return 0;
}

static int add(struct qcow2_map *m, enum qcow2_kind kind, uint64_t host, uint64_t guest, uint32_t n,
	struct err *e)
{
	struct qcow2_extent *last = m->n ? &m->x[m->n - 1] : NULL;

	if (kind == QCOW2_DATA && last && last->kind == kind && last->n < N_MAX &&
		last->guest + last->n == guest && qcow2_extent_end(m, last) == host) {
		last->n++;
		return 0;
	}
	if (m->n == m->room && grow(m, e) < 0)
		return -ENOMEM;
	m->x[m->n++] =
		(struct qcow2_extent){.host = host, .guest = guest, .n = (uint16_t)n, .kind = kind};
	return 0;
}

uint64_t qcow2_extent_end(const struct qcow2_map *m, const struct qcow2_extent *x)
{
	switch ((enum qcow2_kind)x->kind) {
	case QCOW2_DENSE:
		return x->host / SECTOR * SECTOR + (uint64_t)x->n * SECTOR;
	case QCOW2_L1:
		return x->host + (uint64_t)x->n * SECTOR;
	default:
		return x->host + ((uint64_t)x->n << m->q.cluster_bits);
	}
}

/* Sorting, in place: the map may be half of the memory there is */

static uint64_t key_host(const struct qcow2_extent *x)
{
	return x->host;
}

/* Tables have no place on the disk: they come last. */
static uint64_t key_guest(const struct qcow2_extent *x)
{
	return x->kind <= QCOW2_DENSE ? x->guest : UINT64_MAX;
}

typedef uint64_t (*key_fn)(const struct qcow2_extent *x);

static void sift(struct qcow2_extent *x, size_t at, size_t n, key_fn key)
{
	struct qcow2_extent moved = x[at];

	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && key(&x[child]) < key(&x[child + 1]))
			child++;
		if (key(&moved) >= key(&x[child]))
			break;
		x[at] = x[child];
	}
	x[at] = moved;
}

static void sort(struct qcow2_map *m, key_fn key)
{
	struct qcow2_extent *x = m->x;
	size_t i = 1;

	while (i < m->n && key(&x[i - 1]) <= key(&x[i]))
		i++;
	if (i >= m->n)
		return; /* as most images are */
	for (i = m->n / 2; i-- > 0;)
		sift(x, i, m->n, key);
	for (i = m->n; i-- > 1;) {
		struct qcow2_extent first = x[0];

		x[0] = x[i];
		x[i] = first;
		sift(x, 0, i, key);
	}
}

/*
 * Where the next extent may begin: compressed clusters share sectors, the rest lies apart. One that
 * claims more than its last sector of the next one is none that any program writes.
 */
static uint64_t next_free(
	const struct qcow2_map *m, const struct qcow2_extent *x, const struct qcow2_extent *next)
{
	uint64_t end = qcow2_extent_end(m, x);

	if (x->kind != QCOW2_DENSE || next->kind != QCOW2_DENSE)
		return end;
	return end - SECTOR > x->host ? end - SECTOR : x->host + 1;
}

/* Its last cluster or sector has to begin within the file; a table has to be whole. */
static bool within_file(const struct qcow2_map *m, const struct qcow2_extent *x)
{
	static const uint64_t may_lack[] = {[QCOW2_DENSE] = SECTOR - 1, [QCOW2_L1] = SECTOR - 8};
	uint64_t end = qcow2_extent_end(m, x), lack;

	if (x->kind == QCOW2_DATA)
		lack = qcow2_cluster_size(&m->q) - 1;
	else
		lack = x->kind < ARRAY_SIZE(may_lack) ? may_lack[x->kind] : 0;
	return !m->file_size || end - lack <= m->file_size;
}

static int check(const struct qcow2_map *m, struct err *e)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct qcow2_extent *x = &m->x[i], *last = i ? x - 1 : NULL;

		if (!within_file(m, x))
			return damaged(e, kind_names[x->kind], "reaches beyond the end of the file",
				x->host);
		if (x->host < (i ? next_free(m, last, x) : qcow2_cluster_size(&m->q)))
			return damaged(e, kind_names[x->kind],
				i ? "overlaps other data" : "overlaps the header", x->host);
	}
	return 0;
}

int qcow2_walk(struct qcow2_walk *w, const struct qcow2_map *m, uint64_t at, const uint8_t *bytes,
	size_t len, qcow2_take_fn take, void *data, struct err *e)
{
	uint64_t end = at + len;

	for (; w->next < w->end; w->next++) {
		struct qcow2_extent x = m->x[w->next]; /* the map may move */
		uint64_t stop = qcow2_extent_end(m, &x);
		uint64_t from = x.host > at ? x.host : at, to = stop < end ? stop : end;
		int r;

		if (x.host >= end)
			break;
		r = from < to ? take(data, &x, from - x.host, bytes + (from - at),
					(size_t)(to - from), e)
			      : 0;
		if (r < 0)
			return r;
		if (stop > end)
			break;
	}
	return 0;
}

/* Reading the tables */

int qcow2_load_begin(struct qcow2_load *l, struct qcow2_map *m, struct err *e)
{
	uint64_t sectors = ((uint64_t)m->q.l1_entries * 8 + SECTOR - 1) / SECTOR;
	int r = 0;

	*l = (struct qcow2_load){.map = m, .kind = QCOW2_L1};
	for (uint64_t at = 0; r == 0 && at < sectors; at += N_MAX) {
		uint64_t n = sectors - at < N_MAX ? sectors - at : N_MAX;

		r = add(m, QCOW2_L1, m->q.l1_offset + at * SECTOR, at * SECTOR / 8, (uint32_t)n, e);
	}
	if (r == 0)
		r = check(m, e);
	l->walk.end = m->n;
	return r;
}

int qcow2_load_l2(struct qcow2_load *l, struct err *e)
{
	struct qcow2_map *m = l->map;

	if (l->l1_bytes < (uint64_t)m->q.l1_entries * 8)
		return damaged(e, kind_names[QCOW2_L1], "is missing", m->q.l1_offset);
	sort(m, key_host);
	l->kind = QCOW2_L2;
	l->at = 0;
	l->walk = (struct qcow2_walk){.end = m->n};
	return check(m, e);
}

int qcow2_load_end(struct qcow2_load *l, struct err *e)
{
	struct qcow2_map *m = l->map;
	uint64_t at;

	if (qcow2_load_want(l, SECTOR, 0, &at))
		return damaged(e, kind_names[QCOW2_L2], "is missing", at);
	sort(m, key_host);
	return check(m, e);
}

size_t qcow2_load_want(struct qcow2_load *l, size_t max, uint64_t gap, uint64_t *ret_offset)
{
	const struct qcow2_map *m = l->map;
	uint64_t from = 0, end = 0;

	for (size_t i = l->walk.next; i < l->walk.end; i++) {
		const struct qcow2_extent *x = &m->x[i];
		uint64_t stop = qcow2_extent_end(m, x);

		if (x->kind != l->kind || stop <= l->at)
			continue;
		if (!end)
			from = end = x->host > l->at ? x->host : l->at;
		if (x->host > end && x->host - end > gap)
			break;
		end = stop;
		if (end - from >= max)
			break;
	}
	if (m->file_size && end > m->file_size) /* the last sector of an L1 table */
		end = m->file_size;
	*ret_offset = from;
	if (end <= from)
		return 0;
	return end - from < max ? (size_t)(end - from) : max;
}

static int take_l1(struct qcow2_load *l, const struct qcow2_extent *x, uint64_t from,
	const uint8_t *bytes, size_t len, struct err *e)
{
	struct qcow2_map *m = l->map;
	uint64_t index = x->guest + from / 8, host;
	int r = 0;

	for (size_t i = 0; r == 0 && i + 8 <= len && index < m->q.l1_entries; i += 8, index++) {
		qcow2_seal_add(&m->seal, QCOW2_L1, bytes + i, 8);
		l->l1_bytes += 8;
		r = qcow2_l1_entry(&m->q, bytes + i, &host, e);
		if (r == 0 && host)
			r = add(m, QCOW2_L2, host, index, 1, e);
	}
	return r;
}

static int take_l2(struct qcow2_load *l, const struct qcow2_extent *x, uint64_t from,
	const uint8_t *bytes, size_t len, struct err *e)
{
	struct qcow2_map *m = l->map;
	uint64_t guest = x->guest * qcow2_l2_entries(&m->q) + from / 8;
	uint64_t end = qcow2_guest_clusters(&m->q);
	struct qcow2_cluster c;
	int r = 0;

	qcow2_seal_add(&m->seal, QCOW2_L2, bytes, len);
	for (size_t i = 0; r == 0 && i + 8 <= len && guest < end; i += 8, guest++) {
		r = qcow2_l2_entry(&m->q, bytes + i, &c, e);
		if (r == 0 && c.content == QCOW2_PLAIN)
			r = add(m, QCOW2_DATA, c.offset, guest, 1, e);
		else if (r == 0 && c.content == QCOW2_PACKED)
			r = add(m, QCOW2_DENSE, c.offset, guest, c.sectors, e);
	}
	return r;
}

static int take_table(void *data, const struct qcow2_extent *x, uint64_t from, const uint8_t *bytes,
	size_t len, struct err *e)
{
	struct qcow2_load *l = data;

	if (x->kind != l->kind)
		return 0;
	return (l->kind == QCOW2_L1 ? take_l1 : take_l2)(l, x, from, bytes, len, e);
}

int qcow2_load_feed(
	struct qcow2_load *l, uint64_t at, const uint8_t *bytes, size_t len, struct err *e)
{
	l->at = at + len;
	return qcow2_walk(&l->walk, l->map, at, bytes, len, take_table, l, e);
}

/* The finished map */

const struct qcow2_extent *qcow2_map_find(const struct qcow2_map *m, uint64_t guest)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct qcow2_extent *x = &m->x[i];
		uint64_t n = x->kind == QCOW2_DATA ? x->n : 1;

		if (x->kind <= QCOW2_DENSE && guest >= x->guest && guest - x->guest < n)
			return x;
	}
	return NULL;
}

int qcow2_map_gaps(struct qcow2_map *m,
	int (*fn)(void *data, uint64_t offset, uint64_t len, struct err *e), void *data,
	struct err *e)
{
	uint64_t at = 0;
	int r = 0;

	sort(m, key_guest);
	for (size_t i = 0; r == 0 && i < m->n && m->x[i].kind <= QCOW2_DENSE; i++) {
		const struct qcow2_extent *x = &m->x[i];
		uint64_t n = x->kind == QCOW2_DATA ? x->n : 1, from = x->guest << m->q.cluster_bits;

		if (from > at)
			r = fn(data, at, from - at, e);
		at = from + (n << m->q.cluster_bits);
	}
	if (r == 0 && at < m->q.size)
		r = fn(data, at, m->q.size - at, e);
	return r;
}
