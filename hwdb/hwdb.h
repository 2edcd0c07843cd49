/* Knowledge about hardware as data: reads *.hwdb files and answers how a BMC wants to be spoken to.
 */
#ifndef HWDB_HWDB_H
#define HWDB_HWDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/hwid/bmc_traits.h"

/* What is known of a BMC; whatever is not known stays 0 or NULL and matches only "any". */
struct hwdb_match {
	uint32_t manufacturer_id; /* Get Device ID, IANA enterprise number */
	uint16_t product_id;	  /* Get Device ID; looked at with manufacturer_id only */
	const char *firmware;	  /* of the BMC: "3.88", "1.23.06" */
	const char *vendor;	  /* of the machine: Redfish Manufacturer, or SMBIOS */
	const char *model;	  /* of the machine: Redfish Model, or SMBIOS product name */
};

struct hwdb;

/*
 * Reads one file, or all *.hwdb files of a folder in the order of their names; a later record wins
 * over an earlier one, key by key. The first mistake is -EINVAL and reads "FILE:LINE: ...". Files
 * of more than 1 MiB are -EFBIG.
 */
int hwdb_load(const char *path, struct hwdb **ret, struct err *e);
void hwdb_free(struct hwdb *db); /* NULL is fine */

/* Sets *ret to the defaults and to what each matching record says. db may be NULL: the defaults. */
void hwdb_lookup(const struct hwdb *db, const struct hwdb_match *match, struct bmc_traits *ret);

/* The short name of the maker ("supermicro"), from VENDOR; NULL when no record says it. Borrowed.
 */
const char *hwdb_vendor(const struct hwdb *db, const struct hwdb_match *match);

/* One record, for "which quirks apply here, and why". Everything is borrowed from the db. */
struct hwdb_record_info {
	const char *file;
	unsigned line;	    /* of its first match line */
	const char *source; /* its SOURCE */
	const char *note;   /* its NOTE, or NULL */
};

/* Calls each for every record that matches, in order of application; match NULL: for all of them.
 */
void hwdb_explain(const struct hwdb *db, const struct hwdb_match *match,
	void (*each)(void *data, const struct hwdb_record_info *info), void *data);

#endif
