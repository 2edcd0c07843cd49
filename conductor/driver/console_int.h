/* A console inside the driver: shared by console.c, sol.c and consolelog.c. */
#ifndef CONDUCTOR_DRIVER_CONSOLE_INT_H
#define CONDUCTOR_DRIVER_CONSOLE_INT_H

#include "conductor/driver/console.h"
#include "conductor/driver/ipmitool.h"
#include "lib/base/buf.h"
#include "lib/child/child.h"

#define CONSOLE_LAST_MAX    16384 /* bytes of output kept in memory while it is open */
#define CONSOLE_REST_MAX    4096  /* the same when it is not */
#define CONSOLE_RESTS	    512	  /* consoles that are not open and still remembered */
#define CONSOLE_WATCHES_MAX 16
#define CONSOLE_ALL_WATCHES 256
#define CONSOLE_NOTES_MAX   262144 /* of a recording, not written yet */

enum sol_phase {
	SOL_CLOSED,   /* nothing runs */
	SOL_OPENING,  /* the program runs and has not said yet that it is connected */
	SOL_OPEN,     /* connected */
	SOL_CLEARING, /* ends another session that holds the console */
};

struct console {
	struct consoles *all;
	char node[UUID_TEXT_MAX];
	char *title;
	unsigned wants;
	struct ipmitool_settings settings;
	struct list rest; /* consoles.rests, while nothing is wanted */

	/* sol.c */
	enum sol_phase phase;
	struct child *child;
	uv_timer_t timer; /* the next try, or the end of lingering */
	int handles;	  /* not closed yet */
	bool lingering, removed;
	bool cleared; /* another session was ended already, since it was last open */
	int suite;
	unsigned failures;
	int64_t opened_ms;
	struct buf said;   /* standard error of the child */
	struct buf banner; /* its first line */
	char problem[300]; /* why it is not connected; "": nothing is wrong */

	/* console.c */
	struct buf last; /* output */
	char part[4];	 /* the beginning of a character */
	size_t part_len;
	int64_t output_us;
	struct list watches;
	unsigned n_watches;
	char writer[CONSOLE_ID_MAX];

	struct console_port *port; /* consoletcp.c; NULL: none */

	/* consolelog.c */
	struct buf notes;
	struct batch *batch; /* being written */
	bool unwritable, forgotten;
};

struct consoles {
	struct driver_env *env;
	struct console_config config;
	char *folder, *home, *tcp_listen;
	struct map by_node;
	struct list rests;
	unsigned n_rests, sessions, jobs, closing, watches;
	uv_timer_t beat; /* tells watchers that we are there */
	bool stopping;
};

/* console.c */
void console_output(struct console *c, const char *bytes, size_t len);
void console_remark(struct console *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void console_close(struct console *c); /* nothing is wanted of it any more */
void console_free(struct console *c);

/* sol.c */
void sol_start(struct console *c);
void sol_stop(struct console *c);
void sol_linger(struct console *c, unsigned s); /* console_close() after so long */
void sol_forgive(struct console *c);		/* the next failure is the first */
void sol_init(struct console *c);
void sol_reset(struct console *c); /* its settings changed */
void sol_end(struct console *c);   /* for good; the console is freed when all of it is closed */

/* consoletcp.c */
void console_port_set(struct console *c, int number); /* 0: none */
char *console_port_url(const struct console *c);      /* allocated; NULL: none */

/* consolelog.c */
void console_log(struct console *c, char code, const void *data, size_t len);
void console_log_flush(struct console *c);  /* at once, in this thread */
void console_log_forget(struct console *c); /* nothing of it may be left */

#endif
