/* Stored text to answers; see render.h. */
#include "conductor/api/render.h"
#include "conductor/api/mask.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define BASE_MAX 1000 /* of a URL that links begin with */

enum item_kind {
	ITEM_STORED, /* as it is stored */
	ITEM_MASKED, /* without its secrets */
	ITEM_STATE,  /* a provision state, as the version names it */
	ITEM_VEILED, /* null in a record that says so */
	ITEM_LIVE,   /* the resource's own function says it */
	ITEM_LINKS,
	ITEM_HIDDEN,
};

/* One member of answers. Those of the record come first, in the order of its fields. */
struct item {
	const char *name;
	size_t name_len;
	char *head; /* what its value stands behind: a comma, the name in quotes, a colon */
	size_t head_len;
	enum item_kind kind;
	int since;
	const char *absent; /* what it is in a record that has no such member */
	const char *below;  /* links to a collection below; "" for the record's own */
	live_fn live;
};

struct shape {
	const struct resource *res;
	struct shape *next;
	int n_fields, n_items;
	int veil; /* the field that veils others when it is true; -1: none */
	struct item items[VIEW_ITEMS_MAX];
};

static bool listed(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (str_eq(*names, name))
			return true;
	return false;
}

static live_fn live_of(const struct resource *res, const char *name)
{
	for (const struct live_field *l = res->live; l && l->name; l++)
		if (str_eq(l->name, name))
			return l->put;
	return NULL;
}

static const char *absent_value(const struct field *f)
{
	if (f->type == FIELD_BOOL)
		return "false";
	if (f->type == FIELD_OBJECT)
		return "{}";
	return f->type == FIELD_ARRAY ? "[]" : "null";
}

static enum item_kind kind_of(const struct resource *res, const struct field *f)
{
	if (listed(res->hidden, f->name))
		return ITEM_HIDDEN;
	if (live_of(res, f->name))
		return ITEM_LIVE;
	if (listed(res->masked, f->name))
		return ITEM_MASKED;
	if (listed(res->veiled, f->name))
		return ITEM_VEILED;
	return str_eq(f->name, "provision_state") ? ITEM_STATE : ITEM_STORED;
}

static struct item *add_item(struct shape *s, const char *name, enum item_kind kind)
{
	struct item *it = &s->items[s->n_items];

	if (s->n_items == VIEW_ITEMS_MAX)
		abort(); /* a table of fields grew: raise VIEW_ITEMS_MAX */
	s->n_items++;
	*it = (struct item){.name = name,
		.name_len = strlen(name),
		.head = xasprintf(",\"%s\":", name),
		.head_len = strlen(name) + strlen(",\"\":"),
		.kind = kind,
		.since = version_shown(s->res->name, name)};
	return it;
}

static struct shape *shape_new(const struct resource *res)
{
	struct shape *s = xcalloc(1, sizeof(*s));

	s->res = res;
	s->n_fields = res->type->n_fields;
	s->veil = -1;
	for (const struct field *f = res->type->fields; f < res->type->fields + s->n_fields; f++) {
		struct item *it = add_item(s, f->name, kind_of(res, f));

		it->absent = absent_value(f);
		it->live = live_of(res, f->name);
		if (str_eq(f->name, res->veil))
			s->veil = s->n_items - 1;
	}
	if (!res->no_links)
		add_item(s, "links", ITEM_LINKS)->below = "";
	for (const char *const *below = res->sublinks; below && *below; below++)
		add_item(s, *below, ITEM_LINKS)->below = *below;
	return s;
}

/* Made when first asked for and kept; there are as many as resources. */
static const struct shape *shape_of(const struct resource *res)
{
	static _Atomic(struct shape *) shapes;
	struct shape *first = atomic_load(&shapes), *s;

	for (s = first; s; s = s->next)
		if (s->res == res)
			return s;
	s = shape_new(res);
	s->next = first;
	while (!atomic_compare_exchange_weak(&shapes, &s->next, s))
		; /* another thread may have added the same: either will do */
	return s;
}

void view_init(
	struct view *v, const struct call *c, const struct resource *res, const char *const *fields)
{
	const char *path = res->path ? res->path : res->plural;

	v->c = c;
	v->res = res;
	v->shape = shape_of(res);
	v->self = v->bookmark = (struct buf)BUF_INIT(BASE_MAX);
	buf_printf(&v->self, "[{\"href\":\"%s/v1/%s/", c->base, path);
	buf_printf(&v->bookmark, "{\"href\":\"%s/%s/", c->base, path);
	for (int i = 0; i < v->shape->n_items; i++) {
		const struct item *it = &v->shape->items[i];

		v->wanted[i] = it->kind != ITEM_HIDDEN && it->since <= c->version &&
			       (!fields || listed(fields, it->name));
	}
}

/* A member of the stored text: all of it, and its value alone. */
struct member {
	struct json_span whole, value;
};

/* They usually stand in the order of the fields, so that the next is looked for first. */
static int field_index(const struct shape *s, struct json_span key, int next)
{
	for (int k = 0; k < s->n_fields; k++) {
		int i = (next + k) % s->n_fields;
		const struct item *it = &s->items[i];

		if (it->name_len == key.len - 2 && !memcmp(it->name, key.at + 1, it->name_len))
			return i;
	}
	return -1;
}

