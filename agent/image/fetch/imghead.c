/* Heads of answers; see imghead.h. */
#include "agent/image/fetch/imghead.h"

#include <string.h>
#include <strings.h>

#include "lib/base/str.h"

static void header_value(const char *line, size_t len, const char *name, char *ret, size_t size)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0)
		return;
	line += n;
	len -= n;
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len && strchr("\r\n \t", line[len - 1]))
		len--;
	if (len < size) {
		memcpy(ret, line, len);
		ret[len] = 0;
	}
}

/* Cuts the number before `end` off *text. */
static bool number(char **text, char end, uint64_t *ret)
{
	char *at = *text, *stop = strchr(at, end);

	if (!stop)
		return false;
	*text = stop + (*stop != '\0');
	*stop = '\0';
	return str_to_u64(at, 0, INT64_MAX, ret) == 0;
}

/* "bytes 5-9/10" of a file whose length is known; anything else is no range we could use. */
static void read_range(struct imghead *h, char *text)
{
	uint64_t first, last, total;

	h->has_range = false;
	if (strncasecmp(text, "bytes ", 6) != 0)
		return;
	text += 6;
	if (!number(&text, '-', &first) || !number(&text, '/', &last) ||
		!number(&text, '\0', &total) || first > last || last >= total)
		return;
	h->has_range = true;
	h->range_start = first;
	h->range_total = total;
}

/* A registry may offer several ways; a token is the one that reveals least. */
static void read_challenge(struct imghead *h, const char *line, size_t len)
{
	if (strncasecmp(h->challenge, "Bearer ", 7) != 0)
		header_value(line, len, "www-authenticate:", h->challenge, sizeof(h->challenge));
}

void imghead_line(struct imghead *h, const char *line, size_t len)
{
	char range[80] = "", accept[40] = "";

	if (len > 5 && !strncmp(line, "HTTP/", 5))
		*h = (struct imghead){0};
	header_value(line, len, "etag:", h->etag, sizeof(h->etag));
	header_value(line, len, "last-modified:", h->modified, sizeof(h->modified));
	read_challenge(h, line, len);
	header_value(line, len, "accept-ranges:", accept, sizeof(accept));
	if (accept[0])
		h->ranges = str_ieq(accept, "bytes");
	header_value(line, len, "content-range:", range, sizeof(range));
	if (range[0])
		read_range(h, range);
}

const char *imghead_validator(const struct imghead *h)
{
	return h->etag[0] == '"' ? h->etag : h->modified;
}
