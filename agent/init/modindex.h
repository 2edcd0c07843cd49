/* Which kernel modules a device needs and in which order: modules.dep, .alias and .softdep. */
#ifndef AGENT_INIT_MODINDEX_H
#define AGENT_INIT_MODINDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define MODINDEX_MATCHES_MAX 32

struct modindex;

/* Reads the three files of `dir` ("/lib/modules/6.1.0-56-amd64"); softdep and alias may be absent.
 */
int modindex_new(const char *dir, struct modindex **ret, struct err *e);
void modindex_free(struct modindex *mi);
DEFINE_CLEANUP(struct modindex, modindex_free)

/*
 * Names of the modules whose alias matches, each once, in the file's order; at most
 * MODINDEX_MATCHES_MAX. Borrowed from the index. Gives their number.
 */
size_t modindex_match(const struct modindex *mi, const char *modalias,
	const char *ret[static MODINDEX_MATCHES_MAX]);

/* Is there a file for this name? What is built into the kernel has none. */
bool modindex_has(const struct modindex *mi, const char *name);

/* Is this module in a comma list of names? '-' and '_' are the same; NULL is an empty list. */
bool modindex_listed(const char *list, const char *name);

/* Loads one file; `path` is absolute. 0 or negative errno; -EEXIST counts as loaded. */
typedef int (*modindex_loader)(const char *path, void *data);

/*
 * Loads a module (name or alias; '-' and '_' are the same) after what it depends on and its "pre"
 * soft dependencies, and before its "post" ones. What was loaded once is not loaded again. A name
 * that is not in the index is built in or absent: nothing happens. Gives the number of files
 * loaded now, or the error of the module itself.
 */
int modindex_load(struct modindex *mi, const char *name, modindex_loader load, void *data);

#endif
