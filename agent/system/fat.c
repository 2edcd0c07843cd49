/* Reading FAT; see fat.h. Offsets are those of the specification's section 3 and 6. */
#include "agent/system/fat.h"
#include "agent/nvram/utf16.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENTRY	   32
#define LONG_PARTS 20 /* of 13 characters each */
#define LONG_CHARS 13
#define DEPTH_MAX  16

enum { ATTR_LABEL = 0x08, ATTR_FOLDER = 0x10, ATTR_LONG = 0x0f };

static int damaged(struct err *e, const char *what)
{
	return err_set(e, EBADMSG, "the FAT file system is damaged: %s", what);
}

static int read_at(const struct fat *f, void *data, size_t len, uint64_t offset)
{
	ssize_t n;

	if (offset > f->size || len > f->size - offset)
		return -EBADMSG;
	n = pread(f->fd, data, len, (off_t)(f->at + offset));
	return n < 0 ? -errno : (size_t)n == len ? 0 : -EIO;
}

static bool power_of_2(uint64_t n, uint64_t min, uint64_t max)
{
	return n >= min && n <= max && !(n & (n - 1));
}

/* What the boot sector says, in bytes. */
static int read_layout(struct fat *f, const uint8_t *b, struct err *e)
{
	uint64_t reserved = get_le16(b + 14), sectors = get_le16(b + 19);
	uint64_t table = get_le16(b + 22), roots = get_le16(b + 17), all;

	f->sector = get_le16(b + 11);
	if (!power_of_2(f->sector, 512, 4096) || !power_of_2(b[13], 1, 128))
		return damaged(e, "size of its sectors or clusters");
	f->cluster_size = b[13] * f->sector;
	f->tables = b[16];
	if (!sectors)
		sectors = get_le32(b + 32);
	if (!table)
		table = get_le32(b + 36);
	if (!reserved || !f->tables || f->tables > 4 || !table)
		return damaged(e, "number of its tables");
	f->table_at = reserved * f->sector;
	f->table_size = table * f->sector;
	f->root_at = f->table_at + f->tables * f->table_size;
	f->root_size = (uint32_t)(roots * ENTRY);
	f->data_at = f->root_at + (f->root_size + f->sector - 1) / f->sector * f->sector;
	all = sectors * f->sector;
	if (all > f->size || f->data_at >= all)
		return damaged(e, "it is larger than its partition, or has no room for data");
	f->clusters = (uint32_t)((all - f->data_at) / f->cluster_size);
	return 0;
}

/* As firmware and the kernel tell them apart: FAT32 has no 16-bit size of its table. */
static int read_kind(struct fat *f, const uint8_t *b, struct err *e)
{
	bool fat32 = !get_le16(b + 22);

	f->bits = fat32 ? 32 : f->clusters < 4085 ? 12 : 16;
	if (fat32) {
		f->root_cluster = get_le32(b + 44);
		f->info_at = get_le16(b + 48) * f->sector;
		if (f->info_at >= f->table_at)
			f->info_at = 0;
	}
	if (((uint64_t)f->clusters + 2) * f->bits / 8 > f->table_size)
		return damaged(e, "its table is too small");
	if (fat32 && !fat_is_cluster(f, f->root_cluster))
		return damaged(e, "its root folder");
	if (!fat32 && !f->root_size)
		return damaged(e, "its root folder has no room");
	return 0;
}

int fat_open(int fd, uint64_t at, uint64_t size, struct fat *ret, struct err *e)
{
	struct fat f = {.fd = fd, .at = at, .size = size};
	uint8_t boot[512];
	int r = read_at(&f, boot, sizeof(boot), 0);

	if (r < 0)
		return err_errno(e, -r, "read the boot sector of the file system");
	if (boot[510] != 0x55 || boot[511] != 0xaa || (boot[0] != 0xeb && boot[0] != 0xe9))
		return err_set(e, EBADMSG, "there is no FAT file system");
	r = read_layout(&f, boot, e);
	if (r == 0)
		r = read_kind(&f, boot, e);
	if (r == 0)
		*ret = f;
	return r;
}

bool fat_is_cluster(const struct fat *f, uint32_t n)
{
	return n >= 2 && n - 2 < f->clusters;
}

uint64_t fat_cluster_at(const struct fat *f, uint32_t n)
{
	return f->data_at + (uint64_t)(n - 2) * f->cluster_size;
}

