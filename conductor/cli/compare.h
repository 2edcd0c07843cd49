/* What differs between two inventories. No I/O. */
#ifndef CONDUCTOR_CLI_COMPARE_H
#define CONDUCTOR_CLI_COMPARE_H

#include "lib/json/json.h"

enum compare_kind {
	COMPARE_MACHINES, /* two machines: what is each one's own (serials, addresses) is no
			     difference */
	COMPARE_TIMES,	  /* one machine, twice */
	COMPARE_KIND_COUNT
};

/*
 * Rows {"path": "disks[sda].model", "before": value, "after": value}, in the order of `before`; a
 * value is null where that side has none. Elements of lists are the same thing when what names them
 * is: a disk's serial or a slot. What changes while nothing does (clocks, leases, temperatures) is
 * left out. Either may be NULL. A new array of at most COMPARE_ROWS_MAX rows.
 */
#define COMPARE_ROWS_MAX 2000
json_t *compare(const json_t *before, const json_t *after, enum compare_kind kind);

/* A value of such a row as a person reads it: things as a summary, sizes with units. Allocated. */
char *compare_text(const char *path, const json_t *value);

#endif
