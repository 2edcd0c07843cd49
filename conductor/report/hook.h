/* One webhook's queue: what waits for one URL, in order, one request at a time. */
#ifndef CONDUCTOR_REPORT_HOOK_H
#define CONDUCTOR_REPORT_HOOK_H

#include <pthread.h>

#include "conductor/report/report.h"

#define HOOK_PAGE 32 /* deliveries read at once */

/*
 * A hook's life: IDLE until it is poked; LOADING a page of deliveries from the store; SENDING them
 * one by one; REMOVING, until all that were delivered are gone from the store, so that the next
 * page does not hold them again; WAITING after a failure.
 */
enum hook_state { HOOK_IDLE, HOOK_LOADING, HOOK_SENDING, HOOK_REMOVING, HOOK_WAITING };

struct hook {
	struct report *report;
	char *url;
	char shown[256]; /* for the log: no password */
	enum hook_state state;
	bool poked; /* since the page was read */
	struct delivery page[HOOK_PAGE];
	int n, at;
	int failures; /* in a row */
	int64_t failing_since_ms;
	struct http_call *call;
	uv_timer_t timer;
	uv_work_t work;
	int load_result;
	struct err load_err;

	/* under report->lock */
	int removing; /* asked for and not answered */
	bool remove_failed;
};

struct report {
	uv_loop_t *loop;
	struct http_async *http;
	struct report_store store;
	struct report_config config;
	char *hostname, *ca_file;
	struct hook *hooks;
	int n_hooks;
	uv_async_t wake;
	uv_work_t orphans; /* looking for deliveries of URLs that are not configured any more */
	struct deploys *deploys;

	pthread_mutex_t lock; /* all below */
	bool closing;	      /* no uv_async_send() any more */
	bool kicked;
	int reading; /* the store, in threads of their own; report_free() waits for them */
	pthread_cond_t read;
	int refs; /* handles, pieces of work, removals and calls under way, and the owner */
	struct report_stats stats;
};

void report_ref(struct report *r);
void report_unref(struct report *r);

/* Reads from the store, for a piece of work in a thread of its own: as report_store.load, but
 * nothing once report_free() was called, as the store is closed after that. */
int report_load(struct report *r, const char *url, int limit, report_delivery_fn each, void *data,
	struct err *e);
bool report_closing(struct report *r);

void hook_init(struct hook *h, struct report *r, const char *url);
void hook_poke(struct hook *h);	 /* there may be something to deliver */
void hook_woken(struct hook *h); /* a removal was answered */
void hook_close(struct hook *h);
void hook_done(struct hook *h); /* frees; nothing is under way any more */

/* Forgets, with a line in the log, what waits for URLs that are not configured. */
void orphans_start(struct report *r);

/* deploys.c: from the order to deploy until active. */
struct deploys *deploys_new(void);
void deploys_free(struct deploys *d);
void deploys_notify(struct deploys *d, const struct news *news, struct report_stats *stats);

#endif
