/*
 * A hostile qcow2 file. The first byte says how large the pieces are in which it comes, and whether
 * its tables are read by ranges or in order. What was written in the end has to be the whole disk
 * and no more.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "agent/image/format/qcow2pass.h"

#define MAP_BYTES  (64 << 10)
#define DENSE_DATA (64 << 20) /* so much of compressed clusters is enough */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct disk {
	uint64_t size, given, sum;
};

static int put(void *arg, uint64_t offset, const uint8_t *bytes, size_t len, struct err *e)
{
	struct disk *d = arg;

	if (!len || offset > d->size || len > d->size - offset)
		abort();
	for (size_t i = 0; i < len; i++)
		d->sum += bytes[i]; /* all of it is there to be read */
	d->given += len;
	return d->given > DENSE_DATA ? -ECANCELED : 0;
}

static int zero(void *arg, uint64_t offset, uint64_t len, struct err *e)
{
	struct disk *d = arg;

	if (!len || offset > d->size || len > d->size - offset)
		abort();
	d->given += len;
	return 0;
}

static int read_tables(
	struct qcow2_load *l, const uint8_t *data, size_t size, size_t step, bool order)
{
	uint64_t at = 0;
	size_t n;
	int r = 0;

	if (order)
		for (size_t i = 0; r == 0 && i < size; i += step)
			r = qcow2_load_feed(
				l, i, data + i, size - i < step ? size - i : step, NULL);
	while (!order && r == 0 && (n = qcow2_load_want(l, step, step, &at)) > 0) {
		if (n > step || at > size || n > size - at)
			abort();
		r = qcow2_load_feed(l, at, data + at, n, NULL);
	}
	return r;
}

static int load(struct qcow2_map *m, const uint8_t *data, size_t size, size_t step, bool order)
{
	struct qcow2_load l;
	int r = qcow2_load_begin(&l, m, NULL);

	if (r == 0)
		r = read_tables(&l, data, size, step, order);
	if (r == 0)
		r = qcow2_load_l2(&l, NULL);
	if (r == 0)
		r = read_tables(&l, data, size, step, order);
	return r < 0 ? r : qcow2_load_end(&l, NULL);
}

static void pass(struct qcow2_map *m, const uint8_t *data, size_t size, size_t step)
{
	struct disk disk = {.size = m->q.size};
	struct qcow2_sink sink = {.data = &disk, .put = put, .zero = zero};
	struct qcow2_pass p = {0};
	int r = qcow2_pass_init(&p, m, &sink, NULL);

	for (size_t i = 0; r == 0 && i < size; i += step)
		r = qcow2_pass_feed(&p, data + i, size - i < step ? size - i : step, NULL);
	if (r == 0)
		r = qcow2_pass_end(&p, NULL);
	if (r == 0 && disk.given != disk.size)
		abort();
	qcow2_pass_done(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qcow2_map m;
	struct qcow2 q;
	struct err e;
	size_t step;
	bool order;

	if (size < 2)
		return 0;
	order = data[0] & 1;
	step = 512 * (1 + (size_t)(data[0] >> 1));
	data++;
	size--;
	if (qcow2_read(data, size, &q, &e) < 0 ||
		qcow2_map_init(&m, &q, order ? 0 : size, MAP_BYTES, &e) < 0)
		return 0;
	if (load(&m, data, size, step, order) == 0) {
		qcow2_map_find(&m, 1);
		pass(&m, data, size, step);
	}
	qcow2_map_done(&m);
	return 0;
}
