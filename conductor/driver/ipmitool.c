/* The power and management interfaces named `ipmitool`: work on a BMC, command after command. */
#include "conductor/driver/ipmi.h"
#include "conductor/driver/tool.h"
#include "hwdb/hwdb.h"
#include "lib/base/bytes.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define FIRST_PAUSE_MS 300
#define PAUSE_MAX_MS   2000

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* IPMI 28.13, parameter 5: data 2, bits 5:2. */
static const struct {
	const char *name;
	uint8_t selector;
} devices[] = {{"pxe", 0x04}, {"disk", 0x08}, {"safe", 0x0c}, {"cdrom", 0x14}, {"bios", 0x18}};
static const char *const device_names[] = {"pxe", "disk", "cdrom", "bios", "safe", NULL};

/* --- who the BMC is, asked once, for hwdb -------------------------------------------------------
 */

static void introduced(struct tool_work *job, const struct tool_answer *a)
{
	struct hwdb_match match = {0};
	struct bmc_traits traits;
	char firmware[16];
	uint8_t id[32];

	if (a->ok && ipmitool_read_raw(a->out, id, sizeof(id)) >= 11) { /* IPMI 20.1 */
		snprintf(firmware, sizeof(firmware), "%u.%02x", id[2] & 0x7f, id[3]);
		match.firmware = firmware;
		match.manufacturer_id = get_le(id + 6, 3) & 0xfffff;
		match.product_id = get_le16(id + 9);
		hwdb_lookup(work_env(job)->hwdb, &match, &traits);
		work_set_traits(job, &traits);
	}
	work_done(job, NULL);
}

static void ask_id(struct tool_work *job)
{
	work_raw(job, introduced, (const uint8_t[]){0x06, 0x01}, 2);
}

/* Only of a BMC that answers, and after what was asked of it. */
static void introduce(struct tool_work *after)
{
	if (work_env(after)->hwdb && work_introduces(after))
		work_submit(work_beside(after, ask_id));
}

/* --- power --------------------------------------------------------------------------------------
 */

/* 0 and what it is, or the reason. */
static int power_of(
	const struct tool_work *job, const struct tool_answer *a, bool *ret, struct err *e)
{
	*e = a->err;
	if (!a->ok)
		return -EIO;
	if (ipmitool_read_power(a->out, ret) < 0)
		return err_set(e, EPROTO, "BMC %s:%d: ipmitool tells no power state: \"%.40s\"",
			work_settings(job)->address, work_settings(job)->port, a->out);
	return 0;
}

static void got_power(struct tool_work *job, const struct tool_answer *a)
{
	struct err e;
	bool on;

	if (power_of(job, a, &on, &e) < 0) {
		work_fail(job, &e);
		return;
	}
	introduce(job);
	work_done(job, json_string(on ? "power on" : "power off"));
}

static void ask_power(struct tool_work *job)
{
	work_run(job, got_power, WORDS("power", "status"));
}

static void power_get(
	struct driver_env *env, const struct node *n, enum driver_priority p, struct op *op)
{
	struct tool_work *job = work_new(env, n, p, op, ask_power);

	if (job)
		work_submit(job);
}

/* A power change: the command, then status until the machine is there. */
static void seen_power(struct tool_work *job, const struct tool_answer *a)
{
	bool want_on = job->action == ACTION_ON, on;
	struct err e;
	int r = power_of(job, a, &on, &e);

	if (r == 0 && on == want_on) {
		work_done(job, NULL);
		return;
	}
	if (job->first.code) { /* the command was refused, and not because it was so already */
		work_fail(job, &job->first);
		return;
	}
	if (work_again(job, job->pause_ms)) {
		job->pause_ms = job->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : job->pause_ms * 2;
		return;
	}
	if (r == 0)
		err_set(&e, ETIME,
			"the BMC accepted power %s but still says power %s; look at the machine, "
			"its "
			"BMC may report a stale state",
			want_on ? "on" : "off", want_on ? "off" : "on");
	work_fail(job, &e);
}

