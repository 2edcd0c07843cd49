/* Writing ISO 9660; see iso.h. Offsets are those of ECMA-119, sections 8, 9 and 6.9. */
#include "lib/iso/iso.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define BLOCK	  2048
#define FIRST	  16 /* block of the first descriptor */
#define NAME_MAX_ 63
#define RECORD	  33 /* bytes of a record before its name */

enum { PRIMARY, JOLIET, TREES };
enum { FLAG_FOLDER = 2 };

struct node {
	char name[NAME_MAX_ + 1];	   /* "" is the root */
	int above;			   /* folder it lies in; the root's is itself */
	const struct iso_file *file;	   /* NULL: a folder */
	uint32_t at[TREES], blocks[TREES]; /* of a file the same in both */
};

struct volume {
	struct node nodes[ISO_FILES_MAX + ISO_DIRS_MAX];
	size_t n;
	uint32_t table_at[TREES], table_len[TREES]; /* the path tables: little-endian, then big */
	uint32_t blocks;
	struct buf *out;
};

/* Numbers stand in both orders, one behind the other: sections 7.2.3 and 7.3.3. */
static void both(uint8_t *p, uint64_t v, size_t n)
{
	put_be(put_le(p, v, n), v, n);
}

/* --- the tree ------------------------------------------------------------------------------- */

static int find(const struct volume *v, int above, const char *name)
{
	for (size_t i = 1; i < v->n; i++)
		if (v->nodes[i].above == above && str_eq(v->nodes[i].name, name))
			return (int)i;
	return -1;
}

static int add(struct volume *v, int above, const char *name, const struct iso_file *file)
{
	struct node *node = &v->nodes[v->n];

	if (v->n == ARRAY_SIZE(v->nodes))
		return -1;
	*node = (struct node){.above = above, .file = file};
	str_copy(node->name, sizeof(node->name), name);
	return (int)v->n++;
}

/* The parts of a path become folders, the last one the file. */
static int add_path(struct volume *v, const struct iso_file *file, struct err *e)
{
	const char *p = file->path;
	int at = 0;

	for (;;) {
		size_t len = strcspn(p, "/");
		char name[NAME_MAX_ + 1];
		int next;

		if (!len || len > NAME_MAX_ || (p[0] == '.' && len < 3))
			return err_set(e, EINVAL, "%.64s cannot be written to an ISO", file->path);
		memcpy(name, p, len);
		name[len] = '\0';
		next = find(v, at, name);
		if (!p[len])
			return next < 0 && add(v, at, name, file) >= 0
				       ? 0
				       : err_set(e, EINVAL,
						 "%.64s comes twice, or there are too "
						 "many files",
						 file->path);
		if (next < 0)
			next = add(v, at, name, NULL);
		if (next < 0 || v->nodes[next].file)
			return err_set(e, EINVAL, "%.64s: a file is no folder", file->path);
		at = next;
		p += len + 1;
	}
}

/* Section 9.3: records of a folder stand in the order of their names. */
static void sort_names(const struct volume *v, int folder, int *ret, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 1; i < v->n; i++) {
		size_t k = n;

		if (v->nodes[i].above != folder)
			continue;
		while (k && strcmp(v->nodes[ret[k - 1]].name, v->nodes[i].name) > 0) {
			ret[k] = ret[k - 1];
			k--;
		}
		ret[k] = (int)i;
		n++;
	}
	*ret_n = n;
}

/* Section 6.9.1: folders by their depth, then by the order of those above, then by name. */
static size_t path_order(const struct volume *v, int *ret)
{
	size_t n = 1;

	ret[0] = 0;
	for (size_t i = 0; i < n; i++) {
		int below[ARRAY_SIZE(v->nodes)];
		size_t count;

		sort_names(v, ret[i], below, &count);
		for (size_t k = 0; k < count; k++)
			if (!v->nodes[below[k]].file)
				ret[n++] = below[k];
	}
	return n;
}

/* --- records -------------------------------------------------------------------------------- */

