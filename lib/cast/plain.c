/* A terminal's output as lines to read: what is not text is left out; see cast.h. */
#include "lib/cast/cast.h"

#include <string.h>

#define LINE_MAX_BYTES 400

struct screen {
	struct buf *out;
	char line[LINE_MAX_BYTES];
	size_t at, len; /* where the next character goes; how many there are */
};

static void end_line(struct screen *s)
{
	while (s->len && s->line[s->len - 1] == ' ')
		s->len--;
	if (s->len && buf_append(s->out, s->line, s->len) == 0)
		buf_puts(s->out, "\n");
	s->at = s->len = 0;
}

static void put(struct screen *s, char c)
{
	if (s->at >= sizeof(s->line))
		end_line(s);
	s->line[s->at++] = c;
	if (s->at > s->len)
		s->len = s->at;
}

/* Moves that leave the line begin another one; erasing what is behind the cursor is done. */
static void control_sequence(struct screen *s, char final, int first)
{
	if (strchr("HfABEFJ", final))
		end_line(s);
	else if (final == 'C')
		put(s, ' ');
	else if (final == 'K' && first != 1)
		s->len = s->at;
}

/* Gives the length of the sequence that begins behind the escape character. */
static size_t escape(struct screen *s, const char *p, size_t len)
{
	size_t n = 1;
	int first = 0;

	if (!len || !*p)
		return 0;
	if (*p == '[') { /* CSI: parameters, intermediates, final (ECMA-48, 5.4) */
		for (; n < len && p[n] >= 0x30 && p[n] <= 0x3f; n++)
			if (p[n] >= '0' && p[n] <= '9' && first < 1000)
				first = first * 10 + p[n] - '0';
		while (n < len && p[n] >= 0x20 && p[n] <= 0x2f)
			n++;
		if (n == len)
			return len;
		if (p[n])
			control_sequence(s, p[n], first);
		return n + 1;
	}
	if (strchr("]P_^X", *p)) { /* strings, until BEL or ST */
		for (; n < len && p[n] != '\a' && p[n] != '\n'; n++)
			if (p[n] == '\033')
				return n + 1 < len ? n + 2 : len;
		return n < len ? n + 1 : len;
	}
	if (strchr("()*+#% ", *p))
		return len < 2 ? len : 2;
	if (strchr("cDEM", *p))
		end_line(s);
	return 1;
}

/* The length of a character of UTF-8 that may be shown; 0: it may not. C1 controls may not. */
static size_t shown(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t n = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;

	if (u[0] < 0x20 || u[0] == 0x7f)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4 || n > len || (u[0] == 0xc2 && u[1] < 0xa0) ||
		(u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
		(u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

void cast_plain(struct buf *b, const char *data, size_t len)
{
	struct screen s = {.out = b};
	size_t i = 0, n;

	while (i < len) {
		if (data[i] == '\033') {
			i += 1 + escape(&s, data + i + 1, len - i - 1);
		} else if ((n = shown(data + i, len - i))) {
			if (s.at + n > sizeof(s.line))
				end_line(&s);
			for (; n; n--)
				put(&s, data[i++]);
		} else {
			if (data[i] == '\n')
				end_line(&s);
			else if (data[i] == '\r')
				s.at = 0;
			else if (data[i] == '\b' && s.at)
				s.at--;
			else if (data[i] == '\t')
				put(&s, ' ');
			i++;
		}
	}
	end_line(&s);
}
