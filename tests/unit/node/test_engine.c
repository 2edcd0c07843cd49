/*
 * The engine from outside, where a script cannot reach: requests that come at the same time, a
 * store that refuses, records as an interrupted conductor left them.
 */
#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/node/rig.h"

static void test_life(struct rig *rig)
{
	is_int(create(rig, "life", NULL), 0, "create");
	is_int(create(rig, "life", NULL), -EEXIST, "a second of that name");
	is_int(provision(rig, "life", VERB_MANAGE, NULL), 0, "manage");
	is_str(reach(rig, "life", "manageable"), "manageable", "manageable");
	is_int(provision(rig, "life", VERB_PROVIDE, NULL), 0, "provide");
	is_str(reach(rig, "life", "available"), "available", "available");
	is_int(provision(rig, "life", VERB_DEPLOY, NULL), 0, "deploy");
	is_str(reach(rig, "life", "active"), "active", "active");
	is_int(provision(rig, "life", VERB_ADOPT, NULL), -EINVAL, "a verb that the state has not");
	is_int(provision(rig, "nobody", VERB_MANAGE, NULL), -ENOENT, "an unknown node");
	is_int(provision(rig, "life", VERB_DELETE, NULL), 0, "undeploy");
	is_str(reach(rig, "life", "available"), "available", "available again");
}

static void to_manageable(struct rig *rig, const char *name, json_t *driver_info)
{
	create(rig, name, driver_info);
	provision(rig, name, VERB_MANAGE, NULL);
	reach(rig, name, "manageable");
}

static void test_failure(struct rig *rig)
{
	_cleanup_json_ json_t *j = NULL;
	struct node n;

	to_manageable(rig, "fails", json_pack("{s:s}", "fake_clean_failure", "the brush broke"));
	provision(rig, "fails", VERB_PROVIDE, NULL);
	is_str(reach(rig, "fails", "clean failed"), "clean failed",
		"a call's failure is the flow's");
	j = why(rig, "fails");
	ok(strstr(json_str(j, "last_error"), "the brush broke"), "with its reason: %s",
		json_str(j, "last_error"));
	is_str(json_str(j, "target_provision_state"), "available", "the target stays");
	stored(rig, "fails", &n);
	ok(n.last_error && strstr(n.last_error, "the brush broke"), "the store knows it, too");
	node_done(&n);
	is_int(provision(rig, "fails", VERB_MANAGE, NULL), 0, "one command");
	is_str(reach(rig, "fails", "manageable"), "manageable", "and it is manageable");
}

static int add_extra(void *data, void *record, struct err *e)
{
	struct node *n = record;
	char key[32];

	snprintf(key, sizeof(key), "k%d", *(int *)data);
	json_object_set_new(n->extra, key, json_true());
	return 0;
}

#define WRITERS 8
#define EDITS	25

struct writer {
	struct rig *rig;
	pthread_t thread;
	int first, failed;
};

/* An edit gets its number by r->data, so it has an ask() of its own kind. */
struct numbered {
	struct ask ask;
	int number;
};

static int edit_numbered(void *data, void *record, struct err *e)
{
	return add_extra(&((struct numbered *)data)->number, record, e);
}

static void *write_extras(void *data)
{
	struct writer *w = data;

	for (int i = 0; i < EDITS; i++) {
		struct numbered q = {.number = w->first + i};
		struct request *r;

		ask_init(&q.ask);
		r = rq_new(&q.ask, REQ_NODE_UPDATE, "many");
		r->edit = edit_numbered;
		w->failed += ask(w->rig, r, NULL, NULL) < 0;
	}
	return NULL;
}

static void test_concurrent(struct rig *rig)
{
	struct writer w[WRITERS];
	int failed = 0;
	struct node n;

	create(rig, "many", NULL);
	for (int i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){.rig = rig, .first = i * EDITS};
		pthread_create(&w[i].thread, NULL, write_extras, &w[i]);
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(w[i].thread, NULL);
		failed += w[i].failed;
	}
	stored(rig, "many", &n);
	is_int(failed, 0, "every change is taken");
	is_int(json_object_size(n.extra), WRITERS * EDITS, "and none is lost");
	node_done(&n);
}

