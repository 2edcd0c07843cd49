/* What agents and deployed systems send: lookup, heartbeat, progress, phone-home. */
#include "conductor/node/agents.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/hwid/mac.h"

#include <errno.h>
#include <string.h>

#define ADDRESSES_MAX 256

struct enode *node_of_addresses(struct engine *en, const json_t *addresses, bool *ret_several)
{
	struct enode *found = NULL, *e;
	char mac[MAC_TEXT_MAX];
	json_t *one;
	size_t i;

	*ret_several = false;
	if (json_array_size(addresses) > ADDRESSES_MAX)
		return NULL;
	json_array_foreach ((json_t *)addresses, i, one) {
		if (!json_is_string(one) || mac_normalise(json_string_value(one), mac) < 0)
			continue;
		e = enode_of_mac(en, mac);
		if (e && found && e != found) {
			*ret_several = true;
			return NULL;
		}
		if (e)
			found = e;
	}
	return found;
}

static struct enode *node_of_agent(struct engine *en, const json_t *args)
{
	const char *uuid = json_str(args, "node_uuid");
	bool several;

	return str_empty(uuid) ? node_of_addresses(en, json_object_get(args, "addresses"), &several)
			       : map_get(&en->nodes, uuid);
}

static void lookup_durable(struct commit *c, void *data)
{
	struct request *r = data;

	request_finish(r, c->r, &c->err);
}

void refuse_lookup(struct request *r)
{
	struct err err;

	err_set(&err, ENOENT, "Node could not be found.");
	request_finish(r, -ENOENT, &err);
}

void request_locked(struct enode *e, struct request *r)
{
	struct err err;

	request_finish(r, enode_locked(e, &err), &err);
}

/* Kept for people: the history is not for what anybody can send. */
static void agent_refused(struct enode *e, const char *peer, const char *what)
{
	struct refusal *r = e->refused;

	if (!r)
		r = e->refused = xcalloc(1, sizeof(*r));
	r->n++;
	r->wall_us = time_wall_us();
	snprintf(r->why, sizeof(r->why), "an agent%s%.46s %.90s", peer ? " at " : "",
		peer ? peer : "", what);
}

json_t *agent_introduce(struct enode *e, struct commit *c, const char *peer)
{
	struct node *next = c->next;
	char text[160];

	if (e->token_unsure && !flow_agent_known(next))
		flow_agent_forget(next); /* nobody has used it: this agent may have a new one */
	e->token_unsure = false;
	if (!flow_agent_has_token(next)) {
		e->agent_seen_ms = time_mono_ms();
		snprintf(text, sizeof(text), "an agent%s%s asked who it is and was given its token",
			peer ? " at " : "", peer ? peer : "");
		history_add(c, "INFO", "agent", NULL, NULL, 0, NULL, text);
	} else {
		agent_refused(e, peer, "asked who it is, but the token was given to another");
	}
	return flow_agent_lookup(next, e->en->flow);
}

void on_lookup(struct engine *en, struct request *r)
{
	struct enode *e;
	struct commit *c;
	struct err err;

	if (!json_array_size(json_object_get(r->args, "addresses")) &&
		str_empty(json_str(r->args, "node_uuid"))) {
		err_set(&err, EINVAL, "Incomplete lookup: addresses or node_uuid is required.");
		request_finish(r, -EINVAL, &err);
		return;
	}
	e = node_of_agent(en, r->args);
	if (!e || !fsm_lookup_allowed(e->state, en->flow->fast_track)) {
		refuse_lookup(r);
		return;
	}
	if (e->committing) {
		request_locked(e, r);
		return;
	}
	c = commit_new(e);
	request_answer(r, agent_introduce(e, c, r->text));
	commit_submit(c, lookup_durable, r);
}

static void heartbeat_taken(struct commit *c, void *data)
{
	struct enode *e = c->node;
	struct request *r = data;

	if (c->r == 0) {
		e->agent_seen_ms = time_mono_ms();
		if (!e->maintenance)
			run_resume(e);
	}
	request_finish(r, c->r, &c->err);
}

