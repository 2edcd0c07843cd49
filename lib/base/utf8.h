/* Text in UTF-8 (RFC 3629), for what comes from wires and may be anything. */
#ifndef LIB_BASE_UTF8_H
#define LIB_BASE_UTF8_H

#include <stddef.h>

/* The length of the character at text, 1 to 4; 0: it is none, or NUL; -1: it is not whole. */
int utf8_character(const char *text, size_t len);

/* Makes each byte that belongs to no character '?'. */
void utf8_clean(char *text);

#endif
