/* The parts of inspection rules; see rule.h. */
#ifndef CONDUCTOR_MODEL_RULE_INTERNAL_H
#define CONDUCTOR_MODEL_RULE_INTERNAL_H

#include "conductor/model/rule/rule.h"

/* One run of all rules over one node. */
struct rule_run {
	struct rule_work *work;
	const json_t *rule;
	bool mask; /* passwords in inventory and plugin data are not shown to this rule */
	unsigned steps;
	int64_t until_ms; /* of this thread's working time */
};

enum arg_flags {
	ARG_REQUIRED = 1,
	ARG_FILLED = 2, /* {...} in it is interpolated; in a loop it is in all arguments */
	ARG_TOLD = 4,	/* people read it: passwords of the node are not filled in */
};

#define RULE_ARGS_MAX 6

struct rule_operation {
	const char *name;
	struct {
		const char *name; /* NULL ends */
		unsigned flags;
	} args[RULE_ARGS_MAX];
	bool spread; /* as a list, its arguments may stand for the first one's elements */
	/* what can be said of arguments before they are interpolated; NULL: nothing more */
	int (*check)(const json_t *args, struct err *e);
	/* one of them: a condition's, an action's; args are by name and interpolated */
	int (*holds)(struct rule_run *run, const json_t *args, bool *ret, struct err *e);
	int (*act)(struct rule_run *run, const json_t *args, struct err *e);
};

extern const struct rule_operation rule_conditions[], rule_actions[]; /* ended by name NULL */

/* The row for "eq" or "!eq"; NULL: there is none. */
const struct rule_operation *rule_operation_find(
	const struct rule_operation *table, const char *text, bool *ret_inverted);

/* Arguments given as a list or an object, as a new object by name; -EINVAL names what is wrong. */
int rule_args(const struct rule_operation *op, const json_t *given, json_t **ret, struct err *e);

/* fill.c: a copy of an argument with {...} replaced; item: of a loop, or NULL. -E2BIG. */
int rule_fill(struct rule_run *run, const json_t *value, const json_t *item, bool told,
	json_t **ret, struct err *e);

/* text.c: a value as Python's str() writes it, into b. hide(): keys whose value is "***". */
typedef bool (*rule_hide)(const char *key);
void rule_text(struct buf *b, const json_t *value, rule_hide hide);
char *rule_text_of(const json_t *value); /* allocated; NULL: too long */

/* pattern.c: Python's regular expressions, as far as PCRE2 has the same ones. */
int pattern_check(const char *pattern, struct err *e);
int pattern_match(const char *pattern, const char *text, bool from_start, bool *ret, struct err *e);

/* path.c */
struct rule_path {
	int n;
	char *parts[RULE_PATH_MAX]; /* into text */
	char *text;
};
/* "a/b/c" or "a.b.c" (dots_only: slashes are part of names), or an array of names. */
int path_split(const json_t *path, bool dots_only, struct rule_path *ret, struct err *e);
void path_done(struct rule_path *p);
/* Objects on the way are made; changes nothing when one of it is no object. value is taken. */
int path_set(json_t *root, const struct rule_path *p, int from, json_t *value, struct err *e);
int path_extend(json_t *root, const struct rule_path *p, int from, json_t *value, bool unique,
	struct err *e);						    /* value is taken */
int path_remove(json_t *root, const struct rule_path *p, int from); /* -ENOENT */

#endif
