/* Decides when QEMU starts, stops and resets. The process's end is handled only after QMP has been
 * read to its end, because the last event tells whether the guest powered off or rebooted. */
#include "tests/bmc/qemumachine.h"

#include <errno.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/bmc/command.h"
#include "tests/bmc/qmp.h"
#include "tests/bmc/serialport.h"

#define CONNECT_MS 60000 /* QEMU opens its socket before it runs the machine */

struct qemumachine {
	uv_loop_t *loop;
	struct bmcemu *bmc;
	char *qmp_path, *console_path;
	struct serialport *console; /* while QEMU runs */
	struct qemu_hooks hooks;
	void *data;
	struct qmp *qmp;
	bool on;      /* what the BMC tells */
	bool running; /* there is a process */
	bool exited;  /* ... that has ended, and QMP is not read out yet */
	bool again;   /* start once more when it has ended */
	bool off;     /* power off was asked for: a reboot seen meanwhile does not count */
	bool action_is_shutdown;
	struct boot_choice boot; /* of the present run */
};

static void problem(struct qemumachine *m, const char *text)
{
	if (m->hooks.problem)
		m->hooks.problem(m->data, text);
}

static void set_on(struct qemumachine *m, bool on)
{
	if (m->on == on)
		return;
	m->on = on;
	bmcemu_machine_changed(m->bmc, on ? BMCEMU_MACHINE_ON : BMCEMU_MACHINE_OFF);
	if (m->hooks.power_changed)
		m->hooks.power_changed(m->data, on);
}

static bool same_order(const struct boot_choice *a, const struct boot_choice *b)
{
	if (!a->valid || !b->valid)
		return a->valid == b->valid;
	return a->device == b->device && a->efi == b->efi;
}

static bool next_boot_is_same(struct qemumachine *m)
{
	struct boot_choice next;

	bmcemu_boot_flags_peek(m->bmc, &next);
	return same_order(&m->boot, &next);
}

static void on_command_done(void *data, const json_t *ret, const char *error)
{
	struct qemumachine *m = data;

	if (error && !m->off && !m->again)
		problem(m, error);
}

static void command(struct qemumachine *m, const char *name, json_t *arguments)
{
	if (m->qmp)
		qmp_execute(m->qmp, name, arguments, on_command_done, m);
	else
		json_decref(arguments);
}

/* A guest that reboots goes on inside QEMU only when the order of its devices stays the same. */
static void update_reboot_action(struct qemumachine *m)
{
	bool shutdown = !next_boot_is_same(m);

	if (!m->qmp || !qmp_is_ready(m->qmp) || shutdown == m->action_is_shutdown)
		return;
	m->action_is_shutdown = shutdown;
	command(m, "set-action", json_pack("{s:s}", "reboot", shutdown ? "shutdown" : "reset"));
}

static void start(struct qemumachine *m);

static void finish_exit(struct qemumachine *m)
{
	bool again = m->again && !m->off;

	qmp_free(m->qmp);
	m->qmp = NULL;
	serialport_free(m->console);
	m->console = NULL;
	m->running = m->exited = m->again = m->off = false;
	if (again)
		start(m);
	else
		set_on(m, false);
}

static void on_console_output(void *data, const uint8_t *text, size_t len)
{
	bmcemu_console_output(((struct qemumachine *)data)->bmc, text, len);
}

static void on_qmp_ready(void *data)
{
	struct qemumachine *m = data;

	if (m->console_path && !m->console)
		m->console = serialport_new(m->loop, m->console_path, on_console_output, m);
	update_reboot_action(m);
}

static void on_qmp_event(void *data, const char *name, const json_t *members)
{
	const char *reason = json_string_value(json_object_get(members, "reason"));
	struct qemumachine *m = data;

	if (str_eq(name, "SHUTDOWN") && str_eq(reason, "guest-reset"))
		m->again = true;
	if (str_eq(name, "RESET"))
		bmcemu_machine_changed(m->bmc, BMCEMU_MACHINE_RESET);
}

static void on_qmp_closed(void *data, const char *why)
{
	struct qemumachine *m = data;

	if (m->exited) {
		finish_exit(m);
		return;
	}
	if (!m->off && !m->again && !str_eq(why, "QMP: QEMU has closed the connection"))
		problem(m, why);
}

static const struct qmp_hooks qmp_hooks = {
	.ready = on_qmp_ready,
	.event = on_qmp_event,
	.closed = on_qmp_closed,
};

