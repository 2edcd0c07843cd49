/*
 * The agent as a whole, apart from where it runs: it inspects, finds its node, takes commands and
 * says that it lives. main.c and init/ decide what the machine under it is.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <pthread.h>
#include <stdatomic.h>

#include "agent/init/cmdline.h"
#include "agent/inspect/lldp.h"
#include "agent/inspect/sysroot.h"
#include "agent/report/command.h"
#include "agent/report/journal.h"
#include "agent/report/messages.h"
#include "agent/report/progress.h"

enum agent_power {
	AGENT_POWER_NONE,
	AGENT_POWER_REBOOT,
	AGENT_POWER_OFF,
	AGENT_POWER_KEXEC, /* into the kernel that was loaded for it */
	AGENT_POWER_COUNT
};

/*
 * What differs between the ramdisk, a host and a simulation. Every function may be NULL: then there
 * is nothing to do. Called from any thread with `data`.
 */
struct agent_platform {
	void *data;
	/* Sets the clock to that many seconds since 1970. */
	int (*set_clock)(void *data, int64_t seconds);
	/* Waits until the devices present at boot have been found; at most timeout_ms. */
	void (*settle)(void *data, int timeout_ms);
	/* Waits until disks come or go; at most timeout_ms. NULL: they never do. */
	void (*wait_change)(void *data, int timeout_ms);
	/* Loads a kernel module by name; false when there is none. */
	bool (*load_module)(void *data, const char *name);
	/* Takes all network interfaces down. */
	void (*network_down)(void *data);
	/* The main loop has come round: called every few minutes at least. */
	void (*alive)(void *data);
	/* What is missing of the ramdisk itself, for a person; NULL: nothing. No steps then: of
	 * disks whose driver is missing nobody would know. */
	const char *incomplete;
	/* Listens for neighbours since the interfaces are up. NULL: nobody does. */
	struct lldp *lldp;
	/*
	 * Lets a person in as user "rescue" by a password of this crypt(5) hash. NULL: there is no
	 * rescue system. -ENOTSUP names what is missing.
	 */
	int (*rescue)(void *data, const char *password_hash, struct err *e);
	/* Tries again when the conductor cannot be found, without end. */
	bool forever;
};

struct agent {
	/* borrowed, fixed */
	const struct params *params;
	const struct sysroot *sr;
	struct journal *journal;
	const struct agent_platform *platform;
	const char *address; /* to listen on and to tell the conductor; NULL: find out */

	struct commands *commands;
	struct progress *progress;

	pthread_mutex_t lock; /* everything below */
	pthread_cond_t wake;
	char token[TOKEN_TEXT_MAX];
	struct rules rules;  /* of the last lookup */
	int64_t clock_off_s; /* behind the conductor's, when it was first heard */
	bool clock_told;
	json_t *node;	       /* as the conductor last told it, or NULL */
	json_t *partition_ids; /* of the last image written, or NULL */
	char bootif[18];
	bool beat_now;	  /* a heartbeat is due at once */
	unsigned repeats; /* further ones to send, in case the node was locked */
	bool locked_down; /* no more heartbeats and commands */
	bool silent;	  /* the same, but the network stays up: the machine is a person's */
	bool stop;
	bool kernel_loaded;	/* of the deployed system, by standby.load_kernel */
	enum agent_power power; /* wanted by a command */
};

int agent_init(struct agent *a, const struct params *params, const struct sysroot *sr,
	struct journal *journal, const struct agent_platform *platform, const char *address,
	struct err *e);
void agent_done(struct agent *a);

/*
 * Inspection if asked for, lookup, heartbeats, until a command wants the power changed (0, then
 * *ret_power says how), agent_stop() was called (0 with AGENT_POWER_NONE), or it cannot go on.
 */
int agent_run(struct agent *a, enum agent_power *ret_power, struct err *e);

/* Ends agent_run() soon. Any thread; not from a signal handler. */
void agent_stop(struct agent *a);

/* For the commands; any thread. */
void agent_want_power(struct agent *a, enum agent_power power);
void agent_lock_down(struct agent *a);
void agent_fall_silent(struct agent *a);
void agent_set_node(struct agent *a, const json_t *node); /* takes a copy; not an object: ignored */
json_t *agent_node(struct agent *a);			  /* a copy, or NULL */

/* Loads a kernel module, where modules are the agent's business; a missing one is no error. */
void agent_load_module(struct agent *a, const char *name);

/* What the conductor's lookup rules; any thread. */
struct rules agent_rules(struct agent *a);

/* Tells the platform that the main loop has come round. */
void agent_alive(struct agent *a);

/* Waits until the devices present at boot have been found. */
void agent_settle(struct agent *a);

/*
 * The disks that work may touch: the inventory's without those that the node's
 * properties.skip_block_devices match. A new reference.
 */
json_t *agent_disks(struct agent *a);

/* The disks an image may go to; those it may not have a member "unfit" that says why. */
json_t *agent_candidates(struct agent *a);

/*
 * The disk for the image, by the node's root device hints. Waits for disks that are slow to come,
 * as ipa-disk-wait-attempts and -delay say. *ret is a disk object of the inventory.
 */
int agent_root_disk(struct agent *a, json_t **ret, struct err *e);

/*
 * Whether the disk of that name is still the one that was chosen: names move when disks come and
 * go. -ENODEV says what is there now.
 */
int agent_disk_confirm(struct agent *a, const json_t *chosen, struct err *e);

/* Where to open a disk of the inventory: "/dev/vda", below the root in a simulation. Allocated. */
char *agent_disk_path(const struct agent *a, const json_t *disk);

/* The table of all commands, in commands.c. */
extern const struct command_spec agent_commands[];

#endif
