/* Images with a map of holes; see mapped.h. */
#include "agent/image/format/mapped.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "agent/image/checksum.h"
#include "agent/image/fetch/range.h"
#include "agent/image/fetch/remote.h"
#include "agent/image/fetch/source.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define GAP_BYTES (256 * 1024) /* a smaller hole is fetched rather than asked around */

/* The map's text. */
static int fetch_map(const struct image_job *job, const char *url, const atomic_bool *stop,
	char **ret, size_t *ret_len, struct err *e)
{
	struct remote_answer a = {.body = BUF_INIT(0)};
	const char *path = source_path(url);
	int r;

	if (path)
		return fs_read(path, BMAP_FILE_MAX, ret, ret_len, e);
	r = remote_fetch(job, url, NULL, stop, BMAP_FILE_MAX, &a, e);
	if (r == 0 && a.status == 401)
		r = err_set(e, EACCES, "GET %s: 401 Unauthorized", url);
	*ret_len = a.body.len;
	if (r == 0)
		*ret = a.body.data ? buf_take(&a.body) : xstrdup("");
	buf_done(&a.body);
	return r;
}

/* The map against the digest that came with the job. */
static int check_map(
	const struct image_job *job, const char *url, const char *text, size_t len, struct err *e)
{
	const char *urls[] = {url, NULL};
	struct image_job map = *job;
	struct checksum sum;
	char hex[129];
	int r;

	if (str_empty(job->bmap_hash))
		return err_set(e, EINVAL,
			"the map of holes has no checksum; set image_bmap_checksum to its SHA-256, "
			"which takes the place of the image's");
	map.urls = urls;
	map.hash_algo = NULL;
	map.hash_value = job->bmap_hash;
	r = checksum_open(&sum, &map, e);
	if (r == 0) {
		checksum_update(&sum, text, len);
		r = checksum_end(&sum, len, "the disk", hex, e);
	}
	checksum_close(&sum);
	return r;
}

/* The image at its server: in parts, and as large as the map says. */
static int check_image(
	const struct image_job *job, const atomic_bool *stop, const struct bmap *m, struct err *e)
{
	_cleanup_(range_freep) struct range *r = NULL;
	int code = range_open(job, stop, &r, e);

	if (code < 0)
		return code;
	if (range_size(r) == m->image_size)
		return 0;
	return err_set(e, ENOTSUP,
		"the map of holes is for an image of %" PRIu64 " bytes, the file has %" PRIu64
		"; with a map it has to be the raw image, not compressed",
		m->image_size, range_size(r));
}

int mapped_open(
	const struct image_job *job, const atomic_bool *stop, struct bmap *ret, struct err *e)
{
	_cleanup_free_ char *beside = xasprintf("%s.bmap", job->urls[0]), *text = NULL;
	const char *url = str_empty(job->bmap) ? beside : job->bmap;
	size_t len = 0;
	int r = fetch_map(job, url, stop, &text, &len, e);

	if (r == 0)
		r = check_map(job, url, text, len, e);
	if (r == 0)
		r = bmap_parse(text, len, ret, e);
	if (r == 0)
		r = check_image(job, stop, ret, e);
	if (r < 0) {
		bmap_done(ret);
		return err_prefix(e, "map of holes");
	}
	return 0;
}

/* Fetching */

struct fetching {
	struct pipeline *p;
	size_t i;    /* the range that is next, or being filled */
	uint64_t at; /* byte of the image */
};

static int take_mapped(void *data, const uint8_t *bytes, size_t len)
{
	struct fetching *f = data;
	const struct bmap *m = f->p->map;
	int r = 0;

	while (r == 0 && len && f->i < m->n) {
		const struct bmap_range *now = &m->ranges[f->i];
		bool gap = f->at < now->offset;
		uint64_t end = gap ? now->offset : now->offset + now->len;
		size_t n = len < end - f->at ? len : (size_t)(end - f->at);

		if (gap)
			f->at += n;
		else
			r = pipeline_gather(f->p, bytes, n, f->i, &f->at, end);
		if (!gap && f->at == end)
			f->i++;
		bytes += n;
		len -= n;
		if (!gap)
			atomic_fetch_add(&f->p->read, n);
	}
	return r;
}

/* The end of the ranges that are fetched by one request, beginning with the i-th. */
static uint64_t request_end(const struct bmap *m, size_t i)
{
	uint64_t end = m->ranges[i].offset + m->ranges[i].len;

	while (++i < m->n && m->ranges[i].offset - end <= GAP_BYTES)
		end = m->ranges[i].offset + m->ranges[i].len;
	return end;
}

int mapped_fetch(struct pipeline *p, struct err *e)
{
	_cleanup_(range_freep) struct range *r = NULL;
	struct fetching f = {.p = p};
	int code = range_open(p->job, &p->stop, &r, e);

	atomic_store(&p->total, p->map->mapped);
	while (code == 0 && f.i < p->map->n) {
		f.at = p->map->ranges[f.i].offset;
		code = range_stream(r, f.at, request_end(p->map, f.i) - f.at, take_mapped, &f, e);
	}
	return code;
}

/* Checking */

static int check_range(const struct pipeline *p, size_t i, gnutls_hash_hd_t h, struct err *e)
{
	const struct bmap_range *r = &p->map->ranges[i];
	uint8_t sum[64];

	gnutls_hash_output(h, sum);
	if (!memcmp(sum, r->sum, gnutls_hash_get_len((gnutls_digest_algorithm_t)p->map->algo)))
		return 0;
	return err_set(e, EBADMSG,
		"checksum is wrong: bytes %" PRIu64 " to %" PRIu64
		" are not those of the map of holes; %s was not made bootable; check the image and "
		"its map",
		r->offset, r->offset + r->len - 1, p->job->target);
}

int mapped_check(struct pipeline *p, struct err *e)
{
	gnutls_hash_hd_t h;
	struct chunk *c;
	int r = 0;

	if (gnutls_hash_init(&h, (gnutls_digest_algorithm_t)p->map->algo) < 0)
		return err_set(e, ENOTSUP, "the digest of the map of holes is not available");
	while (r == 0 && (c = queue_pop(&p->fetched))) {
		const struct bmap_range *range = &p->map->ranges[c->range];

		gnutls_hash(h, c->data, c->len);
		if (c->offset + c->len == range->offset + range->len)
			r = check_range(p, c->range, h, e);
		queue_push(&p->hashed, c);
	}
	gnutls_hash_deinit(h, NULL);
	return r;
}

/* Placing */

int mapped_place(struct pipeline *p, struct err *e)
{
	uint64_t end = 0, size = p->map->image_size;
	struct chunk *c;
	int r = 0;

	if (p->map->block_size % p->target->sector)
		return err_set(e, ENOTSUP,
			"the map's blocks of %u bytes are no multiple of the disk's sectors of %u",
			p->map->block_size, p->target->sector);
	while (r == 0 && (c = queue_pop(&p->hashed))) {
		uint64_t from = end;

		end = c->offset + c->len;
		if (!c->offset)
			r = pipeline_check_raw(p, c, e);
		if (r == 0 && !p->begun)
			r = pipeline_begin(p, c->offset ? NULL : c->data, c->len, size, e);
		if (r == 0)
			r = pipeline_zero(p, from, c->offset - from, e);
		if (r == 0)
			r = pipeline_emit(p, c, e);
		else
			chunk_put(c);
	}
	if (r == 0 && !atomic_load(&p->stop))
		r = pipeline_zero(p, end, size - end, e);
	return r;
}
