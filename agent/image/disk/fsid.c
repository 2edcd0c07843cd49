/* File systems by their superblock; see fsid.h. */
#include "agent/image/disk/fsid.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

/*
 * Where the magic stands and where the identity: ext of the kernel's ext4_super_block, XFS of the
 * XFS file system structure, btrfs of btrfs_super_block, FAT of Microsoft's specification.
 */
static const struct {
	const char *type;
	size_t magic_at;
	const char *magic;
	size_t magic_len, id_at;
	bool serial; /* 4 bytes of a FAT, else 16 of a UUID */
} kinds[] = {
	{"xfs", 0, "XFSB", 4, 32, false},
	{"btrfs", 0x10040, "_BHRfS_M", 8, 0x10020, false},
	{"swap", 4086, "SWAPSPACE2", 10, 1036, false},
	{"ext4", 1080, "\x53\xef", 2, 1128, false},
	{"vfat", 82, "FAT32   ", 8, 67, true},
	{"vfat", 54, "FAT16   ", 8, 39, true},
	{"vfat", 54, "FAT12   ", 8, 39, true},
};

static void id_text(const uint8_t *id, bool serial, char ret[static 40])
{
	static const uint8_t none[16];

	ret[0] = 0;
	if (!memcmp(id, none, serial ? 4 : 16))
		return;
	if (serial)
		snprintf(ret, 40, "%02X%02X-%02X%02X", id[3], id[2], id[1], id[0]);
	else
		snprintf(ret, 40,
			"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9],
			id[10], id[11], id[12], id[13], id[14], id[15]);
}

bool fsid_read(const uint8_t *start, size_t len, struct fsid *ret)
{
	*ret = (struct fsid){0};
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (len < kinds[i].magic_at + kinds[i].magic_len || len < kinds[i].id_at + 16 ||
			memcmp(start + kinds[i].magic_at, kinds[i].magic, kinds[i].magic_len) != 0)
			continue;
		if (kinds[i].serial && (len < 512 || start[510] != 0x55 || start[511] != 0xaa))
			continue;
		str_copy(ret->type, sizeof(ret->type), kinds[i].type);
		id_text(start + kinds[i].id_at, kinds[i].serial, ret->uuid);
		return true;
	}
	return false;
}
