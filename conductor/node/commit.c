/* Durable first: a node's next record goes through the store before anything acts on it. */
#include "conductor/node/allocate.h"
#include "conductor/node/records.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

struct commit *commit_bare(struct engine *en)
{
	struct commit *c = xcalloc(1, sizeof(*c));

	c->en = en;
	c->txn = store_txn_new();
	list_init(&c->link);
	return c;
}

struct commit *commit_new(struct enode *e)
{
	struct commit *c = commit_bare(e->en);

	c->node = e;
	c->next = xmalloc(sizeof(*c->next));
	node_copy(c->next, enode_get(e));
	return c;
}

static void commit_free(struct commit *c)
{
	if (c->next) {
		node_done(c->next);
		free(c->next);
	}
	free(c);
}

void commit_drop(struct commit *c)
{
	store_txn_free(c->txn);
	c->r = -ECANCELED;
	records_finish(c);
	commit_free(c);
}

void commit_news(
	struct commit *c, enum news_kind kind, const char *from, const char *to, const char *cause)
{
	str_copy(c->cause, sizeof(c->cause), cause ? cause : "");
	c->news = (struct news){.kind = kind,
		.from = from,
		.to = to,
		.cause = c->cause,
		.wall_us = time_wall_us(),
		.duration_ms = c->node ? time_mono_ms() - c->node->state_since_ms : 0};
	c->has_news = true;
}

const struct node *commit_node(const struct commit *c)
{
	return c->next ? c->next : c->born;
}

void history_add(struct commit *c, const char *severity, const char *type, const char *from,
	const char *to, int64_t duration_ms, const char *user, const char *text)
{
	char uuid[UUID_TEXT_MAX];
	struct node_event ev = {.uuid = uuid,
		.node_uuid = commit_node(c)->uuid,
		.conductor = c->en->hostname,
		.severity = (char *)severity,
		.event = (char *)text,
		.event_type = (char *)type,
		.user = (char *)user,
		.from_state = (char *)from,
		.to_state = (char *)to,
		.duration_ms = duration_ms,
		.created_at = time_wall_us()};

	uuid_new(uuid);
	ev.updated_at = ev.created_at;
	store_txn_insert(c->txn, &node_event_type, &ev);
	store_txn_delete_where(c->txn, &node_event_type, "node_uuid", commit_node(c)->uuid,
		c->en->config.history_per_node);
}

/* On the store's writer thread. */
static void on_durable(void *data, int r, const struct err *e)
{
	struct commit *c = data;
	struct engine *en = c->en; /* once listed, c is the engine thread's to free */

	c->r = r;
	if (r < 0 && e)
		c->err = *e;
	pthread_mutex_lock(&en->lock);
	list_append(&en->commits, &c->link);
	pthread_mutex_unlock(&en->lock);
	uv_async_send(&en->wake);
}

/* As Ironic shows it: a flow or a change of its power works on the node at this moment. */
static bool reserved(const struct node *n)
{
	enum provision_state s = (enum provision_state)n->provision_state;
	bool rests = provision_state_is_stable(s) || provision_state_is_wait(s) ||
		     fsm_limit_of(s) == LIMIT_HOLD;

	return !rests || n->target_power_state != POWER_NONE;
}

void commit_submit(struct commit *c, void (*then)(struct commit *c, void *data), void *data)
{
	c->then = then;
	c->data = data;
	allocation_follow(c);
	if (c->next) {
		c->next->updated_at = time_wall_us();
		str_replace(&c->next->reservation, reserved(c->next) ? c->en->hostname : NULL);
		store_txn_put(c->txn, &node_type, c->next);
	}
	if (c->node)
		c->node->committing = true;
	if (c->has_news) {
		if (c->next)
			c->news.node = c->next;
		if (c->en->config.deliveries)
			c->en->config.deliveries(c->en->config.deliveries_data, &c->news, c->txn);
	}
	store_submit(c->en->store, TAKE_PTR(c->txn), on_durable, c);
}

/* The log hears of the first change that is refused, and of the first that is taken again. */
static void store_away(struct commit *c)
{
	struct engine *en = c->en;

	c->store_away = true;
	if (c->r != -ENOSPC)
		c->r = -EAGAIN;
	c->err.code = -c->r;
	err_prefix(&c->err, "the store did not take the change");
	if (!en->store_away_ms) {
		en->store_away_ms = time_mono_ms();
		en->store_refused = 0;
		log_error(
			"%s; flows wait, and requests that change something are refused, until it "
			"does",
			c->err.text);
	}
	en->store_refused++;
}

static void store_back(struct engine *en)
{
	log_warning("the store takes changes again, after %llu refused in %lld s",
		(unsigned long long)en->store_refused,
		(long long)(time_mono_ms() - en->store_away_ms) / 1000);
	en->store_away_ms = 0;
}

void commit_finished(struct commit *c)
{
	struct enode *e = c->node;

	if (e)
		e->committing = false;
	if (c->r == 0 && c->en->store_away_ms)
		store_back(c->en);
	if (store_out_of_order(c->r)) {
		store_away(c);
	} else if (c->r < 0) {
		log_error("node %s: the store refused a change: %s", e ? e->uuid : "(new)",
			c->err.text);
	} else if (e && c->next) {
		if (c->has_disks && e->run)
			json_decref(TAKE_PTR(e->run->found.disks));
		if (c->has_settings && e->run) {
			json_decref(TAKE_PTR(e->run->found.bios));
			json_decref(TAKE_PTR(e->run->found.firmware));
		}
		enode_replace(e, TAKE_PTR(c->next));
		c->news.node = e->hot;
	}
	if (c->r == 0 && c->born)
		enode_new(c->en, c->born);
	records_finish(c);
	if (c->r == 0 && c->has_news)
		engine_publish(c->en, &c->news);
	if (e)
		enode_ready(e);
	if (c->then)
		c->then(c, c->data);
	commit_free(c);
}
