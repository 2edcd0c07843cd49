/*
 * GRUB's configuration, run as far as it takes to know what its default entry would start. The
 * language is a small shell (GRUB's manual, "Writing full configuration files directly"); only what
 * installers write is understood, and what is not is refused: then the firmware shall do it. The
 * text comes from the image, and is hostile: it is bounded in size, depth and steps.
 */
#ifndef AGENT_SYSTEM_GRUB_H
#define AGENT_SYSTEM_GRUB_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

#define GRUB_TEXT_MAX	 (512 * 1024)
#define GRUB_PATH_MAX	 512
#define GRUB_CMDLINE_MAX 2048 /* COMMAND_LINE_SIZE of x86 */
#define GRUB_INITRDS_MAX 8
#define GRUB_ROOT_MAX	 64

/* What is to be started; paths as written there, relative to a partition "hd0,gpt2". */
struct boot_plan {
	char root[GRUB_ROOT_MAX];
	char kernel[GRUB_PATH_MAX];
	char cmdline[GRUB_CMDLINE_MAX];
	size_t n_initrds;
	char initrds[GRUB_INITRDS_MAX][GRUB_PATH_MAX];
	char title[128];
};

/* What a configuration asks of the disk it lies on. */
struct grub_disk {
	void *data;
	/* A file of the partition `root`; allocated, NULL when there is none. At most max bytes. */
	char *(*read)(void *data, const char *root, const char *path, size_t max);
	/* The partition with this "fs-uuid", "label" or "file"; false when there is none. */
	bool (*search)(void *data, const char *kind, const char *value,
		char ret_root[static GRUB_ROOT_MAX]);
	/*
	 * Entries of the Boot Loader Specification in a folder; the names of all "*.conf", the one
	 * of the newest version first, NULL-terminated and allocated each.
	 */
	char **(*entries)(void *data, const char *root, const char *folder);
};

/*
 * Runs `text`, which lies in `folder` ("/boot/grub") of the partition `root`, and its default
 * entry. `platform` is "efi" or "pc". 0; -ENOTSUP with what is not understood; -ENOENT: it starts
 * no kernel of its own.
 */
int grub_plan(const char *text, const char *root, const char *folder, const char *platform,
	const struct grub_disk *disk, struct boot_plan *ret, struct err *e);

/*
 * One entry of the Boot Loader Specification (uapi-group.org, version 1: type #1) as a plan.
 * `expand` replaces variables in its options, NULL: there are none; it gives false when it cannot.
 */
int bls_plan(const char *text, bool (*expand)(void *data, const char *in, char *out, size_t size),
	void *data, struct boot_plan *ret, struct err *e);

#endif
