/* Clean steps for what the firmware remembers: boot entries and the kernel's pstore; see
 * bootloader.h. */
#include "agent/bootloader.h"
#include "agent/inspect/inventory.h"
#include "agent/nvram/bootmgr.h"
#include "lib/base/str.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define PATTERNS_MAX 64
#define PSTORE	     "/sys/fs/pstore"

struct patterns {
	size_t n;
	regex_t all[PATTERNS_MAX];
};

static void patterns_done(struct patterns *p)
{
	while (p->n)
		regfree(&p->all[--p->n]);
}

static int patterns_add(struct patterns *p, const json_t *pattern, struct err *e)
{
	const char *text = json_string_value(pattern);
	char why[128];
	int r;

	if (!text)
		return err_set(e, EINVAL, "match_patterns has to be a list of texts");
	if (p->n == PATTERNS_MAX)
		return err_set(e, EINVAL, "match_patterns: at most %d", PATTERNS_MAX);
	r = regcomp(&p->all[p->n], text, REG_EXTENDED | REG_NOSUB);
	if (r) {
		regerror(r, &p->all[p->n], why, sizeof(why));
		return err_set(e, EINVAL, "match_patterns: \"%.64s\": %s", text, why);
	}
	p->n++;
	return 0;
}

/* By default everything that begins with a partition: what systems on disks have left there. */
static int patterns_read(const json_t *args, struct patterns *ret, struct err *e)
{
	_cleanup_json_ json_t *list = json_incref(json_object_get(args, "match_patterns"));
	const json_t *one;
	size_t i;
	int r = 0;

	ret->n = 0;
	if (!list || json_is_null(list)) {
		json_decref(list);
		list = json_pack("[s]", "^HD\\(");
	}
	if (!json_is_array(list))
		return err_set(e, EINVAL, "match_patterns has to be a list of texts");
	json_array_foreach (list, i, one) {
		r = patterns_add(ret, one, e);
		if (r < 0)
			break;
	}
	if (r < 0)
		patterns_done(ret);
	return r;
}

static bool matches(const struct patterns *p, const char *path)
{
	for (size_t i = 0; i < p->n; i++)
		if (regexec(&p->all[i], path, 0, NULL, 0) == 0)
			return true;
	return false;
}

/* Entries of which nothing is understood stay: they are the firmware's. */
static int remove_matching(
	struct agent *a, const struct efivars *v, const struct patterns *p, struct err *e)
{
	struct boot_entries list;
	int r = bootmgr_list(v, &list, e);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const struct boot_entry *b = &list.all[i];

		if (b->damaged || !matches(p, b->path))
			continue;
		r = bootmgr_remove(v, b->number, e);
		if (r == 0)
			say(a->journal, "boot entry %04X \"%s\", %s: removed", b->number,
				b->option.label, b->path);
	}
	boot_entries_done(&list);
	return r;
}

int bootloader_clean_nvram(struct agent *a, const json_t *args, json_t **ret_result, struct err *e)
{
	_cleanup_json_ json_t *mode = inventory_boot(a->sr, NULL);
	struct patterns p;
	struct efivars v;
	int r = patterns_read(args, &p, e);

	if (r < 0)
		return err_prefix(e, "clean_uefi_nvram");
	if (!str_eq(json_str(mode, "current_boot_mode"), "uefi")) {
		say(a->journal, "clean_uefi_nvram: this machine does not run by UEFI");
		patterns_done(&p);
		return 0;
	}
	agent_load_module(a, "efivarfs");
	r = efivars_open(a->sr, &v, e);
	if (r == 0) {
		r = remove_matching(a, &v, &p, e);
		efivars_close(&v);
	}
	patterns_done(&p);
	return r < 0 ? err_prefix(e, "clean_uefi_nvram") : 0;
}

/* What crashed kernels left in the firmware's memory; other systems' backends need no module. */
static void mount_pstore(struct agent *a)
{
	agent_load_module(a, "efi_pstore");
	if (sysroot_live(a->sr))
		(void)!mount("pstore", PSTORE, "pstore", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

int bootloader_erase_pstore(struct agent *a, const json_t *args, json_t **ret_result, struct err *e)
{
	unsigned removed = 0;
	char **names;
	int r = 0;

	mount_pstore(a);
	names = sysroot_names(a->sr, PSTORE);
	for (char **n = names; *n && r == 0; n++) {
		_cleanup_free_ char *path = sysroot_path(a->sr, PSTORE "/%s", *n);

		if (unlink(path) < 0 && errno != ENOENT)
			r = err_errno(e, errno, "erase_pstore: remove %s", path);
		else
			removed++;
	}
	sysroot_names_free(names);
	say(a->journal, "erase_pstore: %u records removed", removed);
	return r;
}
