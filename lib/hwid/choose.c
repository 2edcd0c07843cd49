/*
 * Chooses the disk that gets the image. The rule is the same with and without hints, and does not
 * depend on the order in which a kernel finds its disks: the smallest of those that fit. Among
 * several of that size nothing is chosen, as an image must not land on a disk by chance.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/hwid/hint.h"
#include "lib/json/json.h"

#define REASONS_MAX 560 /* of the 768 bytes of an error */
#define GIB	    (double)(1ULL << 30)

struct candidate {
	const void *disk;
	const char *name, *unfit; /* why it may not be touched; NULL: it may */
	uint64_t size_bytes;
};

struct choice {
	const struct hints *hints;
	hint_property_fn get;
	struct candidate *all;
	size_t n;
};

static const struct hint_name *name_of(const char *text)
{
	for (size_t i = 0; i < hint_names_n; i++)
		if (!strcmp(hint_names[i].name, text))
			return &hint_names[i];
	return NULL;
}

/* The first value of a property that is a text, or NULL. */
static const char *text_of(const struct choice *c, const struct candidate *d, const char *property)
{
	struct hint_property p = {0};

	c->get(d->disk, name_of(property), &p);
	return p.n && !str_empty(p.strings[0]) ? p.strings[0] : NULL;
}

static bool fits(const struct choice *c, const struct candidate *d, char *why, size_t size)
{
	if (d->unfit) {
		snprintf(why, size, "%.200s", d->unfit);
		return false;
	}
	if (!c->hints && d->size_bytes < HINTS_DISK_MIN_BYTES) {
		snprintf(why, size, "has only %.2f GiB of the 4 that a root disk needs",
			(double)d->size_bytes / GIB);
		return false;
	}
	return hints_all_match(c->hints, d->disk, c->get, why, size);
}

/* A property by which all of the disks can be told apart, best first; NULL when there is none. */
static const char *telling_property(const struct choice *c, const size_t *same, size_t n)
{
	static const char *const properties[] = {
		"serial", "wwn", "wwn_with_extension", "by_path", "hctl", "name"};

	for (size_t p = 0; p < ARRAY_SIZE(properties); p++) {
		bool differ = true;

		for (size_t i = 0; differ && i < n; i++) {
			const char *a = text_of(c, &c->all[same[i]], properties[p]);

			differ = a != NULL;
			for (size_t k = 0; differ && k < i; k++)
				differ = !str_ieq(a, text_of(c, &c->all[same[k]], properties[p]));
		}
		if (differ)
			return properties[p];
	}
	return NULL;
}

static void describe(const struct choice *c, const struct candidate *d, struct buf *b)
{
	const char *serial = text_of(c, d, "serial"), *model = text_of(c, d, "model");

	buf_printf(b, "%s%.40s (%.2f GiB, serial %.64s%s%.40s)", b->len ? ", " : "", d->name,
		(double)d->size_bytes / GIB, serial ? serial : "unknown", model ? ", " : "",
		model ? model : "");
}

static int equally_good(const struct choice *c, const size_t *same, size_t n, struct err *e)
{
	const char *by = telling_property(c, same, n), *hint = by ? by : "serial";
	const char *first = text_of(c, &c->all[same[0]], hint);
	struct buf b = BUF_INIT(400);

	for (size_t i = 0; i < n && b.len < 250; i++)
		describe(c, &c->all[same[i]], &b);
	err_set(e, ENOTUNIQ,
		"choose root disk: %zu disks are equally good, and none is taken by chance: %s", n,
		buf_str(&b));
	buf_done(&b);
	return err_advise(e,
		"say which in properties/root_device, as {\"%s\": \"%.80s\"} for the first", hint,
		first ? first : "...");
}

static int none_fits(const struct choice *c, struct err *e)
{
	struct buf reasons = BUF_INIT(REASONS_MAX);
	char why[500];

	if (!c->n)
		return err_set(e, ENODEV,
			"choose root disk: the machine shows no disk at all; look at its cables "
			"and "
			"its RAID controller");
	for (size_t i = 0; i < c->n; i++) {
		fits(c, &c->all[i], why, sizeof(why));
		if (reasons.len + strlen(why) + 60 > REASONS_MAX) {
			buf_printf(&reasons, "; %zu more", c->n - i);
			break;
		}
		buf_printf(&reasons, "%s%.40s: %s", reasons.len ? "; " : "", c->all[i].name, why);
	}
	err_set(e, ENODEV, "choose root disk: no disk %s: %s",
		c->hints ? "matches the root device hints" : "can be a root disk",
		buf_str(&reasons));
	buf_done(&reasons);
	return err_advise(e, c->hints ? "correct properties/root_device"
				      : "name one in properties/root_device, or free one");
}

static int choose(const struct choice *c, struct err *e)
{
	_cleanup_free_ size_t *same = xcalloc(c->n + 1, sizeof(*same)); /* the smallest so far */
	char why[500];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < c->n; i++) {
		if (!fits(c, &c->all[i], why, sizeof(why)))
			continue;
		if (n && c->all[i].size_bytes > c->all[same[0]].size_bytes)
			continue;
		if (n && c->all[i].size_bytes < c->all[same[0]].size_bytes)
			n = 0;
		same[n++] = i;
	}
	r = !n ? none_fits(c, e) : n > 1 ? equally_good(c, same, n, e) : 0;
	return r < 0 ? r : (int)same[0];
}

int hints_choose(const struct hints *h, const struct hints_disk *disks, size_t n, struct err *e)
{
	_cleanup_free_ struct candidate *all = xcalloc(n + 1, sizeof(*all));
	struct choice c = {.hints = h, .get = hint_from_struct, .all = all, .n = n};

	for (size_t i = 0; i < n; i++)
		all[i] = (struct candidate){&disks[i], disks[i].name, NULL, disks[i].size_bytes};
	return choose(&c, e);
}

int hints_choose_json(const struct hints *h, const json_t *array, struct err *e)
{
	size_t n = json_array_size(array);
	_cleanup_free_ struct candidate *all = xcalloc(n + 1, sizeof(*all));
	struct choice c = {.hints = h, .get = hint_from_json, .all = all, .n = n};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const json_t *object = json_array_get(array, i);
		struct hints_disk d = {0};

		r = hints_disk_from_json(object, &d, e);
		all[i] =
			(struct candidate){object, d.name, json_str(object, "unfit"), d.size_bytes};
	}
	return r < 0 ? r : choose(&c, e);
}
