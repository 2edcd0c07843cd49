/* Header and table entries of qcow2 files; see qcow2.h. */
#include "agent/image/format/qcow2.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define V2_HEADER	 72
#define V3_HEADER	 104
#define COMPRESSION_AT	 104 /* the first additional field of version 3 */
#define CLUSTER_BITS_MIN 9
#define CLUSTER_BITS_MAX 21
#define L1_BYTES_MAX	 (32U << 20) /* QEMU's limit */
#define OFFSET_MASK	 0x00fffffffffffe00ULL
#define L1_RESERVED	 0x7f000000000001ffULL
#define L2_RESERVED	 0x3f000000000001feULL
#define L2_ZERO		 1ULL
#define L2_COMPRESSED	 (1ULL << 62)
#define PACKED_MAX	 (1ULL << 56)
#define FEATURE_NAMES	 0x6803f857
#define FEATURE_ENTRY	 48
#define NAME_MAX_SHOWN	 80

enum { BIT_DIRTY, BIT_CORRUPT, BIT_DATA_FILE, BIT_COMPRESSION, BIT_EXTENDED_L2, BIT_KNOWN };

bool qcow2_present(const uint8_t *start, size_t len)
{
	return len >= 8 && !memcmp(start, "QFI\xfb", 4);
}

static int damaged(struct err *e, const char *what)
{
	return err_set(e, EBADMSG,
		"the qcow2 image is damaged: %s; look at it with qemu-img check, or fetch it anew",
		what);
}

static int unsupported(struct err *e, const char *what)
{
	return err_set(e, ENOTSUP,
		"the qcow2 image %s, which is not written; make one without by qemu-img convert -O "
		"qcow2 OLD NEW",
		what);
}

/* Text out of the file, for an error: what does not print becomes a dot. */
static void show_text(char *ret, size_t size, const uint8_t *text, size_t len)
{
	size_t n = 0;

	for (; n < len && n + 1 < size && text[n]; n++)
		ret[n] = (char)(text[n] >= ' ' && text[n] < 127 ? text[n] : '.');
	ret[n] = 0;
}

/* The name that the feature name table gives to an incompatible feature; "" when it does not. */
static void feature_name(const uint8_t *h, size_t len, unsigned bit, char *ret, size_t size)
{
	size_t at = get_be32(h + 100);

	*ret = 0;
	while (at < len && len - at >= 8) {
		uint32_t type = get_be32(h + at), n = get_be32(h + at + 4);

		at += 8;
		if (!type || n > len - at)
			return;
		for (size_t i = at; type == FEATURE_NAMES && i + FEATURE_ENTRY <= at + n;
			i += FEATURE_ENTRY)
			if (h[i] == 0 && h[i + 1] == bit)
				show_text(ret, size, h + i + 2, FEATURE_ENTRY - 2);
		at += (n + 7) & ~7U;
	}
}

static int refuse_unknown(const uint8_t *h, size_t len, uint64_t bits, struct err *e)
{
	unsigned bit = BIT_KNOWN;
	char name[FEATURE_ENTRY], text[120];

	while (!(bits >> bit & 1))
		bit++;
	feature_name(h, len, bit, name, sizeof(name));
	snprintf(text, sizeof(text), "has the unknown incompatible feature %u%s%s%s", bit,
		*name ? " (" : "", name, *name ? ")" : "");
	return unsupported(e, text);
}

static int check_features(const uint8_t *h, size_t len, struct err *e)
{
	static const struct {
		unsigned bit;
		const char *what;
	} refused[] = {
		{BIT_DATA_FILE, "keeps its data in another file (external data file)"},
		{BIT_EXTENDED_L2, "has extended L2 entries (subclusters)"},
	};
	uint64_t bits = get_be64(h + 72);

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (bits >> refused[i].bit & 1)
			return unsupported(e, refused[i].what);
	if (bits >> BIT_KNOWN)
		return refuse_unknown(h, len, bits, e);
	if (bits >> BIT_CORRUPT & 1)
		return damaged(e, "it is marked as corrupt");
	if (bits >> BIT_DIRTY & 1)
		return damaged(e, "it is marked as dirty, a program died while it wrote to it");
	return 0;
}

/* The additional field and the bit that belongs to it have to agree. */
static int read_compression(const uint8_t *h, size_t len, struct qcow2 *q, struct err *e)
{
	bool bit = get_be64(h + 72) >> BIT_COMPRESSION & 1;
	uint8_t type =
		get_be32(h + 100) > COMPRESSION_AT && len > COMPRESSION_AT ? h[COMPRESSION_AT] : 0;
	char text[64];

	if (type > 1) {
		snprintf(text, sizeof(text), "is compressed by the unknown method %u", type);
		return unsupported(e, text);
	}
	if (bit != (type != 0))
		return damaged(e, "its compression type contradicts its features");
	q->zstd = type == 1;
	return 0;
}

