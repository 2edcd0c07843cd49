/*
 * Makes a partition image boot with what it brings: its EFI files are copied to the EFI system
 * partition, or its own grub-install is run inside of it (contract section 5). All mounts are in a
 * mount namespace of the thread that works here: they are gone with it, however it ends. What is in
 * the image cannot lead out of it; its programs run as root, as those of the system will.
 */
#ifndef AGENT_CHROOT_CHROOT_H
#define AGENT_CHROOT_CHROOT_H

#include <stdatomic.h>

#include "lib/base/err.h"

enum chroot_done {
	CHROOT_COPIED, /* the image's EFI files are on the EFI system partition */
	CHROOT_GRUB,   /* its grub-install ran */
};

/* Everything is borrowed for the time of the call. */
struct chroot_job {
	const char *disk;     /* "/dev/sda": where GRUB goes under BIOS */
	const char *root;     /* "/dev/sda3" */
	const char *esp;      /* "/dev/sda1" under UEFI; NULL: BIOS */
	const char *esp_uuid; /* for the image's fstab; NULL: it is left alone */
	unsigned timeout_s;   /* of each program; 0: 300 */
	const atomic_bool *cancel;
	/* Makes the kernel know a file system, "vfat"; NULL: it does. */
	void (*load_module)(void *data, const char *name);
	/* What is done, and each line that the programs say; or NULL. */
	void (*say)(void *data, const char *line);
	void *data;
};

/*
 * Needs root. Runs for seconds to minutes. 0, or what could not be done: -ENOENT the image has no
 * boot loader to install, -ENODEV its file system is unknown, -ECHILD a program failed, -ETIMEDOUT.
 */
int chroot_grub_install(const struct chroot_job *job, enum chroot_done *ret, struct err *e);

/*
 * Copies the files and folders below the folder `from` into the folder `to`, which exists; other
 * kinds (links, devices) are left out. At most COPYTREE_FILES of them, COPYTREE_DEPTH deep: -E2BIG.
 */
#define COPYTREE_FILES 4096
#define COPYTREE_DEPTH 8
int copytree(int from, int to, struct err *e);

#endif
