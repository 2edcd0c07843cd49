/* Stored records: what is unique, what belongs to what, what goes with a node, and restarts. */
#include "tests/unit/node/rig.h"

/* Creates one from JSON; its uuid is copied out. */
static int make(struct rig *rig, const struct record_type *t, json_t *fields,
	char uuid[UUID_TEXT_MAX], struct err *e)
{
	json_t *answer = NULL;
	struct request *r;
	struct ask a;
	int ret;

	ask_init(&a);
	r = rq_new(&a, REQ_RECORD_CREATE, NULL);
	r->type = t;
	r->record = xmalloc(t->size);
	record_init(t, r->record);
	must(record_from_json(t, r->record, fields, e), e);
	json_decref(fields);
	ret = ask(rig, r, &answer, e);
	if (uuid)
		str_copy(uuid, UUID_TEXT_MAX,
			json_str(answer, "uuid") ? json_str(answer, "uuid") : "");
	json_decref(answer);
	return ret;
}

struct edit {
	struct ask ask; /* first: on_answer() looks at it */
	const struct record_type *type;
	const char *field;
	json_t *value;
};

static int set(void *data, void *record, struct err *e)
{
	struct edit *edit = data;

	return record_field_from_json(
		record_field(edit->type, edit->field), record, edit->value, e);
}

static int change(struct rig *rig, const struct record_type *t, const char *ident,
	const char *field, json_t *value, struct err *e)
{
	struct edit edit = {.type = t, .field = field, .value = value};
	struct request *r;
	int ret;

	ask_init(&edit.ask);
	r = rq_new(&edit.ask, REQ_RECORD_UPDATE, ident);
	r->data = &edit;
	r->type = t;
	r->edit = set;
	ret = ask(rig, r, NULL, e);
	json_decref(value);
	return ret;
}

static int drop(struct rig *rig, const struct record_type *t, const char *ident, struct err *e)
{
	struct request *r;
	struct ask a;

	ask_init(&a);
	r = rq_new(&a, t ? REQ_RECORD_DELETE : REQ_NODE_DELETE, ident);
	r->type = t;
	return ask(rig, r, NULL, e);
}

static int64_t count(struct rig *rig, const struct record_type *t)
{
	int64_t n = -1;

	store_count(rig->store, t, &(struct store_query){0}, &n, NULL);
	return n;
}

static const char *node_uuid(struct rig *rig, const char *name)
{
	static char uuid[UUID_TEXT_MAX];
	struct node n;

	stored(rig, name, &n);
	str_copy(uuid, sizeof(uuid), n.uuid);
	node_done(&n);
	return uuid;
}

static json_t *port_of(const char *node, const char *mac)
{
	return json_pack("{s:s, s:s, s:b}", "node_uuid", node, "address", mac, "pxe_enabled", 1);
}

#define M1 "52:54:00:00:00:01"
#define M2 "52:54:00:00:00:02"

static void uniqueness(struct rig *rig)
{
	char one[UUID_TEXT_MAX], two[UUID_TEXT_MAX];
	struct err e;

	create(rig, "a", NULL);
	create(rig, "b", NULL);
	is_int(make(rig, &port_type, port_of("a", M1), one, &e), 0, "a port by its node's name");
	is_int(make(rig, &port_type, port_of("b", M1), NULL, &e), -EEXIST, "its MAC is taken");
	ok(strstr(e.text, one) && strstr(e.text, "(a)"), "who has it is told");
	is_int(make(rig, &port_type, port_of("none", M2), NULL, &e), -EINVAL, "a port of no node");
	is_int(make(rig, &port_type, port_of("b", M2), two, &e), 0, "another port");
	is_int(change(rig, &port_type, two, "address", json_string(M1), &e), -EEXIST,
		"a MAC can not be changed to one that is taken");
	is_int(change(rig, &port_type, one, "address", json_string("52:54:00:00:00:03"), &e), 0,
		"a MAC changes");
	is_int(change(rig, &port_type, two, "address", json_string(M1), &e), 0,
		"and what it was is free");
	is_int(change(rig, &port_type, two, "name", json_string("eth0"), &e), 0, "a name");
	is_int(drop(rig, &port_type, "eth0", &e), 0, "is an identifier");
	is_int(drop(rig, &port_type, two, &e), -ENOENT, "gone is gone");
	is_int(make(rig, &volume_target_type,
		       json_pack("{s:s, s:s, s:i, s:s}", "node_uuid", "a", "volume_type", "iscsi",
			       "boot_index", 0, "volume_id", "x"),
		       one, &e),
		0, "a volume target");
	is_int(make(rig, &volume_target_type,
		       json_pack("{s:s, s:s, s:i, s:s}", "node_uuid", "a", "volume_type", "iscsi",
			       "boot_index", 0, "volume_id", "y"),
		       NULL, &e),
		-EEXIST, "two boot from the same index");
	is_int(make(rig, &volume_target_type,
		       json_pack("{s:s, s:s, s:i, s:s}", "node_uuid", "b", "volume_type", "iscsi",
			       "boot_index", 0, "volume_id", "y"),
		       NULL, &e),
		0, "of another node it is another");
	is_int(change(rig, &volume_target_type, one, "volume_id", json_string("z"), &e), -EINVAL,
		"while it is not known to be off, nothing of it changes");
}

