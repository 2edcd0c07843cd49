/* Live lines; see live.h. */
#include "lib/cli/live.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct line {
	char *mark, *text;
	bool finished;
};

struct live {
	FILE *out;
	bool tty;
	size_t n, drawn;
	struct line *lines;
};

struct live *live_new(FILE *out, size_t n_lines, int tty)
{
	struct live *l = xcalloc(1, sizeof(*l));

	l->out = out;
	l->tty = tty < 0 ? isatty(fileno(out)) : tty;
	l->n = n_lines;
	l->lines = xcalloc(n_lines ? n_lines : 1, sizeof(*l->lines));
	return l;
}

void live_set(struct live *l, size_t i, const char *mark, const char *text)
{
	struct line *line = &l->lines[i];

	if (!l->tty && !str_eq(line->mark, mark))
		fprintf(l->out, "%s\n", text);
	str_replace(&line->mark, mark);
	str_replace(&line->text, text);
}

void live_finish(struct live *l, size_t i)
{
	l->lines[i].finished = true;
}

/* One line, cut to the width of the terminal. */
static void draw_line(FILE *out, const char *text, size_t columns)
{
	size_t n = 0, bytes = 0;

	while (text[bytes] && n < columns) {
		bytes++;
		while (((unsigned char)text[bytes] & 0xc0) == 0x80)
			bytes++;
		n++;
	}
	fprintf(out, "\033[2K%.*s\n", (int)bytes, text);
}

void live_size(const struct live *l, int *ret_columns, int *ret_rows)
{
	struct winsize w = {0};

	if (ioctl(fileno(l->out), TIOCGWINSZ, &w) < 0 || !w.ws_row || !w.ws_col)
		w = (struct winsize){.ws_row = 24, .ws_col = 80};
	*ret_columns = w.ws_col;
	*ret_rows = w.ws_row > 3 ? w.ws_row - 2 : 1;
}

void live_block(struct live *l, const char *text)
{
	if (l->drawn)
		fprintf(l->out, "\033[%zuA", l->drawn);
	for (l->drawn = 0; *text; l->drawn++) {
		size_t n = strcspn(text, "\n");

		fprintf(l->out, "\033[2K%.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
	fprintf(l->out, "\033[J"); /* the block may have become shorter */
	fflush(l->out);
}

void live_draw(struct live *l)
{
	struct winsize w = {0};
	size_t room, shown = 0, left = 0;

	if (!l->tty) {
		fflush(l->out);
		return;
	}
	if (ioctl(fileno(l->out), TIOCGWINSZ, &w) < 0 || !w.ws_row || !w.ws_col)
		w = (struct winsize){.ws_row = 24, .ws_col = 80};
	room = w.ws_row > 3 ? w.ws_row - 2u : 1;
	if (l->drawn)
		fprintf(l->out, "\033[%zuA", l->drawn);
	for (size_t i = 0; i < l->n; i++) {
		bool skip = l->n > room && (l->lines[i].finished || shown >= room);

		left += skip;
		if (skip || !l->lines[i].text)
			continue;
		draw_line(l->out, l->lines[i].text, w.ws_col);
		shown++;
	}
	if (left) {
		fprintf(l->out, "\033[2K... and %zu more\n", left);
		shown++;
	}
	fprintf(l->out, "\033[J"); /* the block may have become shorter */
	l->drawn = shown;
	fflush(l->out);
}

void live_free(struct live *l)
{
	if (!l)
		return;
	fflush(l->out);
	for (size_t i = 0; i < l->n; i++) {
		free(l->lines[i].mark);
		free(l->lines[i].text);
	}
	free(l->lines);
	free(l);
}
