/* Finding what a system would start; see bootplan.h. */
#include "agent/system/bootplan.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_FILES_MAX 64
#define SMALL_MAX	65536

/* "hd0,gpt2", "hd0,msdos1", "hd0,2": the disk that GRUB was started from. 0: another disk. */
static unsigned partition_of(const char *root)
{
	const char *comma = strrchr(root, ',');
	const char *digits = comma ? comma + 1 + strcspn(comma + 1, "0123456789") : "";
	int number;

	if (!str_starts(root, "hd0,") || str_to_int(digits, 1, VOLUMES_MAX, &number) < 0)
		return 0;
	return (unsigned)number;
}

static int dir_of(struct volumes *v, const char *root)
{
	struct volume *one = volumes_number(v, partition_of(root));

	if (!one || volume_mount(v, one, false, NULL) < 0)
		return -1;
	return one->dir;
}

static char *read_text(void *data, const char *root, const char *path, size_t max)
{
	int dir = dir_of(data, root);

	return dir < 0 ? NULL : volume_read(dir, path, max);
}

static bool has(struct volumes *v, struct volume *one, const char *kind, const char *value)
{
	_cleanup_close_ int fd = -1;

	if (str_eq(kind, "fs-uuid"))
		return one->type && str_ieq(one->uuid, value);
	if (str_eq(kind, "label"))
		return one->label[0] && str_eq(one->label, value);
	if (!one->type || volume_mount(v, one, false, NULL) < 0)
		return false;
	fd = volume_openat(one->dir, value, O_PATH, 0);
	return fd >= 0;
}

static bool search(
	void *data, const char *kind, const char *value, char ret_root[static GRUB_ROOT_MAX])
{
	struct volumes *v = data;

	for (size_t i = 0; i < v->n; i++)
		if (has(v, &v->all[i], kind, value)) {
			snprintf(ret_root, GRUB_ROOT_MAX, "hd0,gpt%u", v->all[i].number);
			return true;
		}
	return false;
}

/* The newest version first, as boot loaders show them. */
static int newest_first(const void *a, const void *b)
{
	return strverscmp(*(char *const *)b, *(char *const *)a);
}

static char **list_entries(void *data, const char *root, const char *folder)
{
	int dir = dir_of(data, root);
	int fd = dir < 0 ? -1 : volume_openat(dir, folder, O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char **names;
	struct dirent *one;
	size_t n = 0;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	names = xcalloc(ENTRY_FILES_MAX + 1, sizeof(*names));
	while (n < ENTRY_FILES_MAX && (one = readdir(d)))
		if (str_ends(one->d_name, ".conf") && one->d_name[0] != '.')
			names[n++] = xstrdup(one->d_name);
	closedir(d);
	qsort(names, n, sizeof(*names), newest_first);
	return names;
}

static void names_free(char **names)
{
	for (char **n = names; n && *n; n++)
		free(*n);
	free(names);
}

/* --- GRUB ----------------------------------------------------------------------------------- */

static const char *const grub_folders[] = {"/boot/grub", "/grub", "/boot/grub2", "/grub2"};

static int try_grub(
	struct volumes *v, struct volume *one, bool uefi, struct boot_plan *ret, struct err *e)
{
	const struct grub_disk disk = {
		.data = v, .read = read_text, .search = search, .entries = list_entries};
	char root[GRUB_ROOT_MAX];

	snprintf(root, sizeof(root), "hd0,gpt%u", one->number);
	for (size_t i = 0; i < ARRAY_SIZE(grub_folders); i++) {
		_cleanup_free_ char *path = xasprintf("%s/grub.cfg", grub_folders[i]);
		_cleanup_free_ char *text = volume_read(one->dir, path, GRUB_TEXT_MAX);

		if (text)
			return grub_plan(
				text, root, grub_folders[i], uefi ? "efi" : "pc", &disk, ret, e);
	}
	return -ENOENT;
}

/* --- systemd-boot --------------------------------------------------------------------------- */

/* "default" of loader.conf is a pattern over names of entries, with or without ".conf". */
static char *default_pattern(const struct volume *one)
{
	_cleanup_free_ char *text = volume_read(one->dir, "/loader/loader.conf", SMALL_MAX);
	char *save = NULL;

	for (char *l = text ? strtok_r(text, "\r\n", &save) : NULL; l;
		l = strtok_r(NULL, "\r\n", &save)) {
		l = str_trim(l);
		if (str_starts(l, "default ") || str_starts(l, "default\t"))
			return xstrdup(str_trim(l + strlen("default ")));
	}
	return NULL;
}

static const char *choose_entry(char **names, const char *pattern)
{
	for (char **n = names; *n; n++) {
		_cleanup_free_ char *id = xstrndup(*n, strlen(*n) - strlen(".conf"));

		if (!pattern || fnmatch(pattern, *n, 0) == 0 || fnmatch(pattern, id, 0) == 0)
			return *n;
	}
	return NULL;
}

static int try_entries(struct volumes *v, struct volume *one, struct boot_plan *ret, struct err *e)
{
	_cleanup_free_ char *pattern = default_pattern(one), *text = NULL, *path = NULL;
	char root[GRUB_ROOT_MAX], **names;
	const char *name;
	int r = -ENOENT;

	snprintf(root, sizeof(root), "hd0,gpt%u", one->number);
	names = list_entries(v, root, "/loader/entries");
	name = names && *names ? choose_entry(names, pattern) : NULL;
	if (names && *names && !name)
		r = err_set(e, ENOTSUP, "no entry of the boot loader matches its default, %.64s",
			pattern);
	if (name) {
		path = xasprintf("/loader/entries/%s", name);
		text = volume_read(one->dir, path, SMALL_MAX);
		*ret = (struct boot_plan){.n_initrds = 0};
		str_copy(ret->root, sizeof(ret->root), root);
		r = text ? bls_plan(text, NULL, NULL, ret, e)
			 : err_set(e, EIO, "%s cannot be read", path);
	}
	names_free(names);
	return r;
}

/* --- all ------------------------------------------------------------------------------------ */

static int find_plan(struct volumes *v, bool uefi, struct boot_plan *ret, struct err *e)
{
	int r = -ENOENT;

	for (size_t pass = 0; pass < 2 && r == -ENOENT; pass++) {
		for (size_t i = 0; i < v->n && r == -ENOENT; i++) {
			struct volume *one = &v->all[i];
			struct err ignored;

			if (!one->type || volume_mount(v, one, false, &ignored) < 0)
				continue;
			r = pass ? try_entries(v, one, ret, e) : try_grub(v, one, uefi, ret, e);
		}
	}
	return r;
}

int bootplan_find(struct volumes *v, bool uefi, struct boot_plan *ret, struct volume **ret_volume,
	struct err *e)
{
	int r;

	if (e)
		e->text[0] = '\0';
	r = find_plan(v, uefi, ret, e);
	if (r == -ENOENT && !(e && e->text[0]))
		return err_set(e, ENOENT,
			"%s has no configuration of GRUB or systemd-boot on a "
			"file system that can be mounted",
			v->disk);
	if (r < 0)
		return r;
	*ret_volume = volumes_number(v, partition_of(ret->root));
	if (!*ret_volume || volume_mount(v, *ret_volume, false, e) < 0)
		return err_set(e, ENOTSUP,
			"the boot loader's files lie on %.32s, which is not a "
			"partition of this disk that can be mounted",
			ret->root);
	return 0;
}
