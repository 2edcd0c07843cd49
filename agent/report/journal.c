/* The journal; see journal.h. */
#include "agent/report/journal.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct journal {
	pthread_mutex_t lock;
	struct buf ring; /* oldest first */
	int consoles[JOURNAL_CONSOLES];
	size_t n_consoles;
	char *last_error;
};

struct journal *journal_new(void)
{
	struct journal *j = xcalloc(1, sizeof(*j));

	pthread_mutex_init(&j->lock, NULL);
	buf_init(&j->ring, JOURNAL_BYTES + 4096);
	return j;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->n_consoles; i++)
		close(j->consoles[i]);
	free(j->last_error);
	buf_done(&j->ring);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

void journal_add_console(struct journal *j, int fd)
{
	pthread_mutex_lock(&j->lock);
	if (j->n_consoles < JOURNAL_CONSOLES)
		j->consoles[j->n_consoles++] = fd;
	else
		close(fd);
	pthread_mutex_unlock(&j->lock);
}

static void keep(struct journal *j, const char *line)
{
	char when[TIME_TEXT_MAX];

	if (j->ring.len > JOURNAL_BYTES)
		buf_consume(&j->ring, j->ring.len - JOURNAL_BYTES * 3 / 4);
	buf_printf(&j->ring, "%s %s\n", time_format(time_wall_us(), when, sizeof(when)), line);
}

void journal_line(struct journal *j, enum log_level level, const char *fmt, ...)
{
	char line[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	log_line(level, "%s", line);
	if (!j)
		return;
	pthread_mutex_lock(&j->lock);
	keep(j, line);
	if (level == LOG_LEVEL_ERROR)
		str_replace(&j->last_error, line);
	for (size_t i = 0; i < j->n_consoles && level < LOG_LEVEL_DEBUG; i++)
		dprintf(j->consoles[i], "ingot: %s\r\n", line);
	pthread_mutex_unlock(&j->lock);
}

void journal_err(struct journal *j, const char *what, const struct err *e)
{
	say_error(j, "%s: %s", what, e->text);
}

char *journal_text(struct journal *j, size_t *ret_len)
{
	char *text;

	pthread_mutex_lock(&j->lock);
	*ret_len = j->ring.len;
	text = xstrndup(buf_str(&j->ring), j->ring.len);
	pthread_mutex_unlock(&j->lock);
	return text;
}

char *journal_last_error(struct journal *j)
{
	char *text;

	pthread_mutex_lock(&j->lock);
	text = xstrdup(j->last_error);
	pthread_mutex_unlock(&j->lock);
	return text;
}

/* Lines in the ring are "<time> <text>". */
char *journal_tail(struct journal *j, unsigned lines)
{
	struct buf out = BUF_INIT(64 * 1024);
	const char *text, *at;

	pthread_mutex_lock(&j->lock);
	text = buf_str(&j->ring);
	at = text + j->ring.len;
	while (at > text && lines--)
		do
			at--;
		while (at > text && at[-1] != '\n');
	for (; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		size_t len = strcspn(at, "\n"), when = strcspn(at, " \n");

		if (when < len)
			when++;
		buf_printf(&out, "%.*s\n", (int)(len - when), at + when);
	}
	pthread_mutex_unlock(&j->lock);
	return out.data ? buf_take(&out) : xstrdup("");
}