/* Several requests that are there before the first is looked at. */
static void submit_all(struct rig *rig, struct ask *a, struct request **r, int n)
{
	for (int i = 0; i < n; i++)
		engine_submit(rig->engine, r[i]);
	ok(ask_wait(a, n), "all %d are answered", n);
}

static void free_all(struct request **r, int n)
{
	for (int i = 0; i < n; i++)
		request_free(r[i]);
}

static void test_locked(struct rig *rig)
{
	struct request *r[5];
	struct ask a;

	to_manageable(rig, "busy", json_pack("{s:f}", "fake_clean_delay", 0.3));
	ask_init(&a);
	r[0] = rq_new(&a, REQ_PROVISION, "busy");
	r[0]->verb = VERB_PROVIDE;
	r[1] = rq_new(&a, REQ_PROVISION, "busy");
	r[1]->verb = VERB_PROVIDE;
	r[2] = rq_new(&a, REQ_POWER, "busy");
	r[2]->power = POWER_ON;
	r[3] = rq_new(&a, REQ_NODE_DELETE, "busy");
	r[4] = rq_new(&a, REQ_MAINTENANCE, "busy"); /* behind a deletion that is refused */
	r[4]->flag = true;
	r[4]->text = xstrdup("while it works");
	submit_all(rig, &a, r, 5);
	is_int(r[0]->result, 0, "the first begins");
	is_int(r[1]->result, -EBUSY, "the second finds the node locked");
	ok(strstr(r[1]->err.text, "locked by host rig"), "and by whom: %s", r[1]->err.text);
	is_int(r[2]->result, -EINVAL, "no power change while cleaning");
	is_int(r[3]->result, -ESTALE, "no deletion while cleaning");
	is_int(r[4]->result, 0, "maintenance can be set at any time");
	free_all(r, 5);
	is_str(reach(rig, "busy", "available"), "available", "the work ends all the same");
}

static void test_change_beside_a_flow(struct rig *rig)
{
	struct node n;

	stored(rig, "busy", &n);
	ok(n.maintenance, "what was set while the flow ran is still set after it");
	is_str(n.maintenance_reason, "while it works", "with its reason");
	is_int(n.provision_state, PS_AVAILABLE, "beside the flow's own change");
	node_done(&n);
}

static void test_delete_in_queue(struct rig *rig)
{
	struct request *r[4];
	struct ask a;

	create(rig, "doomed", NULL);
	ask_init(&a);
	for (int i = 0; i < 4; i++) {
		r[i] = rq_new(&a, i == 1 ? REQ_NODE_DELETE : REQ_MAINTENANCE, "doomed");
		r[i]->flag = true;
	}
	submit_all(rig, &a, r, 4);
	is_int(r[0]->result, 0, "before the deletion");
	is_int(r[1]->result, 0, "the deletion");
	is_int(r[2]->result, -ENOENT, "behind it there is no node");
	is_int(r[3]->result, -ENOENT, "nor for the one after");
	free_all(r, 4);
	is_int(create(rig, "doomed", NULL), 0, "its name is free");
}

static int rename_to_many(void *data, void *record, struct err *e)
{
	str_replace(&((struct node *)record)->name, "many");
	return 0;
}

static void test_name_taken(struct rig *rig)
{
	struct request *r;
	struct err e;
	struct ask a;

	create(rig, "other", NULL);
	ask_init(&a);
	r = rq_new(&a, REQ_NODE_UPDATE, "other");
	r->edit = rename_to_many;
	is_int(ask(rig, r, NULL, &e), -EEXIST, "a name that is taken");
	is_str(e.text, "A node with name many already exists.", "says so");
	is_str(reach(rig, "other", "enroll"), "enroll", "the node is found under its old name");
}

/* From now on no file may grow: the store cannot write its log. */
static void break_store(bool broken)
{
	static struct rlimit before;
	struct rlimit none;

	if (!broken) {
		setrlimit(RLIMIT_FSIZE, &before);
		return;
	}
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	none = before;
	none.rlim_cur = 1;
	setrlimit(RLIMIT_FSIZE, &none);
}

