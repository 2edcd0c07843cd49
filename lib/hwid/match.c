/*
 * Compares root device hints with disks. A property that is unknown matches no hint on it. Which of
 * those that match is taken is the business of choose.c.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
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

/* udev links an ATA disk twice, as "...-ata-3.0" and, as before systemd 247, as "...-ata-3". */
static bool test_older_path(const struct hint *h, const char *path)
{
	_cleanup_free_ char *older = NULL;

	if (strcmp(h->name->name, "by_path") || !strstr(path, "-ata-") || !str_ends(path, ".0"))
		return false;
	older = xstrndup(path, strlen(path) - 2);
	return test_string(h, older);
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
		if (p->strings[i] &&
			(test_string(h, p->strings[i]) || test_older_path(h, p->strings[i])))
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

void hint_from_struct(const void *arg, const struct hint_name *name, struct hint_property *ret)
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

void hint_from_json(const void *arg, const struct hint_name *name, struct hint_property *ret)
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

bool hints_all_match(
	const struct hints *h, const void *disk, hint_property_fn get, char *why, size_t size)
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
	return hints_all_match(h, disk, hint_from_struct, why, why_size);
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
		hint_from_json(object, name, &p);
		if (name->type == HINT_STRING && p.n)
			*(const char **)((char *)ret + name->offset) = p.strings[0];
		if (name->type == HINT_SIZE)
			ret->size_bytes = p.size_bytes;
	}
	if (!ret->name)
		return err_set(e, EINVAL, "a disk has no name");
	return 0;
}
