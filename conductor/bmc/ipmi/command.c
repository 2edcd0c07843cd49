/* The typed calls: each is a struct command that prepares messages and reads their answers. */
#include "conductor/bmc/ipmi/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/str.h"

#define NETFN_CHASSIS 0x00
#define NETFN_APP     0x06

const char *request_what(const struct request *r, char *buf, size_t size)
{
	if (r->command->what)
		return r->command->what;
	snprintf(buf, size, "command %02Xh of network function %02Xh", r->cmd, r->netfn);
	return buf;
}

static void set_message(struct request *r, uint8_t netfn, uint8_t cmd, const void *data, size_t len)
{
	r->netfn = netfn;
	r->cmd = cmd;
	r->len = len;
	if (len)
		memcpy(r->data, data, len);
}

/* An answer that is shorter than the specification says. */
static enum command_verdict too_short(const struct wire_message *m, size_t want, struct err *err)
{
	err_set(err, IPMI_E_PROTOCOL,
		"the answer has %zu bytes of data instead of %zu; update the BMC's firmware",
		m->len, want);
	return COMMAND_FAILED;
}

/* Chassis status, IPMI 28.2. */

static enum command_verdict read_chassis(
	struct request *r, const struct wire_message *m, struct err *err)
{
	struct ipmi_chassis_status *s = &r->result.chassis;

	if (m->cc)
		return COMMAND_FAILED;
	if (m->len < 3)
		return too_short(m, 3, err);
	s->power_on = m->data[0] & 0x01;
	s->power_overload = m->data[0] & 0x02;
	s->interlock = m->data[0] & 0x04;
	s->power_fault = m->data[0] & 0x08;
	s->power_control_fault = m->data[0] & 0x10;
	s->restore_policy = m->data[0] >> 5 & 0x03;
	s->last_event = m->data[1];
	s->misc = m->data[2];
	s->intrusion = m->data[2] & 0x01;
	s->drive_fault = m->data[2] & 0x04;
	s->fan_fault = m->data[2] & 0x08;
	return COMMAND_DONE;
}

static void prepare_chassis(struct request *r)
{
	set_message(r, NETFN_CHASSIS, 0x01, NULL, 0);
}

static const struct command power_get = {
	"power status", IPMI_PRIVILEGE_USER, prepare_chassis, read_chassis, false};

/* Chassis control, IPMI 28.3. args: action. A refused ON or OFF looks whether it was needed. */

static void prepare_power(struct request *r)
{
	if (r->step == 0)
		set_message(r, NETFN_CHASSIS, 0x02, r->args, 1);
	else
		prepare_chassis(r);
}

static enum command_verdict answer_power(
	struct request *r, const struct wire_message *m, struct err *err)
{
	bool on = r->args[0] == IPMI_POWER_ON;

	if (r->step == 1)
		return read_chassis(r, m, err) == COMMAND_DONE && r->result.chassis.power_on == on
			       ? COMMAND_DONE
			       : COMMAND_FAILED;
	if (m->cc == 0)
		return COMMAND_DONE;
	if ((!on && r->args[0] != IPMI_POWER_OFF) || ipmi_cc_action(m->cc) != CC_FAIL)
		return COMMAND_FAILED;
	r->first_cc = m->cc;
	r->step = 1;
	return COMMAND_AGAIN;
}

static const struct command powers[] = {
	[IPMI_POWER_OFF] = {"power off", IPMI_PRIVILEGE_OPERATOR, prepare_power, answer_power,
		false},
	[IPMI_POWER_ON] = {"power on", IPMI_PRIVILEGE_OPERATOR, prepare_power, answer_power, false},
	[IPMI_POWER_CYCLE] = {"power cycle", IPMI_PRIVILEGE_OPERATOR, prepare_power, answer_power,
		false},
	[IPMI_POWER_RESET] = {"power reset", IPMI_PRIVILEGE_OPERATOR, prepare_power, answer_power,
		false},
	[IPMI_POWER_DIAG] = {"diagnostic interrupt", IPMI_PRIVILEGE_OPERATOR, prepare_power,
		answer_power, false},
	[IPMI_POWER_SOFT] = {"soft power off", IPMI_PRIVILEGE_OPERATOR, prepare_power, answer_power,
		false},
};

