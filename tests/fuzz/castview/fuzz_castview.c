/*
 * A recording as it is shown in a terminal: as lines, and at a thousand times its pace. The first
 * byte says how large the pieces are it comes in.
 */
#include "conductor/cli/castview.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every line has its time, and nothing in it that a terminal would obey. */
static void check_lines(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char *u = (const unsigned char *)text + i;

		if ((!i || u[-1] == '\n') && (len - i < 25 || u[4] != '-' || u[23] != ' '))
			abort();
		if ((*u < 0x20 && *u != '\n') || *u == 0x7f ||
			(u[0] == 0xc2 && u[1] < 0xa0 && u[1] >= 0x80))
			abort();
	}
}

static void show(const char *text, size_t len, int64_t since_us)
{
	char *shown;
	size_t n;
	FILE *out = open_memstream(&shown, &n);

	castview_log(text, len, since_us, out);
	fclose(out);
	check_lines(shown, n);
	free(shown);
}

static void count(void *data, int64_t wall_us, char code, const char *bytes, size_t len)
{
	size_t *seen = data;

	if (wall_us < 0 || !code || bytes[len])
		abort();
	*seen += 1 + len;
}

/* Pieces of any size give the same events as the whole. */
static void in_pieces(const char *text, size_t len, size_t step)
{
	size_t whole = 0, pieces = 0;
	struct castreader a, b;

	castreader_init(&a, count, &whole);
	castreader_feed(&a, text, len);
	castreader_done(&a);
	castreader_init(&b, count, &pieces);
	for (size_t at = 0; at < len; at += step)
		castreader_feed(&b, text + at, len - at < step ? len - at : step);
	castreader_done(&b);
	if (whole != pieces)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	int64_t since_us = 0;
	struct err e;
	char *line;
	FILE *out;

	if (!size)
		return 0;
	line = strndup(text, strnlen(text, size - 1));
	line[strcspn(line, "\n")] = '\0';
	if (castview_since(line, 1767225600000000, &since_us, &e) < 0)
		since_us = 0;
	free(line);
	show(text, size - 1, since_us);
	in_pieces(text, size - 1, data[0] + 1u);
	out = fopen("/dev/null", "w");
	castview_replay(text, size - 1, since_us, 1e9, out);
	fclose(out);
	return 0;
}