static void test_store_refuses(struct rig *rig)
{
	struct node n;
	struct err e;
	int r;

	create(rig, "unsaved", NULL);
	break_store(true);
	r = provision(rig, "unsaved", VERB_MANAGE, &e);
	break_store(false);
	ok(r < 0, "a change that is not durable is not acknowledged: %s", e.text);
	is_str(reach(rig, "unsaved", "enroll"), "enroll", "the node is what it was");
	stored(rig, "unsaved", &n);
	is_int(n.provision_state, PS_ENROLL, "in the store as well");
	node_done(&n);
	is_int(provision(rig, "unsaved", VERB_MANAGE, NULL), 0, "it works when the store does");
	is_str(reach(rig, "unsaved", "manageable"), "manageable", "manageable");
}

/* The engine has noticed that the store is out of order. */
static bool waits_for_store(struct rig *rig, const char *name)
{
	int64_t end = time_mono_ms() + LIMIT_MS;
	bool found = false;

	while (!found && time_mono_ms() < end) {
		_cleanup_json_ json_t *j = why(rig, name);
		const char *text = json_str(j, "waits_for");

		found = text && strstr(text, "store");
		usleep(1000);
	}
	return found;
}

static void test_store_refuses_flow(struct rig *rig)
{
	_cleanup_json_ json_t *j = NULL;

	to_manageable(rig, "stuck", json_pack("{s:f}", "fake_clean_delay", 0.2));
	provision(rig, "stuck", VERB_PROVIDE, NULL);
	break_store(true);
	ok(waits_for_store(rig, "stuck"),
		"a flow whose end cannot be written says what it waits for");
	break_store(false);
	is_str(reach(rig, "stuck", "available"), "available", "it goes on once it can be");
	j = why(rig, "stuck");
	ok(str_empty(json_str(j, "last_error")), "without an error");
}

static void test_power(struct rig *rig)
{
	struct request *r[2];
	int64_t end = time_mono_ms() + LIMIT_MS;
	struct node n;
	struct ask a;

	to_manageable(rig, "power", json_pack("{s:f}", "fake_power_delay", 0.2));
	ask_init(&a);
	for (int i = 0; i < 2; i++) {
		r[i] = rq_new(&a, REQ_POWER, "power");
		r[i]->power = POWER_ON;
	}
	submit_all(rig, &a, r, 2);
	is_int(r[0]->result, 0, "power on");
	is_int(r[1]->result, -EBUSY, "one power change at a time");
	free_all(r, 2);
	do {
		usleep(1000);
		stored(rig, "power", &n);
		if (n.power_state == POWER_ON || time_mono_ms() > end)
			break;
		node_done(&n);
	} while (true);
	is_int(n.power_state, POWER_ON, "it is on");
	is_int(n.target_power_state, POWER_NONE, "and nothing is under way");
	node_done(&n);
}

/* A record as a conductor left it that was killed; by_agent: its deploy interface is direct. */
static struct node *left(const char *name, enum provision_state state, enum provision_state target,
	json_t *cursor, bool by_agent)
{
	struct node *n = node_make(name, NULL);
	char uuid[UUID_TEXT_MAX];
	struct err e;

	uuid_new(uuid);
	n->uuid = xstrdup(uuid);
	if (by_agent)
		str_replace(&n->interfaces[IF_DEPLOY], "direct");
	must(driver_complete(n, NULL, &e), &e);
	n->conductor_group = xstrdup("");
	n->provision_state = (int)state;
	n->target_provision_state = (int)target;
	n->power_state = POWER_ON;
	n->created_at = n->updated_at = n->provision_updated_at = time_wall_us();
	if (cursor)
		json_object_set_new(n->driver_internal_info, "ingot_flow", cursor);
	return n;
}

static void leave_node(struct rig *rig, struct node *n)
{
	struct store_txn *txn = store_txn_new();
	struct err e;

	store_txn_insert(txn, &node_type, n);
	must(store_commit(rig->store, txn, &e), &e);
	node_done(n);
	free(n);
}

static void leave(struct rig *rig, const char *name, enum provision_state state,
	enum provision_state target, json_t *cursor, enum power_state power_target)
{
	struct node *n = left(name, state, target, cursor, false);

	n->target_power_state = (int)power_target;
	leave_node(rig, n);
}

