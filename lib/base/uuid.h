/* UUIDs as text: 36 characters, lower case. */
#ifndef LIB_BASE_UUID_H
#define LIB_BASE_UUID_H

#include <stdbool.h>

#define UUID_TEXT_MAX 37

void uuid_new(char ret[static UUID_TEXT_MAX]); /* version 4, RFC 4122 section 4.4 */
bool uuid_valid(const char *text);	       /* 8-4-4-4-12 hex digits, any case */

#endif
