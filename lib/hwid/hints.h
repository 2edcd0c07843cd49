/*
 * Root device hints: which of a machine's disks gets the image. Contract section 4.6; the operators
 * are those of oslo's specs_matcher.
 */
#ifndef LIB_HWID_HINTS_H
#define LIB_HWID_HINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

/* Without a hint, a disk has to be at least this large. */
#define HINTS_DISK_MIN_BYTES (4ULL << 30)

struct hints;

/* A disk as a hint sees it; strings may be NULL (unknown: no hint on it matches) and are borrowed.
 */
struct hints_disk {
	const char *name; /* "/dev/sda" */
	const char *model;
	const char *serial;
	const char *vendor;
	const char *wwn;
	const char *wwn_with_extension;
	const char *wwn_vendor_extension;
	const char *hctl;
	const char *by_path;
	const char *tran;
	uint64_t size_bytes;
	bool rotational;
};

/*
 * Reads properties.root_device or instance_info.root_device: an object of hint name to value. NULL,
 * null and {} give *ret = NULL, which means "no hint" everywhere. -EINVAL names the hint and what
 * is wrong with it: unknown name, operator without operand, size that is no positive number, ...
 */
int hints_parse(const json_t *object, struct hints **ret, struct err *e);
void hints_free(struct hints *h);
DEFINE_CLEANUP(struct hints, hints_free)

/*
 * Whether all hints match the disk. When not, and why is given, it says which hint failed, as in
 * "serial is \"S1\", hint wants \"s== S2\"".
 */
bool hints_match(const struct hints *h, const struct hints_disk *disk, char *why, size_t why_size);

/*
 * The index of the disk to use: the smallest of those that match, without a hint of those that have
 * at least 4 GiB. Never one by chance: when several are equally small it is -ENOTUNIQ, and the text
 * names them and the hint that would decide. -ENODEV says for every disk why not.
 */
int hints_choose(const struct hints *h, const struct hints_disk *disks, size_t n, struct err *e);

/*
 * Fills a hints_disk from a disk object of the inventory (contract 4.6; size in bytes). Where
 * serial or wwn is a list (multipath), its first string is taken. -EINVAL when it is no such
 * object.
 */
int hints_disk_from_json(const json_t *object, struct hints_disk *ret, struct err *e);

/*
 * As hints_choose(), on the inventory's disks array. A disk with a member "unfit" (a string: "is
 * mounted at /srv") is never taken.
 */
int hints_choose_json(const struct hints *h, const json_t *disks, struct err *e);

#endif
