/* A simulated machine behind an emulated BMC: a power state with delays, counters and a hook. */
#ifndef TESTS_BMC_SIMMACHINE_H
#define TESTS_BMC_SIMMACHINE_H

#include "tests/bmc/bmcemu.h"

struct simmachine;

/* Called on the loop's thread after the change; boot, which the firmware boots from, is NULL for
 * OFF and NMI. */
typedef void (*simmachine_hook)(
	void *data, enum bmcemu_machine_event event, const struct boot_choice *boot);

struct simmachine_config {
	bool on;		/* at the start */
	unsigned on_ms, off_ms; /* from the command to the change; 0: within the command */
	unsigned soft_ms;	/* a soft shutdown's time, default as off_ms */
	unsigned cycle_ms;	/* how long power stays away in a power cycle, default 0 */
	bool ignore_soft;	/* the system never shuts down by itself */
	simmachine_hook hook;	/* may be NULL */
	void *data;
};

struct simmachine_counters {
	uint32_t on, off, reset, nmi, soft, breaks;
};

/* Installs itself in bmc (which must outlive it). */
void simmachine_new(uv_loop_t *loop, struct bmcemu *bmc, const struct simmachine_config *c,
	struct simmachine **ret);

/* The memory goes when the loop has run once more. NULL is fine. */
void simmachine_free(struct simmachine *m);

bool simmachine_is_on(const struct simmachine *m);
void simmachine_counters(const struct simmachine *m, struct simmachine_counters *ret);

/* What somebody at the machine does: the button, the cable, a reboot by the system itself. */
void simmachine_set_power(struct simmachine *m, bool on);
void simmachine_reboot(struct simmachine *m);

/* The choice of the last boot; device 0 and not valid before the first. */
void simmachine_last_boot(const struct simmachine *m, struct boot_choice *ret);

/* The machine writes to its console; seen by who holds it over SOL. */
void simmachine_console(struct simmachine *m, const char *text);

/* What was typed there since the last call, at most 4096 bytes; the caller frees it. */
char *simmachine_typed(struct simmachine *m);

#endif
