/* Which node an allocation gets, and when it may go; see allocate.h. */
#include "conductor/node/allocate.h"
#include "conductor/model/allocation.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define RETRY_MS    100
#define RETRIES_MAX 30

/* An allocation that has no node yet. */
struct pending {
	struct engine *en;
	struct list link;
	unsigned tries;
	char uuid[UUID_TEXT_MAX];
};

/* --- choosing -----------------------------------------------------------------------------------
 */

/* What was found on the way to a node, to say why there is none. */
struct choice {
	const struct allocation *a;
	char *class_text; /* how a record's text begins to name it */
	struct enode *node;
	unsigned suitable; /* but for traits */
	unsigned busy;	   /* suitable, and something is being changed */
};

static bool has_traits(const json_t *traits, const json_t *wanted)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)wanted, i, one) {
		if (!json_array_has(traits, one))
			return false;
	}
	return true;
}

static bool of_owner(const struct node *n, const char *owner)
{
	return !owner || str_eq(n->owner, owner) || str_eq(n->lessee, owner);
}

/* Looks at one node; true: it is the one. */
static bool consider(struct choice *ch, struct enode *e)
{
	const struct node *n;
	bool cold, fits;

	if (!e || e->state != PS_AVAILABLE || e->maintenance || !e->power)
		return false;
	if (!strstr(e->doc, ch->class_text)) /* most are told apart without being parsed */
		return false;
	cold = !e->hot;
	n = enode_get(e);
	fits = str_eq(n->resource_class, ch->a->resource_class) && !n->instance_uuid &&
	       of_owner(n, ch->a->owner);
	ch->suitable += fits;
	fits = fits && has_traits(n->traits, ch->a->traits);
	if (fits && e->committing)
		ch->busy++;
	else if (fits)
		ch->node = e;
	if (cold && !ch->node && !e->run && !e->committing)
		enode_cool(e);
	return ch->node != NULL;
}

/* The same for the same allocation, and somewhere else for each: they do not queue up for one. */
static size_t start_of(const struct allocation *a, size_t n)
{
	size_t h = 5381;

	for (const char *p = a->uuid; *p; p++)
		h = h * 33 + (unsigned char)*p;
	return n ? h % n : 0;
}

static void consider_candidates(struct choice *ch, struct engine *en)
{
	const json_t *list = ch->a->candidate_nodes;
	size_t n = json_array_size(list), start = start_of(ch->a, n);

	for (size_t i = 0; i < n; i++) {
		const char *uuid = json_string_value(json_array_get(list, (start + i) % n));

		if (uuid && consider(ch, map_get(&en->nodes, uuid)))
			return;
	}
}

static void consider_all(struct choice *ch, struct engine *en)
{
	size_t start = start_of(ch->a, en->nodes.cap), pos = start;
	void *e;

	while (map_next(&en->nodes, &pos, NULL, &e))
		if (consider(ch, e))
			return;
	pos = 0;
	while (pos < start && map_next(&en->nodes, &pos, NULL, &e))
		if (consider(ch, e))
			return;
}

/* A node of the allocation's own name comes first. */
static void choose(struct choice *ch, struct engine *en)
{
	_cleanup_json_ json_t *class = json_pack("{s:s}", "resource_class", ch->a->resource_class);
	_cleanup_free_ char *text = json_text(class);
	struct enode *namesake = ch->a->name ? map_get(&en->names, ch->a->name) : NULL;
	_cleanup_json_ json_t *uuid = namesake ? json_string(namesake->uuid) : NULL;
	const json_t *candidates = ch->a->candidate_nodes;

	text[strlen(text) - 1] = '\0'; /* of {"resource_class":"x"} the inner part */
	ch->class_text = text + 1;
	if (namesake && (!json_array_size(candidates) || json_array_has(candidates, uuid)) &&
		consider(ch, namesake))
		return;
	ch->suitable = ch->busy = 0;
	if (json_array_size(candidates))
		consider_candidates(ch, en);
	else
		consider_all(ch, en);
}

static char *why_none(const struct choice *ch)
{
	const char *class = ch->a->resource_class;

	if (ch->busy)
		return xasprintf(
			"none of %u suitable nodes could be reserved: each was being changed; try "
			"again",
			ch->busy);
	if (ch->suitable)
		return xasprintf("none of %u nodes of resource class %s that are free has all the "
				 "traits asked for",
			ch->suitable, class);
	if (json_array_size(ch->a->candidate_nodes))
		return xasprintf("none of the candidate nodes is available, without an instance "
				 "and of resource class %s",
			class);
	return xasprintf("no node of resource class %s is available, without an instance, not in "
			 "maintenance and with a known power state",
		class);
}

