/* Small checks on what machines send. */
#include "boot/text.h"

#include <ctype.h>
#include <string.h>

void text_copy(char *dst, size_t size, const char *src, size_t len)
{
	size_t n = 0;

	for (; n < len && n + 1 < size && src[n]; n++)
		dst[n] = src[n] >= ' ' && src[n] <= '~' ? src[n] : '?';
	dst[n] = '\0';
}

bool text_mac(const char *text, char ret[static BOOT_MAC_TEXT])
{
	char mac[BOOT_MAC_TEXT];

	for (int i = 0; i < BOOT_MAC_TEXT - 1; i++) {
		unsigned char c = (unsigned char)text[i];

		if (i % 3 == 2 ? c != ':' && c != '-' : !isxdigit(c))
			return false;
		mac[i] = i % 3 == 2 ? ':' : (char)tolower(c);
	}
	if (text[BOOT_MAC_TEXT - 1])
		return false;
	mac[BOOT_MAC_TEXT - 1] = '\0';
	memcpy(ret, mac, BOOT_MAC_TEXT);
	return true;
}

bool text_file_name(const char *text)
{
	if (*text == '.' || !*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("._-", *text))
			return false;
	return true;
}
