/*
 * News out: webhooks. A piece of news becomes one delivery record per configured URL; the records
 * are made durable together with the change they tell of, and are sent in their order, each until
 * its receiver answered 2xx. It reaches the store only through the functions it is handed.
 */
#ifndef CONDUCTOR_REPORT_REPORT_H
#define CONDUCTOR_REPORT_REPORT_H

#include <uv.h>

#include "conductor/model/news.h"
#include "conductor/model/node.h"
#include "conductor/report/metrics.h"
#include "lib/http/async.h"

struct report;

/* r: 0 when durable, else a negative errno. */
typedef void (*report_stored_fn)(void *done_data, int r);
typedef void (*report_delivery_fn)(void *each_data, const struct delivery *d);

/* How report reaches the records of deliveries. */
struct report_store {
	void *data;

	/*
	 * Hands out the deliveries of one URL (NULL: of all), in the order they were stored, at
	 * most limit (0: all). Called on a thread of libuv's pool.
	 */
	int (*load)(void *data, const char *url, int limit, report_delivery_fn each,
		void *each_data, struct err *e);

	/* Writes what changed: attempts and the last error. Must not block; failure is harmless. */
	void (*save)(void *data, const struct delivery *d);

	/* Removes one; must not block. done is called once, on any thread, possibly at once. */
	void (*remove)(void *data, const char *uuid, report_stored_fn done, void *done_data);
};

struct report_config {
	const char *const *urls; /* of webhooks; each gets everything */
	int n_urls;
	const char *hostname;	  /* of this conductor, named in each event */
	const char *ca_file;	  /* NULL: the system's */
	bool insecure;		  /* takes any certificate */
	unsigned timeout_ms;	  /* of one attempt; 0: 30,000 */
	unsigned retry_min_ms;	  /* 0: 1,000; doubled by every failure in a row */
	unsigned retry_max_ms;	  /* 0: 300,000 */
	unsigned give_up_after_s; /* age at which an event is dropped, with a line in the log; 0: 3
				     days */
};

/* All strings are copied. loop and http have to outlive it, and so does the store. */
int report_new(uv_loop_t *loop, struct http_async *http, const struct report_store *store,
	const struct report_config *c, struct report **ret, struct err *e);

/* Begins with what is pending from before. The loop's thread, as all but where said. */
void report_start(struct report *r);

/*
 * Ends what is under way, and waits for what reads the store just now; what was not delivered stays
 * stored. The loop has to run until its handles are closed, and the store has to be closed after.
 * NULL allowed.
 */
void report_free(struct report *r);

/*
 * The delivery records for a piece of news, one per URL, for the transaction that makes the news
 * true. Changes nothing; the records go after each(). Any thread.
 */
void report_deliveries(
	const struct report *r, const struct news *news, report_delivery_fn each, void *each_data);

/* There are new deliveries in the store. Any thread, until report_free(). */
void report_kick(struct report *r);

/* Counts transitions and times of deploys; for engine_subscribe(). */
void report_notify(void *report, const struct news *news);

/* Fills what report itself counts: webhooks, deploys. Any thread. */
void report_get_stats(struct report *r, struct report_stats *ret);

#endif
