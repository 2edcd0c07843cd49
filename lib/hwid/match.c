/*
 * Compares root device hints with disks and chooses one. A property that is unknown matches no hint
 * on it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/hwid/hint.h"
#include "lib/json/json.h"

#define VALUE_MAX 1024

static bool test_number(const struct hint *h, double x)
{
	double y = h->numbers[0];

	switch (h->op) {
	case HINT_GE_OLD:
	case HINT_GE:
		return x >= y;
	case HINT_EQ:
		return x == y;
	case HINT_NE:
		return x != y;
	case HINT_LE:
		return x <= y;
	case HINT_GT:
		return x > y;
	case HINT_LT:
		return x < y;
	case HINT_RANGE:
		return (h->low_open ? x > y : x >= y) &&
		       (h->high_open ? x < h->numbers[1] : x <= h->numbers[1]);
	case HINT_OR:
		for (size_t i = 0; i < h->n; i++)
			if (x == h->numbers[i])
				return true;
		return false;
	default:
		return false;
	}
}

static bool any_equal(const struct hint *h, const char *x)
{
	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(x, h->values[i]))
			return true;
	return false;
}

static bool all_inside(const struct hint *h, const char *x)
{
	for (size_t i = 0; i < h->n; i++)
		if (!strstr(x, h->values[i]))
			return false;
	return true;
}

static bool test_string(const struct hint *h, const char *value)
{
	char lower[VALUE_MAX], *x;
	double number;
	int cmp;

	str_copy(lower, sizeof(lower), value);
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	x = str_trim(lower);
	if (!*x)
		return false;
	cmp = strcmp(x, h->values[0]);
	switch (h->op) {
	case HINT_SEQ:
		return cmp == 0;
	case HINT_SNE:
		return cmp != 0;
	case HINT_SGE:
		return cmp >= 0;
	case HINT_SLE:
		return cmp <= 0;
	case HINT_SGT:
		return cmp > 0;
	case HINT_SLT:
		return cmp < 0;
	case HINT_IN:
	case HINT_ALL_IN:
		return all_inside(h, x);
	case HINT_OR:
		return any_equal(h, x);
	default:
		return hint_number(x, &number) && test_number(h, number);
	}
}

bool hint_test(const struct hint *h, const struct hint_property *p)
{
	switch (h->name->type) {
	case HINT_SIZE:
		return p->known && test_number(h, (double)p->size_bytes / (double)(1ULL << 30));
	case HINT_BOOL:
		return p->known && p->flag == h->flag;
	case HINT_STRING:
		break;
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->strings[i] && test_string(h, p->strings[i]))
			return true;
	return false;
}

static void explain(const struct hint *h, const struct hint_property *p, char *why, size_t size)
{
	char value[200] = "unknown";

	if (h->name->type == HINT_STRING && p->n && p->strings[0])
		snprintf(value, sizeof(value), "\"%.150s\"%s", p->strings[0],
			p->n > 1 ? ", ..." : "");
	else if (h->name->type == HINT_SIZE && p->known)
		snprintf(value, sizeof(value), "%.2f GiB",
			(double)p->size_bytes / (double)(1ULL << 30));
	else if (h->name->type == HINT_BOOL && p->known)
		str_copy(value, sizeof(value), p->flag ? "true" : "false");
	snprintf(why, size, "%s is %s, hint wants \"%.200s\"", h->name->name, value, h->text);
}

/* Where a property comes from: a struct or a JSON object. */
typedef void (*property_fn)(
	const void *disk, const struct hint_name *name, struct hint_property *ret);

static void from_struct(const void *arg, const struct hint_name *name, struct hint_property *ret)
{
	const struct hints_disk *disk = arg;

	ret->size_bytes = disk->size_bytes;
	ret->flag = disk->rotational;
	ret->known = true;
	if (name->type != HINT_STRING)
		return;
	ret->strings[0] = *(const char *const *)((const char *)disk + name->offset);
	ret->n = ret->strings[0] ? 1 : 0;
}

static void from_json(const void *arg, const struct hint_name *name, struct hint_property *ret)
{
	const json_t *v = json_object_get(arg, name->name), *item;
	size_t i;

	ret->known = name->type == HINT_SIZE ? json_integer_value(v) > 0 : json_is_boolean(v);
	ret->flag = json_is_true(v);
	ret->size_bytes = ret->known ? (uint64_t)json_integer_value(v) : 0;
	if (json_is_string(v))
		ret->strings[ret->n++] = json_string_value(v);
	json_array_foreach ((json_t *)v, i, item)
		if (json_is_string(item) && ret->n < HINT_DISK_VALUES_MAX)
			ret->strings[ret->n++] = json_string_value(item);
}