/* --- those that wait ----------------------------------------------------------------------------
 */

static void on_timer(uv_timer_t *t);

static void look_again(struct engine *en, int64_t ms)
{
	if (!en->stopping && !uv_is_active((uv_handle_t *)&en->allocation_timer))
		uv_timer_start(&en->allocation_timer, on_timer, (uint64_t)ms, 0);
}

static void pend(struct engine *en, const char *uuid)
{
	struct pending *p = xcalloc(1, sizeof(*p));

	p->en = en;
	str_copy(p->uuid, sizeof(p->uuid), uuid);
	list_append(&en->allocations, &p->link);
}

static void pend_again(struct pending *p, int64_t ms)
{
	list_append(&p->en->allocations, &p->link);
	look_again(p->en, ms);
}

static void occupy(struct node *n, const struct allocation *a)
{
	str_replace(&n->instance_uuid, a->uuid);
	str_replace(&n->allocation_uuid, a->uuid);
	json_object_set(n->instance_info, "traits", a->traits);
}

static void set_free(struct node *n)
{
	str_replace(&n->instance_uuid, NULL);
	str_replace(&n->allocation_uuid, NULL);
}

static void failed(struct commit *c, void *data)
{
	struct pending *p = data;

	if (c->r < 0)
		pend_again(p, 1000);
	else
		free(p);
}

static void fail(struct pending *p, struct allocation *a, const char *why)
{
	struct commit *c = commit_bare(p->en);
	struct err err;

	log_warning("allocation %s: %s", a->uuid, why);
	a->state = ALLOCATION_ERROR;
	str_replace(&a->last_error, why);
	a->updated_at = time_wall_us();
	if (record_put(c, &allocation_type, a, &err) < 0) {
		commit_drop(c);
		pend_again(p, RETRY_MS);
		return;
	}
	commit_submit(c, failed, p);
}

/* -EEXIST: its UUID is the instance of another node, which no other choice would change. */
static void given(struct commit *c, void *data)
{
	struct pending *p = data;
	struct resident *res = resident_find(c->en, &allocation_type, p->uuid);
	struct allocation a;

	if (c->r == -EEXIST && res) {
		resident_read(res, &a);
		fail(p, &a, "its UUID is already the instance of another node");
		record_done(&allocation_type, &a);
	} else if (c->r < 0) {
		pend_again(p, 1000);
	} else {
		free(p);
	}
}

static void give(struct pending *p, struct allocation *a, struct enode *e)
{
	struct commit *c = commit_new(e);
	struct err err;
	char text[128];

	str_replace(&a->node_uuid, e->uuid);
	a->state = ALLOCATION_ACTIVE;
	a->updated_at = time_wall_us();
	occupy(c->next, a);
	if (record_put(c, &allocation_type, a, &err) < 0) {
		commit_drop(c);
		enode_ready(e);
		pend_again(p, RETRY_MS);
		return;
	}
	snprintf(text, sizeof(text), "given to allocation %s", a->uuid);
	history_add(c, "INFO", "allocation", NULL, NULL, 0, NULL, text);
	commit_submit(c, given, p);
}

static void serve(struct pending *p, struct resident *res)
{
	struct allocation a;
	struct choice ch = {.a = &a};

	resident_read(res, &a);
	if (a.state != ALLOCATION_ALLOCATING) {
		free(p);
	} else {
		choose(&ch, p->en);
		if (ch.node) {
			give(p, &a, ch.node);
		} else if (ch.busy && p->tries++ < RETRIES_MAX) {
			pend_again(p, RETRY_MS);
		} else {
			_cleanup_free_ char *why = why_none(&ch);

			fail(p, &a, why);
		}
	}
	record_done(&allocation_type, &a);
}

static void on_timer(uv_timer_t *t)
{
	struct engine *en = t->data;
	struct list now;
	struct pending *p;

	list_init(&now);
	while ((p = list_first(&en->allocations, struct pending, link))) {
		list_remove(&p->link);
		list_append(&now, &p->link);
	}
	while ((p = list_first(&now, struct pending, link))) {
		struct resident *res = resident_find(en, &allocation_type, p->uuid);

		list_remove(&p->link);
		if (!res)
			free(p); /* deleted meanwhile */
		else if (res->busy)
			pend_again(p, RETRY_MS);
		else
			serve(p, res);
	}
}

