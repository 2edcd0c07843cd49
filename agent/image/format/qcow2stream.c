/*
 * qcow2 as a format of the pipeline: its tables are read ahead by byte ranges, from a server
 * without ranges by a download of their own that goes no further than the last of them. Then the
 * file passes once.
 */
#include "agent/image/format/qcow2stream.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "agent/image/format/qcow2pass.h"
#include "agent/image/fetch/range.h"
#include "agent/image/fetch/source.h"
#include "lib/base/mem.h"

#define READ_BYTES (1U << 20)
#define READ_GAP   (128U << 10) /* so much more costs less than one more request */
#define HEAD_BYTES 8192		/* reaches a GPT made for any sectors */
#define MAP_LEAST  (8ULL << 20)
#define MAP_MOST   (1ULL << 30)

struct state {
	struct format *f;
	const uint8_t *start; /* of the file, while it is opened */
	size_t start_len;
	struct range *range; /* NULL: the server has none */
	struct qcow2_map map;
	struct qcow2_load load;
	struct qcow2_pass pass;
	uint8_t *buf; /* READ_BYTES */

	/* reading without ranges */
	uint64_t at;
	size_t len;
	struct err err;
};

/* A quarter of what is free: on a machine with little memory little is taken. */
static uint64_t map_bytes(void)
{
	struct sysinfo info;
	uint64_t bytes;

	if (sysinfo(&info) < 0)
		return MAP_LEAST;
	bytes = (uint64_t)info.freeram * info.mem_unit / 4;
	return bytes < MAP_LEAST ? MAP_LEAST : bytes > MAP_MOST ? MAP_MOST : bytes;
}

/* Parts of the file at hand are not asked for. */
static int read_at(struct state *s, uint64_t offset, uint8_t *buf, size_t len, struct err *e)
{
	if (offset + len <= s->start_len) {
		memcpy(buf, s->start + offset, len);
		return 0;
	}
	return range_read(s->range, offset, buf, len, e);
}

static int feed_gathered(struct state *s, struct err *e)
{
	int r = qcow2_load_feed(&s->load, s->at, s->buf, s->len, e);

	s->at += s->len;
	s->len = 0;
	return r;
}

/* Takes the file in order, until nothing more is wanted. */
static int take_file(void *data, const uint8_t *bytes, size_t len)
{
	struct state *s = data;
	uint64_t at;

	while (len) {
		size_t n = len < READ_BYTES - s->len ? len : READ_BYTES - s->len;

		memcpy(s->buf + s->len, bytes, n);
		s->len += n;
		bytes += n;
		len -= n;
		if (s->len < READ_BYTES)
			break;
		if (feed_gathered(s, &s->err) < 0 || !qcow2_load_want(&s->load, READ_BYTES, 0, &at))
			return -ECANCELED;
	}
	return 0;
}

static int read_in_order(struct state *s, struct err *e)
{
	atomic_uint_least64_t read = 0, total = 0;
	atomic_uint resumed = 0;
	struct source source = {.job = s->f->job,
		.sink = take_file,
		.data = s,
		.stop = s->f->stop,
		.read = &read,
		.total = &total,
		.resumed = &resumed};
	int r;

	s->at = s->len = 0;
	s->err = (struct err){0};
	r = source_run(&source, e);
	if (r == 0)
		return feed_gathered(s, e);
	if (r != -ECANCELED || atomic_load(s->f->stop))
		return r;
	if (s->err.code && e)
		*e = s->err;
	return -s->err.code;
}

/* One round of reading tables. */
static int read_tables(struct state *s, struct err *e)
{
	uint64_t at;
	size_t n;
	int r = 0;

	while (r == 0 && (n = qcow2_load_want(&s->load, READ_BYTES, READ_GAP, &at)) > 0) {
		if (!s->range && at + n > s->start_len)
			return read_in_order(s, e);
		r = read_at(s, at, s->buf, n, e);
		if (r == 0)
			r = qcow2_load_feed(&s->load, at, s->buf, n, e);
	}
	return r;
}

static int load(struct state *s, struct err *e)
{
	int r = qcow2_load_begin(&s->load, &s->map, e);

	if (r == 0)
		r = read_tables(s, e);
	if (r == 0)
		r = qcow2_load_l2(&s->load, e);
	if (r == 0)
		r = read_tables(s, e);
	return r < 0 ? r : qcow2_load_end(&s->load, e);
}

