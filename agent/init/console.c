/* Consoles; see console.h. */
#include "agent/init/console.h"
#include "agent/init/child.h"
#include "agent/inspect/sysroot.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONSOLES_MAX 4
#define PAGE_MAX     16384
#define LOOK_MS	     1000
#define ROWS	     24 /* of 25: the cursor stays below the last */
#define COLUMN	     67 /* of 80, behind the label */
#define BUSYBOX	     "/bin/busybox"
#define CLEAR_LINE   "\033[K\r\n"

struct console {
	char name[32];
	int fd;
	bool screen;
	pid_t shell;
};

static struct console consoles[CONSOLES_MAX];
static size_t n_consoles;
static struct console_config config;

bool console_is_screen(const char *tty)
{
	return str_starts(tty, "tty") && isdigit((unsigned char)tty[3]);
}

/* At most `max` rows: a page that is higher than the screen would push its head out. A long line
 * goes on in the next row where `wrap` says so, and is cut otherwise. */
static void put_lines(struct buf *out, const char *label, const char *text, int max, bool wrap)
{
	for (; !str_empty(text) && max > 0; max--) {
		size_t len = strcspn(text, "\n"), row = len < COLUMN ? len : COLUMN;

		buf_printf(out, " %-10s %.*s" CLEAR_LINE, label, (int)row, text);
		label = "";
		text += wrap ? row : len;
		text += *text == '\n';
	}
}

static int rows_of(const char *text)
{
	int n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

/* The newest lines, as many as the screen has rows left. */
static void put_tail(struct buf *out, const char *tail)
{
	int left = ROWS - rows_of(buf_str(out)), skip = rows_of(tail) - left;

	while (skip-- > 0)
		tail = strchr(tail, '\n') + 1;
	put_lines(out, "", tail, left, false);
}

void console_page(const struct console_facts *f, struct buf *out)
{
	buf_printf(out,
		"\033[H Ingot agent " INGOT_VERSION ", up %lld:%02lld:%02lld" CLEAR_LINE CLEAR_LINE,
		(long long)f->up_s / 3600, (long long)f->up_s / 60 % 60, (long long)f->up_s % 60);
	put_lines(out, "problem", f->incomplete, 5, true);
	put_lines(out, "network", str_empty(f->network) ? "no network interface yet" : f->network,
		6, false);
	put_lines(out, "conductor", f->conductor, 1, false);
	put_lines(out, "node", f->node ? f->node : "not known yet", 1, false);
	put_lines(out, "last error", f->last_error, 3, true);
	if (f->shell)
		put_lines(out, "shell", "press Enter", 1, false);
	buf_puts(out, CLEAR_LINE);
	if (f->tail)
		put_tail(out, f->tail);
	buf_puts(out, "\033[J");
}

/* tty0 is whichever virtual console is shown: the page needs one of its own. */
static void take(const char *name)
{
	struct console *c = &consoles[n_consoles];
	_cleanup_free_ char *path = NULL;

	if (n_consoles == CONSOLES_MAX)
		return;
	str_copy(c->name, sizeof(c->name), str_eq(name, "tty0") ? "tty1" : name);
	path = xasprintf("/dev/%s", c->name);
	c->screen = console_is_screen(name);
	c->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (c->fd >= 0)
		n_consoles++;
}

/* Enter, where a shell is wanted: busybox's getty makes the console its terminal. */
static void give_shell(struct console *c)
{
	const char *const argv[] = {
		BUSYBOX, "getty", "-n", "-l", "/bin/sh", "-L", "0", c->name, "linux", NULL};
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	struct err e = {0};
	char keys[256];

	if (child_lives(c->shell) || poll(&p, 1, 0) <= 0 || read(c->fd, keys, sizeof(keys)) <= 0)
		return;
	c->shell = child_run(argv, -1, -1, &e);
	if (c->shell < 0)
		journal_err(config.journal, "shell", &e);
}

static void *console_thread(void *arg)
{
	bool shell = config.shell && access(BUSYBOX, X_OK) == 0;
	_cleanup_free_ char *shown = NULL;

	for (;;) {
		struct buf page = BUF_INIT(PAGE_MAX);
		bool changed;

		config.page(config.data, shell, &page);
		changed = !str_eq(buf_str(&page), shown);
		for (size_t i = 0; i < n_consoles; i++) {
			struct console *c = &consoles[i];

			if (shell)
				give_shell(c);
			if (c->screen && changed && !child_lives(c->shell))
				(void)!write(c->fd, buf_str(&page), page.len);
		}
		free(shown);
		shown = buf_take(&page);
		usleep(LOOK_MS * 1000);
	}
	return NULL;
}

void console_run(const struct console_config *c)
{
	pthread_t thread;

	config = *c;
	if (pthread_create(&thread, NULL, console_thread, NULL) == 0)
		pthread_detach(thread);
}

void console_open(struct journal *j)
{
	const struct sysroot sr = {.root = ""};
	_cleanup_free_ char *active = sysroot_line(&sr, "/sys/class/tty/console/active");
	char *save = NULL, *last = NULL;

	for (char *w = strtok_r(active, " ", &save); w; w = strtok_r(NULL, " ", &save))
		take(last = w);
	/* the last one is /dev/console, standard error: it has the lines already, unless a screen
	 */
	for (size_t i = 0; i < n_consoles; i++)
		if (!consoles[i].screen && !str_eq(consoles[i].name, last))
			journal_add_console(j, fcntl(consoles[i].fd, F_DUPFD_CLOEXEC, 0));
	if (last && console_is_screen(last) && n_consoles) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (null >= 0) {
			dup2(null, 1);
			dup2(null, 2);
			close(null);
		}
	}
}