static void power_answered(struct tool_work *job, const struct tool_answer *a)
{
	bool settles = job->action != ACTION_RESET && job->action != ACTION_NMI;

	/* some BMCs answer "off" of a machine that is off with an error: its state tells */
	if (!a->ok && (!settles || a->trouble != TROUBLE_OTHER)) {
		work_fail(job, &a->err);
		return;
	}
	if (!a->ok)
		job->first = a->err;
	if (settles)
		work_run(job, seen_power, WORDS("power", "status"));
	else
		work_done(job, NULL);
}

static void change_power(struct tool_work *job)
{
	static const char *const words[ACTION_COUNT] = {[ACTION_ON] = "on",
		[ACTION_OFF] = "off",
		[ACTION_SOFT_OFF] = "soft",
		[ACTION_RESET] = "reset",
		[ACTION_NMI] = "diag"};

	work_run(job, power_answered, WORDS("power", words[job->action]));
}

static void told_device(struct tool_work *job, const struct tool_answer *a)
{
	if (!a->ok) {
		struct err e = a->err;

		err_prefix(&e, "tell the BMC its boot device again");
		work_fail(job, &e);
	} else {
		change_power(job);
	}
}

/* A BMC that forgets its boot device is told again, unless another was set for this one start. */
static void tell_device(struct tool_work *job)
{
	if (!job->selector)
		change_power(job);
	else
		work_raw(job, told_device,
			(const uint8_t[]){0x00, 0x08, 0x05, job->flags, job->selector, 0, 0, 0}, 8);
}

static uint8_t selector_of(const char *device)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (str_eq(devices[i].name, device))
			return devices[i].selector;
	return 0;
}

static void power_set(
	struct driver_env *env, const struct node *n, enum power_action a, struct op *op)
{
	bool starts = a == ACTION_ON || a == ACTION_RESET;
	struct tool_work *job = work_new(env, n, DRIVER_COMMAND, op, change_power);

	if (!job)
		return;
	job->action = a;
	job->pause_ms = FIRST_PAUSE_MS;
	if (starts && work_settings(job)->force_boot_device) {
		job->start = tell_device;
		if (json_flag(n->driver_internal_info, "is_next_boot_persistent", true))
			job->selector = selector_of(
				json_str(n->driver_internal_info, "persistent_boot_device"));
		job->flags = driver_node_is_uefi(n) ? 0xa0 : 0x80;
	}
	work_submit(job);
}

/* --- boot device --------------------------------------------------------------------------------
 */

static void read_back(struct tool_work *job, const struct tool_answer *a)
{
	uint8_t got[16];
	struct err e = a->err;

	if (!a->ok) {
		work_fail(job, &e);
	} else if (ipmitool_read_raw(a->out, got, sizeof(got)) < 4) {
		err_set(&e, EPROTO, "BMC %s:%d: boot flags cannot be read back",
			work_settings(job)->address, work_settings(job)->port);
		work_fail(job, &e);
	} else if (((got[2] ^ job->flags) & 0xc0) || ((got[3] ^ job->selector) & 0x3c)) {
		err_set(&e, ESTALE,
			"BMC %s:%d: wrote the boot flags %02x %02x, read back %02x %02x; it may "
			"need "
			"an entry in hwdb (IPMI_NO_BOOT_READBACK)",
			work_settings(job)->address, work_settings(job)->port, job->flags,
			job->selector, got[2], got[3]);
		work_fail(job, &e);
	} else {
		work_done(job, NULL);
	}
}

static void flags_written(struct tool_work *job, const struct tool_answer *a)
{
	if (!a->ok) {
		work_fail(job, &a->err);
	} else if (work_traits(job)->quirks & BMC_QUIRK_NO_BOOT_READBACK) {
		work_done(job, NULL);
	} else {
		work_raw(job, read_back, (const uint8_t[]){0x00, 0x09, 0x05, 0x00, 0x00}, 5);
	}
}

