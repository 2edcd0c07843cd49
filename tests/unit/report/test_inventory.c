/* The inventory's export, as JSON and as CSV; Python's csv and json modules are the judges. */
#include "conductor/report/inventory.h"
#include "tests/unit/store/fixture.h"

#include "lib/base/buf.h"

#define HOSTILE "=cmd|'/c calc'!A1"

static int nodes(void *data, report_node_fn each, void *each_data, struct err *e)
{
	return store_list(data, &node_type, NULL, (store_each_fn)each, each_data, e);
}

struct port_walk {
	report_port_fn each;
	void *data;
};

static int one_port(void *data, const void *rec)
{
	struct port_walk *w = data;

	return w->each(w->data, rec);
}

static int ports(void *data, const char *node, report_port_fn each, void *each_data, struct err *e)
{
	struct port_walk w = {each, each_data};
	struct store_filter f = {"node_uuid", STORE_EQ, node};
	struct store_query q = {.filters = &f, .n_filters = 1};

	return store_list(data, &port_type, &q, one_port, &w, e);
}

static int inventory(void *data, const char *node, struct inventory *ret, struct err *e)
{
	return store_get(data, &inventory_type, "uuid", node, ret, e);
}

static void add_port(struct store_txn *t, const char *node, const char *mac)
{
	char uuid[UUID_TEXT_MAX];
	struct port p;

	uuid_new(uuid);
	record_init(&port_type, &p);
	p.uuid = xstrdup(uuid);
	p.node_uuid = xstrdup(node);
	p.address = xstrdup(mac);
	store_txn_put(t, &port_type, &p);
	record_done(&port_type, &p);
}

static void fill(struct store *s)
{
	struct store_txn *t = store_txn_new();
	struct inventory inv;
	struct node a, b;
	struct err e = {0};

	fixture_node(&a, "r12u07");
	str_replace(&a.description, "says \"hi\", twice\nin two lines");
	json_object_set_new(a.driver_info, "ipmi_address", json_string("10.0.0.7"));
	json_object_set_new(a.driver_info, "ipmi_password", json_string("hunter2"));
	json_object_set_new(a.instance_info, "configdrive", json_string("hunter3"));
	fixture_node(&b, "r12u08");
	record_init(&inventory_type, &inv);
	inv.uuid = xstrdup(a.uuid);
	json_decref(inv.inventory);
	inv.inventory = json_pack(
		"{s:{s:s,s:s,s:s},s:{s:i,s:s},s:{s:i},s:[{s:I,s:s},{s:I,s:n}],s:{s:s}}",
		"system_vendor", "manufacturer", "ACME", "product_name", "Box, large",
		"serial_number", HOSTILE, "cpu", "count", 64, "architecture", "x86_64", "memory",
		"physical_mb", 262144, "disks", "size", (json_int_t)480000000000, "serial", "S1",
		"size", (json_int_t)3840000000000, "serial", "boot", "current_boot_mode", "uefi");
	store_txn_put(t, &node_type, &a);
	store_txn_put(t, &node_type, &b);
	store_txn_put(t, &inventory_type, &inv);
	add_port(t, a.uuid, "52:54:00:00:00:01");
	add_port(t, a.uuid, "52:54:00:00:00:02");
	if (store_commit(s, t, &e) < 0)
		printf("# %s\n", e.text);
	record_done(&inventory_type, &inv);
	node_done(&a);
	node_done(&b);
}

static int append(void *data, const char *text, size_t len)
{
	return buf_append(data, text, len);
}

static struct report_inventory_source source_of(struct store *s)
{
	return (struct report_inventory_source){s, nodes, ports, inventory};
}

/* 0 when Python's assertions about the text hold. */
static int python(const struct buf *text, const char *program)
{
	FILE *f;

	setenv("PROGRAM", program, 1);
	fflush(NULL);
	f = popen("exec python3 -c \"$PROGRAM\"", "w");
	if (!f)
		return -1;
	fwrite(text->data, 1, text->len, f);
	return pclose(f);
}

