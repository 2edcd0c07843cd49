/*
 * Modules by modalias: every device in /sys/devices names what drives it, modules.alias maps that
 * to a module by a pattern (fnmatch), and modules.dep lists what has to be loaded before it.
 */
#include "tests/vrack/system/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct module {
	char *name; /* with '_' for '-' */
	char *deps; /* paths, the module's own first, as in modules.dep */
	bool loaded;
};

struct alias {
	char *pattern;
	struct module *module;
};

/* One program, one kernel: the index is the program's. */
static struct {
	char folder[256];
	struct module *modules;
	size_t n_modules;
	struct alias *aliases;
	size_t n_aliases;
	int loaded_now;
} mods;

static void name_of_path(const char *path, char *dst, size_t size)
{
	const char *base = strrchr(path, '/');
	size_t n;

	base = base ? base + 1 : path;
	for (n = 0; n + 1 < size && base[n] && base[n] != '.'; n++)
		dst[n] = base[n] == '-' ? '_' : base[n];
	dst[n] = '\0';
}

static struct module *module_find(const char *name)
{
	char plain[64];

	name_of_path(name, plain, sizeof(plain));
	for (size_t i = 0; i < mods.n_modules; i++)
		if (strcmp(mods.modules[i].name, plain) == 0)
			return &mods.modules[i];
	return NULL;
}

static int insert_file(const char *path)
{
	char full[512];
	int fd, r = 0;

	snprintf(full, sizeof(full), "%s/%s", mods.folder, path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		r = -errno;
	close(fd);
	return r;
}

/* modules.dep lists the nearest dependency first, so the list is walked from its end. */
static int module_insert(struct module *m)
{
	char *copy, *words[64], *save = NULL, path[128];
	int n = 0, r = 0;

	if (m->loaded)
		return 0;
	m->loaded = true; /* also one that cannot be loaded is not tried at every pass */
	snprintf(path, sizeof(path), "/sys/module/%s", m->name);
	if (access(path, F_OK) == 0)
		return 0;
	copy = strdup(m->deps);
	if (!copy)
		return -ENOMEM;
	for (char *w = strtok_r(copy, " \n", &save); w && n < 64; w = strtok_r(NULL, " \n", &save))
		words[n++] = w;
	while (r == 0 && n-- > 0) {
		struct module *dep = module_find(words[n]);

		if (dep && dep != m && dep->loaded)
			continue;
		r = insert_file(words[n]);
		if (r == 0 && dep)
			dep->loaded = true;
	}
	mods.loaded_now += r == 0;
	free(copy);
	return r;
}

static void add_dep_line(char *line)
{
	char *colon = strchr(line, ':'), name[64];
	struct module *m;

	if (!colon)
		return;
	*colon = '\0';
	name_of_path(line, name, sizeof(name));
	*colon = ' ';
	mods.modules = realloc(mods.modules, (mods.n_modules + 1) * sizeof(*m));
	if (!mods.modules)
		abort();
	m = &mods.modules[mods.n_modules++];
	*m = (struct module){.name = strdup(name), .deps = strdup(line)};
}

static void add_alias_line(char *line)
{
	char *save = NULL, *word = strtok_r(line, " \n", &save);
	char *pattern = strtok_r(NULL, " \n", &save), *name = strtok_r(NULL, " \n", &save);
	struct module *m = name ? module_find(name) : NULL;

	if (!m || strcmp(word, "alias") != 0)
		return;
	mods.aliases = realloc(mods.aliases, (mods.n_aliases + 1) * sizeof(*mods.aliases));
	if (!mods.aliases)
		abort();
	mods.aliases[mods.n_aliases++] = (struct alias){strdup(pattern), m};
}

static int each_line(const char *name, void (*add)(char *line))
{
	char path[512], *line = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", mods.folder, name);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (getline(&line, &size, f) > 0)
		add(line);
	free(line);
	fclose(f);
	return 0;
}

int modules_open(const char *folder)
{
	int r;

	snprintf(mods.folder, sizeof(mods.folder), "%s", folder);
	mods.n_modules = mods.n_aliases = 0;
	r = each_line("modules.dep", add_dep_line);
	return r < 0 ? r : each_line("modules.alias", add_alias_line);
}

int modules_load(const char *name)
{
	struct module *m = module_find(name);

	return m ? module_insert(m) : -ENOENT;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char text[1024];
	ssize_t n;
	int fd;

	if (type != FTW_F || strcmp(path + ftw->base, "modalias") != 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 1)
		return 0;
	text[n - 1] = '\0'; /* the newline */
	for (size_t i = 0; i < mods.n_aliases; i++)
		if (!mods.aliases[i].module->loaded && !fnmatch(mods.aliases[i].pattern, text, 0))
			module_insert(mods.aliases[i].module);
	return 0;
}

int modules_coldplug(void)
{
	mods.loaded_now = 0;
	nftw("/sys/devices", visit, 16, FTW_PHYS);
	return mods.loaded_now;
}