/* The name as the tree has it: with a version, or in UCS-2. Its length. */
static size_t put_name(uint8_t *p, const struct node *node, int tree)
{
	size_t n = strlen(node->name);

	if (tree == PRIMARY) {
		memcpy(p, node->name, n);
		if (node->file)
			memcpy(p + n, ";1", 2);
		return n + (node->file ? 2 : 0);
	}
	for (size_t i = 0; i < n; i++) {
		p[2 * i] = 0;
		p[2 * i + 1] = (uint8_t)node->name[i];
	}
	return 2 * n;
}

/* Section 9.1. `self`: 0 or 1 for the two records every folder begins with, -1 otherwise. */
static size_t put_record(uint8_t *p, const struct node *node, int tree, int self)
{
	size_t n, len = node->file ? node->file->len : (size_t)node->blocks[tree] * BLOCK;

	memset(p, 0, 256);
	if (self >= 0) {
		p[RECORD] = (uint8_t)self;
		n = 1;
	} else {
		n = put_name(p + RECORD, node, tree);
	}
	both(p + 2, node->at[tree], 4);
	both(p + 10, len, 4);
	memcpy(p + 18, "\x46\x01\x01\0\0\0\0", 7); /* 1 January 1970 */
	p[25] = node->file ? 0 : FLAG_FOLDER;
	both(p + 28, 1, 2);
	p[32] = (uint8_t)n;
	p[0] = (uint8_t)(RECORD + n + ((RECORD + n) & 1));
	return p[0];
}

/* A folder as bytes; no record crosses the end of a block. NULL: only its length. */
static size_t put_folder(const struct volume *v, int folder, int tree, uint8_t *out)
{
	int below[ARRAY_SIZE(v->nodes)];
	uint8_t record[256];
	size_t count, at = 0;

	sort_names(v, folder, below, &count);
	for (size_t i = 0; i < count + 2; i++) {
		const struct node *node = i == 0   ? &v->nodes[folder]
					  : i == 1 ? &v->nodes[v->nodes[folder].above]
						   : &v->nodes[below[i - 2]];
		size_t n = put_record(record, node, tree, i < 2 ? (int)i : -1);

		if (at % BLOCK + n > BLOCK)
			at += BLOCK - at % BLOCK;
		if (out)
			memcpy(out + at, record, n);
		at += n;
	}
	return at;
}

/* Section 9.4; `big` chooses the order of the bytes. */
static size_t put_table(const struct volume *v, int tree, bool big, uint8_t *out)
{
	int order[ARRAY_SIZE(v->nodes)];
	size_t n = path_order(v, order), at = 0;

	for (size_t i = 0; i < n; i++) {
		const struct node *node = &v->nodes[order[i]];
		uint8_t record[8 + 2 * NAME_MAX_ + 2] = {0};
		size_t len = i ? put_name(record + 8, node, tree) : 1, above = 0;

		while (order[above] != node->above)
			above++;
		record[0] = (uint8_t)len;
		(big ? put_be32 : put_le32)(record + 2, node->at[tree]);
		(big ? put_be16 : put_le16)(record + 6, above + 1);
		len += 8 + (len & 1);
		if (out)
			memcpy(out + at, record, len);
		at += len;
	}
	return at;
}

/* --- the volume ----------------------------------------------------------------------------- */

static uint32_t blocks_of(size_t bytes)
{
	return (uint32_t)((bytes + BLOCK - 1) / BLOCK);
}

/* Descriptors, path tables, folders, files: where each begins. */
static void lay_out(struct volume *v)
{
	uint32_t at = FIRST + TREES + 1;

	for (int t = 0; t < TREES; t++) {
		v->table_len[t] = (uint32_t)put_table(v, t, false, NULL);
		v->table_at[t] = at;
		at += 2 * blocks_of(v->table_len[t]);
	}
	for (int t = 0; t < TREES; t++)
		for (size_t i = 0; i < v->n; i++)
			if (!v->nodes[i].file) {
				v->nodes[i].at[t] = at;
				v->nodes[i].blocks[t] = blocks_of(put_folder(v, (int)i, t, NULL));
				at += v->nodes[i].blocks[t];
			}
	for (size_t i = 0; i < v->n; i++)
		if (v->nodes[i].file) {
			v->nodes[i].at[PRIMARY] = v->nodes[i].at[JOLIET] = at;
			at += blocks_of(v->nodes[i].file->len);
		}
	v->blocks = at;
}