uint32_t fat_next(const struct fat *f, uint32_t cluster)
{
	uint8_t raw[4] = {0};
	uint32_t v;

	if (read_at(f, raw, f->bits == 32 ? 4 : 2, f->table_at + (uint64_t)cluster * f->bits / 8) <
		0)
		return UINT32_MAX;
	v = get_le32(raw);
	if (f->bits == 12)
		return (cluster & 1 ? v >> 4 : v) & 0xfff;
	return f->bits == 16 ? v : v & 0x0fffffff;
}

/* --- folders -------------------------------------------------------------------------------- */

/* A walk over the pieces of a folder or file: clusters, or the one fixed root. */
struct walk {
	const struct fat *f;
	uint32_t cluster;
	uint64_t left; /* bytes that may still come: a chain that goes on beyond them is a loop */
	bool fixed;
};

static struct walk walk_begin(const struct fat *f, const struct fat_entry *what, uint64_t max)
{
	bool root = !what->name[0];

	return (struct walk){.f = f,
		.fixed = root && f->bits != 32,
		.cluster = root ? f->root_cluster : what->first,
		.left = max};
}

/* The next piece: 1 with its place and length, 0 at the end, -EBADMSG. */
static int walk_next(struct walk *w, uint64_t *ret_at, uint32_t *ret_len, struct err *e)
{
	const struct fat *f = w->f;

	if (w->fixed) {
		*ret_at = f->root_at;
		*ret_len = f->root_size;
		w->fixed = false;
		w->cluster = UINT32_MAX;
		return 1;
	}
	if (!w->left || w->cluster >= (f->bits == 12	      ? 0xff8u
					      : f->bits == 16 ? 0xfff8u
							      : 0x0ffffff8u))
		return 0;
	if (!fat_is_cluster(f, w->cluster))
		return damaged(e, "a chain of clusters leads nowhere");
	*ret_at = fat_cluster_at(f, w->cluster);
	*ret_len = f->cluster_size;
	w->left -= w->left < f->cluster_size ? w->left : f->cluster_size;
	w->cluster = fat_next(f, w->cluster);
	return 1;
}

/* The long name in front of an entry, as far as it was met. */
struct long_name {
	uint8_t chars[LONG_PARTS * LONG_CHARS * 2];
	unsigned next; /* part that has to come now; 0: none, or the name is whole */
	unsigned parts;
	uint8_t sum;
};

static void take_long(struct long_name *l, const uint8_t *p)
{
	unsigned n = p[0] & 0x3f;
	uint8_t *to;

	if (p[0] & 0x40) {
		memset(l, 0, sizeof(*l));
		l->parts = l->next = n;
		l->sum = p[13];
	}
	if (!n || n > LONG_PARTS || n != l->next || p[13] != l->sum) {
		l->parts = 0;
		return;
	}
	to = l->chars + (size_t)(n - 1) * LONG_CHARS * 2;
	memcpy(to, p + 1, 10);
	memcpy(to + 10, p + 14, 12);
	memcpy(to + 22, p + 28, 4);
	l->next--;
}

static uint8_t short_sum(const uint8_t *name)
{
	uint8_t sum = 0;

	for (int i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + name[i]);
	return sum;
}

/* Bytes beyond ASCII are of a code page that is not told: they become '?'. */
static void put_short(const uint8_t *p, char *name)
{
	size_t n = 0;

	for (int i = 0; i < 11; i++) {
		bool lower = p[12] & (i < 8 ? 0x08 : 0x10);
		uint8_t c = p[i];

		if (i == 8 && p[8] != ' ')
			name[n++] = '.';
		if (c != ' ')
			name[n++] = c < 0x20 || c > 0x7e ? '?' : lower ? (char)tolower(c) : (char)c;
	}
	name[n] = '\0';
}

static void put_name(const struct long_name *l, const uint8_t *p, char name[static FAT_NAME_MAX])
{
	struct buf text = BUF_INIT(FAT_NAME_MAX - 1);

	if (l->parts && !l->next && l->sum == short_sum(p))
		utf16_decode(l->chars, (size_t)l->parts * LONG_CHARS, &text);
	if (text.len)
		str_copy(name, FAT_NAME_MAX, buf_str(&text));
	else
		put_short(p, name);
	buf_done(&text);
}

