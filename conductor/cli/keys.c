/* Typed bytes and our escapes among them; see keys.h. */
#include "conductor/cli/keys.h"

static enum keys_wish wish_of(char c)
{
	switch (c) {
	case '.':
		return KEYS_LEAVE;
	case '?':
		return KEYS_HELP;
	case 't':
		return KEYS_TAKE;
	default:
		return KEYS_NONE;
	}
}

size_t keys_read(struct keys *k, const char *in, size_t n, char *out, size_t *ret_out,
	enum keys_wish *ret_wish)
{
	size_t i = 0, len = 0;

	*ret_wish = KEYS_NONE;
	while (i < n && *ret_wish == KEYS_NONE) {
		char c = in[i++];

		if (k->escape) {
			k->escape = false;
			*ret_wish = wish_of(c);
			if (*ret_wish != KEYS_NONE) {
				k->fresh = true;
				break;
			}
			out[len++] = '~';
			if (c == '~') {
				k->fresh = false;
				continue;
			}
		} else if (k->fresh && c == '~') {
			k->escape = true;
			continue;
		}
		out[len++] = c;
		k->fresh = c == '\r' || c == '\n';
	}
	*ret_out = len;
	return i;
}
