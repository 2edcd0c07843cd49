/* Files of checksums, in the forms that sha256sum and BSD's tools write; contract section 5. */
#include "agent/image/checksum.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

bool checksum_is_hex(const char *s)
{
	return *s && strspn(s, "0123456789abcdefABCDEF") == strlen(s);
}

/* Splits one line into digest and name, in place; either may be NULL. */
static void split_line(char *line, char **ret_hex, char **ret_name)
{
	char *open = strstr(line, " ("), *close = strstr(line, ") = ");
	char *space;

	*ret_hex = *ret_name = NULL;
	if (open && close && close > open) {
		*close = 0;
		*ret_name = open + 2;
		*ret_hex = str_trim(close + 4);
	} else {
		space = strpbrk(line, " \t");
		if (space) {
			*space++ = 0;
			*ret_name = str_trim(space);
			if (**ret_name == '*')
				(*ret_name)++;
		}
		*ret_hex = line;
	}
	if (!checksum_is_hex(*ret_hex) || strlen(*ret_hex) > 128)
		*ret_hex = NULL;
}

bool checksum_find(const char *text, const char *file_name, char *ret)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL, *hex, *name;
	char first[129] = "";
	unsigned lines = 0;

	for (char *l = strtok_r(copy, "\r\n", &save); l; l = strtok_r(NULL, "\r\n", &save)) {
		l = str_trim(l);
		if (!*l || *l == '#')
			continue;
		lines++;
		split_line(l, &hex, &name);
		if (!hex)
			continue;
		if (lines == 1)
			str_copy(first, sizeof(first), hex);
		if (name && strrchr(name, '/'))
			name = strrchr(name, '/') + 1;
		if (name && !strcmp(name, file_name)) {
			str_copy(ret, 129, hex);
			return true;
		}
	}
	if (lines != 1 || !*first)
		return false;
	str_copy(ret, 129, first);
	return true;
}
