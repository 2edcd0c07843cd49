/*
 * One program that is kept running: started below a launcher, its lines read, started again with a
 * growing pause when it ends. It does not know what the program is for. The loop's thread only.
 */
#ifndef BOOT_SERVICE_H
#define BOOT_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

struct service;

struct service_hooks {
	void (*line)(void *data, const char *line, size_t len); /* without its line end */
	void (*state)(void *data, bool ok, const char *text);	/* started, ended, starts again */
	void (*stopped)(void *data); /* all closed; the struct may be freed */
	void *data;
};

/*
 * command is NULL-terminated and copied; log is the socket that its /dev/log leads to, or NULL.
 * Starts at once; a program that cannot be started is reported by `state` and tried again.
 */
void service_start(uv_loop_t *loop, const char *name, const char *const *command, const char *log,
	const struct service_hooks *hooks, struct service **ret);

/* SIGTERM, after 2 s SIGKILL; then hooks->stopped, and the service is freed. */
void service_stop(struct service *s);

/* Ends it as service_stop() does and starts it at once; also out of a pause. */
void service_restart(struct service *s);

/* SIGHUP, for a program that reads files again then; nothing while it does not run. */
void service_hup(struct service *s);

#endif
