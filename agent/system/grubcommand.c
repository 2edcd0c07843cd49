/* The commands of a GRUB configuration that matter for what it starts; see grubscript.h. */
#include "agent/system/grubscript.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ENV_MAX 65536

/* "(hd0,gpt2)/path" or "/path" as partition and path. */
static const char *split_path(
	const struct grub *g, const char *name, char root[static GRUB_ROOT_MAX])
{
	const char *close = name[0] == '(' ? strchr(name, ')') : NULL;

	if (close)
		snprintf(root, GRUB_ROOT_MAX, "%.*s", (int)(close - name - 1), name + 1);
	else
		str_copy(root, GRUB_ROOT_MAX, grub_get(g, "root") ? grub_get(g, "root") : "");
	return close ? close + 1 : name;
}

static char *read_file(const struct grub *g, const char *name, size_t max)
{
	char root[GRUB_ROOT_MAX];
	const char *path = split_path(g, name, root);

	return g->disk->read(g->disk->data, root, path, max);
}

static bool file_exists(const struct grub *g, const char *name)
{
	_cleanup_free_ char *text = read_file(g, name, GRUB_TEXT_MAX);

	return text != NULL;
}

/* --- test ----------------------------------------------------------------------------------- */

static bool test_one(struct grub *g, char **w, size_t n)
{
	if (n == 1)
		return *w[0];
	if (n == 2 && str_eq(w[0], "-n"))
		return *w[1];
	if (n == 2 && str_eq(w[0], "-z"))
		return !*w[1];
	if (n == 2 && (str_eq(w[0], "-s") || str_eq(w[0], "-f") || str_eq(w[0], "-e")))
		return file_exists(g, w[1]);
	if (n == 3 && (str_eq(w[1], "=") || str_eq(w[1], "==")))
		return str_eq(w[0], w[2]);
	if (n == 3 && str_eq(w[1], "!="))
		return !str_eq(w[0], w[2]);
	return grub_refuse(g, "a test of %zu words that begins with \"%.32s\"", n, n ? w[0] : "");
}

/* "a -a b -o c", from the left: no configuration mixes them. */
static bool test(struct grub *g, char **w, size_t n)
{
	size_t i = 0, from = 0;
	bool result = true, is_or = false;

	if (!n)
		return false;
	for (; i <= n; i++) {
		bool not, one;

		if (i < n && !str_eq(w[i], "-a") && !str_eq(w[i], "-o"))
			continue;
		not = from < i && str_eq(w[from], "!");
		one = test_one(g, w + from + not, i - from - not ) != not ;
		result = !from ? one : is_or ? result || one : result && one;
		is_or = i < n && str_eq(w[i], "-o");
		from = i + 1;
	}
	return result;
}

/* In configurations the closing bracket is a word of its own. */
static bool do_bracket(struct grub *g, char **w, size_t n)
{
	if (!str_eq(w[n - 1], "]"))
		return grub_refuse(g, "a \"[\" without \"]\"");
	return test(g, w + 1, n - 2);
}

static bool do_test(struct grub *g, char **w, size_t n)
{
	return test(g, w + 1, n - 1);
}

/* --- variables ------------------------------------------------------------------------------ */

static bool do_set(struct grub *g, char **w, size_t n)
{
	char *equals = n == 2 ? strchr(w[1], '=') : NULL;

	if (n == 1)
		return true;
	if (!equals)
		return grub_refuse(g, "\"set\" without a value");
	*equals = '\0';
	grub_set(g, w[1], equals + 1);
	return true;
}

static bool do_unset(struct grub *g, char **w, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (grub_get(g, w[i]))
			grub_set(g, w[i], "");
	return true;
}

/* GRUB's environment block: a mark, "name=value" lines, padding of '#'. */
static bool do_load_env(struct grub *g, char **w, size_t n)
{
	const char *prefix = grub_get(g, "prefix");
	_cleanup_free_ char *dflt = xasprintf("%s/grubenv", prefix ? prefix : ""), *text = NULL;
	char *save = NULL;
	const char *file = dflt;

	for (size_t i = 1; i < n; i++)
		if (str_eq(w[i], "-f") || str_eq(w[i], "--file"))
			file = i + 1 < n ? w[i + 1] : dflt;
	text = read_file(g, file, ENV_MAX);
	if (!text || !str_starts(text, "# GRUB Environment Block"))
		return false;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *equals = *l == '#' ? NULL : strchr(l, '=');

		if (!equals)
			continue;
		*equals = '\0';
		grub_set(g, l, equals + 1);
	}
	return true;
}

/* --- partitions ----------------------------------------------------------------------------- */

static bool found(struct grub *g, const char *kind, const char *value, const char *variable)
{
	char root[GRUB_ROOT_MAX];

	if (!value || !g->disk->search(g->disk->data, kind, value, root))
		return grub_refuse(g, "it looks for %s %.64s, which is not on the disk", kind,
			value ? value : "");
	grub_set(g, variable, root);
	return true;
}

static bool do_search(struct grub *g, char **w, size_t n)
{
	const char *kind = "file", *variable = "root", *value = NULL;

	for (size_t i = 1; i < n; i++) {
		if (str_eq(w[i], "--fs-uuid") || str_eq(w[i], "-u"))
			kind = "fs-uuid";
		else if (str_eq(w[i], "--label") || str_eq(w[i], "-l"))
			kind = "label";
		else if (str_eq(w[i], "--file") || str_eq(w[i], "-f"))
			kind = "file";
		else if (str_starts(w[i], "--set="))
			variable = w[i] + strlen("--set=");
		else if ((str_eq(w[i], "--set") || str_eq(w[i], "-s")) && i + 2 < n &&
			 w[i + 1][0] != '-')
			variable = w[++i];
		else if (str_starts(w[i], "--hint") && !strchr(w[i], '='))
			i++;
		else if (w[i][0] != '-')
			value = value ? value : w[i];
	}
	return found(g, kind, value, variable);
}

