/*
 * The consoles: lines on serial ones, a page on a screen, that tells a person before the machine
 * what it does and what it waits for; and a shell, when it is asked for and the ramdisk has one.
 */
#ifndef AGENT_INIT_CONSOLE_H
#define AGENT_INIT_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/report/journal.h"
#include "lib/base/buf.h"

#define CONSOLE_LINES 12 /* of what was said last */

/* What the page shows; texts may be NULL. */
struct console_facts {
	const char *network;	/* a line an interface, as of net_text() */
	const char *conductor;	/* URLs */
	const char *node;	/* "r12u07 (uuid)" */
	const char *incomplete; /* what is missing of the ramdisk */
	const char *last_error;
	const char *tail; /* the last lines said */
	int64_t up_s;
	bool shell; /* a key gives one */
};

/* Appends the page, with what a Linux terminal needs to show it over the last one. No I/O. */
void console_page(const struct console_facts *f, struct buf *out);

/* Is this a screen ("tty0", "tty1") and no serial line ("ttyS0", "hvc0")? */
bool console_is_screen(const char *tty);

struct console_config {
	struct journal *journal;
	bool shell; /* ingot-shell */
	/* Appends the page; called once a second, the screen is written when it has changed. */
	void (*page)(void *data, bool shell, struct buf *out);
	void *data;
};

/*
 * Takes the kernel's consoles (/sys/class/tty/console/active): serial ones get the journal's lines.
 * What this process writes to standard error goes to no screen from now on.
 */
void console_open(struct journal *j);

/* Starts the thread that shows the page on screens, and gives shells. */
void console_run(const struct console_config *c);

#endif
