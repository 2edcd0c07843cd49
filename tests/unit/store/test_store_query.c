/* Filters, sorting, paging, counting. */
#include "tests/unit/store/fixture.h"

static const struct {
	const char *name, *driver, *resource_class;
	enum provision_state state;
	bool maintenance, retired;
	int64_t provision_updated_at;
} rows[] = {
	{"delta", "ipmi", "gold", PS_ACTIVE, false, false, 400},
	{"alpha", "redfish", NULL, PS_ENROLL, true, false, 100},
	{"charlie", "ipmi", "gold", PS_ENROLL, false, true, 0},
	{"bravo", "ipmi", "silver", PS_DEPLOY_WAIT, false, false, 200},
	{"Echo_100%", "ipmi", NULL, PS_ACTIVE, true, false, 300},
};

static void fill(struct store *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = {0};
		struct node n;

		fixture_node(&n, rows[i].name);
		str_replace(&n.driver, rows[i].driver);
		str_replace(&n.resource_class, rows[i].resource_class);
		n.provision_state = rows[i].state;
		n.maintenance = rows[i].maintenance;
		n.retired = rows[i].retired;
		n.provision_updated_at = rows[i].provision_updated_at;
		if (fixture_put(s, &n, &e) < 0)
			printf("# %s\n", e.text);
		node_done(&n);
	}
}

static const char *filtered(
	struct store *s, const char *column, enum store_op op, const char *value)
{
	struct store_filter f = {column, op, value};
	struct store_query q = {.filters = &f, .n_filters = 1};

	return fixture_names(s, &q);
}

static void filters(struct store *s)
{
	struct store_filter two[] = {
		{"driver", STORE_EQ, "ipmi"}, {"resource_class", STORE_EQ, "gold"}};
	struct store_query q = {.filters = two, .n_filters = 2};

	is_str(fixture_names(s, NULL), "delta alpha charlie bravo Echo_100%",
		"without a query: all, in order of creation");
	is_str(filtered(s, "driver", STORE_EQ, "redfish"), "alpha", "equal text");
	is_str(filtered(s, "resource_class", STORE_EQ, NULL), "alpha Echo_100%", "equal to null");
	is_str(filtered(s, "resource_class", STORE_NOT_NULL, NULL), "delta charlie bravo",
		"not null");
	is_str(filtered(s, "resource_class", STORE_NE, "gold"), "alpha bravo Echo_100%",
		"different, null included");
	is_str(filtered(s, "resource_class", STORE_NE, NULL), "delta charlie bravo",
		"different from null");
	is_str(filtered(s, "provision_state", STORE_EQ, "wait call-back"), "bravo",
		"enums by name");
	is_str(filtered(s, "provision_state", STORE_IN, "active,enroll"),
		"delta alpha charlie Echo_100%", "one of a list");
	is_str(filtered(s, "provision_state", STORE_IN, ""), "", "one of nothing is nothing");
	is_str(filtered(s, "maintenance", STORE_EQ, "1"), "alpha Echo_100%", "bools are 1");
	is_str(filtered(s, "maintenance", STORE_EQ, "0"), "delta charlie bravo", "or 0");
	is_str(filtered(s, "provision_updated_at", STORE_LE, "200"), "alpha bravo",
		"times up to, null excluded");
	is_str(filtered(s, "provision_updated_at", STORE_EQ, NULL), "charlie", "time null");
	is_str(filtered(s, "name", STORE_CONTAINS, "A"), "delta alpha charlie bravo",
		"contains, without case");
	is_str(filtered(s, "name", STORE_CONTAINS, "_100%"), "Echo_100%",
		"contains takes percent signs as they are");
	is_str(filtered(s, "name", STORE_CONTAINS, "_"), "Echo_100%", "and is no pattern");
	is_str(fixture_names(s, &q), "delta charlie", "filters are joined by and");
	is_str(filtered(s, "name", STORE_EQ, "x' OR '1'='1"), "", "a value is never SQL");
	ok(strstr(filtered(s, "extra", STORE_EQ, "x"), "error 22") != NULL, "no such column");
	ok(strstr(filtered(s, "maintenance", STORE_EQ, "yes"), "error 22") != NULL,
		"an integer is needed");
}

static const char *sorted(struct store *s, const char *key, bool descending)
{
	struct store_query q = {.sort_key = key, .descending = descending};

	return fixture_names(s, &q);
}

static void sorting(struct store *s)
{
	is_str(sorted(s, "name", false), "Echo_100% alpha bravo charlie delta", "by name");
	is_str(sorted(s, "name", true), "delta charlie bravo alpha Echo_100%", "descending");
	is_str(sorted(s, "id", true), "Echo_100% bravo charlie alpha delta", "newest first");
	is_str(sorted(s, "resource_class", false), "alpha Echo_100% delta charlie bravo",
		"null first, ties by creation");
	is_str(sorted(s, "resource_class", true), "bravo charlie delta Echo_100% alpha",
		"descending is the exact reverse");
	is_str(sorted(s, "provision_updated_at", false), "charlie alpha bravo Echo_100% delta",
		"times as numbers");
	ok(strstr(sorted(s, "driver_info", false), "error 22") != NULL, "not by what is no column");
}