static bool match(const struct hints *h, const void *disk, property_fn get, char *why, size_t size)
{
	for (size_t i = 0; h && i < h->n; i++) {
		struct hint_property p = {0};

		get(disk, h->hint[i].name, &p);
		if (hint_test(&h->hint[i], &p))
			continue;
		if (why)
			explain(&h->hint[i], &p, why, size);
		return false;
	}
	return true;
}

bool hints_match(const struct hints *h, const struct hints_disk *disk, char *why, size_t why_size)
{
	return match(h, disk, from_struct, why, why_size);
}

int hints_disk_from_json(const json_t *object, struct hints_disk *ret, struct err *e)
{
	struct hint_property p;

	if (!json_is_object(object))
		return err_set(e, EINVAL, "a disk is not an object");
	*ret = (struct hints_disk){
		.rotational = json_is_true(json_object_get(object, "rotational"))};
	for (size_t i = 0; i < hint_names_n; i++) {
		const struct hint_name *name = &hint_names[i];

		p = (struct hint_property){0};
		from_json(object, name, &p);
		if (name->type == HINT_STRING && p.n)
			*(const char **)((char *)ret + name->offset) = p.strings[0];
		if (name->type == HINT_SIZE)
			ret->size_bytes = p.size_bytes;
	}
	if (!ret->name)
		return err_set(e, EINVAL, "a disk has no name");
	return 0;
}

/* The smallest that is large enough; among equals the one whose name comes first. */
static int choose_smallest(const struct hints_disk *disks, size_t n, struct err *e)
{
	const struct hints_disk *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct hints_disk *d = &disks[i];

		if (d->size_bytes < HINTS_DISK_MIN_BYTES)
			continue;
		if (!best || d->size_bytes < best->size_bytes ||
			(d->size_bytes == best->size_bytes && strcmp(d->name, best->name) < 0))
			best = d;
	}
	if (best)
		return (int)(best - disks);
	return err_set(e, ENODEV,
		"choose root disk: none of %zu disks has the 4 GiB a root disk needs%s", n,
		n ? "" : "; the machine shows no disk at all");
}

/* Says of every disk why it is not the one, as far as there is room. */
static int none_matches(struct buf *reasons, size_t n, struct err *e)
{
	if (!n)
		return err_set(e, ENODEV, "choose root disk: the machine shows no disk");
	return err_set(e, ENODEV,
		"choose root disk: no disk matches the root device hints: %s; correct "
		"properties/root_device",
		buf_str(reasons));
}

static int choose_matching(const struct hints *h, const char *const *names,
	const void *const *disks, size_t n, property_fn get, struct err *e)
{
	struct buf reasons = BUF_INIT(560);
	char why[500];
	int r;

	for (size_t i = 0; i < n; i++) {
		if (match(h, disks[i], get, why, sizeof(why))) {
			buf_done(&reasons);
			return (int)i;
		}
		buf_printf(&reasons, "%s%s: %s", reasons.len ? "; " : "", names[i] ? names[i] : "?",
			why);
	}
	r = none_matches(&reasons, n, e);
	buf_done(&reasons);
	return r;
}

int hints_choose(const struct hints *h, const struct hints_disk *disks, size_t n, struct err *e)
{
	const char **names;
	const void **pointers;
	int r;

	if (!h)
		return choose_smallest(disks, n, e);
	names = xcalloc(n + 1, sizeof(*names));
	pointers = xcalloc(n + 1, sizeof(*pointers));
	for (size_t i = 0; i < n; i++) {
		names[i] = disks[i].name;
		pointers[i] = &disks[i];
	}
	r = choose_matching(h, names, pointers, n, from_struct, e);
	free(names);
	free(pointers);
	return r;
}

static int choose_json(const struct hints *h, const json_t *array, const struct hints_disk *disks,
	size_t n, struct err *e)
{
	const char **names = xcalloc(n + 1, sizeof(*names));
	const void **pointers = xcalloc(n + 1, sizeof(*pointers));
	int r;

	for (size_t i = 0; i < n; i++) {
		names[i] = disks[i].name;
		pointers[i] = json_array_get(array, i);
	}
	r = choose_matching(h, names, pointers, n, from_json, e);
	free(names);
	free(pointers);
	return r;
}

int hints_choose_json(const struct hints *h, const json_t *array, struct err *e)
{
	size_t n = json_array_size(array);
	struct hints_disk *disks = xcalloc(n + 1, sizeof(*disks));
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = hints_disk_from_json(json_array_get(array, i), &disks[i], e);
	if (r == 0)
		r = h ? choose_json(h, array, disks, n, e) : choose_smallest(disks, n, e);
	free(disks);
	return r;
}