struct listing {
	const struct fat *f;
	int (*fn)(void *data, const struct fat_entry *entry);
	void *data;
	struct long_name name;
	bool ended;
};

static int one_entry(struct listing *l, const uint8_t *p)
{
	struct fat_entry entry = {.folder = p[11] & ATTR_FOLDER};

	if (p[0] == 0) {
		l->ended = true;
		return 0;
	}
	if (p[0] == 0xe5) {
		l->name.parts = 0;
		return 0;
	}
	if ((p[11] & 0x3f) == ATTR_LONG) {
		take_long(&l->name, p);
		return 0;
	}
	put_name(&l->name, p, entry.name);
	l->name.parts = 0;
	if (p[11] & ATTR_LABEL || p[0] == '.' || !entry.name[0])
		return 0;
	entry.first = get_le16(p + 26);
	if (l->f->bits == 32)
		entry.first |= (uint32_t)get_le16(p + 20) << 16;
	if (!entry.folder)
		entry.size = get_le32(p + 28);
	return l->fn(l->data, &entry);
}

int fat_list(const struct fat *f, const struct fat_entry *folder,
	int (*fn)(void *data, const struct fat_entry *entry), void *data, struct err *e)
{
	struct walk w = walk_begin(f, folder, (uint64_t)FAT_ENTRIES_MAX * ENTRY);
	struct listing l = {.f = f, .fn = fn, .data = data};
	uint8_t sector[4096];
	uint64_t at;
	uint32_t len;
	int r;

	while (!l.ended && (r = walk_next(&w, &at, &len, e)) != 0) {
		for (uint32_t i = 0; r > 0 && i < len && !l.ended; i += f->sector) {
			uint32_t n = len - i < f->sector ? len - i : f->sector;

			r = read_at(f, sector, n, at + i);
			if (r < 0)
				return err_errno(e, -r, "read a folder of the FAT file system");
			for (uint32_t k = 0; k + ENTRY <= n && !l.ended; k += ENTRY) {
				r = one_entry(&l, sector + k);
				if (r)
					return r;
			}
			r = 1;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

struct fat_entry fat_root(const struct fat *f)
{
	return (struct fat_entry){.folder = true};
}

struct search {
	const char *name;
	size_t len;
	struct fat_entry *found;
};

static int match(void *data, const struct fat_entry *entry)
{
	struct search *s = data;

	if (strncasecmp(entry->name, s->name, s->len) != 0 || entry->name[s->len])
		return 0;
	*s->found = *entry;
	return 1;
}

int fat_find(const struct fat *f, const char *path, struct fat_entry *ret, struct err *e)
{
	struct fat_entry at = fat_root(f), found = at;

	for (unsigned depth = 0; *path; depth++) {
		struct search s = {.name = path, .len = strcspn(path, "/"), .found = &found};
		int r = at.folder && depth < DEPTH_MAX ? fat_list(f, &at, match, &s, e) : 0;

		if (r <= 0)
			return r < 0 ? r : -ENOENT;
		at = found;
		path += s.len;
		path += *path == '/';
	}
	*ret = at;
	return 0;
}

int fat_read(const struct fat *f, const struct fat_entry *file, size_t max, uint8_t **ret,
	size_t *ret_len, struct err *e)
{
	struct walk w = walk_begin(f, file, file->size);
	_cleanup_free_ uint8_t *data = NULL;
	size_t done = 0;
	uint64_t at;
	uint32_t len;
	int r = 1;

	if (file->folder || file->size > max)
		return err_set(
			e, EFBIG, "%s: a folder, or larger than %zu KiB", file->name, max >> 10);
	data = malloc((size_t)file->size + 1);
	if (!data)
		return err_set(e, ENOMEM, "no memory for %s", file->name);
	while (done < file->size && (r = walk_next(&w, &at, &len, e)) > 0) {
		size_t n = file->size - done < len ? file->size - done : len;

		r = read_at(f, data + done, n, at);
		if (r < 0)
			return err_errno(e, -r, "read %s", file->name);
		done += n;
	}
	if (r < 0)
		return err_prefix(e, "read %s", file->name);
	if (done < file->size)
		return damaged(e, "a file is shorter than its folder says");
	data[done] = 0;
	*ret_len = done;
	*ret = TAKE_PTR(data);
	return 0;
}
