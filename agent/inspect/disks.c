/* Disks of the inventory: what an image may be written to, with everything that identifies it. */
#include "agent/inspect/inventory.h"
#include "agent/inspect/usage.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DISKS_JSON_MAX (1024 * 1024)

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

/* Unit serial number, VPD page 80h (SPC-4, 7.8.15): 4 bytes header, then text. */
static char *scsi_serial(const struct sysroot *sr, const char *name)
{
	_cleanup_free_ char *path = sysroot_path(sr, "/sys/block/%s/device/vpd_pg80", name);
	_cleanup_free_ char *page = NULL;
	size_t len, n;
	char *text;

	if (fs_read(path, 65536, &page, &len, NULL) < 0 || len < 5)
		return NULL;
	n = ((size_t)(unsigned char)page[2] << 8) | (unsigned char)page[3];
	if (n > len - 4)
		n = len - 4;
	for (size_t i = 4; i < 4 + n; i++)
		if (page[i] < 0x20 || page[i] == 0x7f)
			page[i] = ' ';
	page[4 + n] = '\0'; /* fs_read() leaves room for a NUL */
	text = str_trim(page + 4);
	return *text ? xstrdup(text) : NULL;
}

/*
 * World-wide names as udev shows them: "naa.<16 hex>" becomes 0x<16 hex>; with 32 digits the second
 * half is the vendor's extension. NVMe's "eui." and "nvme." names stay as they are.
 */
static void put_wwn(const struct sysroot *sr, json_t *disk, const char *name)
{
	_cleanup_free_ char *wwid = sysroot_line(sr, "/sys/block/%s/device/wwid", name);
	char wwn[19], text[40];
	size_t n;

	json_put_str(disk, "wwn", NULL);
	json_put_str(disk, "wwn_with_extension", NULL);
	json_put_str(disk, "wwn_vendor_extension", NULL);
	if (!wwid)
		wwid = sysroot_line(sr, "/sys/block/%s/wwid", name);
	if (!wwid)
		return;
	n = strlen(wwid) - 4;
	if (!str_starts(wwid, "naa.")) {
		if (str_starts(wwid, "eui.") || str_starts(wwid, "nvme.") ||
			str_starts(wwid, "uuid."))
			json_put_str(disk, "wwn", wwid);
		return;
	}
	if (n != 16 && n != 32)
		return;
	snprintf(wwn, sizeof(wwn), "0x%.16s", wwid + 4);
	snprintf(text, sizeof(text), "0x%.32s", wwid + 4);
	json_put_str(disk, "wwn", wwn);
	json_put_str(disk, "wwn_with_extension", text);
	if (n == 32) {
		snprintf(text, sizeof(text), "0x%.16s", wwid + 20);
		json_put_str(disk, "wwn_vendor_extension", text);
	}
}

/* "0:0:1:0" of a SCSI disk, from where its device link points. */
static char *hctl_of(const struct sysroot *sr, const char *name)
{
	char *last = sysroot_link(sr, "/sys/block/%s/device", name);
	unsigned n;
	char c;

	if (last && sscanf(last, "%u:%u:%u:%u%c", &n, &n, &n, &n, &c) == 4)
		return last;
	free(last);
	return NULL;
}

/* How the disk is attached, in lsblk's words, by a mark in its path below /sys/devices. */
static const char *tran_of(const char *real)
{
	static const struct {
		const char *mark, *tran;
	} table[] = {
		{"/nvme", "nvme"},
		{"/usb", "usb"},
		{"/end_device-", "sas"},
		{"/rport-", "fc"},
		{"/session", "iscsi"},
		{"/ata", "sata"},
		{"/virtio", "virtio"},
		{"/mmc_host", "mmc"},
	};

	for (size_t i = 0; real && i < ARRAY_SIZE(table); i++)
		if (strstr(real, table[i].mark))
			return table[i].tran;
	return NULL;
}

