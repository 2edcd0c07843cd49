/* Showing recordings; see castview.h. */
#include "conductor/cli/castview.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MAX_US 3000000
#define LINE_MAX_LEN 8192

void castreader_init(struct castreader *r,
	void (*event)(void *data, int64_t wall_us, char code, const char *bytes, size_t len),
	void *data)
{
	*r = (struct castreader){.event = event, .data = data};
	buf_init(&r->line, CAST_LINE_MAX);
}

static void take_line(struct castreader *r)
{
	bool whole = !r->line.overflow;
	struct cast_line l;

	r->line.overflow = false;
	if (!whole || !r->line.len || cast_read(r->line.data, r->line.len, &l, NULL) < 0)
		return;
	if (l.header) {
		r->start_us = l.time_us;
		if (l.id)
			str_replace(&r->id, l.id);
	} else {
		r->event(r->data, r->start_us + l.time_us, l.code, l.data, l.len);
	}
	cast_line_done(&l);
}

void castreader_feed(struct castreader *r, const char *bytes, size_t len)
{
	while (len) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl ? (size_t)(nl - bytes) : len;

		buf_append(&r->line, bytes, n);
		if (nl) {
			take_line(r);
			buf_truncate(&r->line, 0);
		}
		bytes += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
}

void castreader_done(struct castreader *r)
{
	buf_done(&r->line);
	free(TAKE_PTR(r->id));
}

int castview_since(const char *text, int64_t now_us, int64_t *ret_us, struct err *e)
{
	static const struct {
		char unit;
		int s;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char number[16];
	size_t n = strlen(text);
	int count;

	if (time_parse(text, ret_us) == 0)
		return 0;
	for (size_t i = 0; n > 1 && n < sizeof(number) && i < ARRAY_SIZE(units); i++) {
		if (text[n - 1] != units[i].unit)
			continue;
		memcpy(number, text, n - 1);
		number[n - 1] = '\0';
		if (str_to_int(number, 0, 1000000, &count) < 0)
			break;
		*ret_us = now_us - (int64_t)count * units[i].s * 1000000;
		return 0;
	}
	return err_set(e, EINVAL,
		"--since %s: expected 90s, 10m, 2h, 1d or a time like 2026-01-31T12:00:00Z", text);
}

/* --- as lines ----------------------------------------------------------------------------------
 */

struct log_view {
	FILE *out;
	int64_t since_us, line_us;
	struct buf line;
};

static void print_time(FILE *out, int64_t wall_us)
{
	time_t s = wall_us / 1000000;
	char text[32];
	struct tm tm;

	localtime_r(&s, &tm);
	strftime(text, sizeof(text), "%F %T", &tm);
	fprintf(out, "%s.%03d  ", text, (int)(wall_us / 1000 % 1000));
}

/* Each line of what a terminal would show gets the time, also where one event has several. */
static void print_plain(FILE *out, int64_t wall_us, const char *mark, const char *bytes, size_t len)
{
	struct buf plain = BUF_INIT(LINE_MAX_LEN * 2);

	cast_plain(&plain, bytes, len);
	for (const char *p = buf_str(&plain); *p;) {
		size_t n = strcspn(p, "\n");

		print_time(out, wall_us);
		fprintf(out, "%s%.*s\n", mark, (int)n, p);
		p += n + (p[n] == '\n');
	}
	buf_done(&plain);
}

static void end_line(struct log_view *v)
{
	print_plain(v->out, v->line_us, "", buf_str(&v->line), v->line.len);
	buf_truncate(&v->line, 0);
}

static void log_event(void *data, int64_t wall_us, char code, const char *bytes, size_t len)
{
	struct log_view *v = data;

	if (wall_us < v->since_us)
		return;
	if (code == 'm') {
		end_line(v);
		print_plain(v->out, wall_us, "-- ", bytes, len);
	}
	for (size_t i = 0; code == 'o' && i < len; i++) {
		if (!v->line.len)
			v->line_us = wall_us;
		buf_append(&v->line, bytes + i, 1);
		if (bytes[i] == '\n' || v->line.len >= LINE_MAX_LEN - 1)
			end_line(v);
	}
}

void castview_log(const char *text, size_t len, int64_t since_us, FILE *out)
{
	struct log_view v = {.out = out, .since_us = since_us};
	struct castreader r;

	buf_init(&v.line, LINE_MAX_LEN);
	castreader_init(&r, log_event, &v);
	castreader_feed(&r, text, len);
	end_line(&v);
	castreader_done(&r);
	buf_done(&v.line);
}

/* --- as it happened ----------------------------------------------------------------------------
 */

struct replay {
	FILE *out;
	int64_t since_us, last_us;
	double speed;
};

static void replay_event(void *data, int64_t wall_us, char code, const char *bytes, size_t len)
{
	struct replay *v = data;
	int64_t pause = v->last_us ? wall_us - v->last_us : 0;

	if (wall_us < v->since_us)
		return;
	if (pause > PAUSE_MAX_US)
		pause = PAUSE_MAX_US;
	if (pause > 0)
		usleep((useconds_t)((double)pause / v->speed));
	v->last_us = wall_us;
	if (code == 'o') {
		fwrite(bytes, 1, len, v->out);
	} else if (code == 'm') {
		struct buf plain = BUF_INIT(LINE_MAX_LEN);

		cast_plain(&plain, bytes, len);
		fprintf(v->out, "\r\n[%.*s]\r\n", (int)strcspn(buf_str(&plain), "\n"),
			buf_str(&plain));
		buf_done(&plain);
	}
	fflush(v->out);
}

void castview_replay(const char *text, size_t len, int64_t since_us, double speed, FILE *out)
{
	struct replay v = {.out = out, .since_us = since_us, .speed = speed};
	struct castreader r;

	castreader_init(&r, replay_event, &v);
	castreader_feed(&r, text, len);
	castreader_done(&r);
}