static void as_json(struct store *s)
{
	struct report_inventory_source source = source_of(s);
	struct buf out = BUF_INIT(1 << 20);
	struct err e = {0};

	is_int(report_inventory_export(&source, REPORT_JSON, append, &out, &e), 0, "as JSON");
	is_int(python(&out, "import json,sys\n"
			    "d=json.load(sys.stdin)\n"
			    "a,b=d['nodes']\n"
			    "assert a['name']=='r12u07' and b['name']=='r12u08'\n"
			    "assert a['bmc_address']=='10.0.0.7' and b['bmc_address'] is None\n"
			    "assert [p['address'][-1] for p in a['ports']]==['1','2']\n"
			    "assert b['ports']==[] and b['inventory'] is None\n"
			    "assert a['inventory']['cpu']['count']==64\n"
			    "assert a['provision_state']=='enroll'\n"),
		0, "every node with ports and inventory");
	ok(!strstr(buf_str(&out), "hunter"), "and no secret");
	buf_done(&out);
}

static void as_csv(struct store *s)
{
	struct report_inventory_source source = source_of(s);
	struct buf out = BUF_INIT(1 << 20);
	struct err e = {0};

	is_int(report_inventory_export(&source, REPORT_CSV, append, &out, &e), 0, "as CSV");
	is_int(python(&out,
		       "import csv,io,sys\n"
		       "t=sys.stdin.buffer.read().decode()\n"
		       "assert t.count('\\r\\n')==3, t\n"
		       "a,b=csv.DictReader(io.StringIO(t,newline=''),strict=True)\n"
		       "assert None not in a and None not in b\n"
		       "assert a['name']=='r12u07' and b['name']=='r12u08'\n"
		       "assert a['description']=='says \"hi\", twice\\nin two lines', a\n"
		       "assert a['product']=='Box, large' and a['cpus']=='64'\n"
		       "assert a['disks']=='2' and a['disk_bytes']=='4320000000000', a\n"
		       "assert a['disk_serials']=='S1' and a['boot_mode']=='uefi'\n"
		       "assert a['macs']=='52:54:00:00:00:01 52:54:00:00:00:02'\n"
		       "assert a['serial'].startswith(chr(39)+'=cmd'), a['serial']\n"
		       "assert b['serial']=='' and b['disks']=='' and b['maintenance']=='false'\n"),
		0, "one line per node; what looks like a formula is defused");
	ok(!strstr(buf_str(&out), "hunter"), "and no secret");
	buf_done(&out);
}

static int refuse(void *data, const char *text, size_t len)
{
	return ++*(int *)data == 2 ? -EPIPE : 0;
}

static int broken(void *data, const char *node, struct inventory *ret, struct err *e)
{
	return err_set(e, EIO, "the disk is broken");
}

static void failures(struct store *s)
{
	struct report_inventory_source source = source_of(s);
	struct buf out = BUF_INIT(1 << 20);
	struct err e = {0};
	int n = 0;

	is_int(report_inventory_export(&source, REPORT_CSV, refuse, &n, &e), -EPIPE,
		"a reader that goes away ends it");
	is_int(n, 2, "at once");
	source.inventory = broken;
	is_int(report_inventory_export(&source, REPORT_JSON, append, &out, &e), -EIO,
		"a store that fails is an error");
	is_str(e.text, "the disk is broken", "that is told");
	buf_done(&out);
	is_int(report_format_parse("csv"), REPORT_CSV, "formats by name");
	is_int(report_format_parse("xml"), REPORT_FORMAT_COUNT, "others are unknown");
}

int main(void)
{
	struct store *s = fixture_open("inventory");

	fill(s);
	as_json(s);
	as_csv(s);
	failures(s);
	store_close(s, 1000);
	return done_testing();
}
