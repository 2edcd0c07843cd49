/* Admission: who waits for a slot, in which order, what it says meanwhile, and over a restart. */
#include "tests/unit/node/rig.h"

static void make(struct rig *rig, const char *name, double clean_s, int priority)
{
	struct request *r;
	struct node *n;
	struct ask a;

	ask_init(&a);
	r = rq_new(&a, REQ_NODE_CREATE, NULL);
	n = node_make(name, json_pack("{s:f}", "fake_clean_delay", clean_s));
	if (priority)
		json_put_int(n->extra, "ingot_priority", priority);
	r->record = n;
	ask(rig, r, NULL, NULL);
	provision(rig, name, VERB_MANAGE, NULL);
	reach(rig, name, "manageable");
}

/* Its place in the queue, 0: it is in none. */
static int place(struct rig *rig, const char *name)
{
	_cleanup_json_ json_t *j = why(rig, name);

	return (int)json_int(json_object_get(j, "queue"), "place", 0);
}

static void queue_of(struct rig *rig, char *buf, size_t size)
{
	json_t *answer = NULL, *row;
	struct ask a;
	size_t i;

	ask_init(&a);
	ask(rig, rq_new(&a, REQ_QUEUE_LIST, NULL), &answer, NULL);
	buf[0] = '\0';
	json_array_foreach (json_object_get(answer, "waiting"), i, row) {
		strncat(buf, i ? " " : "", size - strlen(buf) - 1);
		strncat(buf, json_str(row, "name"), size - strlen(buf) - 1);
	}
	json_decref(answer);
}

static void queue_is(struct rig *rig, const char *want, const char *what)
{
	int64_t end = time_mono_ms() + LIMIT_MS;
	char buf[200];

	do {
		queue_of(rig, buf, sizeof(buf));
		if (!str_eq(buf, want))
			usleep(1000);
	} while (!str_eq(buf, want) && time_mono_ms() < end);
	is_str(buf, want, "%s", what);
}

static void test_order(struct rig *rig)
{
	static const char *const names[] = {"one", "two", "three"};
	_cleanup_json_ json_t *j = NULL;

	make(rig, "long", 30, 0);
	provision(rig, "long", VERB_PROVIDE, NULL);
	is_str(reach(rig, "long", "cleaning"), "cleaning", "the first one is cleaned");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		make(rig, names[i], 0, 0);
		provision(rig, names[i], VERB_PROVIDE, NULL);
		is_str(reach(rig, names[i], "clean wait"), "clean wait", "%s waits", names[i]);
	}
	queue_is(rig, "one two three", "first come, first served");
	make(rig, "urgent", 0, 10);
	make(rig, "idle", 0, -1);
	provision(rig, "idle", VERB_PROVIDE, NULL);
	queue_is(rig, "one two three idle", "the unimportant come last");
	provision(rig, "urgent", VERB_PROVIDE, NULL);
	queue_is(rig, "urgent one two three idle", "who matters more goes first");
	j = why(rig, "two");
	ok(json_str(j, "waits_for") &&
			str_starts(json_str(j, "waits_for"), "a clean slot, 3rd of 5"),
		"why says so: %s", json_str(j, "waits_for"));
	ok(json_str(j, "waits_since") && !json_str(j, "waits_until"), "since when, and no limit");
}

static void test_leaving(struct rig *rig)
{
	struct err e;

	is_int(provision(rig, "two", VERB_ABORT, &e), 0, "who waits can be aborted");
	is_str(reach(rig, "two", "clean failed"), "clean failed", "and is where an abort leads");
	queue_is(rig, "urgent one three idle", "the others move up");
	is_int(place(rig, "three"), 3, "and can see it");
	is_str(reach(rig, "long", "cleaning"), "cleaning", "the first one is not disturbed");
}

static void test_restart(struct rig *rig)
{
	rig_stop(rig);
	rig_open(rig);
	rig->max_clean = 1;
	rig_run(rig);
	queue_is(rig, "urgent one three idle", "a restart finds the same queue");
	is_str(reach(rig, "long", "cleaning"), "cleaning", "and who is cleaned");
	rig_stop(rig);
	rig_open(rig);
	rig->max_clean = 2;
	rig_run(rig);
	is_str(reach(rig, "idle", "available"), "available", "with one more slot all get through");
	is_str(reach(rig, "urgent", "available"), "available", "one after the other");
	queue_is(rig, "", "and nobody waits");
	is_str(reach(rig, "long", "cleaning"), "cleaning", "but for the one that takes long");
	rig_end(rig);
}

int main(void)
{
	struct rig rig;

	rig_open(&rig);
	rig.max_clean = 1;
	rig_run(&rig);
	test_order(&rig);
	test_leaving(&rig);
	test_restart(&rig);
	return done_testing();
}
