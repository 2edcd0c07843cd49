/*
 * The boot manager's variables (UEFI specification 2.10, section 3.3): Boot####, BootOrder,
 * BootNext, BootCurrent. Entries are added, found, removed; order and next are set.
 */
#ifndef AGENT_NVRAM_BOOTMGR_H
#define AGENT_NVRAM_BOOTMGR_H

#include "agent/nvram/efivar.h"
#include "agent/nvram/loadopt.h"

#define BOOTMGR_ENTRIES_MAX 512 /* more are not looked at */

struct boot_entry {
	uint16_t number;
	bool damaged; /* nothing but the number is known */
	struct loadopt option;
	char *path; /* its device path as text; "" when damaged */
};

struct boot_entries {
	size_t n;
	struct boot_entry *all; /* by number */
};

/* All Boot#### there are. */
int bootmgr_list(const struct efivars *v, struct boot_entries *ret, struct err *e);
void boot_entries_done(struct boot_entries *list);

/* The entry the firmware started this system by; -1: not known. */
int bootmgr_current(const struct efivars *v);

struct boot_want {
	const char *label, *loader, *arguments; /* arguments may be NULL */
	struct loadopt_hd hd;
};

/*
 * Makes the wanted entry the first of BootOrder and BootNext. Entries with the same label are
 * removed, one of them is used again. *ret_number is its number, *ret_removed how many others went.
 * On failure the old order still stands, but for the removed.
 */
int bootmgr_install(const struct efivars *v, const struct boot_want *want, uint16_t *ret_number,
	unsigned *ret_removed, struct err *e);

/* Removes an entry, and its number out of BootOrder and BootNext. */
int bootmgr_remove(const struct efivars *v, uint16_t number, struct err *e);

#endif