/* Boot options, IPMI 28.12 to 28.14. args: data 1 and 2 of parameter 5, as they are to be written.
 */

enum { BOOT_EXPIRY, BOOT_WRITE, BOOT_READ };

#define BOOT_VALID	0x80
#define BOOT_PERSISTENT 0x40
#define BOOT_EFI	0x20
#define BOOT_SELECTOR	0x3c

static void prepare_boot(struct request *r)
{
	/* Parameter 3: do not clear the flags when no command comes within 60 s. */
	const uint8_t expiry[] = {0x03, 0x08};
	const uint8_t flags[] = {0x05, r->args[0], r->args[1], 0, 0, 0};
	const uint8_t read[] = {0x05, 0, 0};

	if (r->step == BOOT_EXPIRY)
		set_message(r, NETFN_CHASSIS, 0x08, expiry, sizeof(expiry));
	else if (r->step == BOOT_WRITE)
		set_message(r, NETFN_CHASSIS, 0x08, flags, sizeof(flags));
	else
		set_message(r, NETFN_CHASSIS, 0x09, read, sizeof(read));
}

static enum command_verdict read_boot(
	struct request *r, const struct wire_message *m, struct err *err)
{
	struct ipmi_boot_flags *f = &r->result.boot;

	if (m->cc)
		return COMMAND_FAILED;
	if (m->len < 7)
		return too_short(m, 7, err);
	if ((m->data[1] & 0x7f) != 5) {
		err_set(err, IPMI_E_PROTOCOL,
			"the BMC answered boot parameter %u instead of 5; update its firmware",
			m->data[1] & 0x7f);
		return COMMAND_FAILED;
	}
	memcpy(f->raw, m->data + 2, 5);
	f->valid = f->raw[0] & BOOT_VALID;
	f->persistent = f->raw[0] & BOOT_PERSISTENT;
	f->efi = f->raw[0] & BOOT_EFI;
	f->device = (f->raw[1] & BOOT_SELECTOR) >> 2;
	return COMMAND_DONE;
}

static enum command_verdict compare_boot(struct request *r, struct err *err)
{
	const struct ipmi_boot_flags *f = &r->result.boot;
	uint8_t must = BOOT_PERSISTENT | (r->args[0] & BOOT_EFI);
	uint8_t want = (r->args[1] & BOOT_SELECTOR) >> 2;
	const char *wanted = ipmi_boot_device_name(want), *got = ipmi_boot_device_name(f->device);

	/* Flags that are not valid mean "no override", which may be what was asked for. */
	if (want == IPMI_BOOT_NONE && f->device == IPMI_BOOT_NONE)
		return COMMAND_DONE;
	if (f->device == want && ((f->raw[0] ^ r->args[0]) & (must | BOOT_VALID)) == 0)
		return COMMAND_DONE;
	err_set(err, IPMI_E_MISMATCH,
		"wrote %s%s%s (%02Xh %02Xh), but the BMC reads back %s%s%s%s (%02Xh %02Xh); the "
		"BMC "
		"forgets boot flags: update its firmware, or set the order in the machine's "
		"firmware",
		wanted ? wanted : "a device", r->args[0] & BOOT_PERSISTENT ? ", persistent" : "",
		r->args[0] & BOOT_EFI ? ", EFI" : "", r->args[0], r->args[1],
		got ? got : "an unknown device", f->persistent ? ", persistent" : "",
		f->efi ? ", EFI" : "", f->valid ? "" : ", not valid", f->raw[0], f->raw[1]);
	return COMMAND_FAILED;
}

static enum command_verdict answer_boot_set(
	struct request *r, const struct wire_message *m, struct err *err)
{
	enum command_verdict v;
	bool trust;

	if (r->step == BOOT_WRITE && m->cc)
		return COMMAND_FAILED;
	trust = r->bmc->traits.quirks & BMC_QUIRK_NO_BOOT_READBACK;
	if (r->step == BOOT_WRITE && trust)
		return COMMAND_DONE;
	if (r->step != BOOT_READ) {
		r->step++;
		return COMMAND_AGAIN;
	}
	v = read_boot(r, m, err);
	return v == COMMAND_DONE ? compare_boot(r, err) : v;
}

