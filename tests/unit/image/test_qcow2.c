/*
 * qcow2 files made by hand, from QEMU's docs/interop/qcow2.txt: what their headers say, where their
 * clusters go, what overlaps. tests/scenarios/image_qcow2.t has those that QEMU makes.
 */
#include <errno.h>
#include <stdlib.h>

#include <libdeflate.h>

#include "agent/image/format/qcow2pass.h"
#include "tests/unit/tap.h"

#define CLUSTER	 512
#define CLUSTERS 16
#define FILE_LEN (CLUSTERS * CLUSTER)
#define DISK	 (70 * CLUSTER) /* two L2 tables */
#define COPIED	 (1ULL << 63)
#define PACKED	 (1ULL << 62)

static uint8_t file[FILE_LEN], disk[DISK];

static void put32(size_t at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		file[at + (size_t)i] = (uint8_t)(v >> (24 - 8 * i));
}

static void put64(size_t at, uint64_t v)
{
	put32(at, (uint32_t)(v >> 32));
	put32(at + 4, (uint32_t)v);
}

static void l2(unsigned table, unsigned entry, uint64_t v)
{
	put64(table * CLUSTER + entry * 8, v);
}

/* Header; L1 in cluster 1; L2 tables in 2 and 5; data in 3, 4, 6 and 7, filled with its number. */
static void make(void)
{
	memset(file, 0, sizeof(file));
	memcpy(file, "QFI\xfb", 4);
	put32(4, 3);
	put32(20, 9);
	put64(24, DISK);
	put32(36, 2);
	put64(40, CLUSTER);
	put32(100, 104);
	l2(1, 0, 2 * CLUSTER | COPIED);
	l2(1, 1, 5 * CLUSTER | COPIED);
	l2(2, 0, 4 * CLUSTER | COPIED);
	l2(2, 1, 3 * CLUSTER | COPIED);
	l2(2, 63, 6 * CLUSTER | COPIED);
	l2(5, 0, 7 * CLUSTER | COPIED);
	for (unsigned i = 3; i < CLUSTERS; i++)
		if (i != 5)
			memset(file + i * CLUSTER, (int)i, CLUSTER);
}

static int put(void *data, uint64_t offset, const uint8_t *bytes, size_t len, struct err *e)
{
	memcpy(disk + offset, bytes, len);
	return 0;
}

static int zero(void *data, uint64_t offset, uint64_t len, struct err *e)
{
	memset(disk + offset, 0, len);
	return 0;
}

static int load(struct qcow2_map *m, size_t len, struct err *e)
{
	struct qcow2_load l;
	uint64_t at;
	size_t n;
	int r = qcow2_load_begin(&l, m, e);

	for (int round = 0; r == 0 && round < 2; round++) {
		while (r == 0 && (n = qcow2_load_want(&l, 1024, 512, &at)) > 0)
			r = qcow2_load_feed(&l, at, file + at, n, e);
		if (r == 0)
			r = round ? qcow2_load_end(&l, e) : qcow2_load_l2(&l, e);
	}
	return r;
}

/* Writes the file to the disk, in pieces of `step`. */
static int convert(size_t len, size_t step, size_t memory, struct err *e)
{
	struct qcow2_sink sink = {.put = put, .zero = zero};
	struct qcow2_pass p = {0};
	struct qcow2_map m = {0};
	struct qcow2 q;
	int r = qcow2_read(file, len, &q, e);

	memset(disk, 0xa5, sizeof(disk));
	if (r == 0)
		r = qcow2_map_init(&m, &q, len, memory, e);
	if (r == 0)
		r = load(&m, len, e);
	if (r == 0)
		r = qcow2_pass_init(&p, &m, &sink, e);
	for (size_t at = 0; r == 0 && at < len; at += step)
		r = qcow2_pass_feed(&p, file + at, len - at < step ? len - at : step, e);
	if (r == 0)
		r = qcow2_pass_end(&p, e);
	qcow2_pass_done(&p);
	qcow2_map_done(&m);
	return r;
}

static bool filled(unsigned guest, int with)
{
	const uint8_t *p = disk + (size_t)guest * CLUSTER;

	return p[0] == with && !memcmp(p, p + 1, CLUSTER - 1);
}

