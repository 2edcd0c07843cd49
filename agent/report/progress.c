/* Progress; see progress.h. */
#include "agent/report/progress.h"
#include "lib/base/deadline.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/http/client.h"
#include "lib/json/json.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define CONSOLE_MS 1000
#define POST_MS	   5000

struct progress {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct journal *journal;
	struct progress_state state;
	bool active;	  /* a command runs */
	unsigned version; /* counts changes, so that the same is not sent twice */
	bool stop, posting;
	int64_t console_ms; /* when the console heard last */
	pthread_t thread;

	/* fixed once the thread runs */
	const struct params *params;
	char *url, *node_uuid, *agent_token;
	int interval_ms;
};

struct progress *progress_new(struct journal *j)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	p->journal = j;
	return p;
}

static void stop_posting(struct progress *p)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	if (p->posting)
		pthread_join(p->thread, NULL);
	p->posting = p->stop = false;
	free(p->url);
	free(p->node_uuid);
	if (p->agent_token)
		mem_wipe(p->agent_token, strlen(p->agent_token));
	free(p->agent_token);
	p->url = p->node_uuid = p->agent_token = NULL;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	stop_posting(p);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void post(struct progress *p, struct http_client *http, const struct progress_state *s)
{
	_cleanup_json_ json_t *json = json_object();
	_cleanup_free_ char *body = NULL;
	struct http_request rq = {
		.method = "POST",
		.url = p->url,
		.timeout_ms = POST_MS,
		.tls = {.ca_file = p->params->ca_file, .insecure = p->params->insecure},
	};
	struct http_response resp;

	json_put_str(json, "node", p->node_uuid);
	json_put_str(json, "agent_token", p->agent_token);
	json_put_str(json, "phase", s->phase);
	json_put_int(json, "bytes_done", (int64_t)s->bytes_done);
	json_put_int(json, "bytes_total", (int64_t)s->bytes_total);
	json_put_int(json, "bytes_written", (int64_t)s->bytes_written);
	json_put_int(json, "rate_bps", (int64_t)s->rate_bps);
	json_put_str(json, "message", s->message);
	rq.body = body = json_text(json);
	rq.body_len = strlen(body);
	if (http_client_do(http, &rq, &resp, NULL) == 0)
		http_response_done(&resp);
	mem_wipe(body, rq.body_len);
}

/* Waits for news, but at least interval_ms since the last were sent. */
static void wait_news(struct progress *p, unsigned sent, int64_t next_ms)
{
	while (!p->stop && p->version == sent)
		pthread_cond_wait(&p->changed, &p->lock);
	while (!p->stop && deadline_wait(&p->changed, &p->lock, next_ms))
		;
}

static void *post_thread(void *arg)
{
	struct progress *p = arg;
	struct http_client *http = NULL;
	struct progress_state state;
	int64_t next_ms = 0;
	unsigned sent = 0;

	if (http_client_new(&http, NULL) < 0)
		return NULL;
	pthread_mutex_lock(&p->lock);
	for (;;) {
		wait_news(p, sent, next_ms);
		if (p->stop)
			break;
		sent = p->version;
		state = p->state;
		pthread_mutex_unlock(&p->lock);
		next_ms = time_mono_ms() + p->interval_ms;
		post(p, http, &state);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	http_client_free(http);
	return NULL;
}

int progress_post_to(struct progress *p, const struct params *params, const char *url,
	int interval_ms, const char *node_uuid, const char *agent_token, struct err *e)
{
	int r;

	stop_posting(p);
	p->params = params;
	p->url = xstrdup(url);
	p->interval_ms = interval_ms;
	p->node_uuid = xstrdup(node_uuid);
	p->agent_token = xstrdup(agent_token);
	r = pthread_create(&p->thread, NULL, post_thread, p);
	if (r)
		return err_errno(e, r, "start the thread that reports progress");
	p->posting = true;
	return 0;
}

static void show(struct progress *p, const struct progress_state *s)
{
	char part[64] = "";

	if (s->bytes_total)
		snprintf(part, sizeof(part), " of %.1f MiB (%.0f %%)",
			(double)s->bytes_total / 1048576,
			100.0 * (double)s->bytes_done / (double)s->bytes_total);
	say(p->journal, "%s: %.1f MiB%s, %.1f MiB/s%s%s", s->phase, (double)s->bytes_done / 1048576,
		part, (double)s->rate_bps / 1048576, s->message[0] ? ", " : "", s->message);
}

static void update(struct progress *p, const struct progress_state *s, bool active)
{
	pthread_mutex_lock(&p->lock);
	p->state = *s;
	p->active = active;
	p->version++;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

void progress_begin(struct progress *p, const char *phase)
{
	struct progress_state s = {0};

	str_copy(s.phase, sizeof(s.phase), phase);
	update(p, &s, true);
}

void progress_set(struct progress *p, const struct progress_state *s)
{
	int64_t now = time_mono_ms();
	bool due;

	update(p, s, true);
	pthread_mutex_lock(&p->lock);
	due = now - p->console_ms >= CONSOLE_MS;
	if (due)
		p->console_ms = now;
	pthread_mutex_unlock(&p->lock);
	if (due && s->bytes_done)
		show(p, s);
}

void progress_end(struct progress *p, const char *message)
{
	struct progress_state s;
	bool active;

	pthread_mutex_lock(&p->lock);
	s = p->state;
	active = p->active;
	pthread_mutex_unlock(&p->lock);
	if (!active) /* a command without progress */
		return;
	str_copy(s.message, sizeof(s.message), message);
	update(p, &s, false);
}
