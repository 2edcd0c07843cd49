/*
 * What the decoding stage hands to the writers: pieces at their offsets, neighbours joined, runs of
 * zero pieces as one. Before the first of them it is checked that this image may go onto this disk.
 */
#include "agent/image/pipeline.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/image/format/format.h"
#include "agent/image/disk/table.h"

#define ZERO_RUN_MAX (256ULL << 20)

bool pipeline_all_zero(const struct chunk *c)
{
	return !c->data[0] && !memcmp(c->data, c->data + 1, c->len - 1);
}

int pipeline_too_large(const struct pipeline *p, const char *than, uint64_t bytes, struct err *e)
{
	if (p->target->base)
		return err_set(e, EFBIG,
			"the image is larger than its partition: it has %s%" PRIu64
			" bytes, the partition %" PRIu64 "; set a larger root_gb",
			than, bytes, p->target->size);
	return err_set(e, EFBIG,
		"the image is larger than the disk: it has %s%" PRIu64 " bytes, %s has %" PRIu64
		"; choose another disk by root_device, or a smaller image",
		than, bytes, p->target->path, p->target->size);
}

/*
 * The image has come, it is one for this disk. Only now the old tables go; whatever failed until
 * here has left the disk as it was.
 */
int pipeline_begin(
	struct pipeline *p, const uint8_t *head, size_t len, uint64_t size, struct err *e)
{
	int r = 0;

	if (size > p->target->size)
		return pipeline_too_large(p, "", size, e);
	if (head)
		r = table_check_sector(head, len, p->target->sector, p->target->block, e);
	if (r == 0)
		r = p->begin ? p->begin(p->begin_data, e) : target_wipe(p->target, e);
	p->begun = r == 0;
	p->size = size;
	return r;
}

/* What was compressed, or mapped, may be a format, too. */
int pipeline_check_raw(const struct pipeline *p, const struct chunk *c, struct err *e)
{
	const struct format_ops *format = NULL;
	int r = format_detect(p->job, c->data, c->len, &format, e);

	if (r == 0 && format)
		r = err_set(e, ENOTSUP,
			"the image is %s that was compressed as a whole, or mapped; serve it "
			"as it is (it may be compressed inside)",
			format->name);
	return r;
}

static bool flush_zeroes(struct pipeline *p)
{
	struct chunk *c = p->zeroes;

	p->zeroes = NULL;
	return !c || queue_push(&p->ready, c);
}

/* Adds to the run of zeroes, or begins one with c, which is of the pool. */
static int emit_zeroes(struct pipeline *p, struct chunk *c, uint64_t len)
{
	struct chunk *run = p->zeroes;

	if (run && run->offset + run->zeroes == c->offset && run->zeroes < ZERO_RUN_MAX) {
		run->zeroes += len;
		chunk_put(c);
		return 0;
	}
	if (!flush_zeroes(p)) {
		chunk_put(c);
		return -ECANCELED;
	}
	c->zeroes = len;
	p->zeroes = c;
	return 0;
}

static int check_end(struct pipeline *p, uint64_t offset, uint64_t len, struct err *e)
{
	if (offset > p->target->size || len > p->target->size - offset)
		return pipeline_too_large(
			p, "more than ", offset < UINT64_MAX - len ? offset + len - 1 : offset, e);
	if (offset + len > p->size)
		p->size = offset + len;
	return 0;
}

int pipeline_emit(struct pipeline *p, struct chunk *c, struct err *e)
{
	int r = check_end(p, c->offset, c->len, e);

	if (r == 0 && !p->begun)
		r = pipeline_begin(p, c->data, c->len, p->size, e);
	if (r < 0) {
		chunk_put(c);
		return r;
	}
	atomic_fetch_add(&p->decoded, c->len);
	if (pipeline_all_zero(c))
		return emit_zeroes(p, c, c->len);
	return flush_zeroes(p) && queue_push(&p->ready, c) ? 0 : -ECANCELED;
}