static void put_text(uint8_t *p, size_t size, const char *text, int tree)
{
	for (size_t i = 0; i + tree < size; i += 1 + (size_t)tree) {
		if (tree)
			p[i] = 0;
		p[i + tree] = *text ? (uint8_t)*text++ : ' ';
	}
}

/* Sections 8.4 and 8.5; Joliet's escape sequence says UCS-2 level 3. */
static void put_descriptor(const struct volume *v, int tree, const char *label, uint8_t *p)
{
	static const size_t texts[][2] = {{8, 32}, {190, 128}, {318, 128}, {446, 128}, {574, 128},
		{702, 37}, {739, 37}, {776, 37}};
	static const size_t dates[] = {813, 830, 847, 864};
	uint32_t table = v->table_at[tree];
	uint8_t root[256];
	size_t root_len;

	p[0] = tree == PRIMARY ? 1 : 2;
	memcpy(p + 1, "CD001\1", 6);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		put_text(p + texts[i][0], texts[i][1], "", tree);
	put_text(p + 40, 32, label, tree);
	both(p + 80, v->blocks, 4);
	if (tree == JOLIET)
		memcpy(p + 88, "%/E", 3);
	both(p + 120, 1, 2);
	both(p + 124, 1, 2);
	both(p + 128, BLOCK, 2);
	both(p + 132, v->table_len[tree], 4);
	put_le32(p + 140, table);
	put_be32(p + 148, table + blocks_of(v->table_len[tree]));
	root_len = put_record(root, &v->nodes[0], tree, 0);
	memcpy(p + 156, root, root_len);
	for (size_t i = 0; i < ARRAY_SIZE(dates); i++)
		memset(p + dates[i], '0', 16); /* no date */
	p[881] = 1;
}

static void put_all(const struct volume *v, const char *label, uint8_t *out)
{
	uint8_t *end = out + (FIRST + TREES) * BLOCK;

	for (int t = 0; t < TREES; t++) {
		uint8_t *table = out + (size_t)v->table_at[t] * BLOCK;

		put_descriptor(v, t, label, out + (size_t)(FIRST + t) * BLOCK);
		put_table(v, t, false, table);
		put_table(v, t, true, table + (size_t)blocks_of(v->table_len[t]) * BLOCK);
	}
	memcpy(end, "\377CD001\1", 7);
	for (size_t i = 0; i < v->n; i++) {
		const struct node *node = &v->nodes[i];

		for (int t = 0; t < TREES && !node->file; t++)
			put_folder(v, (int)i, t, out + (size_t)node->at[t] * BLOCK);
		if (node->file && node->file->len)
			memcpy(out + (size_t)node->at[0] * BLOCK, node->file->data,
				node->file->len);
	}
}

int iso_write(
	const char *label, const struct iso_file *files, size_t n, struct buf *out, struct err *e)
{
	_cleanup_free_ struct volume *v = xcalloc(1, sizeof(*v));
	_cleanup_free_ uint8_t *bytes = NULL;
	uint64_t total = 0;
	int r = 0;

	v->n = 1;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = add_path(v, &files[i], e);
		total += files[i].len;
	}
	if (r < 0)
		return r;
	if (total > out->max)
		return err_set(e, EFBIG, "its files have more than %zu MiB", out->max >> 20);
	lay_out(v);
	bytes = calloc(v->blocks, BLOCK);
	if (!bytes)
		return err_set(e, ENOMEM, "no memory for an ISO of %u blocks", v->blocks);
	put_all(v, label, bytes);
	if (buf_append(out, bytes, (size_t)v->blocks * BLOCK) < 0)
		return err_set(e, EFBIG, "it has more than %zu MiB", out->max >> 20);
	return 0;
}
