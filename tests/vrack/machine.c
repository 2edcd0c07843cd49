/*
 * QEMU under an emulated BMC. The BMC's part (tests/bmc/qemumachine.h) decides when to start, stop
 * and reset; here a boot choice becomes a process, and a process's end becomes news for the BMC.
 */
#include "tests/vrack/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/json/json.h"
#include "tests/vrack/child.h"
#include "tests/vrack/qemuargs.h"
#include "tests/vrack/tpm.h"

#define VARS_MAX     (16 * 1024 * 1024)
#define KILL_WAIT_MS 5000

static void say(struct machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct machine *m, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	m->log(m->log_data, m->conf->name, text);
}

static int make_disk(const char *path, uint64_t size_bytes, bool fresh, struct err *e)
{
	struct stat st;
	int fd, r = 0;

	if (fresh)
		unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, errno, "create disk %s", path);
	if (fstat(fd, &st) < 0)
		r = err_errno(e, errno, "look at disk %s", path);
	else if (st.st_size && (uint64_t)st.st_size != size_bytes)
		r = err_set(e, EEXIST,
			"disk %s has %lld bytes and the rack file says %llu; start with --fresh to "
			"make it anew",
			path, (long long)st.st_size, (unsigned long long)size_bytes);
	else if (ftruncate(fd, (off_t)size_bytes) < 0)
		r = err_errno(e, errno, "set the size of disk %s", path);
	close(fd);
	return r;
}

static int make_vars(const char *path, bool fresh, struct err *e)
{
	_cleanup_free_ char *data = NULL;
	size_t len;
	int r;

	if (!fresh && access(path, F_OK) == 0)
		return 0;
	r = fs_read(QEMU_OVMF_VARS, VARS_MAX, &data, &len, e);
	if (r < 0)
		return err_advise(e, "install the package ovmf");
	return fs_write_atomic(path, data, len, 0600, e);
}

int machine_prepare(const struct rack_machine *conf, bool fresh, struct err *e)
{
	char path[128];
	int r;

	r = fs_mkdir_p(conf->name, 0755, e);
	for (unsigned i = 0; i < conf->n_disks && r == 0; i++) {
		snprintf(path, sizeof(path), "%s/disk%u.raw", conf->name, i);
		r = make_disk(path, conf->disks[i].size_bytes, fresh, e);
	}
	if (r == 0 && conf->firmware == RACK_UEFI) {
		snprintf(path, sizeof(path), "%s/" QEMU_VARS, conf->name);
		r = make_vars(path, fresh, e);
	}
	return r < 0 ? err_prefix(e, "machine %s", conf->name) : 0;
}

static void describe_boot(const struct machine *m, const struct boot_choice *boot, struct buf *out)
{
	enum rack_boot order[RACK_BOOT_COUNT];
	unsigned n = boot_order(m->conf, boot, order);

	buf_puts(out, "boots ");
	for (unsigned i = 0; i < n; i++)
		buf_printf(out, "%s%s", i ? "," : "", rack_boot_names[order[i]]);
	if (boot->valid)
		buf_printf(out, " (BMC override: %s, %s, %s)", boot_device_name(boot->device),
			boot->persistent ? "persistent" : "once", boot->efi ? "UEFI" : "legacy");
	else
		buf_puts(out, " (own order)");
}

static void remove_sockets(const struct machine *m)
{
	static const char *const names[] = {QEMU_QMP_SOCKET, QEMU_CONSOLE_SOCKET, QEMU_TPM_SOCKET};
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", m->conf->name, names[i]);
		unlink(path);
	}
}

static int open_log(const struct machine *m, const struct qemuargs *args)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/qemu.log", m->conf->name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	for (unsigned i = 0; i < args->n && fd >= 0; i++)
		dprintf(fd, "%s%c", args->argv[i], i + 1 < args->n ? ' ' : '\n');
	return fd;
}

/* Waits for a process that was killed, but not for ever. */
static void wait_end(pid_t *pid)
{
	int64_t end = time_mono_ms() + KILL_WAIT_MS;

	while (*pid && waitpid(*pid, NULL, WNOHANG) == 0 && time_mono_ms() < end)
		usleep(2000);
	*pid = 0;
}