static void start(struct qemumachine *m)
{
	struct err e = {0};

	bmcemu_boot_flags_consume(m->bmc, &m->boot);
	m->action_is_shutdown = false;
	if (m->hooks.start(m->data, &m->boot, &e) < 0) {
		problem(m, e.text);
		set_on(m, false);
		return;
	}
	m->running = true;
	if (m->on)
		bmcemu_machine_changed(m->bmc, BMCEMU_MACHINE_RESET);
	if (qmp_new(m->loop, m->qmp_path, CONNECT_MS, &qmp_hooks, m, &m->qmp, &e) < 0)
		problem(m, e.text);
	set_on(m, true);
}

static void stop(struct qemumachine *m, bool again)
{
	m->again = again;
	m->off = !again;
	m->hooks.stop(m->data);
}

static void reset(struct qemumachine *m)
{
	if (m->qmp && qmp_is_ready(m->qmp) && next_boot_is_same(m))
		command(m, "system_reset", NULL);
	else
		stop(m, true);
}

static bool qemu_power_get(void *data)
{
	return ((struct qemumachine *)data)->on;
}

static void power_on(struct qemumachine *m)
{
	if (!m->running)
		start(m);
	else if (m->off) /* still going down */
		m->again = true, m->off = false;
}

static uint8_t qemu_power(void *data, enum bmcemu_power action)
{
	struct qemumachine *m = data;

	if (action == BMCEMU_POWER_ON) {
		power_on(m);
		return m->on ? CC_OK : CC_UNSPECIFIED;
	}
	if (!m->running || m->exited) {
		m->again &= action != BMCEMU_POWER_OFF;
		return CC_OK;
	}
	switch (action) {
	case BMCEMU_POWER_OFF:
		stop(m, false);
		break;
	case BMCEMU_POWER_CYCLE:
		stop(m, true);
		break;
	case BMCEMU_POWER_RESET:
		reset(m);
		break;
	case BMCEMU_POWER_DIAG:
		command(m, "inject-nmi", NULL);
		bmcemu_machine_changed(m->bmc, BMCEMU_MACHINE_NMI);
		break;
	case BMCEMU_POWER_SOFT:
		command(m, "system_powerdown", NULL);
		break;
	case BMCEMU_POWER_ON:
	case BMCEMU_POWER_COUNT:
		break;
	}
	return CC_OK;
}

static void qemu_boot_flags_changed(void *data)
{
	update_reboot_action(data);
}

static void qemu_identify(void *data, unsigned seconds, bool for_good)
{
	struct qemumachine *m = data;

	if (m->hooks.identify)
		m->hooks.identify(m->data, seconds, for_good);
}

/* Without power there is nobody to type to, and the characters vanish. */
static size_t qemu_console_input(void *data, const uint8_t *typed, size_t len)
{
	struct qemumachine *m = data;

	return m->console ? serialport_type(m->console, typed, len) : len;
}

static const struct bmcemu_machine_ops qemu_ops = {
	.console_input = qemu_console_input,
	.power_get = qemu_power_get,
	.power = qemu_power,
	.boot_flags_changed = qemu_boot_flags_changed,
	.identify = qemu_identify,
};

int qemumachine_new(uv_loop_t *loop, struct bmcemu *bmc, const char *qmp_path,
	const struct qemu_hooks *hooks, void *data, struct qemumachine **ret, struct err *e)
{
	struct qemumachine *m = xcalloc(1, sizeof(*m));

	m->loop = loop;
	m->bmc = bmc;
	m->qmp_path = xstrdup(qmp_path);
	m->hooks = *hooks;
	m->data = data;
	bmcemu_set_machine(bmc, &qemu_ops, m);
	*ret = m;
	return 0;
}

void qemumachine_free(struct qemumachine *m)
{
	if (!m)
		return;
	bmcemu_set_machine(m->bmc, NULL, NULL);
	qmp_free(m->qmp);
	serialport_free(m->console);
	free(m->console_path);
	free(m->qmp_path);
	free(m);
}

void qemumachine_set_console(struct qemumachine *m, const char *path)
{
	str_replace(&m->console_path, path);
}

size_t qemumachine_type(struct qemumachine *m, const void *text, size_t len)
{
	return m->console ? serialport_type(m->console, text, len) : 0;
}

void qemumachine_exited(struct qemumachine *m)
{
	if (!m->running)
		return;
	m->exited = true;
	if (!m->qmp || !qmp_is_connected(m->qmp))
		finish_exit(m);
}

bool qemumachine_is_on(const struct qemumachine *m)
{
	return m->on;
}

int qemumachine_set_power(struct qemumachine *m, bool on, struct err *e)
{
	if (on)
		power_on(m);
	else if (m->running && !m->exited)
		stop(m, false);
	return on && !m->on ? err_set(e, EIO, "power on: QEMU did not start") : 0;
}
