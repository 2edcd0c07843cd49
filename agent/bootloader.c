/* Boot loader check; see bootloader.h. */
#include "agent/bootloader.h"
#include "agent/image/esp.h"
#include "agent/inspect/inventory.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define HEAD_BYTES (128 * 1024) /* table of 128 entries behind 4096-byte sectors, and some */

static int check_esp(struct agent *a, const json_t *disk, struct err *e)
{
	_cleanup_free_ char *path = agent_disk_path(a, disk);
	_cleanup_free_ uint8_t *head = xcalloc(1, HEAD_BYTES);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, HEAD_BYTES, 0);
	unsigned esp;

	if (n < 0)
		return err_errno(e, errno, "read the partition table of %s", path);
	esp = esp_find(head, (size_t)n, (unsigned)json_int(disk, "logical_sectors", 512));
	if (!esp)
		return err_set(e, ENOENT,
			"%s has no EFI system partition, and this machine boots by UEFI; use an "
			"image that has one, or set the node's boot mode to bios",
			json_str(disk, "name"));
	say(a->journal, "UEFI finds the boot loader on partition %u of %s", esp,
		json_str(disk, "name"));
	return 0;
}

int bootloader_install(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	struct agent *a = agent;
	_cleanup_json_ json_t *boot = inventory_boot(a->sr, NULL), *disk = NULL;
	const char *running = json_str(boot, "current_boot_mode");
	const char *target = json_str(params, "target_boot_mode");
	int r = 0;

	if (!str_empty(target) && !str_eq(target, running))
		say_warning(a->journal, "this machine runs in %s mode, its node wants %s", running,
			target);
	if (str_eq(running, "uefi") && !str_eq(target, "bios")) {
		r = agent_root_disk(a, &disk, e);
		if (r == 0)
			r = check_esp(a, disk, e);
	}
	if (r < 0 && !json_flag(params, "ignore_bootloader_failure", false))
		return err_prefix(e, "install boot loader");
	if (r < 0)
		journal_err(a->journal, "install boot loader, ignored", e);
	*ret_result = json_string("the image's own boot loader is kept");
	return 0;
}
