/* Boot loaders of partition images; see partboot.h. How it is done is agent/chroot's business. */
#include "agent/partboot.h"

#include <errno.h>

#include "agent/chroot/chroot.h"
#include "lib/base/str.h"

static void on_line(void *data, const char *line)
{
	struct agent *a = data;

	say(a->journal, "boot loader: %s", line);
}

static void on_module(void *data, const char *name)
{
	agent_load_module(data, name);
}

static json_t *partition_ids(struct agent *a)
{
	json_t *ids;

	pthread_mutex_lock(&a->lock);
	ids = json_deep_copy(a->partition_ids);
	pthread_mutex_unlock(&a->lock);
	return ids;
}

static int check_bios(struct agent *a, struct err *e)
{
	return agent_rules(a).bios_bootloader
		       ? 0
		       : err_set(e, EPERM,
				 "a partition image needs its grub-install to boot by BIOS, which "
				 "the conductor does not allow; set enable_bios_bootloader_install "
				 "there, use UEFI, or an image of a whole disk");
}

int partboot_install(
	struct agent *a, const json_t *params, bool uefi, struct buf *done, struct err *e)
{
	_cleanup_json_ json_t *ids = partition_ids(a), *disk = NULL;
	const json_t *devices = json_object_get(ids, "partitions");
	const char *uuid = json_str(params, "root_uuid");
	bool bios = str_eq(json_str(params, "target_boot_mode"), "bios");
	struct chroot_job job = {
		.root = json_str(devices, "root"),
		.esp = bios ? NULL : json_str(devices, "efi system partition"),
		.esp_uuid = json_str(ids, "efi system partition uuid"),
		.cancel = commands_cancel(a->commands),
		.load_module = on_module,
		.say = on_line,
		.data = a,
	};
	enum chroot_done what = CHROOT_COPIED;
	int r;

	if (str_empty(uuid) || str_starts(uuid, "0x"))
		return 0; /* a disk's image */
	if (!job.root || !str_eq(uuid, json_str(ids, "root uuid")))
		return err_set(
			e, ENOENT, "no partition with the UUID %.64s was written here", uuid);
	if (uefi && !job.esp)
		return err_set(e, ENOENT,
			"this machine boots by UEFI, but the image was written for BIOS; set the "
			"node's boot mode to uefi and deploy again");
	r = job.esp ? 0 : check_bios(a, e);
	if (r == 0)
		r = agent_root_disk(a, &disk, e);
	if (r < 0)
		return r;
	job.disk = json_str(disk, "name");
	if (!sysroot_live(a->sr)) {
		buf_puts(done, "nothing is mounted in a simulation; ");
		return 0;
	}
	r = chroot_grub_install(&job, &what, e);
	if (r == 0)
		buf_puts(done, what == CHROOT_GRUB ? "the image's grub-install ran; "
						   : "the image's EFI files were copied; ");
	return r;
}
