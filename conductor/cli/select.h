/* Which records a command means: names, UUIDs, ranges, globs, groups, all. */
#ifndef CONDUCTOR_CLI_SELECT_H
#define CONDUCTOR_CLI_SELECT_H

#include "conductor/cli/conn.h"
#include "lib/base/map.h"
#include "lib/cli/range.h"

/*
 * Words as they are typed. A plain word and a range ("r12u[01-40]") are names; "r12*" is a glob
 * over names; "@rack12" are the nodes whose properties.rack, chassis or its description is that;
 * "@FIELD=VALUE" those whose field is that, as in "@driver=ipmi" and "@properties.vendor=Dell*".
 */
struct selection {
	struct names exact;	/* ranges are unfolded */
	struct map exact_index; /* word to its place in exact.list */
	struct names patterns;	/* globs, and groups with their '@' */
	json_t *noted; /* "WORD UUID" of nodes in chassis that group words mean; NULL: none */
};

/* -EINVAL: a range or a group that is none. */
int selection_init(struct selection *s, const char *const *words, size_t n, struct err *e);
void selection_done(struct selection *s);

/* The fields of a node that the words look at, "uuid,name,properties". Allocated. */
char *selection_fields(const struct selection *s);

/* Notes that a node is meant by a group word. */
void selection_note(struct selection *s, const char *word, const char *node_uuid);

/* Asks which nodes are in the chassis that group words mean, and notes them. */
int selection_prepare(struct conn *c, struct selection *s, struct err *e);

/* Whether a row is meant by one of the patterns: by its name, address or hostname, else its uuid.
 */
bool selection_pattern_fits(const struct selection *s, const char *pattern, const json_t *row);

/*
 * Whether a row is meant by any of the words; sets hit[] of these words: first come the exact ones,
 * then the patterns.
 */
bool selection_mark(const struct selection *s, const json_t *row, bool *hit);

/* The names of the nodes that words mean, each once, in the order given. -ENOENT: none at all, or
 * none for a pattern. */
int select_nodes(struct conn *c, const char *const *words, size_t n, bool all, struct names *ret,
	struct err *e);

/* Either names from argument `first` on or --all, not both. -EINVAL. */
int select_given(const struct cli_line *line, int first, struct err *e);

/* The nodes the arguments of a line from `first` on stand for, or --all. */
int cmd_select(
	struct conn *c, const struct cli_line *line, int first, struct names *ret, struct err *e);

/* Name, or UUID where there is none. Borrowed. */
const char *row_name(const json_t *row);

#endif
