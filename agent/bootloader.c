/* Boot loader and boot entry; see bootloader.h. */
#include "agent/bootloader.h"
#include "agent/image/disk/esp.h"
#include "agent/image/disk/gpt.h"
#include "agent/inspect/inventory.h"
#include "agent/nvram/bootmgr.h"
#include "agent/partboot.h"
#include "agent/system/loader.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define HEAD_BYTES (128 * 1024) /* table of 128 entries behind 4096-byte sectors, and some */

/* What is known about the root disk's way to boot. */
struct boot {
	struct agent *a;
	const char *disk, *arch;
	unsigned sector;
	struct esp esp;
	struct loader loader;
	struct buf done; /* what was done, for the result */
};

static unsigned sector_of(const json_t *disk)
{
	return (unsigned)json_int(disk, "logical_sectors", 512);
}

/* *ret has HEAD_BYTES; gives how many were read. */
static ssize_t read_head(struct agent *a, const json_t *disk, uint8_t **ret)
{
	_cleanup_free_ char *path = agent_disk_path(a, disk);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	*ret = xcalloc(1, HEAD_BYTES);
	return fd < 0 ? -1 : pread(fd, *ret, HEAD_BYTES, 0);
}

static int find_esp(struct boot *b, const json_t *disk, struct err *e)
{
	_cleanup_free_ uint8_t *head = NULL;
	ssize_t n = read_head(b->a, disk, &head);

	if (n < 0)
		return err_errno(e, errno, "read the partition table of %s", b->disk);
	if (!esp_find(head, (size_t)n, b->sector, &b->esp))
		return err_set(e, ENOENT,
			"%s has no EFI system partition, and this machine boots by UEFI; use an "
			"image that has one, or set the node's boot mode to bios",
			b->disk);
	return 0;
}

static int open_esp(struct boot *b, const json_t *disk, int flags, struct fat *ret, struct err *e)
{
	_cleanup_free_ char *path = agent_disk_path(b->a, disk);
	int fd = open(path, flags | O_CLOEXEC), r;

	if (fd < 0)
		return err_errno(e, errno, "open %s", path);
	r = fat_open(fd, b->esp.first * b->sector, b->esp.sectors * b->sector, ret, e);
	if (r < 0)
		close(fd);
	return r < 0 ? err_prefix(e, "EFI system partition %u of %s", b->esp.number, b->disk) : 0;
}

static const char *arch_of(struct agent *a)
{
	struct utsname uts;

	uname(&uts);
	return loader_arch(
		uts.machine, sysroot_int(a->sr, 64, "/sys/firmware/efi/fw_platform_size") == 32);
}

static int find_loader(struct boot *b, const json_t *disk, struct err *e)
{
	struct fat fat;
	int r = open_esp(b, disk, O_RDONLY, &fat, e);

	if (r < 0)
		return r;
	r = loader_find(&fat, b->arch, &b->loader, e);
	close(fat.fd);
	if (r < 0)
		return err_prefix(e, "EFI system partition %u of %s", b->esp.number, b->disk);
	say(b->a->journal, "boot loader %s of partition %u of %s%s%s", b->loader.path,
		b->esp.number, b->disk, b->loader.told_by[0] ? ", as says " : "",
		b->loader.told_by);
	return 0;
}

/* Not being able to is no failure as long as an entry in the NVRAM leads to the loader. */
static void repair_fallback(struct boot *b, const json_t *disk)
{
	struct buf done = BUF_INIT(512);
	struct err e = {0};
	struct fat fat;
	int r;

	if (b->loader.fallback)
		return;
	r = open_esp(b, disk, O_RDWR, &fat, &e);
	if (r == 0) {
		r = loader_repair_fallback(&fat, b->arch, &b->loader, &done, &e);
		close(fat.fd);
	}
	if (done.len)
		say(b->a->journal, "the path for removable media was missing: wrote %s",
			buf_str(&done));
	if (r < 0)
		say_warning(b->a->journal,
			"%s; firmware that loses its entries will not find the "
			"system",
			e.text);
	b->loader.fallback = r == 0;
	buf_done(&done);
}

/* --- the entry ------------------------------------------------------------------------------ */

static bool on_disk(struct agent *a, const json_t *disk, const uint8_t guid[16])
{
	_cleanup_free_ uint8_t *head = NULL;
	ssize_t n = read_head(a, disk, &head);
	struct gpt_partition part;
	struct gpt gpt;

	if (n <= 0 || gpt_read(head, (size_t)n, sector_of(disk), &gpt, NULL) < 0)
		return n < 0; /* a disk that cannot be read may have it */
	for (uint32_t i = 0; i < gpt.n_entries; i++)
		if (gpt_partition(&gpt, i, &part) && !memcmp(part.guid, guid, 16))
			return true;
	return false;
}

/* A label that only a provisioning agent gives: "ingot", or "ironic1" of the Ironic agent. */
static bool label_is_ours(const char *label)
{
	return str_eq(label, "ingot") || (str_starts(label, "ironic") && label[6] &&
						 !label[6 + strspn(label + 6, "0123456789")]);
}