static const struct command boot_set = {
	"set boot device", IPMI_PRIVILEGE_OPERATOR, prepare_boot, answer_boot_set, false};
static const struct command boot_get = {
	"get boot device", IPMI_PRIVILEGE_OPERATOR, prepare_boot, read_boot, false};

/* Device id, IPMI 20.1. */

static void prepare_device_id(struct request *r)
{
	set_message(r, NETFN_APP, 0x01, NULL, 0);
}

int device_id_parse(const uint8_t *data, size_t len, struct ipmi_device_id *d)
{
	if (len < 11)
		return -EBADMSG;
	d->device_id = data[0];
	d->device_revision = data[1] & 0x0f;
	d->updating = data[2] & 0x80;
	d->firmware_major = data[2] & 0x7f;
	d->firmware_minor = (uint8_t)((data[3] >> 4) * 10 + (data[3] & 0x0f));
	d->ipmi_major = data[4] & 0x0f;
	d->ipmi_minor = data[4] >> 4;
	d->manufacturer_id = get_le(data + 6, 3) & 0xfffff;
	d->product_id = get_le16(data + 9);
	return 0;
}

static enum command_verdict answer_device_id(
	struct request *r, const struct wire_message *m, struct err *err)
{
	if (m->cc)
		return COMMAND_FAILED;
	if (device_id_parse(m->data, m->len, &r->result.device) < 0)
		return too_short(m, 11, err);
	return COMMAND_DONE;
}

static const struct command device_id = {
	"get device id", IPMI_PRIVILEGE_USER, prepare_device_id, answer_device_id, false};

/* System GUID, IPMI 22.14. */

static void prepare_guid(struct request *r)
{
	set_message(r, NETFN_APP, 0x37, NULL, 0);
}

static enum command_verdict answer_guid(
	struct request *r, const struct wire_message *m, struct err *err)
{
	if (m->cc)
		return COMMAND_FAILED;
	if (m->len < 16)
		return too_short(m, 16, err);
	memcpy(r->result.guid, m->data, 16);
	return COMMAND_DONE;
}

static const struct command guid = {
	"get system GUID", IPMI_PRIVILEGE_USER, prepare_guid, answer_guid, false};

/* Chassis identify, IPMI 28.5. args: seconds, force. */

static void prepare_identify(struct request *r)
{
	/* The second byte is not known to IPMI 1.5 and some others; it is sent when needed only. */
	set_message(r, NETFN_CHASSIS, 0x04, r->args, r->args[1] ? 2 : 1);
}

static const struct command identify = {
	"chassis identify", IPMI_PRIVILEGE_OPERATOR, prepare_identify, NULL, false};

/* Cold and warm reset, IPMI 20.2 and 20.3. args: warm. */

static void prepare_reset(struct request *r)
{
	set_message(r, NETFN_APP, r->args[0] ? 0x03 : 0x02, NULL, 0);
}

static const struct command bmc_cold_reset = {
	"cold reset of the BMC", IPMI_PRIVILEGE_ADMIN, prepare_reset, NULL, true};
static const struct command bmc_warm_reset = {
	"warm reset of the BMC", IPMI_PRIVILEGE_ADMIN, prepare_reset, NULL, true};

static const struct command raw = {NULL, 0, NULL, NULL, false};

static ipmi_ticket submit(struct ipmi_bmc *b, struct request *r, const struct ipmi_opts *opts)
{
	r->command->prepare(r);
	return bmc_submit(b, r, opts);
}

ipmi_ticket ipmi_request(struct ipmi_bmc *b, uint8_t netfn, uint8_t cmd, const void *data,
	size_t len, const struct ipmi_opts *opts, ipmi_done *done, void *done_data)
{
	struct request *r = bmc_request_new(b, &raw, done, done_data);

	set_message(r, netfn & 0x3e, cmd, data, len <= IPMI_DATA_MAX ? len : 0);
	r->lun = opts ? opts->lun & 0x03 : 0;
	r->once = opts && opts->once;
	r->busy_tries = opts ? opts->busy_tries : 0;
	r->len = len;
	return bmc_submit(b, r, opts);
}

