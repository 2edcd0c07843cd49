/* Text of UEFI: CHAR16, little-endian, as variables, FAT and shim's lists hold it. */
#ifndef AGENT_NVRAM_UTF16_H
#define AGENT_NVRAM_UTF16_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

/*
 * Up to n characters at p, or to the first NUL, as UTF-8; returns how many characters were taken,
 * the NUL not counted. Halves of pairs, control characters and what is no character become '?'.
 */
size_t utf16_decode(const uint8_t *p, size_t n, struct buf *out);

/* The other way, without a NUL at the end. -EINVAL: text is no UTF-8. */
int utf16_encode(const char *text, struct buf *out);

#endif
