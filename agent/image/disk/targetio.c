/*
 * The writing of image data: what belongs to an edge is kept, runs of zeroes become discards or
 * holes that read as zeroes, the rest goes to the medium. Also the sampling for the read-back.
 */
#include "agent/image/disk/targetio.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/base/mem.h"

#define ZERO_RUN     (64 * 1024) /* the smallest run of zeroes that is worth a request of its own */
#define SAMPLE_BYTES (64 * 1024)
#define BOUNCE_BYTES (64 * 1024)

static int io_error(
	const struct target *t, const char *what, int code, uint64_t offset, struct err *e)
{
	offset += t->base;
	err_errno(e, code, "%s %s at LBA %" PRIu64 " (byte %" PRIu64 ")", what, t->path,
		offset / t->sector, offset);
	if (code == EIO || code == EREMOTEIO || code == ENODATA)
		return err_advise(e, "the disk is faulty; see the kernel's log");
	if (code == ENOSPC && !t->block)
		return err_advise(e, "its file system is full");
	return -code;
}

/* Direct I/O wants whole sectors; a file's sector is that of the file system below. */
static uint64_t granule(const struct target *t)
{
	return t->block ? t->sector : 4096;
}

static void go_buffered(struct target *t)
{
	int flags = fcntl(t->fd, F_GETFL);

	if (flags >= 0)
		fcntl(t->fd, F_SETFL, flags & ~O_DIRECT);
}

int targetio_write(
	struct target *t, const uint8_t *data, uint64_t len, uint64_t offset, struct err *e)
{
	bool odd = t->direct && (len % granule(t) || offset % granule(t));

	if (odd && t->block)
		len = (len + t->sector - 1) / t->sector * t->sector;
	else if (odd)
		go_buffered(t);
	while (len) {
		ssize_t n = pwrite(t->fd, data, len, (off_t)(t->base + offset));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EINVAL && t->direct && !odd) {
			go_buffered(t);
			odd = true;
			continue;
		}
		if (n <= 0)
			return io_error(t, "write", n < 0 ? errno : ENOSPC, offset, e);
		data += n;
		offset += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

int targetio_read(struct target *t, uint8_t *data, uint64_t len, uint64_t offset, struct err *e)
{
	uint64_t want = len;

	if (t->direct)
		want = (len + granule(t) - 1) / granule(t) * granule(t);
	if (t->direct && offset % granule(t))
		go_buffered(t);
	while (len) {
		ssize_t n = pread(t->fd, data, want, (off_t)(t->base + offset));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EINVAL && t->direct && want != len) {
			go_buffered(t);
			want = len;
			continue;
		}
		if (n <= 0)
			return io_error(t, "read", n < 0 ? errno : ENODATA, offset, e);
		if ((uint64_t)n >= len)
			return 0;
		data += n;
		offset += (uint64_t)n;
		len -= (uint64_t)n;
		want -= (uint64_t)n;
	}
	return 0;
}

static bool is_zero(const uint8_t *p, size_t len)
{
	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

static int write_zeroes(struct target *t, uint64_t offset, uint64_t len, struct err *e)
{
	static uint8_t zero[BOUNCE_BYTES] __attribute__((aligned(4096)));
	int r = 0;

	while (r == 0 && len) {
		uint64_t n = len < sizeof(zero) ? len : sizeof(zero);

		r = targetio_write(t, zero, n, offset, e);
		offset += n;
		len -= n;
	}
	return r;
}

/* 0 done, 1 the medium cannot. */
static int zero_offloaded(struct target *t, uint64_t offset, uint64_t len, struct err *e)
{
	uint64_t range[2] = {t->base + offset, len};
	int r;

	if (t->block && (offset % t->sector || len % t->sector))
		return 1;
	if (!t->block && !t->punches)
		return 1;
	if (t->block)
		r = ioctl(t->fd, BLKZEROOUT, range);
	else
		r = fallocate(t->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)range[0],
			(off_t)len);
	if (r == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOTTY && errno != ENOSYS)
		return io_error(t, "zero", errno, offset, e);
	t->punches = false;
	return 1;
}

