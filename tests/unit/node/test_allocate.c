/* Allocations: what was pending goes on after a restart, and what an instance's end takes along. */
#include "conductor/model/allocation.h"
#include "tests/unit/node/rig.h"

static const char wish[] = "11111111-1111-4111-8111-111111111111";
static const char late[] = "22222222-2222-4222-8222-222222222222";

/* A node that could be given, or, with another class or state, could not. */
static void put_node(struct rig *rig, const char *name, const char *class, enum provision_state s)
{
	struct store_txn *t = store_txn_new();
	struct node *n = node_make(name, NULL);
	char uuid[UUID_TEXT_MAX];
	struct err e;

	uuid_new(uuid);
	n->uuid = xstrdup(uuid);
	n->resource_class = xstrdup(class);
	n->provision_state = s;
	n->power_state = POWER_OFF;
	n->created_at = time_wall_us();
	store_txn_insert(t, &node_type, n);
	must(store_commit(rig->store, t, &e), &e);
	node_done(n);
	free(n);
}

/* As it is after the answer to its client, before a node is chosen. */
static void put_wish(struct rig *rig, const char *uuid, const char *class)
{
	struct store_txn *t = store_txn_new();
	struct allocation a;
	struct err e;

	record_init(&allocation_type, &a);
	a.uuid = xstrdup(uuid);
	a.resource_class = xstrdup(class);
	a.state = ALLOCATION_ALLOCATING;
	a.created_at = time_wall_us();
	store_txn_insert(t, &allocation_type, &a);
	must(store_commit(rig->store, t, &e), &e);
	record_done(&allocation_type, &a);
}

/* The allocation in the store, when it is decided. */
static void decided(struct rig *rig, const char *uuid, struct allocation *ret)
{
	int64_t until = time_mono_ms() + LIMIT_MS;

	record_init(&allocation_type, ret);
	for (;;) {
		store_get(rig->store, &allocation_type, "uuid", uuid, ret, NULL);
		if (ret->state != ALLOCATION_ALLOCATING || time_mono_ms() > until)
			return;
		record_done(&allocation_type, ret);
		record_init(&allocation_type, ret);
		usleep(2000);
	}
}

static int remove_instance(void *data, void *record, struct err *e)
{
	str_replace(&((struct node *)record)->instance_uuid, NULL);
	return 0;
}

static void test_restart(void)
{
	struct rig rig;
	struct allocation a;
	struct request *r;
	struct node n;
	struct ask ask_;
	struct err e;

	rig_open(&rig);
	put_node(&rig, "fits", "large", PS_AVAILABLE);
	put_node(&rig, "other", "small", PS_AVAILABLE);
	put_node(&rig, "busy", "large", PS_ACTIVE);
	put_wish(&rig, wish, "large");
	rig_run(&rig);
	decided(&rig, wish, &a);
	stored(&rig, "fits", &n);
	is_int(a.state, ALLOCATION_ACTIVE, "what was pending is served after a restart");
	is_str(a.node_uuid, n.uuid, "by the node that fits");
	is_str(n.instance_uuid, wish, "which is its instance's");
	record_done(&allocation_type, &a);
	node_done(&n);
	rig_stop(&rig);

	rig_open(&rig);
	put_wish(&rig, late, "large");
	rig_run(&rig);
	decided(&rig, late, &a);
	is_int(a.state, ALLOCATION_ERROR, "after the next one it is not given again");
	ok(a.last_error && strstr(a.last_error, "large"), "with a reason: %s", a.last_error);
	record_done(&allocation_type, &a);
	ask_init(&ask_);
	r = rq_new(&ask_, REQ_NODE_UPDATE, "fits");
	r->edit = remove_instance;
	is_int(ask(&rig, r, NULL, &e), 0, "the instance goes");
	record_init(&allocation_type, &a);
	is_int(store_get(rig.store, &allocation_type, "uuid", wish, &a, NULL), -ENOENT,
		"and its allocation with it");
	record_done(&allocation_type, &a);
	rig_end(&rig);
}

int main(void)
{
	test_restart();
	return done_testing();
}