static void write_flags(struct tool_work *job)
{
	uint8_t efi_disk = work_traits(job)->disk_selector_efi;

	if (job->efi && job->selector == 0x08 && efi_disk)
		job->selector = efi_disk;
	work_raw(job, flags_written,
		(const uint8_t[]){0x00, 0x08, 0x05, job->flags, job->selector, 0, 0, 0}, 8);
}

/* A BMC that refuses parameter 3 is forgiven. */
static void expiry_stopped(struct tool_work *job, const struct tool_answer *a)
{
	if (!a->ok && a->trouble != TROUBLE_OTHER)
		work_fail(job, &a->err);
	else
		write_flags(job);
}

/* IPMI 28.13, parameter 3: boot flags are not dropped after 60 s. */
static void set_device(struct tool_work *job)
{
	if (work_settings(job)->keep_boot_timeout ||
		(work_traits(job)->quirks & BMC_QUIRK_NO_BOOT_EXPIRY))
		write_flags(job);
	else
		work_raw(job, expiry_stopped, (const uint8_t[]){0x00, 0x08, 0x03, 0x08}, 4);
}

static void boot_device_set(struct driver_env *env, const struct node *n, const char *device,
	bool persistent, struct op *op)
{
	struct tool_work *job;
	struct err e;

	if (!selector_of(device)) {
		err_set(&e, EINVAL, "boot device %s: expected pxe, disk, cdrom, bios or safe",
			device);
		op_fail(op, &e);
		return;
	}
	job = work_new(env, n, DRIVER_COMMAND, op, set_device);
	if (!job)
		return;
	job->efi = driver_node_is_uefi(n);
	job->selector = selector_of(device);
	job->flags = (uint8_t)(0x80 | (persistent ? 0x40 : 0) | (job->efi ? 0x20 : 0));
	work_submit(job);
}

static void got_device(struct tool_work *job, const struct tool_answer *a)
{
	const char *device = NULL;
	struct err e = a->err;
	uint8_t got[16];
	json_t *v;
	bool valid;

	if (!a->ok) {
		work_fail(job, &e);
		return;
	}
	if (ipmitool_read_raw(a->out, got, sizeof(got)) < 4) {
		err_set(&e, EPROTO, "BMC %s:%d: its boot flags cannot be read",
			work_settings(job)->address, work_settings(job)->port);
		work_fail(job, &e);
		return;
	}
	valid = got[2] & 0x80;
	for (size_t i = 0; valid && i < ARRAY_SIZE(devices); i++)
		if (devices[i].selector == (got[3] & 0x3c))
			device = devices[i].name;
	v = json_object();
	json_put_str(v, "boot_device", device);
	json_object_set_new(v, "persistent", valid ? json_boolean(got[2] & 0x40) : json_null());
	work_done(job, v);
}

static void get_device(struct tool_work *job)
{
	work_raw(job, got_device, (const uint8_t[]){0x00, 0x09, 0x05, 0x00, 0x00}, 5);
}

static void boot_device_get(struct driver_env *env, const struct node *n, struct op *op)
{
	struct tool_work *job = work_new(env, n, DRIVER_COMMAND, op, get_device);

	if (job)
		work_submit(job);
}

static const struct power_ops power = {.get = power_get, .set = power_set};
static const struct management_ops management = {.boot_devices = device_names,
	.boot_device_set = boot_device_set,
	.boot_device_get = boot_device_get,
	.bmc = ipmi_bmc_calls}; /* by our own client: odd are mostly power and boot flags */

const struct implementation ipmitool_power_interface = {.name = "ipmitool",
	.interface = IF_POWER,
	.validate = ipmitool_validate,
	.properties = ipmitool_properties,
	.power = &power};
const struct implementation ipmitool_management_interface = {.name = "ipmitool",
	.interface = IF_MANAGEMENT,
	.validate = ipmitool_validate,
	.properties = ipmitool_properties,
	.management = &management,
	.asks = nmi_by_power};
