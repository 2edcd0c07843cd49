/*
 * What one step on the boot path means: how far the machine is, what it should have done next, and
 * what it usually means when it does not. Plain data and text; it knows no nodes and keeps nothing.
 */
#ifndef CONDUCTOR_NODE_BOOTSTEP_H
#define CONDUCTOR_NODE_BOOTSTEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One thing that was seen of a MAC address. `kind` is a name of boot_event_name(). */
struct boot_record {
	int64_t wall_us, mono_ms;
	uint64_t bytes;
	bool ok;
	char kind[20];
	char ip[46];
	char detail[160];
};

/* How far a machine has come, in order. */
enum boot_stage {
	STAGE_NONE,    /* nothing was seen of it */
	STAGE_ASKED,   /* it asks for an address */
	STAGE_ADDRESS, /* it has one, or was offered one */
	STAGE_PROGRAM, /* it fetches its boot program by TFTP or HTTP */
	STAGE_SCRIPT,  /* the boot program asks what to boot */
	STAGE_KERNEL,
	STAGE_RAMDISK, /* it has all of the agent */
	STAGE_COUNT
};

struct boot_step {
	const char *kind;
	int ok;		    /* 1, 0, or -1: either */
	const char *detail; /* this stands in the detail, after ^: at its start; NULL: any */
	enum boot_stage stage;
	bool busy;	  /* something is under way that takes as long as it takes */
	const char *seen; /* "DHCP offered %i": %i address, %d detail, %b megabytes */
	const char
		*missing;  /* what did not follow: "no TFTP request since"; NULL: nothing has to */
	const char *means; /* what that usually means, and what to do */
};

/* The step of a record; never NULL. */
const struct boot_step *boot_step_of(const struct boot_record *rec);
/* What it usually means when nothing at all is seen of a machine that was switched on. */
extern const char boot_step_none[];

/* "DHCP offered 10.1.0.7", with what the record says filled in. Returns buf. */
const char *boot_step_text(const struct boot_record *rec, char *buf, size_t size);

/* "12:04:01 UTC", with the day before it when it is not today's. Returns buf. */
const char *boot_clock(int64_t wall_us, char *buf, size_t size);

/* "DHCP offered 10.1.0.7 at 12:04:01 UTC, no TFTP request since". Returns buf. */
const char *boot_step_sentence(const struct boot_record *rec, char *buf, size_t size);

#endif