void allocations_start(struct engine *en)
{
	struct resident *res;
	struct allocation a;

	for (size_t pos = 0; (res = resident_next(en, &allocation_type, &pos));) {
		resident_read(res, &a);
		if (a.state == ALLOCATION_ALLOCATING)
			pend(en, res->uuid);
		record_done(&allocation_type, &a);
	}
	if (!list_empty(&en->allocations))
		look_again(en, 0);
}

void allocations_free(struct engine *en)
{
	struct pending *p;

	while ((p = list_first(&en->allocations, struct pending, link))) {
		list_remove(&p->link);
		free(p);
	}
}

/* --- clients' changes ---------------------------------------------------------------------------
 */

/* A node that runs already gets the allocation it never had; flag: no UUID was asked for. */
static int backfill(struct record_change *ch, struct allocation *a, struct err *e)
{
	const struct node *n = enode_get(ch->node);
	_cleanup_json_ json_t *uuid = json_string(n->uuid);

	if (ch->request->flag && n->instance_uuid)
		str_replace(&a->uuid, n->instance_uuid);
	if (!a->resource_class)
		str_replace(&a->resource_class, n->resource_class);
	if (resident_find(ch->en, &allocation_type, a->uuid))
		return 0; /* refused as a duplicate */
	if (n->instance_uuid && !str_eq(n->instance_uuid, a->uuid))
		return err_set(e, ESTALE, "Node %s is associated with instance %s.", n->uuid,
			n->instance_uuid);
	if (n->provision_state != PS_ACTIVE)
		return err_set(e, EINVAL,
			"node: %s is %s; only a node that is active can be given an allocation "
			"afterwards",
			n->uuid, provision_state_name((enum provision_state)n->provision_state));
	if (!str_eq(n->resource_class, a->resource_class))
		return err_set(e, EINVAL, "resource_class: that of node %s is %s", n->uuid,
			n->resource_class ? n->resource_class : "not set");
	if (!has_traits(n->traits, a->traits))
		return err_set(e, EINVAL, "traits: node %s does not have all of them", n->uuid);
	if (json_array_size(a->candidate_nodes) && !json_array_has(a->candidate_nodes, uuid))
		return err_set(e, EINVAL, "candidate_nodes: node %s is not among them", n->uuid);
	a->state = ALLOCATION_ACTIVE;
	return 0;
}

static int may_leave(const struct record_change *ch, const struct allocation *a, struct err *e)
{
	const struct node *n = ch->node ? enode_get(ch->node) : NULL;

	if (!n || n->maintenance)
		return 0;
	if ((n->target_provision_state && !fsm_update_allowed(ch->node->state)) ||
		ch->node->state == PS_ACTIVE)
		return err_set(e, ESTALE,
			"Allocation %s can not be removed while its node %s is %s; undeploy the "
			"node or "
			"set maintenance",
			a->uuid, n->uuid, provision_state_name(ch->node->state));
	return 0;
}

int allocation_check(struct record_change *ch, struct err *e)
{
	struct allocation *a = ch->new;

	if (!a)
		return may_leave(ch, ch->old, e);
	if (ch->old)
		return 0;
	if (a->node_uuid)
		return backfill(ch, a, e);
	a->state = ALLOCATION_ALLOCATING;
	return 0;
}

void allocation_with(struct record_change *ch, struct commit *c)
{
	if (!c->node || (ch->old && ch->new))
		return;
	c->next = xmalloc(sizeof(*c->next));
	node_copy(c->next, enode_get(c->node));
	if (ch->new)
		occupy(c->next, ch->new);
	else
		set_free(c->next);
}

void allocation_after(struct record_change *ch)
{
	const struct allocation *a = ch->new;

	if (!a || ch->old || a->state != ALLOCATION_ALLOCATING)
		return;
	pend(ch->en, a->uuid);
	look_again(ch->en, 0);
}

void allocation_follow(struct commit *c)
{
	struct resident *res = c->node ? resident_of_node(c->node, &allocation_type, NULL) : NULL;

	if (!res || !c->next || c->next->instance_uuid)
		return;
	record_remove(c, res);
	str_replace(&c->next->allocation_uuid, NULL);
}