/* Part of a zero range that is outside the edges. */
static int zero_medium(struct target *t, uint64_t offset, uint64_t len, struct err *e)
{
	int r;

	if (!len || t->growing) /* a growing file was never written there: a hole already */
		return 0;
	r = zero_offloaded(t, offset, len, e);
	return r == 1 ? write_zeroes(t, offset, len, e) : r;
}

/* Copies what lies within an edge; data NULL: zeroes. */
static void edge_copy(uint8_t *edge, uint64_t edge_offset, uint64_t edge_len, const uint8_t *data,
	uint64_t len, uint64_t offset)
{
	uint64_t from = offset > edge_offset ? offset : edge_offset;
	uint64_t to = offset + len < edge_offset + edge_len ? offset + len : edge_offset + edge_len;

	if (from >= to)
		return;
	if (data)
		memcpy(edge + (from - edge_offset), data + (from - offset), to - from);
	else
		memset(edge + (from - edge_offset), 0, to - from);
}

/* Keeps what belongs to the edges and narrows the range to what does not. */
static void keep_edges(
	struct target *t, const uint8_t *data, uint64_t *len, uint64_t *offset, uint64_t *ret_skip)
{
	uint64_t end = *offset + *len, from = *offset;

	edge_copy(t->head, 0, t->head_len, data, *len, *offset);
	edge_copy(t->tail, t->tail_offset, t->tail_len, data, *len, *offset);
	if (from < t->head_len)
		from = t->head_len;
	if (t->tail_len && end > t->tail_offset)
		end = t->tail_offset;
	if (from > *offset + *len)
		from = *offset + *len;
	*ret_skip = from - *offset;
	*offset = from;
	*len = end > from ? end - from : 0;
}

/* Remembers every stride-th piece; when the table is full, every second one is forgotten. */
static void sample(struct target *t, const uint8_t *data, uint64_t len, uint64_t offset)
{
	uint32_t n = len < SAMPLE_BYTES ? (uint32_t)len : SAMPLE_BYTES;
	uint32_t sum;

	n -= n % 4096;
	if (!n || offset % 4096)
		return;
	pthread_mutex_lock(&t->lock);
	if (t->seen++ % t->stride) {
		pthread_mutex_unlock(&t->lock);
		return;
	}
	pthread_mutex_unlock(&t->lock);
	sum = (uint32_t)crc32(0, data, n);
	pthread_mutex_lock(&t->lock);
	if (t->n_samples == TARGET_SAMPLES) {
		for (unsigned i = 0; i < TARGET_SAMPLES / 2; i++)
			t->samples[i] = t->samples[2 * i];
		t->n_samples = TARGET_SAMPLES / 2;
		t->stride *= 2;
	}
	t->samples[t->n_samples++] = (struct target_sample){offset, n, sum};
	pthread_mutex_unlock(&t->lock);
}

/* Forgets samples of what is written anew. */
static void unsample(struct target *t, uint64_t len, uint64_t offset)
{
	unsigned kept = 0;

	pthread_mutex_lock(&t->lock);
	for (unsigned i = 0; i < t->n_samples; i++)
		if (t->samples[i].offset >= offset + len ||
			t->samples[i].offset + t->samples[i].len <= offset)
			t->samples[kept++] = t->samples[i];
	t->n_samples = kept;
	pthread_mutex_unlock(&t->lock);
}

/* The length of the run at p that is all zero, or all not, in steps of ZERO_RUN. */
static uint64_t run_length(const uint8_t *p, uint64_t len, bool *ret_zero)
{
	uint64_t n = len < ZERO_RUN ? len : ZERO_RUN;

	*ret_zero = is_zero(p, n);
	while (n < len) {
		uint64_t step = len - n < ZERO_RUN ? len - n : ZERO_RUN;

		if (is_zero(p + n, step) != *ret_zero)
			break;
		n += step;
	}
	return n;
}