static int read_version3(const uint8_t *h, size_t len, struct qcow2 *q, struct err *e)
{
	uint32_t header = len >= V3_HEADER ? get_be32(h + 100) : 0;
	int r;

	if (header < V3_HEADER || header % 8 || header > qcow2_cluster_size(q))
		return damaged(e, "its header has an impossible length");
	r = check_features(h, len, e);
	return r < 0 ? r : read_compression(h, len, q, e);
}

static int refuse_backing(const uint8_t *h, size_t len, struct err *e)
{
	uint64_t at = get_be64(h + 8), n = get_be32(h + 16);
	char name[NAME_MAX_SHOWN] = "", text[160];

	if (at < len)
		show_text(name, sizeof(name), h + at, n < len - at ? n : len - at);
	snprintf(text, sizeof(text), "is only the difference to a backing file (\"%s\")", name);
	return unsupported(e, text);
}

static int refuse_encrypted(const uint8_t *h, struct err *e)
{
	uint32_t method = get_be32(h + 32);

	return unsupported(e, method == 1   ? "is encrypted (AES)"
			      : method == 2 ? "is encrypted (LUKS)"
					    : "is encrypted by an unknown method");
}

/* Whether the size and the table that describes it fit each other. */
static int check_size(const uint8_t *h, struct qcow2 *q, struct err *e)
{
	uint64_t per_entry = qcow2_cluster_size(q) * qcow2_l2_entries(q), need;
	uint32_t l1_size = get_be32(h + 36);

	if (!q->size)
		return err_set(
			e, EINVAL, "the qcow2 image holds a disk of 0 bytes; check image_source");
	if (q->size >> (QCOW2_GUEST_BITS + CLUSTER_BITS_MIN))
		return damaged(e, "its disk is larger than any");
	if (l1_size > L1_BYTES_MAX / 8)
		return damaged(e, "its L1 table is larger than 32 MiB");
	need = (q->size + per_entry - 1) / per_entry;
	if (l1_size < need)
		return damaged(e, "its L1 table is too small for its disk");
	q->l1_entries = (uint32_t)need;
	if (!q->l1_offset || q->l1_offset % qcow2_cluster_size(q) || q->l1_offset >= PACKED_MAX)
		return damaged(e, "its L1 table is at an impossible offset");
	return 0;
}

int qcow2_read(const uint8_t *h, size_t len, struct qcow2 *ret, struct err *e)
{
	struct qcow2 q;
	char text[64];
	int r = 0;

	if (len < V2_HEADER || !qcow2_present(h, len))
		return damaged(e, "it ends within its header");
	q = (struct qcow2){.version = get_be32(h + 4),
		.cluster_bits = get_be32(h + 20),
		.size = get_be64(h + 24),
		.l1_offset = get_be64(h + 40)};
	if (q.version != 2 && q.version != 3) {
		snprintf(text, sizeof(text), "is of version %u", q.version);
		return unsupported(e, text);
	}
	if (q.cluster_bits < CLUSTER_BITS_MIN || q.cluster_bits > CLUSTER_BITS_MAX)
		return damaged(e, "its clusters are not of 512 bytes to 2 MiB");
	if (get_be64(h + 8))
		return refuse_backing(h, len, e);
	if (get_be32(h + 32))
		return refuse_encrypted(h, e);
	if (q.version == 3)
		r = read_version3(h, len, &q, e);
	if (r == 0)
		r = check_size(h, &q, e);
	if (r == 0)
		*ret = q;
	return r;
}

int qcow2_l1_entry(const struct qcow2 *q, const uint8_t entry[8], uint64_t *ret, struct err *e)
{
	uint64_t v = get_be64(entry);

	if (v & L1_RESERVED || (v & OFFSET_MASK) % qcow2_cluster_size(q))
		return damaged(e, "an entry of its L1 table points nowhere");
	*ret = v & OFFSET_MASK;
	return 0;
}

static int packed_cluster(
	const struct qcow2 *q, uint64_t v, struct qcow2_cluster *ret, struct err *e)
{
	unsigned x = 62 - (q->cluster_bits - 8);
	uint64_t sectors = (v & (L2_COMPRESSED - 1)) >> x;

	*ret = (struct qcow2_cluster){.content = QCOW2_PACKED,
		.offset = v & ((1ULL << x) - 1),
		.sectors = (uint32_t)sectors + 1};
	if (ret->offset >= PACKED_MAX || !ret->offset)
		return damaged(e, "a compressed cluster is at an impossible offset");
	return 0;
}

int qcow2_l2_entry(
	const struct qcow2 *q, const uint8_t entry[8], struct qcow2_cluster *ret, struct err *e)
{
	uint64_t v = get_be64(entry), offset = v & OFFSET_MASK;

	if (v & L2_COMPRESSED)
		return packed_cluster(q, v, ret, e);
	if (v & L2_RESERVED || (v & L2_ZERO && q->version < 3))
		return damaged(e, "an entry of an L2 table has reserved bits");
	if (offset % qcow2_cluster_size(q))
		return damaged(e, "an entry of an L2 table points nowhere");
	*ret = (struct qcow2_cluster){.offset = offset};
	if (offset && !(v & L2_ZERO))
		ret->content = QCOW2_PLAIN;
	return 0;
}