/* In the core step of a deployment by the agent, at a call of that. */
static void leave_in_step(struct rig *rig, const char *name, int sub)
{
	struct node *n = left(name, PS_DEPLOYING, PS_ACTIVE,
		json_pack("{s:s, s:i, s:i, s:b}", "flow", "deploy by agent", "call", 0, "sub", sub,
			"manual", 0),
		true);

	json_object_set_new(n->driver_internal_info, "deploy_steps",
		json_pack("[{s:s, s:s, s:i}]", "interface", "deploy", "step", "deploy", "priority",
			100));
	json_put_int(n->driver_internal_info, "deploy_step_index", 0);
	leave_node(rig, n);
}

static json_t *cursor(const char *flow, int call)
{
	return json_pack(
		"{s:s, s:i, s:i, s:b}", "flow", flow, "call", call, "sub", -1, "manual", 0);
}

static void test_recovery(struct rig *rig)
{
	struct node n;

	rig_open(rig);
	leave(rig, "begun", PS_CLEANING, PS_AVAILABLE, NULL, POWER_NONE);
	leave(rig, "by-hand", PS_CLEANING, PS_MANAGEABLE, NULL, POWER_NONE);
	leave(rig, "called", PS_CLEANING, PS_AVAILABLE, cursor("clean fake", 0), POWER_NONE);
	leave(rig, "foreign", PS_DEPLOYING, PS_ACTIVE, cursor("no such flow", 3), POWER_NONE);
	leave(rig, "beyond", PS_DEPLOYING, PS_ACTIVE, cursor("deploy fake", 99), POWER_NONE);
	leave(rig, "undeploy", PS_DELETING, PS_AVAILABLE, NULL, POWER_NONE);
	leave_in_step(rig, "reported", 3);
	leave_in_step(rig, "nowhere", 99);
	leave(rig, "half-on", PS_ACTIVE, PS_NONE, NULL, POWER_ON);
	rig_run(rig);
	is_str(reach(rig, "begun", "available"), "available", "a flow without a call begins");
	is_str(reach(rig, "by-hand", "manageable"), "manageable", "towards its target");
	is_str(reach(rig, "called", "available"), "available", "a call that can be repeated is");
	is_str(reach(rig, "undeploy", "available"), "available", "tear down and cleaning follow");
	is_str(reach(rig, "foreign", "deploy failed"), "deploy failed", "an unknown flow fails");
	is_str(reach(rig, "beyond", "deploy failed"), "deploy failed",
		"so does an impossible call");
	is_str(reach(rig, "nowhere", "deploy failed"), "deploy failed", "also one of a step");
	is_str(reach(rig, "reported", "deploy failed"), "deploy failed",
		"an agent that has reported");
	stored(rig, "reported", &n);
	ok(n.last_error && strstr(n.last_error, "deploy steps"), "is not waited for again: %s",
		n.last_error);
	node_done(&n);
	is_str(reach(rig, "half-on", "active"), "active", "an active node stays active");
	stored(rig, "half-on", &n);
	is_int(n.target_power_state, POWER_NONE, "a power change that was cut off is over");
	ok(n.last_error && strstr(n.last_error, "restart"), "and said so: %s", n.last_error);
	node_done(&n);
	rig_end(rig);
}

static void test_stop_in_the_middle(struct rig *rig)
{
	rig_start(rig);
	to_manageable(rig, "later", json_pack("{s:f}", "fake_clean_delay", 30.0));
	provision(rig, "later", VERB_PROVIDE, NULL);
	is_str(reach(rig, "later", "cleaning"), "cleaning", "the work is under way");
	rig_stop(rig);
	rig_open(rig);
	rig_run(rig);
	is_str(reach(rig, "later", "cleaning"), "cleaning", "a stop is no failure: it goes on");
	rig_end(rig);
}

int main(void)
{
	struct rig rig;

	rig_start(&rig);
	test_life(&rig);
	test_failure(&rig);
	test_concurrent(&rig);
	test_locked(&rig);
	test_change_beside_a_flow(&rig);
	test_delete_in_queue(&rig);
	test_name_taken(&rig);
	test_power(&rig);
	test_store_refuses(&rig);
	test_store_refuses_flow(&rig);
	rig_end(&rig);
	test_recovery(&rig);
	test_stop_in_the_middle(&rig);
	return done_testing();
}
