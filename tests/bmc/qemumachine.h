/*
 * A QEMU machine behind an emulated BMC. The rack owns QEMU's process and command line; this part
 * decides when QEMU starts, stops, resets, and from what it boots. Loop thread only.
 *
 * How it goes together:
 *  - power on: boot flags are consumed and start(choice) is called; the rack starts QEMU with
 *    "-qmp unix:PATH,server=on,wait=off" and a boot order that fits the choice.
 *  - the rack calls qemumachine_exited() whenever that process has ended, for whatever reason.
 *  - power off: stop() is called; the machine counts as off when qemumachine_exited() came.
 *  - soft: QMP system_powerdown; a guest that powers off ends QEMU (do not give -no-shutdown).
 *  - reset: QMP system_reset when the next boot has the same order as the present one, else stop
 * and start. The same goes for a guest that reboots itself, since a one-shot override holds for one
 *    boot only: over QMP (set-action) such a reboot ends QEMU, and it is started again with the
 * next choice. So give neither -no-reboot nor -action.
 *  - diag: QMP inject-nmi.
 */
#ifndef TESTS_BMC_QEMUMACHINE_H
#define TESTS_BMC_QEMUMACHINE_H

#include "tests/bmc/bmcemu.h"

struct qemumachine;

struct qemu_hooks {
	/*
	 * Start the process for this choice (boot->valid false: the machine's own order). 0 or a
	 * negative errno with e filled; then the machine stays off.
	 */
	int (*start)(void *data, const struct boot_choice *boot, struct err *e);
	/* End the process now (SIGKILL or SIGTERM); qemumachine_exited() follows, never from here.
	 */
	void (*stop)(void *data);
	void (*power_changed)(void *data, bool on);		       /* optional */
	void (*identify)(void *data, unsigned seconds, bool for_good); /* optional */
	void (*problem)(void *data, const char *text);		       /* to log; optional */
};

/* Installs itself in bmc (which must outlive it). qmp_path is copied. Power is off at first. */
int qemumachine_new(uv_loop_t *loop, struct bmcemu *bmc, const char *qmp_path,
	const struct qemu_hooks *hooks, void *data, struct qemumachine **ret, struct err *e);

/* Does not stop QEMU. NULL is fine. */
void qemumachine_free(struct qemumachine *m);

/* The process started by start() has ended. */
void qemumachine_exited(struct qemumachine *m);

bool qemumachine_is_on(const struct qemumachine *m);

/*
 * The machine's serial console is a chardev "socket,path=PATH,server=on,wait=off": SOL shows and
 * types there from now on, whenever QEMU runs. The BMC holds the socket's one connection. Copies
 * path.
 */
void qemumachine_set_console(struct qemumachine *m, const char *path);

/* Types at the console, as somebody at a terminal; how many characters were taken. */
size_t qemumachine_type(struct qemumachine *m, const void *text, size_t len);

/* What somebody at the machine does: the power button held (off) or pressed (on). */
int qemumachine_set_power(struct qemumachine *m, bool on, struct err *e);

#endif