static void test_good(void)
{
	struct err e = {0};

	for (size_t step = CLUSTER; step <= FILE_LEN; step *= 4) {
		make();
		is_int(convert(FILE_LEN, step, 65536, &e), 0, "read in pieces of %zu", step);
		ok(filled(0, 4) && filled(1, 3) && filled(63, 6) && filled(64, 7),
			"clusters are where the tables say");
		ok(filled(2, 0) && filled(62, 0) && filled(69, 0), "the rest is zero");
	}
	make();
	l2(2, 0, 4 * CLUSTER | 1);
	is_int(convert(FILE_LEN, 1024, 65536, &e), 0, "with a zero flag");
	ok(filled(0, 0), "the cluster is zero, whatever stands in it");
	make();
	is_int(convert(7 * CLUSTER + 100, 1024, 65536, &e), 0, "cut within the last cluster");
	ok(disk[64 * CLUSTER + 99] == 7 && !disk[64 * CLUSTER + 100], "the rest of it is zero");
}

static void test_packed(void)
{
	struct libdeflate_compressor *z = libdeflate_alloc_compressor(6);
	uint8_t plain[CLUSTER];
	struct err e = {0};
	size_t n;

	make();
	memset(plain, 'p', sizeof(plain));
	n = libdeflate_deflate_compress(z, plain, CLUSTER, file + 8 * CLUSTER + 500, CLUSTER);
	libdeflate_free_compressor(z);
	ok(n > 0 && n < CLUSTER, "packed");
	l2(5, 5, PACKED | 1ULL << 61 | (8 * CLUSTER + 500));
	is_int(convert(FILE_LEN, CLUSTER, 65536, &e), 0, "a compressed cluster over two sectors");
	ok(filled(69, 'p'), "is unpacked");
	file[8 * CLUSTER + 500] = 0xff; /* a block of the type that there is not */
	is_int(convert(FILE_LEN, CLUSTER, 65536, &e), -EBADMSG, "damaged");
	ok(strstr(e.text, "does not decompress") != NULL, "and says so");
}

static void test_refused(void)
{
	static const struct {
		size_t at;
		uint64_t value;
		int code;
		const char *text;
	} rows[] = {
		{CLUSTER, 2 * CLUSTER | 512 << 20, -EBADMSG, "beyond the end of the file"},
		{CLUSTER, 5 * CLUSTER, -EBADMSG, "an L2 table overlaps other data"},
		{2 * CLUSTER, 3 * CLUSTER, -EBADMSG, "data overlaps other data"},
		{2 * CLUSTER, 1ULL << 56, -EBADMSG, "reserved bits"},
		{2 * CLUSTER, CLUSTERS * CLUSTER, -EBADMSG, "beyond the end of the file"},
		{8, 4096, -ENOTSUP, "backing file"},
		{24, 0, -EINVAL, "0 bytes"},
		{24, 1ULL << 60, -EBADMSG, "larger than any"},
		{24, 1ULL << 40, -EBADMSG, "L1 table is too small"},
		{40, 100, -EBADMSG, "L1 table is at an impossible offset"},
		{72, 4, -ENOTSUP, "external data file"},
		{72, 1ULL << 40, -ENOTSUP, "unknown incompatible feature 40"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = {0};

		make();
		put64(rows[i].at, rows[i].value);
		is_int(convert(FILE_LEN, 1024, 65536, &e), rows[i].code, "%s", rows[i].text);
		ok(strstr(e.text, rows[i].text) && strchr(e.text, ';'), "says so, and what to do");
	}
}

static void test_memory(void)
{
	struct err e = {0};

	make();
	is_int(convert(FILE_LEN, 1024, 4 * sizeof(struct qcow2_extent), &e), -ENOMEM,
		"more extents than there is memory for");
	ok(strstr(e.text, "too scattered") != NULL, "says so");
	is_int(convert(FILE_LEN, 1024, 7 * sizeof(struct qcow2_extent), &e), 0, "just enough");
}

int main(void)
{
	test_good();
	test_packed();
	test_refused();
	test_memory();
	return done_testing();
}