int target_write(struct target *t, uint8_t *data, size_t data_len, uint64_t offset,
	uint64_t *ret_skipped, struct err *e)
{
	uint64_t len = data_len, skip, n;
	bool zero;
	int r = 0;

	*ret_skipped = 0;
	if (len % 4096)
		memset(data + len, 0, 4096 - len % 4096);
	if (!t->growing && len % t->sector)
		len += t->sector - len % t->sector;
	keep_edges(t, data, &len, &offset, &skip);
	data += skip;
	for (; r == 0 && len; data += n, offset += n, len -= n) {
		n = run_length(data, len, &zero);
		if (zero) {
			r = zero_medium(t, offset, n, e);
			*ret_skipped += n;
			continue;
		}
		r = targetio_write(t, data, n, offset, e);
		if (r == 0)
			sample(t, data, n, offset);
	}
	if (*ret_skipped > data_len) /* the padding */
		*ret_skipped = data_len;
	return r;
}

int target_zero(struct target *t, uint64_t offset, uint64_t len, struct err *e)
{
	uint64_t skip;

	if (!t->growing && len % t->sector)
		len += t->sector - len % t->sector;
	keep_edges(t, NULL, &len, &offset, &skip);
	return zero_medium(t, offset, len, e);
}

/* Access of any alignment by way of a bounce buffer of whole 4096-byte blocks. */
static int bounce(
	struct target *t, uint8_t *data, size_t len, uint64_t offset, bool write, struct err *e)
{
	_cleanup_free_ uint8_t *buf = aligned_alloc(4096, BOUNCE_BYTES);
	int r = 0;

	if (!buf)
		return err_set(e, ENOMEM, "no memory");
	while (r == 0 && len) {
		uint64_t start = offset - offset % 4096, skip = offset % 4096;
		uint64_t span = skip + len < BOUNCE_BYTES ? skip + len : BOUNCE_BYTES;
		uint64_t n = span - skip;

		span = (span + 4095) / 4096 * 4096;
		if (start + span > t->size)
			span = t->size - start;
		r = targetio_read(t, buf, span, start, e);
		if (r == 0 && write) {
			memcpy(buf + skip, data, n);
			r = targetio_write(t, buf, span, start, e);
		} else if (r == 0) {
			memcpy(data, buf + skip, n);
		}
		data += n;
		offset += n;
		len -= n;
	}
	return r;
}

static int check_range(const struct target *t, size_t len, uint64_t offset, struct err *e)
{
	if (offset > t->size || len > t->size - offset)
		return err_set(e, ERANGE, "%s ends before byte %" PRIu64, t->path, offset + len);
	return 0;
}

int target_poke(struct target *t, const void *data, size_t data_len, uint64_t offset, struct err *e)
{
	uint64_t len = data_len, skip;
	int r = check_range(t, data_len, offset, e);

	if (r < 0)
		return r;
	keep_edges(t, data, &len, &offset, &skip);
	unsample(t, len, offset);
	return bounce(t, (uint8_t *)(uintptr_t)data + skip, len, offset, true, e);
}

int target_peek(struct target *t, void *data, size_t len, uint64_t offset, struct err *e)
{
	uint64_t end = offset + len, from = offset, to = end;
	uint8_t *out = data;
	int r = check_range(t, len, offset, e);

	if (r < 0)
		return r;
	if (from < t->head_len)
		from = t->head_len < end ? t->head_len : end;
	if (t->tail_len && to > t->tail_offset)
		to = t->tail_offset > from ? t->tail_offset : from;
	if (from > offset)
		memcpy(out, t->head + offset, from - offset);
	if (end > to)
		memcpy(out + (to - offset), t->tail + (to - t->tail_offset), end - to);
	return bounce(t, out + (from - offset), to - from, from, false, e);
}
