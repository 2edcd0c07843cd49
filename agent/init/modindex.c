/* The module index; see modindex.h. It reads the text files of depmod(8) and loads nothing itself.
 */
#include "agent/init/modindex.h"
#include "lib/base/fs.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX  (32 * 1024 * 1024)
#define DEPTH_MAX 64

struct module {
	char *name;		/* with '_' only */
	const char *path;	/* absolute, or below the folder */
	char *deps;		/* paths, separated by blanks */
	const char *pre, *post; /* names, separated by blanks; NULL: none */
	bool done;
};

struct alias {
	char bus[4]; /* the pattern's first bytes: most differ here, before any wildcard */
	const char *pattern;
	const char *module;
};

struct modindex {
	char *dir, *dep_text, *alias_text, *softdep_text;
	struct module *modules;
	size_t n_modules, cap_modules;
	struct alias *aliases;
	size_t n_aliases, cap_aliases;
	struct map by_name;
};

/* "kernel/drivers/net/virtio-net.ko.xz" to "virtio_net". */
static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = xstrdup(slash ? slash + 1 : path), *ext = strstr(name, ".ko");

	if (ext)
		*ext = '\0';
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

static void *grow(void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 256;
	return xrealloc(array, *cap * size);
}

static void add_module(struct modindex *mi, char *line)
{
	char *colon = strchr(line, ':');

	if (!colon)
		return;
	*colon = '\0';
	mi->modules = grow(mi->modules, mi->n_modules, &mi->cap_modules, sizeof(*mi->modules));
	mi->modules[mi->n_modules++] =
		(struct module){.name = name_of(line), .path = line, .deps = colon + 1};
}

/* "alias PATTERN MODULE" */
static void add_alias(struct modindex *mi, char *line)
{
	char *save = NULL, *word = strtok_r(line, " \t", &save);
	char *pattern = word ? strtok_r(NULL, " \t", &save) : NULL;
	char *module = pattern ? strtok_r(NULL, " \t", &save) : NULL;

	if (!module || !str_eq(word, "alias"))
		return;
	mi->aliases = grow(mi->aliases, mi->n_aliases, &mi->cap_aliases, sizeof(*mi->aliases));
	mi->aliases[mi->n_aliases] = (struct alias){.pattern = pattern, .module = module};
	memcpy(mi->aliases[mi->n_aliases++].bus, pattern, strnlen(pattern, 3));
}

static struct module *module_find(const struct modindex *mi, const char *name)
{
	_cleanup_free_ char *plain = name_of(name);

	return map_get(&mi->by_name, plain);
}

/* "softdep NAME pre: a b post: c"; the parts are cut apart in place. */
static void add_softdep(struct modindex *mi, char *line)
{
	char *pre = strstr(line, " pre:"), *post = strstr(line, " post:");
	char name[128];
	struct module *m;

	if (sscanf(line, "softdep %127s", name) != 1 || !(m = module_find(mi, name)))
		return;
	if (pre)
		*pre = '\0';
	if (post)
		*post = '\0';
	m->pre = pre ? pre + 5 : m->pre;
	m->post = post ? post + 6 : m->post;
}

static void each_line(struct modindex *mi, char *text, void (*fn)(struct modindex *mi, char *line))
{
	char *save = NULL;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (l[0] != '#')
			fn(mi, l);
}

static int read_in(const char *dir, const char *name, char **ret, struct err *e)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);

	return fs_read(path, FILE_MAX, ret, NULL, e);
}

int modindex_new(const char *dir, struct modindex **ret, struct err *e)
{
	_cleanup_(modindex_freep) struct modindex *mi = xcalloc(1, sizeof(*mi));
	int r;

	mi->dir = xstrdup(dir);
	r = read_in(dir, "modules.dep", &mi->dep_text, e);
	if (r < 0)
		return r;
	each_line(mi, mi->dep_text, add_module);
	for (size_t i = 0; i < mi->n_modules; i++)
		map_put(&mi->by_name, mi->modules[i].name, &mi->modules[i]);
	if (read_in(dir, "modules.alias", &mi->alias_text, NULL) == 0)
		each_line(mi, mi->alias_text, add_alias);
	if (read_in(dir, "modules.softdep", &mi->softdep_text, NULL) == 0)
		each_line(mi, mi->softdep_text, add_softdep);
	*ret = TAKE_PTR(mi);
	return 0;
}

