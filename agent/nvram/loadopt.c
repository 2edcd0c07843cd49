/* Load options; see loadopt.h. Offsets are those of UEFI 2.10 table 10-49 and its neighbours. */
#include "agent/nvram/loadopt.h"
#include "agent/nvram/utf16.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define HEAD	  6 /* attributes and length of the path, before the label */
#define NODE_HEAD 4
#define HD_LEN	  42

enum { TYPE_MEDIA = 4, TYPE_END = 0x7f };
enum { MEDIA_HD = 1, MEDIA_FILE = 4 };
enum { END_ALL = 0xff };
enum { HD_NUMBER = 4, HD_START = 8, HD_SECTORS = 16, HD_SIGNATURE = 24, HD_FORMAT = 40, HD_SIGNED };
enum { FORMAT_MBR = 1, FORMAT_GPT = 2, SIGNED_MBR = 1, SIGNED_GUID = 2 };

static int damaged(struct err *e, const char *what)
{
	return err_set(e, EBADMSG, "the boot entry is damaged: %s", what);
}

int loadopt_split(const uint8_t *data, size_t len, struct loadopt_parts *ret, struct err *e)
{
	size_t n = 0, at;

	if (len < HEAD + 2)
		return damaged(e, "it is too short");
	while (HEAD + 2 * n + 2 <= len && get_le16(data + HEAD + 2 * n))
		n++;
	at = HEAD + 2 * n + 2;
	if (at > len)
		return damaged(e, "its label has no end");
	*ret = (struct loadopt_parts){data + HEAD, data + at, n, get_le16(data + 4)};
	if (ret->path_len > len - at)
		return damaged(e, "its device path is longer than itself");
	return 0;
}

const uint8_t *loadopt_next_node(const uint8_t *path, size_t len, size_t *at, size_t *ret_len)
{
	const uint8_t *node = path + *at;
	size_t n;

	if (len - *at < NODE_HEAD)
		return NULL;
	n = get_le16(node + 2);
	if (n < NODE_HEAD || n > len - *at || (node[0] == TYPE_END && node[1] == END_ALL))
		return NULL;
	*at += n;
	*ret_len = n;
	return node;
}

static bool is_hd(const uint8_t *node, size_t len)
{
	return node[0] == TYPE_MEDIA && node[1] == MEDIA_HD && len >= HD_LEN;
}

static bool is_file(const uint8_t *node)
{
	return node[0] == TYPE_MEDIA && node[1] == MEDIA_FILE;
}

static struct loadopt_hd read_hd(const uint8_t *node)
{
	struct loadopt_hd hd = {
		.number = get_le32(node + HD_NUMBER),
		.start = get_le64(node + HD_START),
		.sectors = get_le64(node + HD_SECTORS),
		.gpt = node[HD_SIGNED] == SIGNED_GUID,
	};

	memcpy(hd.signature, node + HD_SIGNATURE, sizeof(hd.signature));
	return hd;
}

static void take_text(const uint8_t *p, size_t chars, char *ret, size_t size)
{
	struct buf text = BUF_INIT(size - 1);

	utf16_decode(p, chars, &text);
	str_copy(ret, size, buf_str(&text));
	buf_done(&text);
}

int loadopt_parse(const uint8_t *data, size_t len, struct loadopt *ret, struct err *e)
{
	const uint8_t *node;
	struct loadopt_parts p;
	size_t at = 0, n;
	int r = loadopt_split(data, len, &p, e);

	if (r < 0)
		return r;
	memset(ret, 0, sizeof(*ret));
	ret->attributes = get_le32(data);
	take_text(p.label, p.label_chars, ret->label, sizeof(ret->label));
	while ((node = loadopt_next_node(p.path, p.path_len, &at, &n))) {
		if (is_hd(node, n) && !ret->has_hd) {
			ret->hd = read_hd(node);
			ret->has_hd = true;
			ret->on_disk = node == p.path;
		} else if (is_file(node)) {
			take_text(node + NODE_HEAD, (n - NODE_HEAD) / 2, ret->loader,
				sizeof(ret->loader));
		}
	}
	return 0;
}

/* --- building ------------------------------------------------------------------------------- */

static void put(struct buf *out, uint64_t v, size_t bytes)
{
	uint8_t p[8];

	put_le(p, v, bytes);
	buf_append(out, p, bytes);
}

static void put_head(struct buf *out, unsigned type, unsigned subtype, size_t len)
{
	put(out, type, 1);
	put(out, subtype, 1);
	put(out, len, 2);
}

static void put_hd(struct buf *out, const struct loadopt_hd *hd)
{
	put_head(out, TYPE_MEDIA, MEDIA_HD, HD_LEN);
	put(out, hd->number, 4);
	put(out, hd->start, 8);
	put(out, hd->sectors, 8);
	buf_append(out, hd->signature, sizeof(hd->signature));
	put(out, hd->gpt ? FORMAT_GPT : FORMAT_MBR, 1);
	put(out, hd->gpt ? SIGNED_GUID : SIGNED_MBR, 1);
}

static int put_path(struct buf *out, const struct loadopt_hd *hd, const char *loader)
{
	struct buf file = BUF_INIT(2 * LOADOPT_LOADER_MAX);
	int r = utf16_encode(loader, &file);

	put_hd(out, hd);
	put_head(out, TYPE_MEDIA, MEDIA_FILE, NODE_HEAD + file.len + 2);
	buf_append(out, file.data, file.len);
	put(out, 0, 2);
	put_head(out, TYPE_END, END_ALL, NODE_HEAD);
	if (r == 0 && file.overflow)
		r = -EINVAL;
	buf_done(&file);
	return r;
}

int loadopt_build(const char *label, const struct loadopt_hd *hd, const char *loader,
	const char *arguments, struct buf *out, struct err *e)
{
	struct buf path = BUF_INIT(LOADOPT_MAX);
	int r = put_path(&path, hd, loader);

	put(out, LOADOPT_ACTIVE, 4);
	put(out, path.len, 2);
	if (r == 0)
		r = utf16_encode(label, out);
	put(out, 0, 2);
	buf_append(out, path.data, path.len);
	buf_done(&path);
	if (r == 0 && !str_empty(arguments)) {
		r = utf16_encode(arguments, out);
		put(out, 0, 2);
	}
	if (r < 0 || out->overflow)
		return err_set(e, EINVAL,
			"boot entry \"%.64s\": its label or loader is too long "
			"or no UTF-8",
			label);
	return 0;
}
