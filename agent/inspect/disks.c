/* Disks of the inventory: what an image may be written to, with everything that identifies it. */
#include "agent/inspect/bypath.h"
#include "agent/inspect/fieldtext.h"
#include "agent/inspect/inventory.h"
#include "agent/inspect/scsi.h"
#include "agent/inspect/usage.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

#define DISKS_JSON_MAX (1024 * 1024)
#define PAGE_MAX       65536

/* Prefixes of kernel names that are never disks. */
static const char *const not_disks[] = {
	"loop", "ram", "zram", "sr", "fd", "dm-", "nbd", "mtdblock", "rbd", "drbd"};

static bool is_disk(const struct sysroot *sr, const char *name, bool removable_too)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_disks); i++)
		if (str_starts(name, not_disks[i]))
			return false;
	if (str_starts(name, "mmcblk") && (strstr(name, "boot") || strstr(name, "rpmb")))
		return false;
	return sysroot_int(sr, 0, "/sys/block/%s/size", name) > 0 &&
	       (removable_too || sysroot_int(sr, 0, "/sys/block/%s/removable", name) == 0) &&
	       sysroot_int(sr, 0, "/sys/block/%s/hidden", name) == 0;
}

static void put_line(json_t *o, const char *key, char *line)
{
	json_put_str(o, key, line);
	free(line);
}

/* One of the pages that the kernel keeps of a SCSI disk ("vpd_pg80"); its length, or 0. */
static size_t page(const struct sysroot *sr, const char *name, const char *which, char **ret)
{
	_cleanup_free_ char *path = sysroot_path(sr, "/sys/block/%s/device/%s", name, which);
	size_t len = 0;

	return fs_read(path, PAGE_MAX, ret, &len, NULL) < 0 ? 0 : len;
}

static void put_wwns(json_t *disk, const char *wwn, const char *with, const char *extension)
{
	json_put_str(disk, "wwn", wwn);
	json_put_str(disk, "wwn_with_extension", with);
	json_put_str(disk, "wwn_vendor_extension", extension);
}

/* An NAA name as udev's scsi_id cuts it: 64 bits, and a vendor's extension where there are 128. */
static void put_naa(json_t *disk, const char *hex)
{
	char wwn[19], extension[19], with[35];
	bool wide = strlen(hex) == 32;

	snprintf(wwn, sizeof(wwn), "0x%.16s", hex);
	snprintf(with, sizeof(with), "0x%.32s", hex);
	snprintf(extension, sizeof(extension), "0x%.16s", wide ? hex + 16 : "");
	put_wwns(disk, wwn, with, wide ? extension : NULL);
}

/* The kernel's own choice of a name, where there is no page of them: "naa.5000c5...", "eui.00...".
 */
static void put_wwid(const struct sysroot *sr, json_t *disk, const char *name)
{
	static const char *const kinds[] = {"eui.", "nvme.", "uuid."};
	_cleanup_free_ char *wwid = sysroot_line(sr, "/sys/block/%s/device/wwid", name);

	if (!wwid)
		wwid = sysroot_line(sr, "/sys/block/%s/wwid", name);
	put_wwns(disk, NULL, NULL, NULL);
	if (wwid && str_starts(wwid, "naa.") && (strlen(wwid) == 20 || strlen(wwid) == 36))
		put_naa(disk, wwid + 4);
	for (size_t i = 0; wwid && i < ARRAY_SIZE(kinds); i++)
		if (str_starts(wwid, kinds[i]))
			json_put_str(disk, "wwn", wwid);
}

/* The serial number of the USB device that the disk is in. */
static char *usb_serial(const struct sysroot *sr, const char *name)
{
	_cleanup_free_ char *at = sysroot_real(sr, "/sys/block/%s", name);
	char *slash, *serial = NULL;

	if (!at || !strstr(at, "/usb"))
		return NULL;
	while (!serial && (slash = strrchr(at, '/')) && slash != at) {
		*slash = '\0';
		serial = sysroot_exists(sr, "%s/idVendor", at) ? sysroot_line(sr, "%s/serial", at)
							       : NULL;
	}
	return serial;
}

static void put_identity(const struct sysroot *sr, json_t *disk, const char *name)
{
	static const char *const firmwares[] = {"rev", "firmware_rev", "fwrev"};
	char *serial = sysroot_line(sr, "/sys/block/%s/serial", name);
	char *model = sysroot_line(sr, "/sys/block/%s/device/model", name);

	if (!serial)
		serial = sysroot_line(sr, "/sys/block/%s/device/serial", name);
	if (model)
		field_text((const uint8_t *)model, strlen(model), model);
	put_line(disk, "model", model);
	put_line(disk, "serial", serial);
	put_line(disk, "vendor", sysroot_line(sr, "/sys/block/%s/device/vendor", name));
	put_wwid(sr, disk, name);
	json_put_str(disk, "firmware", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(firmwares) && !json_str(disk, "firmware"); i++)
		put_line(disk, "firmware",
			sysroot_line(sr, "/sys/block/%s/device/%s", name, firmwares[i]));
}

