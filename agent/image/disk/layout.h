/*
 * What a partition image gets around its root file system: which partitions, in which order, how
 * large. The order and the sizes are the Ironic agent's (contract section 5): EFI system partition
 * or BIOS boot, ephemeral, swap, config drive, and root at the end, so that it can grow.
 */
#ifndef AGENT_IMAGE_DISK_LAYOUT_H
#define AGENT_IMAGE_DISK_LAYOUT_H

#include "agent/image/disk/target.h"

#define LAYOUT_ESP_MIB	     550
#define LAYOUT_BIOS_BOOT_MIB 1

enum layout_role {
	LAYOUT_ESP,
	LAYOUT_BIOS_BOOT,
	LAYOUT_EPHEMERAL,
	LAYOUT_SWAP,
	LAYOUT_CONFIGDRIVE,
	LAYOUT_ROOT,
	LAYOUT_ROLE_COUNT
};

/* What is asked for; sizes of 0 mean that there is no such partition. */
struct layout_wish {
	bool gpt;  /* else an MBR */
	bool uefi; /* else BIOS */
	bool grow; /* the root gets what is left, at least root_mib */
	uint64_t root_mib, swap_mib, ephemeral_mib;
};

struct layout_part {
	unsigned number;	/* from 1; 0: there is none */
	uint64_t offset, bytes; /* multiples of 1 MiB */
	char uuid[40];		/* as Linux' PARTUUID: of the table's entry */
};

struct layout {
	struct layout_wish wish;
	uint32_t sector;
	uint64_t disk_bytes;
	unsigned n;
	struct layout_part part[LAYOUT_ROLE_COUNT];
};

/* As get_partition_uuids names it: "efi system partition", "root", ... */
const char *layout_role_name(enum layout_role role);

/*
 * Places the partitions. drive_bytes of a config drive, 0: none. -EINVAL no root size, -ENOSPC the
 * disk is too small (the error counts what is wanted), -E2BIG more than an MBR can name.
 */
int layout_plan(const struct layout_wish *wish, size_t drive_bytes, uint32_t sector,
	uint64_t disk_bytes, struct layout *ret, struct err *e);

/*
 * Puts the table into the disk's withheld edges, which are zero; target_release() writes it. Fills
 * the partitions' uuid. disk_id as table_id() has it.
 */
int layout_write(struct target *disk, struct layout *l, char disk_id[static 40], struct err *e);

/*
 * For a disk whose ephemeral partition is to be kept: compares with the table that is there and
 * takes it into the edges, without boot code. -EBUSY when the layout is another one, with the first
 * difference: then nothing may be written. A config drive's partition may be larger than planned.
 */
int layout_keep(struct target *disk, struct layout *l, char disk_id[static 40], struct err *e);

#endif
