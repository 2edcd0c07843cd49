/* UUIDs; see uuid.h. */
#include "lib/base/uuid.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

/* A thread asks the system for the random bytes of many at once. */
static void random_bytes(unsigned char ret[static 16])
{
	static _Thread_local unsigned char pool[512];
	static _Thread_local size_t left;

	if (!left) {
		while (getrandom(pool, sizeof(pool), 0) != sizeof(pool))
			;
		left = sizeof(pool);
	}
	left -= 16;
	memcpy(ret, pool + left, 16);
}

void uuid_new(char ret[static UUID_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char b[16];
	char *p = ret;

	random_bytes(b);
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[b[i] >> 4];
		*p++ = digits[b[i] & 15];
	}
	*p = 0;
}

bool uuid_valid(const char *text)
{
	size_t i;

	for (i = 0; text && text[i] && i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return i == 36 && !text[i];
}