static void stop_tpm(struct machine *m)
{
	if (m->tpm_pid)
		kill(m->tpm_pid, SIGKILL);
	wait_end(&m->tpm_pid);
}

/* QEMU, and before it the TPM that it asks as it starts. */
static int start_processes(struct machine *m, const struct qemuargs *args, struct err *e)
{
	_cleanup_close_ int log_fd = open_log(m, args);
	int r = 0;

	if (m->conf->tpm)
		r = tpm_start(m->conf->name, log_fd, &m->tpm_pid, e);
	if (r == 0)
		r = child_start((const char *const *)args->argv, log_fd, -1, &m->pid, e);
	return r < 0 ? err_prefix(e, "start %s", m->conf->name) : 0;
}

static int on_start(void *data, const struct boot_choice *boot, struct err *e)
{
	struct machine *m = data;
	struct buf text = BUF_INIT(256);
	struct qemuargs args;
	int r;

	if (m->pid)
		return err_set(e, EBUSY, "QEMU of %s still runs", m->conf->name);
	stop_tpm(m); /* it ends by itself, but perhaps not yet */
	qemuargs_make(m->rack, m->conf, boot, &args);
	remove_sockets(m);
	r = start_processes(m, &args, e);
	qemuargs_done(&args);
	if (r < 0)
		return r;
	m->started_ms = time_mono_ms();
	m->last_boot = *boot;
	m->starts++;
	describe_boot(m, boot, &text);
	say(m, "%s, QEMU is process %d", buf_str(&text), (int)m->pid);
	buf_done(&text);
	return 0;
}

static void on_stop(void *data)
{
	struct machine *m = data;

	if (m->pid)
		kill(m->pid, SIGKILL);
}

static void on_power(void *data, bool on)
{
	say(data, "power is %s", on ? "on" : "off");
}

static void on_problem(void *data, const char *text)
{
	say(data, "%s", text);
}

void machine_reap(struct machine *m)
{
	int status;
	pid_t pid;

	if (m->tpm_pid && waitpid(m->tpm_pid, NULL, WNOHANG) != 0)
		m->tpm_pid = 0;
	if (!m->pid)
		return;
	pid = waitpid(m->pid, &status, WNOHANG);
	if (pid == 0)
		return;
	m->pid = 0;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status))
		say(m, "QEMU failed with status %d; see %s/qemu.log", WEXITSTATUS(status),
			m->conf->name);
	else if (pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		say(m, "QEMU died of signal %d", WTERMSIG(status));
	qemumachine_exited(m->qemu);
}

static int start_bmc(struct machine *m, uv_loop_t *loop, struct err *e)
{
	const struct rack_bmc *b = &m->conf->bmc;
	struct bmcemu_user users[2] = {0};
	struct bmcemu_config c;
	int r;

	bmcemu_config_init(&c);
	/* user 1 is the null user, which real BMCs ship switched off */
	r = bmcemu_user_set(
		&users[1], b->user, b->password, strlen(b->password), BMCEMU_PRIV_ADMIN, e);
	if (r < 0)
		return r;
	c.address = b->address;
	c.port = b->port;
	c.users = users;
	c.n_users = ARRAY_SIZE(users);
	c.suites = b->suites;
	c.identity = &m->identity;
	m->identity = (struct bmcemu_identity){
		.manufacturer = m->conf->smbios.manufacturer,
		.product = m->conf->smbios.product,
		.serial = m->conf->smbios.serial,
		.asset = m->conf->smbios.asset,
		.board_manufacturer = m->conf->smbios.manufacturer,
		.board_product = m->conf->smbios.product,
		.board_serial = m->conf->smbios.serial,
		.chassis_serial = m->conf->smbios.serial,
	};
	for (int i = 0, n = 0; i < 16; i++, n += 2) {
		n += m->conf->smbios.uuid[n] == '-';
		hex_decode((char[]){m->conf->smbios.uuid[n], m->conf->smbios.uuid[n + 1], 0},
			&c.guid[i], 1);
	}
	sscanf(b->mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &c.lan_mac[0], &c.lan_mac[1], &c.lan_mac[2],
		&c.lan_mac[3], &c.lan_mac[4], &c.lan_mac[5]);
	r = bmcemu_new(loop, &c, &m->bmc, e);
	mem_wipe(users, sizeof(users));
	return r;
}