/* "search.fs_uuid UUID root [HINT...]" */
static bool do_search_uuid(struct grub *g, char **w, size_t n)
{
	return found(g, "fs-uuid", n > 1 ? w[1] : NULL, n > 2 ? w[2] : "root");
}

static bool do_search_label(struct grub *g, char **w, size_t n)
{
	return found(g, "label", n > 1 ? w[1] : NULL, n > 2 ? w[2] : "root");
}

/* --- kernels -------------------------------------------------------------------------------- */

static bool do_linux(struct grub *g, char **w, size_t n)
{
	struct boot_plan *p = &g->plan;
	size_t len = 0;

	if (n < 2 || strlen(w[1]) >= sizeof(p->kernel))
		return grub_refuse(g, "a kernel without a name, or with too long a one");
	str_copy(p->kernel, sizeof(p->kernel), split_path(g, w[1], p->root));
	p->n_initrds = 0;
	p->cmdline[0] = '\0';
	for (size_t i = 2; i < n; i++) {
		int more = snprintf(
			p->cmdline + len, sizeof(p->cmdline) - len, "%s%s", i > 2 ? " " : "", w[i]);

		len += (size_t)more;
		if (len >= sizeof(p->cmdline))
			return grub_refuse(g, "the kernel's command line is too long");
	}
	return true;
}

static bool do_initrd(struct grub *g, char **w, size_t n)
{
	struct boot_plan *p = &g->plan;
	char root[GRUB_ROOT_MAX];

	for (size_t i = 1; i < n; i++) {
		const char *path = split_path(g, w[i], root);

		if (p->n_initrds == GRUB_INITRDS_MAX || !str_eq(root, p->root) ||
			!str_copy(p->initrds[p->n_initrds], sizeof(p->initrds[0]), path))
			return grub_refuse(g, "its initial ramdisks");
		p->n_initrds++;
	}
	return true;
}

static bool do_boot(struct grub *g, char **w, size_t n)
{
	g->booted = g->plan.kernel[0];
	return true;
}

/* Entries beside the configuration's folder: /boot/grub2 and /boot/loader/entries. */
static bool do_blscfg(struct grub *g, char **w, size_t n)
{
	const char *prefix = grub_get(g, "prefix"), *path;
	char root[GRUB_ROOT_MAX], folder[GRUB_PATH_MAX];
	char **names;

	path = split_path(g, prefix ? prefix : "", root);
	snprintf(folder, sizeof(folder), "%s", path);
	if (strrchr(folder, '/'))
		*strrchr(folder, '/') = '\0';
	if (strlen(folder) + strlen("/loader/entries") >= sizeof(folder))
		return grub_refuse(g, "its folder's name is too long");
	strcat(folder, "/loader/entries");
	names = g->disk->entries(g->disk->data, root, folder);
	for (char **one = names; one && *one; one++) {
		_cleanup_free_ char *id = xstrndup(*one, strlen(*one) - strlen(".conf"));
		_cleanup_free_ char *file = xasprintf("%s/%s", folder, *one);
		char *text = g->disk->read(g->disk->data, root, file, ENV_MAX);
		struct grub_entry *entry = text ? grub_entry_new(g, id, id) : NULL;

		if (entry)
			entry->bls = text;
		else
			free(text);
		free(*one);
	}
	free(names);
	str_copy(g->plan.root, sizeof(g->plan.root), root);
	return true;
}

static bool do_refuse(struct grub *g, char **w, size_t n)
{
	return grub_refuse(g, "it uses \"%.32s\"", w[0]);
}

static bool do_true(struct grub *g, char **w, size_t n)
{
	return true;
}

static const struct {
	const char *name;
	bool (*run)(struct grub *g, char **words, size_t n);
} commands[] = {
	{"[", do_bracket},
	{"test", do_test},
	{"set", do_set},
	{"unset", do_unset},
	{"load_env", do_load_env},
	{"search", do_search},
	{"search.fs_uuid", do_search_uuid},
	{"search.fs_label", do_search_label},
	{"linux", do_linux},
	{"linux16", do_linux},
	{"linuxefi", do_linux},
	{"initrd", do_initrd},
	{"initrd16", do_initrd},
	{"initrdefi", do_initrd},
	{"boot", do_boot},
	{"blscfg", do_blscfg},
	{"true", do_true},
	{"echo", do_true},
	{"export", do_true},
	{"insmod", do_true},
	{"save_env", do_true},
	/* what starts something else than a kernel, or a kernel in a way that kexec cannot */
	{"chainloader", do_refuse},
	{"configfile", do_refuse},
	{"source", do_refuse},
	{".", do_refuse},
	{"normal", do_refuse},
	{"multiboot", do_refuse},
	{"multiboot2", do_refuse},
	{"xen_hypervisor", do_refuse},
	{"loopback", do_refuse},
	{"cryptomount", do_refuse},
	{"devicetree", do_refuse},
	{"acpi", do_refuse},
	{"halt", do_refuse},
	{"reboot", do_refuse},
	{"exit", do_refuse},
};

/* A command that is not known shows something, or sets the screen up: it fails without harm. */
bool grub_command(struct grub *g, char **words, size_t n)
{
	char *equals = strchr(words[0], '=');

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_eq(commands[i].name, words[0]))
			return commands[i].run(g, words, n);
	if (n == 1 && equals && equals != words[0]) {
		*equals = '\0';
		grub_set(g, words[0], equals + 1);
		return true;
	}
	return false;
}
