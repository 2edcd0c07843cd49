/* Records in, changed, out and gone; conflicts; what a failed transaction leaves behind. */
#include "conductor/model/parts.h"
#include "tests/unit/store/fixture.h"

static void full_node(struct node *n)
{
	fixture_node(n, "r12u07");
	json_object_set_new(n->driver_info, "ipmi_address", json_string("10.0.0.7"));
	json_object_set_new(n->extra, "deep", json_pack("{s:[i,n,{s:b}]}", "a", 1, "b", 1));
	json_array_append_new(n->traits, json_string("CUSTOM_GOLD"));
	n->power_state = POWER_ON;
	n->provision_state = PS_DEPLOY_WAIT;
	n->maintenance = true;
	n->automated_clean = 0;
	n->secure_boot = -1;
	n->description = xstrdup("quote \" backslash \\ \xc3\xa4 \xe2\x82\xac line\nbreak");
	n->provision_updated_at = 1700000000123456;
}

static void keeps_every_field(struct store *s)
{
	struct node in, out;
	struct err e = {0};
	json_t *a, *b;

	full_node(&in);
	is_int(fixture_put(s, &in, &e), 0, "a node is stored");
	node_init(&out);
	is_int(store_get(s, &node_type, "uuid", in.uuid, &out, &e), 0, "and read by uuid");
	a = record_to_json(&node_type, &in);
	b = record_to_json(&node_type, &out);
	ok(json_equal(a, b), "every stored field comes back as it was");
	is_str(out.description, in.description, "text of any kind comes back");
	json_decref(a);
	json_decref(b);
	node_done(&out);
	node_init(&out);
	is_int(store_get(s, &node_type, "name", "r12u07", &out, &e), 0, "it is read by name");
	is_str(out.uuid, in.uuid, "and is the same");
	node_done(&out);
	node_done(&in);
}

static void tells_absence(struct store *s)
{
	struct err e = {0};
	struct node n;

	node_init(&n);
	is_int(store_get(s, &node_type, "name", "nobody", &n, &e), -ENOENT, "absent is -ENOENT");
	ok(strstr(e.text, "node") && strstr(e.text, "nobody"), "and says what was looked for");
	is_int(store_get(s, &node_type, "extra", "x", &n, &e), -EINVAL,
		"a field that is no column cannot be asked for");
	ok(strstr(e.text, "extra") != NULL, "and is named");
	is_int(store_get(s, &node_type, "uuid'--", "x", &n, &e), -EINVAL, "nor can nonsense");
	node_done(&n);
}

static void put_keeps_the_place(struct store *s)
{
	struct err e = {0};
	struct node n;

	fixture_add(s, "first");
	fixture_add(s, "second");
	node_init(&n);
	store_get(s, &node_type, "name", "first", &n, &e);
	str_replace(&n.name, "first-renamed");
	is_int(fixture_put(s, &n, &e), 0, "a record is replaced by uuid");
	is_str(fixture_names(s, NULL), "r12u07 first-renamed second",
		"and keeps its place in the order of creation");
	str_replace(&n.name, NULL);
	is_int(fixture_put(s, &n, &e), 0, "a name can be taken away");
	fixture_add(s, "first-renamed");
	is_str(fixture_names(s, NULL), "r12u07 - second first-renamed", "and used by another");
	node_done(&n);
}

static void conflicts_are_named(struct store *s)
{
	struct err e = {0};
	struct store_txn *t;
	struct node n;

	fixture_node(&n, "second");
	is_int(fixture_put(s, &n, &e), -EEXIST, "a name is given only once");
	ok(strstr(e.text, "node") && strstr(e.text, "name") && strstr(e.text, "second"),
		"the text names record type, column and value");
	str_replace(&n.name, "third");
	t = store_txn_new();
	store_txn_insert(t, &node_type, &n);
	is_int(store_commit(s, t, &e), 0, "insert of a new uuid");
	str_replace(&n.name, "fourth");
	t = store_txn_new();
	store_txn_insert(t, &node_type, &n);
	is_int(store_commit(s, t, &e), -EEXIST, "insert of a uuid that exists is refused");
	ok(strstr(e.text, "uuid") && strstr(e.text, n.uuid), "and named");
	str_replace(&n.uuid, NULL);
	is_int(fixture_put(s, &n, &e), -EINVAL, "a record without uuid is refused");
	node_done(&n);
}

static void port_conflict(struct store *s)
{
	struct port p = {0};
	struct err e = {0};

	for (int i = 0; i < 2; i++) {
		struct store_txn *t = store_txn_new();
		char uuid[UUID_TEXT_MAX];

		uuid_new(uuid);
		record_init(&port_type, &p);
		p.uuid = xstrdup(uuid);
		p.address = xstrdup("52:54:00:12:34:56");
		p.created_at = 1;
		store_txn_put(t, &port_type, &p);
		is_int(store_commit(s, t, &e), i ? -EEXIST : 0, "a MAC is given once (%d)", i);
		record_done(&port_type, &p);
	}
	ok(strstr(e.text, "port") && strstr(e.text, "address") &&
			strstr(e.text, "52:54:00:12:34:56"),
		"the text names port, address and value");
}

