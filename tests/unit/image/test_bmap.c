/*
 * Maps of holes, made by bmaptool 3.6 (tests/fuzz/bmap/corpus) and changed by hand. The image was
 * 200000 bytes: 5000 bytes of x, 4096 of y at 81920, and z as the last one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/format/bmap.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#define CORPUS "tests/fuzz/bmap/corpus/"

static int parse(const char *name, struct bmap *ret)
{
	_cleanup_free_ char *path = xasprintf(CORPUS "%s", name), *text = NULL;
	struct err e = {0};
	size_t len;
	int r = fs_read(path, BMAP_FILE_MAX, &text, &len, &e);

	*ret = (struct bmap){0};
	if (r == 0)
		r = bmap_parse(text, len, ret, &e);
	if (r < 0)
		printf("# %s: %s\n", name, e.text);
	return r;
}

static void test_good(void)
{
	static const char *const same[] = {"bmaptool", "small", "sha512", "v13"};
	struct bmap m;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		is_int(parse(same[i], &m), 0, "%s", same[i]);
		ok(m.image_size == 200000 && m.block_size == 4096 && m.n == 3, "its sizes");
		ok(m.n == 3 && m.ranges[0].offset == 0 && m.ranges[0].len == 8192 &&
				m.ranges[1].offset == 81920 && m.ranges[1].len == 4096,
			"its ranges");
		ok(m.n == 3 && m.ranges[2].offset == 196608 && m.ranges[2].len == 200000 - 196608,
			"the last block ends with the image");
		is_int((int)m.mapped, 8192 + 4096 + 200000 - 196608, "bytes that are mapped");
		bmap_done(&m);
	}
}

static void test_bad(void)
{
	static const struct {
		const char *name;
		int r;
	} rows[] = {{"ownwrong", -EBADMSG}, {"overlap", -EINVAL}, {"nosum", -EINVAL},
		{"badsum", -EINVAL}, {"md5", -EINVAL}, {"blocks", -EINVAL}, {"bs", -EINVAL},
		{"huge", -EINVAL}, {"cut", -EINVAL}, {"order", -EINVAL}, {"empty", -ENOTSUP},
		{"version", -ENOTSUP}, {"mapped", -EINVAL}, {"noown", -EINVAL}, {"none", -EINVAL}};
	struct bmap m;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_int(parse(rows[i].name, &m), rows[i].r, "%s", rows[i].name);
}

int main(void)
{
	test_good();
	test_bad();
	return done_testing();
}