/* Hands on the piece that is being filled. */
static int flush_piece(struct pipeline *p, struct err *e)
{
	struct chunk *c = p->placing;

	p->placing = NULL;
	return c ? pipeline_emit(p, c, e) : 0;
}

int pipeline_room(struct pipeline *p, uint64_t offset, size_t len, uint8_t **ret, struct err *e)
{
	struct chunk *c = p->placing;
	int r;

	if (len > CHUNK_SIZE || offset % p->target->sector)
		return err_set(e, EINVAL,
			"the image's pieces are smaller than the disk's sectors of %u bytes; "
			"convert it to raw",
			p->target->sector);
	if (!c || c->offset + c->len != offset || CHUNK_SIZE - c->len < len) {
		r = flush_piece(p, e);
		if (r < 0)
			return r;
		c = pool_get(&p->out);
		if (!c)
			return -ECANCELED;
		c->offset = offset;
		p->placing = c;
	}
	*ret = c->data + c->len;
	c->len += len;
	return 0;
}

int pipeline_zero(struct pipeline *p, uint64_t offset, uint64_t len, struct err *e)
{
	struct chunk *c;
	int r = flush_piece(p, e);

	if (r == 0)
		r = check_end(p, offset, len, e);
	if (r == 0 && len && !p->begun)
		r = pipeline_begin(p, NULL, 0, p->size, e);
	while (r == 0 && len) {
		uint64_t n = len < ZERO_RUN_MAX ? len : ZERO_RUN_MAX;

		c = pool_get(&p->out);
		if (!c)
			return -ECANCELED;
		c->offset = offset;
		atomic_fetch_add(&p->decoded, n);
		r = emit_zeroes(p, c, n);
		offset += n;
		len -= n;
	}
	return r;
}

/* Where the next byte belongs when all came in order. */
static uint64_t end_of(const struct pipeline *p)
{
	return p->placing ? p->placing->offset + p->placing->len : p->size;
}

/* Copies to the piece that is being filled; data NULL: zeroes. */
static int append_copy(struct pipeline *p, const uint8_t *data, uint64_t len, struct err *e)
{
	int r = 0;

	while (r == 0 && len) {
		struct chunk *c = p->placing;
		size_t n;

		if (!c) {
			c = pool_get(&p->out);
			if (!c)
				return -ECANCELED;
			c->offset = p->size;
			p->placing = c;
		}
		n = len < CHUNK_SIZE - c->len ? (size_t)len : CHUNK_SIZE - c->len;
		if (data)
			memcpy(c->data + c->len, data, n);
		else
			memset(c->data + c->len, 0, n);
		c->len += n;
		data = data ? data + n : NULL;
		len -= n;
		if (c->len == CHUNK_SIZE)
			r = flush_piece(p, e);
	}
	return r;
}

int pipeline_append(struct pipeline *p, struct chunk *c, struct err *e)
{
	uint64_t end = end_of(p);
	int r = end || !c->len ? 0 : pipeline_check_raw(p, c, e);

	if (r == 0 && !p->placing && end % CHUNK_ALIGN == 0 && c->len &&
		c->len % CHUNK_ALIGN == 0) {
		c->offset = end;
		return pipeline_emit(p, c, e);
	}
	if (r == 0)
		r = append_copy(p, c->data, c->len, e);
	chunk_put(c);
	return r;
}

int pipeline_append_zeroes(struct pipeline *p, uint64_t len, struct err *e)
{
	uint64_t odd = end_of(p) % CHUNK_ALIGN, head = odd ? CHUNK_ALIGN - odd : 0, whole;
	int r;

	if (head > len)
		head = len;
	whole = (len - head) / CHUNK_ALIGN * CHUNK_ALIGN;
	r = append_copy(p, NULL, head, e);
	if (r == 0 && whole)
		r = pipeline_zero(p, end_of(p), whole, e);
	return r == 0 ? append_copy(p, NULL, len - head - whole, e) : r;
}

int pipeline_flush(struct pipeline *p, struct err *e)
{
	int r = flush_piece(p, e);

	if (r == 0 && !flush_zeroes(p))
		r = -ECANCELED;
	return r;
}