/* What a SCSI disk's pages know better than the kernel's attributes. */
static void put_scsi_identity(const struct sysroot *sr, json_t *disk, const char *name)
{
	_cleanup_free_ char *pg80 = NULL, *pg83 = NULL, *pgb1 = NULL;
	size_t n80 = page(sr, name, "vpd_pg80", &pg80), n83 = page(sr, name, "vpd_pg83", &pg83);
	size_t nb1 = page(sr, name, "vpd_pgb1", &pgb1);
	char serial[SCSI_SERIAL_MAX], hex[SCSI_NAME_MAX];
	unsigned rate = nb1 ? scsi_rotation_rate((const uint8_t *)pgb1, nb1) : 0;

	if (n80 && scsi_serial((const uint8_t *)pg80, n80, serial) == 0)
		json_put_str(disk, "serial", serial);
	else if (!json_str(disk, "serial"))
		put_line(disk, "serial", usb_serial(sr, name));
	if (n83 && scsi_name((const uint8_t *)pg83, n83, hex) == 0)
		put_naa(disk, hex);
	if (rate > 1)
		json_put_int(disk, "rotation_rpm", rate);
}

/* Behind SCSI's 16 characters of a model an ATA disk has 40; what it says itself goes before. */
static void put_ata_identity(const struct sysroot *sr, json_t *disk, const char *name)
{
	_cleanup_free_ char *pg89 = NULL;
	size_t n = page(sr, name, "vpd_pg89", &pg89);
	struct ata_identity id;
	char hex[17];

	if (!n || scsi_ata_identify((const uint8_t *)pg89, n, &id) < 0)
		return;
	json_put_str(disk, "model", id.model);
	if (id.serial[0])
		json_put_str(disk, "serial", id.serial);
	if (id.firmware[0])
		json_put_str(disk, "firmware", id.firmware);
	if (id.wwn) {
		snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)id.wwn);
		put_naa(disk, hex);
	}
	if (id.rotation_rate > 1)
		json_put_int(disk, "rotation_rpm", id.rotation_rate);
}

static json_t *disk_collect(const struct sysroot *sr, const char *name)
{
	_cleanup_free_ char *real = sysroot_real(sr, "/sys/block/%s", name);
	_cleanup_free_ char *hctl = bypath_hctl(real);
	_cleanup_free_ char *dev = xasprintf("/dev/%s", name);
	json_t *disk = json_object();

	json_put_str(disk, "name", dev);
	json_put_int(disk, "size", sysroot_int(sr, 0, "/sys/block/%s/size", name) * 512);
	json_put_bool(disk, "rotational",
		sysroot_int(sr, 0, "/sys/block/%s/queue/rotational", name) == 1);
	put_identity(sr, disk, name);
	if (hctl) {
		put_scsi_identity(sr, disk, name);
		put_ata_identity(sr, disk, name);
	}
	json_put_str(disk, "hctl", hctl);
	put_line(disk, "by_path", bypath_name(sr, real));
	json_put_int(disk, "logical_sectors",
		sysroot_int(sr, 512, "/sys/block/%s/queue/logical_block_size", name));
	json_put_int(disk, "physical_sectors",
		sysroot_int(sr, 512, "/sys/block/%s/queue/physical_block_size", name));
	json_put_str(disk, "tran", bypath_transport(sr, real));
	return disk;
}

/* A simulated disk: a member that the list leaves out takes the value of a plain SATA disk. */
static json_t *disk_simulated(const json_t *given, bool candidate)
{
	static const char *const texts[] = {"model", "wwn", "serial", "vendor",
		"wwn_with_extension", "wwn_vendor_extension", "hctl", "by_path", "tran"};
	const char *name = json_str(given, "name");
	json_t *disk = json_object();
	_cleanup_free_ char *dev =
		xasprintf("%s%s", name && name[0] == '/' ? "" : "/dev/", name ? name : "");

	json_put_str(disk, "name", dev);
	json_put_int(disk, "size", json_int(given, "size", 0));
	json_put_bool(disk, "rotational", json_flag(given, "rotational", false));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		json_put_str(disk, texts[i], json_str(given, texts[i]));
	json_put_int(disk, "logical_sectors", json_int(given, "logical_sectors", 512));
	json_put_int(disk, "physical_sectors", json_int(given, "physical_sectors", 512));
	if (candidate && json_str(given, "unfit"))
		json_put_str(disk, "unfit", json_str(given, "unfit"));
	return disk;
}

static json_t *disks_simulated(const char *path, bool candidates)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *given = NULL;
	json_t *list = json_array(), *one;
	size_t i, len;

	if (fs_read(path, DISKS_JSON_MAX, &text, &len, NULL) == 0 &&
		json_parse(text, len, JSON_DEPTH_MAX, &given, NULL) == 0)
		json_array_foreach (given, i, one)
			if (json_str(one, "name"))
				json_array_append_new(list, disk_simulated(one, candidates));
	return list;
}

static json_t *disks_of(const struct sysroot *sr, bool candidates)
{
	json_t *list, *disk;
	char **names;

	if (sr->disks_json)
		return disks_simulated(sr->disks_json, candidates);
	list = json_array();
	names = sysroot_names(sr, "/sys/block");
	for (char **n = names; *n; n++) {
		_cleanup_free_ char *used = NULL;

		if (!is_disk(sr, *n, candidates))
			continue;
		disk = disk_collect(sr, *n);
		used = candidates ? disk_usage(sr, *n) : NULL;
		if (used)
			json_put_str(disk, "unfit", used);
		json_array_append_new(list, disk);
	}
	sysroot_names_free(names);
	return list;
}

json_t *inventory_disks(const struct sysroot *sr)
{
	return disks_of(sr, false);
}

json_t *inventory_candidates(const struct sysroot *sr)
{
	return disks_of(sr, true);
}