/* The last PCI function in the path; its end goes to *ret_after. */
static const char *last_pci(const char *real, size_t *ret_len)
{
	const char *found = NULL;
	unsigned n;
	int used;

	for (const char *p = real; (p = strchr(p, '/')); p++) {
		used = 0;
		if (sscanf(p + 1, "%x:%x:%x.%x%n", &n, &n, &n, &n, &used) == 4 && used &&
			(p[1 + used] == '/' || !p[1 + used])) {
			found = p + 1;
			*ret_len = (size_t)used;
		}
	}
	return found;
}

/* The port of an ATA disk counted within its controller, as udev does: ata5 of {5,6} is 1. */
static int ata_port(const struct sysroot *sr, const char *real, const char *pci, size_t pci_len)
{
	const char *p = strstr(pci, "/ata");
	_cleanup_free_ char *line = NULL;
	int n = 0;

	if (!p || sscanf(p, "/ata%d", &n) != 1)
		return -1;
	line = sysroot_line(
		sr, "%.*s/ata%d/ata_port/ata%d/port_no", (int)(pci + pci_len - real), real, n, n);
	return line && str_to_int(line, 0, 65535, &n) == 0 ? n : n;
}

/* The name udev would give it below /dev/disk/by-path, for PCI attached disks; allocated. */
static char *by_path(const struct sysroot *sr, const char *real, const char *tran, const char *hctl)
{
	size_t len = 0;
	const char *pci = real ? last_pci(real, &len) : NULL, *p;
	unsigned nsid = 0;

	if (!pci)
		return NULL;
	if (str_eq(tran, "nvme") && (p = strrchr(real, 'n')) && sscanf(p, "n%u", &nsid) == 1)
		return xasprintf("/dev/disk/by-path/pci-%.*s-nvme-%u", (int)len, pci, nsid);
	if (str_eq(tran, "sata"))
		return xasprintf("/dev/disk/by-path/pci-%.*s-ata-%d", (int)len, pci,
			ata_port(sr, real, pci, len));
	if (str_eq(tran, "virtio") && !hctl)
		return xasprintf("/dev/disk/by-path/pci-%.*s", (int)len, pci);
	if (hctl && (p = strchr(hctl, ':')))
		return xasprintf("/dev/disk/by-path/pci-%.*s-scsi-0%s", (int)len, pci, p);
	return NULL;
}

static void put_identity(const struct sysroot *sr, json_t *disk, const char *name)
{
	char *serial = sysroot_line(sr, "/sys/block/%s/serial", name);

	if (!serial)
		serial = sysroot_line(sr, "/sys/block/%s/device/serial", name);
	if (!serial)
		serial = scsi_serial(sr, name);
	put_line(disk, "model", sysroot_line(sr, "/sys/block/%s/device/model", name));
	put_line(disk, "serial", serial);
	put_line(disk, "vendor", sysroot_line(sr, "/sys/block/%s/device/vendor", name));
	put_wwn(sr, disk, name);
}

static json_t *disk_collect(const struct sysroot *sr, const char *name)
{
	_cleanup_free_ char *real = sysroot_real(sr, "/sys/block/%s", name);
	_cleanup_free_ char *hctl = hctl_of(sr, name);
	_cleanup_free_ char *dev = xasprintf("/dev/%s", name);
	const char *tran = tran_of(real);
	json_t *disk = json_object();

	json_put_str(disk, "name", dev);
	json_put_int(disk, "size", sysroot_int(sr, 0, "/sys/block/%s/size", name) * 512);
	json_put_bool(disk, "rotational",
		sysroot_int(sr, 0, "/sys/block/%s/queue/rotational", name) == 1);
	put_identity(sr, disk, name);
	json_put_str(disk, "hctl", hctl);
	put_line(disk, "by_path", by_path(sr, real, tran, hctl));
	json_put_int(disk, "logical_sectors",
		sysroot_int(sr, 512, "/sys/block/%s/queue/logical_block_size", name));
	json_put_int(disk, "physical_sectors",
		sysroot_int(sr, 512, "/sys/block/%s/queue/physical_block_size", name));
	json_put_str(disk, "tran", tran);
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