/* Entries of earlier deployments whose partition is on no disk any more. */
static void remove_dead(struct boot *b, const struct efivars *v)
{
	_cleanup_json_ json_t *disks = inventory_disks(b->a->sr);
	struct boot_entries list;
	json_t *disk;
	size_t k;

	if (bootmgr_list(v, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.n; i++) {
		const struct loadopt *o = &list.all[i].option;
		bool alive = list.all[i].damaged || !o->on_disk || !o->hd.gpt ||
			     !label_is_ours(o->label);

		json_array_foreach (disks, k, disk)
			alive = alive || on_disk(b->a, disk, o->hd.signature);
		if (!alive && bootmgr_remove(v, list.all[i].number, NULL) == 0)
			say(b->a->journal,
				"boot entry %04X \"%s\" led to a partition that is gone: removed",
				list.all[i].number, o->label);
	}
	boot_entries_done(&list);
}

/* "EFI/debian/shimx64.efi" as firmware writes it. */
static void with_backslashes(const char *path, char *ret, size_t size)
{
	snprintf(ret, size, "\\%s", path);
	for (char *p = ret; *p; p++)
		*p = *p == '/' ? '\\' : *p;
}

static int write_entry(struct boot *b, const struct efivars *v, struct err *e)
{
	char path[LOADER_PATH_MAX + 1];
	struct boot_want want = {
		.label = b->loader.label,
		.loader = path,
		.arguments = b->loader.arguments,
		.hd = {.number = b->esp.number,
			.start = b->esp.first,
			.sectors = b->esp.sectors,
			.gpt = b->esp.gpt},
	};
	unsigned removed = 0;
	uint16_t number;
	int r;

	memcpy(want.hd.signature, b->esp.signature, sizeof(want.hd.signature));
	with_backslashes(b->loader.path, path, sizeof(path));
	r = bootmgr_install(v, &want, &number, &removed, e);
	if (removed)
		say(b->a->journal, "%u other boot entries \"%s\" removed", removed, want.label);
	if (r < 0)
		return r;
	buf_printf(&b->done,
		"boot entry %04X \"%s\" loads %s from partition %u of %s, and is the first", number,
		want.label, path, b->esp.number, b->disk);
	return 0;
}

static int set_entry(struct boot *b, struct err *e)
{
	struct efivars v;
	int r;

	agent_load_module(b->a, "efivarfs");
	r = efivars_open(b->a->sr, &v, e);
	if (r == 0) {
		remove_dead(b, &v);
		r = write_entry(b, &v, e);
		efivars_close(&v);
	}
	/* this firmware has no entries of ours; it tries the disk by its removable path */
	if (efivar_unchangeable(r) && b->loader.fallback) {
		say_warning(b->a->journal,
			"no boot entry: %s; the firmware finds the system at "
			"the path for removable media",
			e->text);
		buf_printf(&b->done,
			"no boot entry (%s); partition %u of %s boots by the path "
			"for removable media",
			e->text, b->esp.number, b->disk);
		r = 0;
	}
	return r;
}

static int install_uefi(struct boot *b, struct err *e)
{
	_cleanup_json_ json_t *disk = NULL;
	int r = agent_root_disk(b->a, &disk, e);

	if (r < 0)
		return r;
	b->disk = json_str(disk, "name");
	b->sector = sector_of(disk);
	b->arch = arch_of(b->a);
	if (!b->arch)
		return err_set(e, ENOTSUP, "boot loaders of this architecture are not known");
	r = find_esp(b, disk, e);
	if (r == 0)
		r = find_loader(b, disk, e);
	if (r == 0) {
		repair_fallback(b, disk);
		r = set_entry(b, e);
	}
	if (b->done.len)
		say(b->a->journal, "%s", buf_str(&b->done));
	return r;
}

/* The command's word counts; without it that of the kernel's command line. */
static bool ignores_failure(struct agent *a, const json_t *params)
{
	return json_flag(params, "ignore_bootloader_failure", a->params->ignore_bootloader_failure);
}

int bootloader_install(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	struct boot b = {.a = agent, .done = BUF_INIT(2048)};
	_cleanup_json_ json_t *mode = inventory_boot(b.a->sr, NULL);
	const char *running = json_str(mode, "current_boot_mode");
	const char *target = json_str(params, "target_boot_mode");
	bool uefi = str_eq(running, "uefi") && !str_eq(target, "bios");
	int r;

	if (!str_empty(target) && !str_eq(target, running))
		say_warning(b.a->journal, "this machine runs in %s mode, its node wants %s",
			running, target);
	r = partboot_install(b.a, params, uefi, &b.done, e);
	if (r == 0 && uefi)
		r = install_uefi(&b, e);
	else if (r == 0 && !b.done.len)
		buf_puts(&b.done, "the image's own boot loader is kept");
	if (r < 0 && ignores_failure(b.a, params)) {
		journal_err(b.a->journal, "install boot loader, ignored", e);
		buf_printf(&b.done, "ignored: %s", e->text);
		r = 0;
	}
	if (r == 0)
		*ret_result = json_string(buf_str(&b.done));
	buf_done(&b.done);
	return r < 0 ? err_prefix(e, "install boot loader") : 0;
}