struct page {
	char names[256];
	char last[UUID_TEXT_MAX];
	int n;
};

static int add_to_page(void *data, const void *rec)
{
	struct page *p = data;
	const struct node *n = rec;

	snprintf(p->names + strlen(p->names), sizeof(p->names) - strlen(p->names), "%s ", n->name);
	str_copy(p->last, sizeof(p->last), n->uuid);
	p->n++;
	return 0;
}

/* Walks by pages and compares with the walk in one go. */
static void pages(struct store *s, const char *key, bool descending, int limit)
{
	struct store_query q = {.sort_key = key, .descending = descending};
	struct page whole = {0}, all = {0};
	struct err e = {0};
	char marker[UUID_TEXT_MAX];
	int before;

	store_list(s, &node_type, &q, add_to_page, &whole, &e);
	q.limit = limit;
	do {
		before = all.n;
		store_list(s, &node_type, &q, add_to_page, &all, &e);
		str_copy(marker, sizeof(marker), all.last);
		q.marker_uuid = marker;
		if (all.n - before > limit)
			break;
	} while (all.n > before && all.n < 100);
	is_str(all.names, whole.names, "pages of %d by %s%s", limit, key ? key : "default",
		descending ? " descending" : "");
}

static void paging(struct store *s)
{
	static const char *const keys[] = {NULL, "id", "name", "resource_class", "driver",
		"maintenance", "provision_updated_at", "provision_state"};
	struct store_query q = {.marker_uuid = "no-such-uuid"};
	char marker[UUID_TEXT_MAX];
	struct node n;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		for (int limit = 1; limit <= 3; limit++)
			for (int d = 0; d < 2; d++)
				pages(s, keys[i], d, limit);
	ok(strstr(fixture_names(s, &q), "error 2:") != NULL, "an unknown marker is -ENOENT");
	node_init(&n);
	store_get(s, &node_type, "name", "alpha", &n, &e);
	str_copy(marker, sizeof(marker), n.uuid);
	node_done(&n);
	struct store_filter f = {"driver", STORE_EQ, "ipmi"};

	q = (struct store_query){.filters = &f, .n_filters = 1, .marker_uuid = marker, .limit = 2};
	is_str(fixture_names(s, &q), "charlie bravo",
		"the marker need not match the filters itself");
}

static void counting(struct store *s)
{
	struct store_filter f = {"driver", STORE_EQ, "ipmi"};
	struct store_query q = {.filters = &f, .n_filters = 1, .limit = 1};
	struct err e = {0};
	int64_t n = -1;

	is_int(store_count(s, &node_type, NULL, &n, &e), 0, "count all");
	is_int(n, ARRAY_SIZE(rows), "all");
	is_int(store_count(s, &node_type, &q, &n, &e), 0, "count some");
	is_int(n, 4, "the limit does not matter");
}

static int stop_at_two(void *data, const void *rec)
{
	return ++*(int *)data == 2 ? -EPIPE : 0;
}

static int check_text(void *data, const char *uuid, const char *json, size_t len)
{
	_cleanup_json_ json_t *object = NULL;

	if (len == strlen(json) && !json_parse(json, len, 50, &object, NULL) &&
		str_eq(json_str(object, "uuid"), uuid))
		++*(int *)data;
	return 0;
}

struct nest {
	struct store *s;
	int found;
};

static int look_up_again(void *data, const void *rec)
{
	struct nest *nest = data;
	const struct node *n = rec;
	struct err e = {0};
	struct node again;

	node_init(&again);
	nest->found += store_get(nest->s, &node_type, "uuid", n->uuid, &again, &e) == 0;
	node_done(&again);
	return 0;
}

static void walking(struct store *s)
{
	struct nest nest = {.s = s};
	struct err e = {0};
	int n = 0;

	is_int(store_list(s, &node_type, NULL, stop_at_two, &n, &e), -EPIPE,
		"each() can end the walk");
	is_int(n, 2, "at once");
	n = 0;
	is_int(store_list_text(s, &node_type, NULL, check_text, &n, &e), 0, "texts");
	is_int(n, ARRAY_SIZE(rows), "are the records as JSON");
	is_int(store_list(s, &node_type, NULL, look_up_again, &nest, &e), 0, "reads nest");
	is_int(nest.found, ARRAY_SIZE(rows), "and find what they look for");
}

int main(void)
{
	struct store *s = fixture_open("query");

	fill(s);
	filters(s);
	sorting(s);
	paging(s);
	counting(s);
	walking(s);
	store_close(s, 5000);
	return done_testing();
}
