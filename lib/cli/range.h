/* Ranges of names: "r12u[01-40]" is forty names, "r[1-2]u[01,03]" is four. */
#ifndef LIB_CLI_RANGE_H
#define LIB_CLI_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

#define RANGE_NAMES_MAX 100000

struct names {
	char **list;
	size_t n;
};

/*
 * Appends the names a word stands for, each once. In brackets: numbers and ranges parted by commas;
 * the width of the first number is kept. A word without brackets is itself. -EINVAL.
 */
int range_expand(const char *word, struct names *names, struct err *e);

/* The shortest words for names that end in numbers: "r12u[01-03,05] r13u01". Allocated. */
char *range_fold(const struct names *names);

bool name_is_glob(const char *word);			  /* holds '*' or '?' */
void names_add(struct names *names, const char *name);	  /* unless it is there */
void names_append(struct names *names, const char *name); /* even so */
bool names_have(const struct names *names, const char *name);
void names_done(struct names *names);

#endif