void modindex_free(struct modindex *mi)
{
	if (!mi)
		return;
	for (size_t i = 0; i < mi->n_modules; i++)
		free(mi->modules[i].name);
	map_done(&mi->by_name);
	free(mi->modules);
	free(mi->aliases);
	free(mi->dep_text);
	free(mi->alias_text);
	free(mi->softdep_text);
	free(mi->dir);
	free(mi);
}

size_t modindex_match(const struct modindex *mi, const char *modalias,
	const char *ret[static MODINDEX_MATCHES_MAX])
{
	size_t n = 0, have;
	char bus[4] = "";

	memcpy(bus, modalias, strnlen(modalias, 3));
	for (size_t i = 0; i < mi->n_aliases && n < MODINDEX_MATCHES_MAX; i++) {
		if (memcmp(mi->aliases[i].bus, bus, sizeof(bus)) ||
			fnmatch(mi->aliases[i].pattern, modalias, 0))
			continue;
		for (have = 0; have < n && !str_eq(ret[have], mi->aliases[i].module);)
			have++;
		if (have == n)
			ret[n++] = mi->aliases[i].module;
	}
	return n;
}

bool modindex_has(const struct modindex *mi, const char *name)
{
	return module_find(mi, name);
}

bool modindex_listed(const char *list, const char *name)
{
	_cleanup_free_ char *copy = xstrdup(list ? list : ""), *plain = name_of(name);
	char *save = NULL;
	bool found = false;

	for (char *w = strtok_r(copy, ", ", &save); w && !found; w = strtok_r(NULL, ", ", &save)) {
		_cleanup_free_ char *listed = name_of(w);

		found = str_eq(listed, plain);
	}
	return found;
}

static int load_module(
	struct modindex *mi, struct module *m, modindex_loader load, void *data, unsigned depth);

static int load_names(
	struct modindex *mi, const char *list, modindex_loader load, void *data, unsigned depth)
{
	_cleanup_free_ char *copy = xstrdup(list ? list : "");
	char *save = NULL;
	int loaded = 0, r;

	for (char *w = strtok_r(copy, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		struct module *m = module_find(mi, w);

		r = m ? load_module(mi, m, load, data, depth) : 0;
		if (r > 0)
			loaded += r;
	}
	return loaded;
}

/* modules.dep lists the nearest dependency first, so the line is gone through from its end. */
static int load_deps(
	struct modindex *mi, struct module *m, modindex_loader load, void *data, unsigned depth)
{
	_cleanup_free_ char *copy = xstrdup(m->deps);
	int loaded = 0, r;
	char *blank;

	do {
		char *word;

		blank = strrchr(copy, ' ');
		word = blank ? blank + 1 : copy;
		if (*word) {
			struct module *dep = module_find(mi, word);

			r = dep ? load_module(mi, dep, load, data, depth) : 0;
			loaded += r > 0 ? r : 0;
		}
		if (blank)
			*blank = '\0';
	} while (blank);
	return loaded;
}

static int load_module(
	struct modindex *mi, struct module *m, modindex_loader load, void *data, unsigned depth)
{
	_cleanup_free_ char *path = NULL;
	int loaded, r;

	if (m->done || depth == DEPTH_MAX)
		return 0;
	m->done = true; /* before the others, which ends a circle */
	loaded = load_names(mi, m->pre, load, data, depth + 1);
	loaded += load_deps(mi, m, load, data, depth + 1);
	path = m->path[0] == '/' ? xstrdup(m->path) : xasprintf("%s/%s", mi->dir, m->path);
	r = load(path, data);
	if (r < 0 && r != -EEXIST)
		return r;
	loaded += r == 0;
	return loaded + load_names(mi, m->post, load, data, depth + 1);
}

int modindex_load(struct modindex *mi, const char *name, modindex_loader load, void *data)
{
	struct module *m = module_find(mi, name);

	return m ? load_module(mi, m, load, data, 0) : 0;
}