/* A cluster of the disk, read by itself, into pass.cluster. */
static int read_cluster(
	struct state *s, const struct qcow2_extent *x, uint64_t guest, struct err *e)
{
	struct qcow2_pass *p = &s->pass;
	size_t cluster = p->unpack.cluster_size, len = cluster;
	uint64_t at = x->host;
	int r;

	if (x->kind == QCOW2_DATA)
		at += (guest - x->guest) * cluster;
	else
		len = (size_t)(qcow2_extent_end(&s->map, x) - at);
	if (s->map.file_size && len > s->map.file_size - at)
		len = (size_t)(s->map.file_size - at);
	if (!s->range && at + len > s->start_len)
		return -ENOTSUP;
	memset(p->cluster, 0, cluster);
	r = read_at(s, at, x->kind == QCOW2_DATA ? p->cluster : p->packed, len, e);
	if (r == 0 && x->kind == QCOW2_DENSE)
		r = qcow2_unpack(&p->unpack, at, p->packed, len, p->cluster, e);
	return r;
}

/* The disk's first bytes, which tell whether the image is one for this disk. */
static int read_head(struct state *s, uint8_t head[HEAD_BYTES], struct err *e)
{
	size_t cluster = s->pass.unpack.cluster_size;
	int r = 0;

	memset(head, 0, HEAD_BYTES);
	for (uint64_t at = 0; r == 0 && at < HEAD_BYTES; at += cluster) {
		const struct qcow2_extent *x = qcow2_map_find(&s->map, at / cluster);
		size_t room = HEAD_BYTES - (size_t)at;

		if (!x)
			continue;
		r = read_cluster(s, x, at / cluster, e);
		if (r == 0)
			memcpy(head + at, s->pass.cluster, room < cluster ? room : cluster);
	}
	return r;
}

static int put_data(void *data, uint64_t offset, const uint8_t *bytes, size_t len, struct err *e)
{
	return format_data(data, offset, bytes, len, e);
}

static int put_zero(void *data, uint64_t offset, uint64_t len, struct err *e)
{
	return format_zero(data, offset, len, e);
}

static int begin(struct state *s, struct err *e)
{
	struct qcow2_sink sink = {.data = s->f, .put = put_data, .zero = put_zero};
	uint8_t head[HEAD_BYTES];
	int r = qcow2_pass_init(&s->pass, &s->map, &sink, e);

	if (r == 0)
		r = read_head(s, head, e);
	if (r == -ENOTSUP && !s->range)
		return format_begin(s->f, NULL, 0, s->map.q.size, e);
	return r < 0 ? r : format_begin(s->f, head, sizeof(head), s->map.q.size, e);
}

static int check_cluster(const struct format *f, const struct qcow2 *q, struct err *e)
{
	if (qcow2_cluster_size(q) >= f->sector)
		return 0;
	return err_set(e, ENOTSUP,
		"the qcow2 image has clusters of %" PRIu64
		" bytes, smaller than the disk's sectors of %u; make it one of larger clusters by "
		"qemu-img convert -O qcow2 OLD NEW",
		qcow2_cluster_size(q), f->sector);
}

static int stream_open(struct format *f, const uint8_t *start, size_t len, struct err *e)
{
	struct state *s = xcalloc(1, sizeof(*s));
	struct qcow2 q;
	int r;

	f->state = s;
	s->f = f;
	s->start = start;
	s->start_len = len;
	s->buf = xmalloc(READ_BYTES);
	r = qcow2_read(start, len, &q, e);
	if (r == 0)
		r = check_cluster(f, &q, e);
	if (r < 0)
		return r;
	r = range_open(f->job, f->stop, &s->range, e);
	if (r < 0 && r != -ENOTSUP)
		return r;
	r = qcow2_map_init(&s->map, &q, s->range ? range_size(s->range) : 0, map_bytes(), e);
	if (r == 0)
		r = load(s, e);
	if (r == 0)
		r = begin(s, e);
	range_free(s->range);
	s->range = NULL;
	return r;
}

static int stream_step(struct format *f, const uint8_t *bytes, size_t len, struct err *e)
{
	struct state *s = f->state;

	return qcow2_pass_feed(&s->pass, bytes, len, e);
}

static int stream_end(struct format *f, struct err *e)
{
	struct state *s = f->state;

	return qcow2_pass_end(&s->pass, e);
}

static void stream_close(struct format *f)
{
	struct state *s = f->state;

	range_free(s->range);
	qcow2_pass_done(&s->pass);
	qcow2_map_done(&s->map);
	free(s->buf);
	free(s);
	f->state = NULL;
}

const struct format_ops qcow2_format = {
	"qcow2", qcow2_present, stream_open, stream_step, stream_end, stream_close};