static int find_members(const struct shape *s, struct json_span stored, struct member *members)
{
	struct json_span key, value;
	struct json_walk w;
	int r, next = 0;

	if (json_walk_init(&w, stored, '{') < 0)
		return -EIO;
	while ((r = json_walk_member(&w, &key, &value)) > 0) {
		int i = field_index(s, key, next);

		if (i < 0)
			continue;
		members[i].whole = (struct json_span){key.at, value.at + value.len - key.at};
		members[i].value = value;
		next = i + 1;
	}
	return r < 0 ? -EIO : 0;
}

/* As text inside of a string: without its quotes, its escapes as they are. */
static struct json_span unquoted(struct json_span value)
{
	if (value.len < 2 || *value.at != '"')
		return (struct json_span){"", 0};
	return (struct json_span){value.at + 1, value.len - 2};
}

static void put_href(const struct buf *collection, struct json_span uuid, const char *below,
	const char *end, struct buf *out)
{
	buf_append(out, collection->data, collection->len);
	buf_append(out, uuid.at, uuid.len);
	if (*below)
		buf_puts(out, "/");
	if (*below)
		buf_puts(out, below);
	buf_puts(out, end);
}

static void put_links(
	const struct view *v, struct json_span uuid, const char *below, struct buf *out)
{
	put_href(&v->self, uuid, below, "\",\"rel\":\"self\"},", out);
	put_href(&v->bookmark, uuid, below, "\",\"rel\":\"bookmark\"}]", out);
}

static void put_state(int version, struct json_span value, struct buf *out)
{
	struct json_span text = unquoted(value);
	char state[64];
	const char *known;

	if (!text.len || text.len >= sizeof(state)) {
		buf_append(out, value.at, value.len);
		return;
	}
	memcpy(state, text.at, text.len);
	state[text.len] = 0;
	known = version_state_name(version, state);
	buf_puts(out, known ? "\"" : "null");
	if (known)
		buf_puts(out, known);
	if (known)
		buf_puts(out, "\"");
}

static int put_item(const struct view *v, const struct item *it, const struct member *m,
	struct json_span uuid, struct buf *out)
{
	struct json_span value = m ? m->value : (struct json_span){0};

	if (!value.at && it->absent)
		value = (struct json_span){it->absent, strlen(it->absent)};
	buf_append(out, it->head, it->head_len);
	switch (it->kind) {
	case ITEM_MASKED:
		return mask_text(it->name, value, out) < 0 ? -EIO : 0;
	case ITEM_STATE:
		put_state(v->c->version, value, out);
		return 0;
	case ITEM_LIVE:
		it->live(v->c, uuid, out);
		return 0;
	case ITEM_LINKS:
		put_links(v, uuid, it->below, out);
		return 0;
	case ITEM_STORED:
	case ITEM_VEILED:
	case ITEM_HIDDEN:
		break;
	}
	buf_append(out, value.at, value.len);
	return 0;
}

/* How many of the members from i on stand one behind the other and go out as they are. */
static int run_length(const struct view *v, const struct member *m, int i)
{
	int n = 0;

	for (; i + n < v->shape->n_fields; n++) {
		struct json_span whole = m[i + n].whole, last = n ? m[i + n - 1].whole : whole;

		if (!v->wanted[i + n] || v->shape->items[i + n].kind != ITEM_STORED || !whole.at)
			break;
		if (n && (whole.at != last.at + last.len + 1 || last.at[last.len] != ','))
			break;
	}
	return n;
}

/* Each with a comma before it, the first one too. */
static int put_items(
	const struct view *v, const struct member *members, struct json_span uuid, struct buf *out)
{
	int r = 0;

	for (int i = 0; r == 0 && i < v->shape->n_items;) {
		const struct member *m = i < v->shape->n_fields ? &members[i] : NULL;
		int n = m ? run_length(v, members, i) : 0;

		if (n) {
			const char *from = m->whole.at;
			struct json_span last = m[n - 1].whole;

			buf_append(out, ",", 1);
			buf_append(out, from, (size_t)(last.at + last.len - from));
			i += n;
			continue;
		}
		if (v->wanted[i])
			r = put_item(v, &v->shape->items[i], m, uuid, out);
		i++;
	}
	return r;
}

static void draw_veil(const struct shape *s, struct member *members)
{
	struct json_span flag = s->veil < 0 ? (struct json_span){0} : members[s->veil].value;

	if (!flag.at || flag.len != strlen("true") || memcmp(flag.at, "true", flag.len))
		return;
	for (int i = 0; i < s->n_fields; i++)
		if (s->items[i].kind == ITEM_VEILED)
			members[i].value = (struct json_span){"null", strlen("null")};
}

int view_render(const struct view *v, struct json_span stored, struct buf *out)
{
	struct member members[VIEW_ITEMS_MAX];
	size_t begin = out->len;
	int r;

	memset(members, 0, (size_t)v->shape->n_fields * sizeof(members[0]));
	r = find_members(v->shape, stored, members);
	draw_veil(v->shape, members);
	if (r == 0)
		r = put_items(v, members, unquoted(members[0].value), out);
	if (out->len == begin)
		buf_puts(out, "{");
	if (r == 0 && !out->overflow)
		out->data[begin] = '{';
	buf_puts(out, "}");
	return r < 0 || out->overflow ? -EIO : 0;
}

void view_done(struct view *v)
{
	buf_done(&v->self);
	buf_done(&v->bookmark);
}