int machine_start(struct machine *m, uv_loop_t *loop, const struct rack *rack,
	const struct rack_machine *conf, machine_log log, void *log_data, struct err *e)
{
	static const struct qemu_hooks hooks = {
		.start = on_start,
		.stop = on_stop,
		.power_changed = on_power,
		.problem = on_problem,
	};
	char qmp[128], ipmi[128], console[128];
	int r;

	*m = (struct machine){.rack = rack, .conf = conf, .log = log, .log_data = log_data};
	remove_sockets(m);
	snprintf(qmp, sizeof(qmp), "%s/" QEMU_QMP_SOCKET, conf->name);
	snprintf(console, sizeof(console), "%s/" QEMU_CONSOLE_SOCKET, conf->name);
	snprintf(ipmi, sizeof(ipmi), "%s/" QEMU_IPMI_SOCKET, conf->name);
	r = start_bmc(m, loop, e);
	if (r == 0 && conf->kcs)
		r = systemif_new(loop, m->bmc, ipmi, &m->systemif, e);
	if (r == 0)
		r = qemumachine_new(loop, m->bmc, qmp, &hooks, m, &m->qemu, e);
	if (r == 0)
		qemumachine_set_console(m->qemu, console);
	return r < 0 ? err_prefix(e, "machine %s: BMC", conf->name) : 0;
}

void machine_stop(struct machine *m)
{
	qemumachine_free(m->qemu);
	m->qemu = NULL;
	if (m->pid)
		kill(m->pid, SIGKILL);
	wait_end(&m->pid);
	stop_tpm(m);
	systemif_free(m->systemif);
	m->systemif = NULL;
	bmcemu_free(m->bmc);
	m->bmc = NULL;
	if (m->conf)
		remove_sockets(m);
}

static json_t *choice_json(const struct boot_choice *c)
{
	if (!c->valid)
		return json_null();
	return json_pack("{s:s,s:b,s:b}", "device", boot_device_name(c->device), "efi", c->efi,
		"persistent", c->persistent);
}

static json_t *last_boot_json(const struct machine *m)
{
	enum rack_boot order[RACK_BOOT_COUNT];
	json_t *names = json_array();
	unsigned n = boot_order(m->conf, &m->last_boot, order);

	if (m->starts == 0) {
		json_decref(names);
		return json_null();
	}
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(names, json_string(rack_boot_names[order[i]]));
	return json_pack("{s:s,s:o,s:o}", "device", rack_boot_names[order[0]], "order", names,
		"override", choice_json(&m->last_boot));
}

json_t *machine_status(const struct machine *m)
{
	const struct rack_machine *c = m->conf;
	struct bmcemu_counters counters;
	struct boot_choice next;
	bool on = qemumachine_is_on(m->qemu);

	bmcemu_boot_flags_peek(m->bmc, &next);
	bmcemu_counters(m->bmc, &counters);
	return json_pack("{s:s,s:s,s:s,s:o,s:o,s:i,s:o,s:o,s:{s:s,s:i,s:i,s:i,s:i},s:s}", "name",
		c->name, "firmware", rack_firmware_names[c->firmware], "power", on ? "on" : "off",
		"boot_override", choice_json(&next), "last_boot", last_boot_json(m), "starts",
		(int)m->starts, "pid", m->pid ? json_integer(m->pid) : json_null(), "uptime_s",
		m->pid ? json_real((double)(time_mono_ms() - m->started_ms) / 1000) : json_null(),
		"bmc", "address", c->bmc.address, "port", (int)c->bmc.port, "sessions",
		(int)bmcemu_sessions(m->bmc), "requests", (int)counters.requests, "auth_failures",
		(int)counters.auth_failures, "mac", rack_boot_mac(c));
}
