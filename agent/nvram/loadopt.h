/*
 * What a variable Boot#### holds: a load option (UEFI specification 2.10, section 3.1.3) with its
 * device path (section 10.3), read and built in memory. Everything read is hostile.
 */
#ifndef AGENT_NVRAM_LOADOPT_H
#define AGENT_NVRAM_LOADOPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define LOADOPT_MAX	   8192 /* bytes of one; firmware's own stay below 2 KiB */
#define LOADOPT_LABEL_MAX  256
#define LOADOPT_LOADER_MAX 512
#define LOADOPT_ACTIVE	   1u /* LOAD_OPTION_ACTIVE */

/* HD(): a partition, as its media device path names it (section 10.3.5.1). */
struct loadopt_hd {
	uint32_t number; /* from 1 */
	uint64_t start, sectors;
	uint8_t signature[16]; /* GUID of the partition; or 4 bytes that stand in the MBR */
	bool gpt;
};

struct loadopt {
	uint32_t attributes;
	char label[LOADOPT_LABEL_MAX]; /* UTF-8, cut to fit */
	bool on_disk;		       /* the path begins with HD(): a short-form path */
	struct loadopt_hd hd;	       /* of the first HD(), wherever it stands */
	bool has_hd;
	char loader[LOADOPT_LOADER_MAX]; /* "\EFI\debian\shimx64.efi" of the last File(); "" */
};

/* Where the parts of an option lie. */
struct loadopt_parts {
	const uint8_t *label, *path;
	size_t label_chars, path_len;
};

int loadopt_split(const uint8_t *data, size_t len, struct loadopt_parts *ret, struct err *e);

/* The node at *at, which moves behind it; NULL at the end of the path or where it is broken. */
const uint8_t *loadopt_next_node(const uint8_t *path, size_t len, size_t *at, size_t *ret_len);

/* 0 or -EBADMSG with what is wrong; a path with nodes of kinds that nobody knows is well-formed. */
int loadopt_parse(const uint8_t *data, size_t len, struct loadopt *ret, struct err *e);

/*
 * The device path as text (section 10.6), as far as its kinds are known: "HD(1,GPT,...)/File(...)".
 * Other nodes are "Path(type,subtype,bytes)".
 */
void loadopt_path_text(const uint8_t *data, size_t len, struct buf *out);

/*
 * An active option that loads a file of a partition: attributes, label, HD(), File(), end, and
 * `arguments` (UTF-8, may be NULL) as UTF-16 with a NUL behind it. -EINVAL: text that is no UTF-8
 * or too long.
 */
int loadopt_build(const char *label, const struct loadopt_hd *hd, const char *loader,
	const char *arguments, struct buf *out, struct err *e);

#endif
