/*
 * The boot path as the engine sees it: which machine gets what, and what each did. Facts come from
 * main, which translates between this and the boot services. Engine thread only.
 */
#ifndef CONDUCTOR_NODE_BOOTPATH_H
#define CONDUCTOR_NODE_BOOTPATH_H

#include "conductor/node/engine.h"

struct boot_question {
	const char *mac; /* normal form */
	const char *ip;
	const char *platform; /* "pcbios", "efi" */
	json_t *facts;	      /* borrowed: uuid, serial, manufacturer, product ... */
};

enum boot_choice { BOOT_CHOICE_WAIT, BOOT_CHOICE_AGENT, BOOT_CHOICE_DISK };

struct boot_decision {
	enum boot_choice choice;
	char *cmdline;		/* AGENT: the caller frees */
	bool rescue;		/* AGENT: the configured ramdisk is that for rescue */
	char *kernel, *ramdisk; /* AGENT: NULL is the configured one; the caller frees */
	char reason[256];	/* for the machine's console and the record */
};

void engine_boot_decide(
	struct engine *en, const struct boot_question *q, struct boot_decision *ret);

/* What of the boot services is out of order, "" nothing: shown to whoever waits for a machine. */
void engine_set_boot_troubles(struct engine *en, const char *text);

/* One step on the boot path of a MAC, for `boot explain` and `why`. */
void engine_boot_event(struct engine *en, const char *mac, const char *ip, const char *kind,
	const char *detail, bool ok, uint64_t bytes, int64_t wall_us);

#endif
