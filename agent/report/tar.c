/* The archive writer; see tar.h. */
#include "agent/report/tar.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

#define BLOCK 512

struct ustar { /* POSIX.1-1988, section 10.1.1 */
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], typeflag;
	char linkname[100], magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8];
	char prefix[155], pad[12];
};

static int add(z_stream *z, const void *data, size_t len, int flush, struct buf *ret)
{
	unsigned char out[16384];
	int r;

	z->next_in = (Bytef *)(uintptr_t)data;
	z->avail_in = (uInt)len;
	do {
		z->next_out = out;
		z->avail_out = sizeof(out);
		r = deflate(z, flush);
		if (r == Z_STREAM_ERROR || buf_append(ret, out, sizeof(out) - z->avail_out) < 0)
			return -ENOSPC;
	} while (z->avail_out == 0);
	return 0;
}

static void header(const struct tar_member *m, struct ustar *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;

	memset(h, 0, sizeof(*h));
	snprintf(h->name, sizeof(h->name), "%s", m->name);
	memcpy(h->mode, "0000644", 8);
	memcpy(h->uid, "0000000", 8);
	memcpy(h->gid, "0000000", 8);
	snprintf(h->size, sizeof(h->size), "%011llo", (unsigned long long)m->len & 077777777777);
	snprintf(h->mtime, sizeof(h->mtime), "%011llo",
		(unsigned long long)(time_wall_us() / 1000000) & 077777777777);
	memset(h->chksum, ' ', 8);
	h->typeflag = '0';
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	snprintf(h->chksum, sizeof(h->chksum), "%06o", sum & 0777777);
}

int tar_gz(const struct tar_member *members, size_t n, struct buf *ret, struct err *e)
{
	static const char zero[2 * BLOCK];
	z_stream z = {0};
	struct ustar h;
	int r = 0;

	_Static_assert(sizeof(struct ustar) == BLOCK, "a tar header is one block");
	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ENOMEM, "compress the logs: out of memory");
	for (size_t i = 0; i < n && r == 0; i++) {
		header(&members[i], &h);
		r = add(&z, &h, sizeof(h), Z_NO_FLUSH, ret);
		if (r == 0)
			r = add(&z, members[i].data, members[i].len, Z_NO_FLUSH, ret);
		if (r == 0)
			r = add(&z, zero, (BLOCK - members[i].len % BLOCK) % BLOCK, Z_NO_FLUSH,
				ret);
	}
	if (r == 0)
		r = add(&z, zero, sizeof(zero), Z_FINISH, ret);
	deflateEnd(&z);
	return r < 0 ? err_set(e, ENOSPC, "compress the logs: more than %zu bytes", ret->max) : 0;
}
