/* Reading ISO 9660; see iso9660.h. Sections are those of ECMA-119, 4th edition. */
#include "agent/image/drive/iso9660.h"
#include "lib/base/bytes.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define FIRST_DESCRIPTOR   16
#define DESCRIPTORS_MAX	   64
#define DESCRIPTOR_PRIMARY 1
#define DESCRIPTOR_JOLIET  2
#define DESCRIPTOR_END	   255
#define RECORD_MIN	   34

static int damaged(struct err *e, const char *what)
{
	return err_set(e, EBADMSG, "its ISO 9660 volume is damaged: %s", what);
}

static const uint8_t *descriptor(const uint8_t *data, size_t len, unsigned i)
{
	size_t at = (size_t)(FIRST_DESCRIPTOR + i) * ISO_BLOCK;

	if (len < at + ISO_BLOCK || memcmp(data + at + 1, "CD001", 5) != 0)
		return NULL;
	return data + at;
}

bool iso_present(const uint8_t *data, size_t len)
{
	return descriptor(data, len, 0) != NULL;
}

/* Section 8.5.6: Joliet says so by the escape sequences of UCS-2. */
static bool is_joliet(const uint8_t *d)
{
	return d[0] == DESCRIPTOR_JOLIET && d[88] == '%' && d[89] == '/' && d[90] &&
	       strchr("@CE", d[90]);
}

static int set_root(struct iso *iso, const uint8_t *record, struct err *e)
{
	uint64_t at = (uint64_t)get_le32(record + 2) * ISO_BLOCK;

	iso->root_len = get_le32(record + 10);
	if (at > iso->len || iso->root_len > iso->len - at)
		return damaged(e, "the root folder lies outside");
	iso->root_at = (uint32_t)at;
	return 0;
}

int iso_open(const uint8_t *data, size_t len, struct iso *ret, struct err *e)
{
	const uint8_t *d, *primary = NULL, *joliet = NULL;
	struct iso iso = {.data = data, .len = len};
	int r;

	for (unsigned i = 0; i < DESCRIPTORS_MAX && (d = descriptor(data, len, i)); i++) {
		if (d[0] == DESCRIPTOR_PRIMARY && !primary)
			primary = d;
		else if (is_joliet(d))
			joliet = d;
		else if (d[0] == DESCRIPTOR_END)
			break;
	}
	if (!primary || len > UINT32_MAX)
		return damaged(e, "no primary volume descriptor");
	if (get_le32(primary + 128) % 65536 != ISO_BLOCK)
		return damaged(e, "its blocks are not of 2048 bytes");
	iso.names = joliet ? ISO_JOLIET : ISO_PLAIN;
	r = set_root(&iso, (joliet ? joliet : primary) + 156, e); /* section 8.4.18 */
	if (r == 0)
		*ret = iso;
	return r;
}

struct iso_entry iso_root(const struct iso *iso)
{
	return (struct iso_entry){.folder = true, .at = iso->root_at, .len = iso->root_len};
}

static void put_char(char *name, size_t *n, unsigned c)
{
	if (*n < ISO_NAME_MAX - 1)
		name[(*n)++] = c > ' ' && c < 127 && c != '/' ? (char)c : '_';
	name[*n] = '\0';
}

/* UCS-2, the higher byte first; a file's name ends in ";1" here too. */
static void name_joliet(const uint8_t *p, size_t len, char *name)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < len && !(p[i] == 0 && p[i + 1] == ';'); i += 2)
		put_char(name, &n, p[i] ? 256u : p[i + 1]);
}

static void name_plain(const uint8_t *p, size_t len, char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < len && p[i] != ';'; i++)
		put_char(name, &n, (unsigned)tolower(p[i]));
	if (n > 1 && name[n - 1] == '.')
		name[n - 1] = '\0';
}

/* Rock Ridge (IEEE P1282, section 4.1.4): the parts of the name in NM entries of the record. */
static void name_rock_ridge(const uint8_t *p, size_t len, char *name)
{
	bool found = false;
	size_t n = 0;

	while (len >= 4 && p[2] >= 4 && p[2] <= len) {
		if (p[0] == 'N' && p[1] == 'M' && p[2] > 5) {
			if (!found)
				n = 0;
			found = true;
			for (size_t i = 5; i < p[2]; i++)
				put_char(name, &n, p[i]);
		}
		len -= p[2];
		p += p[2];
	}
}

static int entry_of(const struct iso *iso, const uint8_t *record, size_t len, struct iso_entry *ret,
	struct err *e)
{
	size_t name_len = record[32], extra = 33 + name_len + !(name_len & 1);
	uint64_t at = (uint64_t)get_le32(record + 2) * ISO_BLOCK;
	struct iso_entry entry = {.folder = record[25] & 2, .len = get_le32(record + 10)};

	if (33 + name_len > len)
		return damaged(e, "a name reaches beyond its record");
	if (record[25] & 0x80)
		return damaged(e, "a file in several pieces");
	if (entry.len && (at > iso->len || entry.len > iso->len - at))
		return damaged(e, "a file reaches beyond the end");
	entry.at = (uint32_t)at;
	if (iso->names == ISO_JOLIET) {
		name_joliet(record + 33, name_len, entry.name);
	} else {
		name_plain(record + 33, name_len, entry.name);
		if (extra < len)
			name_rock_ridge(record + extra, len - extra, entry.name);
	}
	*ret = entry;
	return 0;
}

int iso_next(struct iso *iso, const struct iso_entry *folder, uint32_t *at, struct iso_entry *ret,
	struct err *e)
{
	while (*at < folder->len) {
		const uint8_t *record = iso->data + folder->at + *at;
		uint32_t left = folder->len - *at, len = record[0];
		int r;

		if (len == 0) { /* a record does not cross blocks, section 6.8.1.1 */
			*at = (*at / ISO_BLOCK + 1) * ISO_BLOCK;
			continue;
		}
		if (len < RECORD_MIN || len > left)
			return damaged(e, "length of a record");
		if (++iso->met > ISO_ENTRIES_MAX)
			return damaged(e, "too many files");
		*at += len;
		if (record[32] == 1 && record[33] <= 1) /* "." and ".." */
			continue;
		r = entry_of(iso, record, len, ret, e);
		return r < 0 ? r : 1;
	}
	return 0;
}
