/*
 * A node's serial console as plain data: who watches it, and what is wanted of it. The lines that
 * watchers get are those of lib/cast/cast.h, a header first.
 */
#ifndef CONDUCTOR_MODEL_CONSOLE_H
#define CONDUCTOR_MODEL_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/list.h"

#define CONSOLE_ID_MAX 24

/* Why a console is open; bits. */
enum console_want {
	CONSOLE_ENABLED = 1 << 0, /* an operator said so */
	CONSOLE_FLOW = 1 << 1,	  /* the node is being provisioned */
};

/*
 * Somebody who watches. Made by the one who reads; handed over with the request, then the console's
 * until drop() is called, exactly once. Both are called on the engine thread and must not block.
 */
struct console_watch {
	/* false: it is gone or too slow, and is dropped */
	bool (*lines)(struct console_watch *w, const char *text, size_t len);
	void (*drop)(struct console_watch *w, const char *why);
	bool bytes;		 /* it gets what the machine writes, instead of lines */
	char id[CONSOLE_ID_MAX]; /* set by the console: names it in what it types */
	char who[128];		 /* "admin at 10.0.0.9", for the others */
	int64_t start_us;	 /* the console's: when it began to watch */
	struct list link;
};

#endif
