/* Records as they lie in memory; shared by the reader and the lookup. */
#ifndef HWDB_INTERNAL_H
#define HWDB_INTERNAL_H

#include "hwdb/hwdb.h"

enum pattern_field {
	FIELD_MANUFACTURER,
	FIELD_PRODUCT,
	FIELD_FIRMWARE,
	FIELD_VENDOR,
	FIELD_MODEL,
	FIELD_COUNT
};

/* One match line. A field that it does not name is NULL and fits everything. */
struct pattern {
	char *fields[FIELD_COUNT];
};

struct property {
	const struct key *key;
	char *value;
	uint32_t number; /* value, as the key's kind reads it */
};

struct record {
	char *file;
	unsigned line;
	struct pattern *patterns;
	size_t n_patterns;
	struct property *properties;
	size_t n_properties;
};

struct hwdb {
	struct record *records;
	size_t n;
};

enum key_kind { KEY_TEXT, KEY_NUMBER, KEY_FLAG, KEY_PRIVILEGE };

/* A row per key that a record may set. */
struct key {
	const char *name;
	enum key_kind kind;
	uint32_t min, max; /* KEY_NUMBER */
	uint32_t quirk;	   /* KEY_FLAG: the bit */
	size_t offset;	   /* in struct bmc_traits */
	size_t size;
};

const struct key *key_find(const char *name);
int key_read(const struct key *key, const char *text, uint32_t *ret, struct err *e);
int pattern_read(char *line, struct pattern *ret, struct err *e);
void pattern_done(struct pattern *p);

#endif