static void membership(struct rig *rig)
{
	char group[UUID_TEXT_MAX], chassis[UUID_TEXT_MAX], port[UUID_TEXT_MAX];
	struct request *r;
	struct node *n;
	struct ask a;
	struct err e;

	is_int(make(rig, &portgroup_type, json_pack("{s:s, s:s}", "node_uuid", "a", "name", "g"),
		       group, &e),
		0, "a port group");
	is_int(make(rig, &port_type, port_of("a", M1), port, &e), 0, "a port");
	is_int(change(rig, &port_type, port, "portgroup_uuid", json_string(group), &e), 0,
		"goes into the group");
	is_int(drop(rig, &portgroup_type, "g", &e), -EINVAL, "the group is not empty");
	is_int(change(rig, &port_type, port, "node_uuid", json_string("b"), &e), -EINVAL,
		"it can not be in the group of another node");
	is_int(make(rig, &chassis_type, json_object(), chassis, &e), 0, "a chassis");
	ask_init(&a);
	r = rq_new(&a, REQ_NODE_CREATE, NULL);
	n = node_make("c", NULL);
	n->chassis_uuid = xstrdup(chassis);
	r->record = n;
	is_int(ask(rig, r, NULL, &e), 0, "a node in it");
	is_int(drop(rig, &chassis_type, chassis, &e), -EINVAL, "the chassis is not empty");
	rig_stop(rig);
	rig_start(rig);
	is_int(drop(rig, &chassis_type, chassis, &e), -EINVAL, "nor after a restart");
	is_int(drop(rig, &portgroup_type, group, &e), -EINVAL, "nor is the group");
	is_int(make(rig, &port_type, port_of("b", M1), NULL, &e), -EEXIST,
		"the MAC is taken still");
	is_int(drop(rig, NULL, "c", &e), 0, "the node goes");
	is_int(drop(rig, &chassis_type, chassis, &e), 0, "and its chassis can");
	is_int(drop(rig, NULL, "a", &e), 0, "another node goes");
	is_int((int)count(rig, &port_type), 0, "with its ports");
	is_int((int)count(rig, &portgroup_type), 0, "and port groups");
	is_int((int)count(rig, &volume_target_type), 1, "the other's volumes stay");
	is_int(make(rig, &port_type, port_of("b", M1), NULL, &e), 0, "the MAC is free");
}

static int orphan(void *data, const void *rec)
{
	const struct port *p = rec;
	struct rig *rig = data;
	struct node n;
	int r;

	node_init(&n);
	r = store_get(rig->store, &node_type, "uuid", p->node_uuid, &n, NULL);
	node_done(&n);
	return r;
}

/* A port on its way to another node while that is deleted: it comes first and goes with the node,
 * or it is refused and stays. */
static void moves(struct rig *rig)
{
	struct edit edit = {.type = &port_type, .field = "node_uuid"};
	char port[UUID_TEXT_MAX];
	struct request *move, *gone;
	struct err e;
	struct ask a;
	int64_t others = count(rig, &port_type);
	int fits = 0;

	for (int i = 0; i < 20; i++) {
		create(rig, "from", NULL);
		create(rig, "to", NULL);
		make(rig, &port_type, port_of("from", M2), port, &e);
		ask_init(&a);
		ask_init(&edit.ask);
		edit.value = json_string(node_uuid(rig, "to"));
		move = rq_new(&edit.ask, REQ_RECORD_UPDATE, port);
		move->data = &edit;
		move->type = &port_type;
		move->edit = set;
		gone = rq_new(&a, REQ_NODE_DELETE, "to");
		engine_submit(rig->engine, i % 2 ? gone : move);
		engine_submit(rig->engine, i % 2 ? move : gone);
		if (!ask_wait(&a, 1) || !ask_wait(&edit.ask, 1))
			break;
		fits += gone->result == 0 &&
			count(rig, &port_type) == others + (move->result < 0) &&
			store_list(rig->store, &port_type, &(struct store_query){0}, orphan, rig,
				&e) == 0;
		request_free(move);
		request_free(gone);
		json_decref(edit.value);
		drop(rig, NULL, "from", &e);
	}
	is_int(fits, 20, "no port is left without its node");
}

/* Many at once: of those that want the same name one gets it; changes of one wait for each other.
 */
static void together(struct rig *rig)
{
	struct request *rs[20];
	int got = 0, taken = 0;
	struct ask a;

	ask_init(&a);
	for (size_t i = 0; i < ARRAY_SIZE(rs); i++) {
		struct deploy_template *t = xmalloc(sizeof(*t));

		record_init(&deploy_template_type, t);
		t->name = xstrdup("CUSTOM_ONE");
		rs[i] = rq_new(&a, REQ_RECORD_CREATE, NULL);
		rs[i]->type = &deploy_template_type;
		rs[i]->record = t;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rs); i++)
		engine_submit(rig->engine, rs[i]);
	ok(ask_wait(&a, ARRAY_SIZE(rs)), "all are answered");
	for (size_t i = 0; i < ARRAY_SIZE(rs); i++) {
		got += rs[i]->result == 0;
		taken += rs[i]->result == -EEXIST;
		request_free(rs[i]);
	}
	ok(got == 1 && taken == ARRAY_SIZE(rs) - 1, "one has the name");
	ask_init(&a);
	for (size_t i = 0; i < ARRAY_SIZE(rs); i++) {
		rs[i] = rq_new(&a, REQ_RECORD_DELETE, "CUSTOM_ONE");
		rs[i]->type = &deploy_template_type;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rs); i++)
		engine_submit(rig->engine, rs[i]);
	ok(ask_wait(&a, ARRAY_SIZE(rs)), "all are answered");
	got = 0;
	for (size_t i = 0; i < ARRAY_SIZE(rs); i++) {
		got += rs[i]->result == 0;
		request_free(rs[i]);
	}
	ok(got == 1 && count(rig, &deploy_template_type) == 0, "one has deleted it");
}

int main(void)
{
	struct rig rig;

	rig_start(&rig);
	uniqueness(&rig);
	membership(&rig);
	together(&rig);
	moves(&rig);
	ok(*node_uuid(&rig, "b"), "node b is left");
	rig_end(&rig);
	return done_testing();
}