static void all_or_nothing(struct store *s)
{
	struct store_txn *t = store_txn_new();
	struct err e = {0};
	struct node a, b, out;

	fixture_node(&a, "half-a");
	fixture_node(&b, "second");
	store_txn_put(t, &node_type, &a);
	store_txn_put(t, &node_type, &b);
	is_int(store_commit(s, t, &e), -EEXIST, "a transaction fails when one change fails");
	node_init(&out);
	is_int(store_get(s, &node_type, "name", "half-a", &out, &e), -ENOENT,
		"and nothing of it is kept");
	t = store_txn_new();
	store_txn_put(t, &node_type, &a);
	store_txn_delete(t, &node_type, a.uuid);
	is_int(store_commit(s, t, &e), 0, "changes of one transaction follow each other");
	is_int(store_get(s, &node_type, "name", "half-a", &out, &e), -ENOENT, "in their order");
	t = store_txn_new();
	is_int(store_commit(s, t, &e), 0, "an empty transaction succeeds");
	t = store_txn_new();
	store_txn_put(t, &node_type, &a);
	store_txn_free(t);
	is_int(store_get(s, &node_type, "name", "half-a", &out, &e), -ENOENT,
		"one given up leaves nothing");
	node_done(&a);
	node_done(&b);
	node_done(&out);
}

static void deletes(struct store *s)
{
	char uuid[UUID_TEXT_MAX];
	struct store_txn *t = store_txn_new();
	struct err e = {0};
	struct node n;

	str_copy(uuid, sizeof(uuid), fixture_add(s, "doomed"));
	store_txn_delete(t, &node_type, uuid);
	is_int(store_commit(s, t, &e), 0, "a record is deleted");
	node_init(&n);
	is_int(store_get(s, &node_type, "uuid", uuid, &n, &e), -ENOENT, "and gone");
	node_done(&n);
	t = store_txn_new();
	store_txn_delete(t, &node_type, uuid);
	is_int(store_commit(s, t, &e), 0, "deleting what is gone is no error");
}

static void add_event(struct store_txn *t, const char *node, const char *text, int64_t at)
{
	struct node_event ev;
	char uuid[UUID_TEXT_MAX];

	record_init(&node_event_type, &ev);
	uuid_new(uuid);
	ev.uuid = xstrdup(uuid);
	ev.node_uuid = xstrdup(node);
	ev.event = xstrdup(text);
	ev.created_at = at;
	store_txn_put(t, &node_event_type, &ev);
	record_done(&node_event_type, &ev);
}

static int add_text(void *data, const void *rec)
{
	strcat(data, ((const struct node_event *)rec)->event);
	return 0;
}

static void prunes_history(struct store *s)
{
	struct store_filter f = {"node_uuid", STORE_EQ, "n1"};
	struct store_query q = {.filters = &f, .n_filters = 1};
	struct store_txn *t = store_txn_new();
	struct err e = {0};
	char text[64] = "";

	add_event(t, "n1", "a", 30); /* the clock goes as it likes */
	add_event(t, "n1", "b", 40);
	add_event(t, "n2", "x", 5);
	add_event(t, "n1", "c", 10);
	add_event(t, "n1", "d", 40);
	add_event(t, "n1", "e", 20);
	store_txn_delete_where(t, &node_event_type, "node_uuid", "n1", 3);
	is_int(store_commit(s, t, &e), 0, "history is pruned");
	store_list(s, &node_event_type, &q, add_text, text, &e);
	is_str(text, "cde", "those inserted last stay");
	t = store_txn_new();
	store_txn_delete_where(t, &node_event_type, "node_uuid", "n1", 0);
	is_int(store_commit(s, t, &e), 0, "all of a node's history is deleted");
	text[0] = '\0';
	store_list(s, &node_event_type, NULL, add_text, text, &e);
	is_str(text, "x", "another node's stays");
	t = store_txn_new();
	store_txn_delete_where(t, &node_event_type, "event", "x", 0);
	is_int(store_commit(s, t, &e), -EINVAL, "only columns can be asked for");
}

int main(void)
{
	struct store *s = fixture_open("crud");

	keeps_every_field(s);
	tells_absence(s);
	put_keeps_the_place(s);
	conflicts_are_named(s);
	port_conflict(s);
	all_or_nothing(s);
	deletes(s);
	prunes_history(s);
	store_close(s, 5000);
	return done_testing();
}
