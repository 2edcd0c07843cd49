/* Text from wires: copied bounded and printable, or checked to be what it should be. */
#ifndef BOOT_TEXT_H
#define BOOT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "boot/boot.h"

/* Copies at most size - 1 bytes, always NUL-terminated; what is not printable ASCII becomes '?'. */
void text_copy(char *dst, size_t size, const char *src, size_t len);

/* Six hex pairs with ':' or '-' between, whole string; gives lower case with ':'. */
bool text_mac(const char *text, char ret[static BOOT_MAC_TEXT]);

/* One path component of letters, digits, '.', '_' and '-', not starting with '.'. */
bool text_file_name(const char *text);

#endif