void on_heartbeat(struct enode *e, struct request *r)
{
	struct commit *c;
	struct err err;
	int ret;

	if (!fsm_lookup_allowed(e->state, true) && fsm_limit_of(e->state) != LIMIT_HOLD) {
		refuse_lookup(r);
		return;
	}
	ret = flow_agent_check(enode_get(e), r->args, &err);
	if (ret < 0) {
		agent_refused(e, r->text, err.text);
		request_finish(r, ret, &err);
		return;
	}
	c = commit_new(e);
	if (flow_agent_note(c->next, r->args)) {
		commit_submit(c, heartbeat_taken, r);
		return;
	}
	/* nothing new to keep: no commit for it */
	commit_drop(c);
	e->agent_seen_ms = time_mono_ms();
	if (!e->maintenance)
		run_resume(e);
	request_finish(r, 0, NULL);
}

static int64_t bounded(const json_t *args, const char *key)
{
	int64_t v = json_int(args, key, 0);

	return v < 0 ? 0 : v;
}

static void printable(char *dst, size_t size, const char *src)
{
	str_copy(dst, size, src ? src : "");
	for (; *dst; dst++)
		if ((unsigned char)*dst < 0x20 || *dst == 0x7f)
			*dst = '?';
}

/* Progress is news for people, never a reason to act; it is not kept. */
void on_progress_report(struct enode *e, struct request *r)
{
	struct progress *p;
	struct err err;

	if (!flow_agent_token_ok(enode_get(e), json_str(r->args, "agent_token"))) {
		err_set(&err, EACCES, "Invalid agent token.");
		request_finish(r, -EACCES, &err);
		return;
	}
	if (!e->progress)
		e->progress = xcalloc(1, sizeof(*e->progress));
	p = e->progress;
	printable(p->phase, sizeof(p->phase), json_str(r->args, "phase"));
	printable(p->message, sizeof(p->message), json_str(r->args, "message"));
	p->done = bounded(r->args, "bytes_done");
	p->total = bounded(r->args, "bytes_total");
	p->written = bounded(r->args, "bytes_written");
	p->rate = bounded(r->args, "rate_bps");
	p->at_ms = time_mono_ms();
	request_finish(r, 0, NULL);
}

static void homecoming(struct commit *c, void *data)
{
	struct request *r = data;

	if (c->r == 0)
		free(map_remove(&c->en->phone_home, r->ident));
	request_finish(r, c->r, &c->err);
}

static int home_check(struct enode *e, const struct request *r, struct err *err)
{
	const json_t *expected;

	if (!e)
		return err_set(
			err, ENOENT, "no deployment waits for this token; it is used up or over");
	expected = json_object_get(enode_get(e)->driver_internal_info, "phone_home");
	if (e->committing)
		return err_set(err, EAGAIN, "node %s is being changed; try again", e->uuid);
	if (!json_str(expected, "token") || !secret_eq(json_str(expected, "token"), r->ident))
		return err_set(
			err, ENOENT, "no deployment waits for this token; it is used up or over");
	if (!json_str(r->args, "nonce") ||
		!str_eq(json_str(expected, "nonce"), json_str(r->args, "nonce")))
		return err_set(err, EINVAL, "nonce: not that of this deployment's config drive");
	if (json_str(r->args, "hostname") && strlen(json_str(r->args, "hostname")) > 253)
		return err_set(err, EINVAL, "hostname: longer than 253 characters");
	return 0;
}

void on_phone_home(struct engine *en, struct request *r)
{
	struct enode *e = engine_find(en, map_get(&en->phone_home, r->ident));
	char host[256], text[512], when[TIME_TEXT_MAX];
	struct commit *c;
	json_t *report;
	struct err err;
	int ret = home_check(e, r, &err);

	if (ret < 0) {
		request_finish(r, ret, &err);
		return;
	}
	printable(host, sizeof(host), json_str(r->args, "hostname"));
	c = commit_new(e);
	report = json_pack("{s:s, s:s, s:s}", "hostname", host, "nonce", json_str(r->args, "nonce"),
		"at", time_format(time_wall_us(), when, sizeof(when)));
	json_object_set_new(c->next->driver_internal_info, "phone_home", report);
	snprintf(text, sizeof(text), "the deployed system reported itself as %s", host);
	commit_news(c, NEWS_PHONE_HOME, NULL, NULL, text);
	c->news.details = report;
	history_add(c, "INFO", "deployment", NULL, NULL, 0, NULL, text);
	log_info("node %s: %s", e->name ? e->name : e->uuid, text);
	commit_submit(c, homecoming, r);
}