ipmi_ticket ipmi_power_get(
	struct ipmi_bmc *b, const struct ipmi_opts *opts, ipmi_done *done, void *done_data)
{
	return submit(b, bmc_request_new(b, &power_get, done, done_data), opts);
}

ipmi_ticket ipmi_power(struct ipmi_bmc *b, enum ipmi_power_action action,
	const struct ipmi_opts *opts, ipmi_done *done, void *done_data)
{
	struct request *r = bmc_request_new(b, &powers[action], done, done_data);

	r->args[0] = (uint8_t)action;
	r->once = action == IPMI_POWER_CYCLE || action == IPMI_POWER_RESET ||
		  action == IPMI_POWER_DIAG;
	return submit(b, r, opts);
}

ipmi_ticket ipmi_boot_device_set(struct ipmi_bmc *b, enum ipmi_boot_device device, bool persistent,
	bool efi, const struct ipmi_opts *opts, ipmi_done *done, void *done_data)
{
	struct request *r = bmc_request_new(b, &boot_set, done, done_data);

	r->args[0] =
		(uint8_t)(BOOT_VALID | (persistent ? BOOT_PERSISTENT : 0) | (efi ? BOOT_EFI : 0));
	r->args[1] = (uint8_t)(device << 2) & BOOT_SELECTOR;
	if (efi && device == IPMI_BOOT_DISK && b->traits.disk_selector_efi)
		r->args[1] = b->traits.disk_selector_efi;
	r->step = b->traits.quirks & BMC_QUIRK_NO_BOOT_EXPIRY ? BOOT_WRITE : BOOT_EXPIRY;
	return submit(b, r, opts);
}

ipmi_ticket ipmi_boot_device_get(
	struct ipmi_bmc *b, const struct ipmi_opts *opts, ipmi_done *done, void *done_data)
{
	struct request *r = bmc_request_new(b, &boot_get, done, done_data);

	r->step = BOOT_READ;
	return submit(b, r, opts);
}

ipmi_ticket ipmi_device_id(
	struct ipmi_bmc *b, const struct ipmi_opts *opts, ipmi_done *done, void *done_data)
{
	return submit(b, bmc_request_new(b, &device_id, done, done_data), opts);
}

ipmi_ticket ipmi_chassis_identify(struct ipmi_bmc *b, uint8_t seconds, bool force,
	const struct ipmi_opts *opts, ipmi_done *done, void *done_data)
{
	struct request *r = bmc_request_new(b, &identify, done, done_data);

	r->args[0] = seconds;
	r->args[1] = force;
	return submit(b, r, opts);
}

ipmi_ticket ipmi_guid(
	struct ipmi_bmc *b, const struct ipmi_opts *opts, ipmi_done *done, void *done_data)
{
	return submit(b, bmc_request_new(b, &guid, done, done_data), opts);
}

ipmi_ticket ipmi_bmc_reset(struct ipmi_bmc *b, bool warm, const struct ipmi_opts *opts,
	ipmi_done *done, void *done_data)
{
	struct request *r =
		bmc_request_new(b, warm ? &bmc_warm_reset : &bmc_cold_reset, done, done_data);

	r->args[0] = warm;
	r->once = true;
	return submit(b, r, opts);
}

const char *ipmi_boot_device_name(unsigned device)
{
	static const char *const names[] = {
		[IPMI_BOOT_NONE] = "none",
		[IPMI_BOOT_PXE] = "pxe",
		[IPMI_BOOT_DISK] = "disk",
		[IPMI_BOOT_SAFE] = "safe",
		[IPMI_BOOT_DIAG] = "diag",
		[IPMI_BOOT_CDROM] = "cdrom",
		[IPMI_BOOT_BIOS] = "bios",
		[IPMI_BOOT_REMOTE_FLOPPY] = "remote floppy",
		[IPMI_BOOT_REMOTE_CDROM] = "remote cdrom",
		[IPMI_BOOT_REMOTE_PRIMARY] = "remote primary",
		[IPMI_BOOT_REMOTE_DISK] = "remote disk",
		[IPMI_BOOT_FLOPPY] = "floppy",
	};

	return device < ARRAY_SIZE(names) ? names[device] : NULL;
}
