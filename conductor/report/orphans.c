/*
 * Events that wait for a URL which is not configured any more: nobody will ever send them, so they
 * are removed at start, and the log says how many and whose.
 */
#include "conductor/report/hook.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/http/client.h"

#define ORPHANS_MAX 4096 /* at one start; the rest goes at the next */

struct orphans {
	struct report *report;
	struct map by_url; /* shown url -> uint64_t * */
	char *uuids[ORPHANS_MAX];
	int n;
	int result;
	struct err err;
};

static void see(void *data, const struct delivery *d)
{
	struct orphans *o = data;
	char shown[256];
	uint64_t *n;

	for (int i = 0; i < o->report->n_hooks; i++)
		if (str_eq(o->report->hooks[i].url, d->url))
			return;
	if (o->n == ORPHANS_MAX)
		return;
	o->uuids[o->n++] = xstrdup(d->uuid);
	http_url_shown(d->url ? d->url : "", shown, sizeof(shown));
	n = map_get(&o->by_url, shown);
	if (!n) {
		n = xcalloc(1, sizeof(*n));
		map_put(&o->by_url, shown, n);
	}
	++*n;
}

static void look(uv_work_t *work)
{
	struct orphans *o = work->data;

	o->result = report_load(o->report, NULL, 0, see, o, &o->err);
}

static void removed(void *report, int result)
{
	report_unref(report);
}

static void forget(uv_work_t *work, int status)
{
	struct orphans *o = work->data;
	const struct report_store *s = &o->report->store;
	bool closing = report_closing(o->report); /* then the next start drops them */
	const char *url;
	size_t pos = 0;
	void *n;

	if (status >= 0 && o->result < 0)
		log_warning("webhooks: %s", o->err.text);
	while (map_next(&o->by_url, &pos, &url, &n)) {
		if (!closing)
			log_warning("webhook %s is not configured any more: %llu undelivered "
				    "events are dropped",
				url, (unsigned long long)*(uint64_t *)n);
		free(n);
	}
	map_done(&o->by_url);
	for (int i = 0; i < o->n; i++) {
		if (!closing) {
			report_ref(o->report);
			s->remove(s->data, o->uuids[i], removed, o->report);
		}
		free(o->uuids[i]);
	}
	report_unref(o->report);
	free(o);
}

void orphans_start(struct report *r)
{
	struct orphans *o = xcalloc(1, sizeof(*o));

	o->report = r;
	r->orphans.data = o;
	report_ref(r);
	if (uv_queue_work(r->loop, &r->orphans, look, forget) < 0) {
		report_unref(r);
		free(o);
	}
}
