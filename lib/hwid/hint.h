/* One parsed hint: shared by hints.c (reading), match.c (comparing) and choose.c. */
#ifndef LIB_HWID_HINT_H
#define LIB_HWID_HINT_H

#include "lib/hwid/hints.h"

#define HINT_VALUES_MAX 64

enum hint_type { HINT_STRING, HINT_SIZE, HINT_BOOL };

enum hint_op {
	HINT_GE_OLD, /* "=": at least, for the operator's history */
	HINT_EQ,
	HINT_NE,
	HINT_GE,
	HINT_LE,
	HINT_GT,
	HINT_LT,
	HINT_SEQ,
	HINT_SNE,
	HINT_SGE,
	HINT_SLE,
	HINT_SGT,
	HINT_SLT,
	HINT_IN,
	HINT_ALL_IN,
	HINT_OR,
	HINT_RANGE,
	HINT_OP_COUNT
};

struct hint_name {
	const char *name;
	enum hint_type type;
	size_t offset; /* of the string in struct hints_disk */
};

struct hint {
	const struct hint_name *name;
	enum hint_op op;
	char *text; /* as given, for errors */
	char *values[HINT_VALUES_MAX];
	double numbers[HINT_VALUES_MAX]; /* of values, for operators that compare numbers */
	size_t n;
	bool low_open, high_open; /* of a range */
	bool flag;
};

struct hints {
	size_t n;
	struct hint hint[];
};

extern const struct hint_name hint_names[];
extern const size_t hint_names_n;

/* The values of one property of a disk; more than one with multipath. */
#define HINT_DISK_VALUES_MAX 16
struct hint_property {
	const char *strings[HINT_DISK_VALUES_MAX];
	size_t n;
	uint64_t size_bytes;
	bool flag, known;
};

bool hint_test(const struct hint *h, const struct hint_property *p);

/* Where a property comes from: a struct hints_disk or a JSON object. */
typedef void (*hint_property_fn)(
	const void *disk, const struct hint_name *name, struct hint_property *ret);
void hint_from_struct(const void *disk, const struct hint_name *name, struct hint_property *ret);
void hint_from_json(const void *disk, const struct hint_name *name, struct hint_property *ret);

/* hints_match() for either kind of disk. h may be NULL: every disk matches. */
bool hints_all_match(
	const struct hints *h, const void *disk, hint_property_fn get, char *why, size_t size);

/* Strict: the whole text is a decimal number. */
bool hint_number(const char *text, double *ret);

#endif
