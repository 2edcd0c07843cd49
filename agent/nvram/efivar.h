/*
 * The firmware's variables, as Linux' efivarfs shows them: one file each, four bytes of attributes
 * before the value. On files everywhere else, so that all of it runs on any host.
 */
#ifndef AGENT_NVRAM_EFIVAR_H
#define AGENT_NVRAM_EFIVAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/inspect/sysroot.h"
#include "lib/base/err.h"

#define EFIVAR_MAX    65536 /* bytes of a value */
#define EFIVAR_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"

struct efivars {
	char *dir;
};

/*
 * Opens DIR/sys/firmware/efi/efivars of the root, after mounting it on the machine itself where
 * that has not happened. -ENODEV: no such variables here (BIOS, or a kernel that may not ask for
 * them).
 */
int efivars_open(const struct sysroot *sr, struct efivars *ret, struct err *e);
void efivars_close(struct efivars *v);

/* Variables of EFIVAR_GLOBAL. *ret is the caller's to free. -ENOENT when there is none. */
int efivar_read(
	const struct efivars *v, const char *name, uint8_t **ret, size_t *ret_len, struct err *e);

/*
 * Creates or replaces one, kept over restarts, and reads back what became of it. One that says so
 * already is left alone, to spare the memory. -ENOSPC: the NVRAM is full; -EROFS, -EPERM and
 * others as the firmware says.
 */
int efivar_write(
	const struct efivars *v, const char *name, const void *data, size_t len, struct err *e);
int efivar_remove(const struct efivars *v, const char *name, struct err *e);

/* Whether an error of these means that this machine's variables cannot be changed at all. */
bool efivar_unchangeable(int code);

#endif
