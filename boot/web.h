/*
 * The HTTP server's requests and their ends, brought from the server's threads to the loop's. It
 * does not know what is served.
 */
#ifndef BOOT_WEB_H
#define BOOT_WEB_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "boot/boot.h"
#include "lib/http/server.h"

/* The end of a reply that was announced with web_expect(). */
struct web_sent {
	enum boot_event_kind kind;
	char mac[BOOT_MAC_TEXT];
	char ip[46];
	char name[64]; /* what was served */
	bool partial;  /* a HEAD or a range: not the whole file, but as asked */
	bool ok;
	uint64_t bytes, total;
	int64_t duration_us;
};

struct web_hooks {
	void (*request)(void *data, struct http_req *req); /* must see to a reply */
	void (*sent)(void *data, const struct web_sent *sent);
	void (*closed)(void *data);
	void *data;
};

struct web;

/* After a failure the loop has to run once more before it can be closed. */
int web_start(uv_loop_t *loop, const char *listen, const struct web_hooks *hooks, struct web **ret,
	struct err *e);

/* Before the reply: sent() is called when it is out. Loop thread. */
void web_expect(struct web *w, struct http_req *req, enum boot_event_kind kind, const char *mac,
	const char *name);

/* Ends open replies at once; then hooks->closed, and w is freed. Loop thread. */
void web_stop(struct web *w);

#endif
