/* System boot options (IPMI 2.0 sections 28.12 and 28.13): kept and read back bit by bit; the valid
 * bit of the flags goes by itself after 60 seconds without a Chassis Control, as the table says,
 * which real clients trip over. */
#include "tests/bmc/command.h"

#include <string.h>

#include "lib/base/mem.h"

#define EXPIRY_MS	  60000
#define MAILBOX_BLOCKS	  5
#define MAILBOX_BLOCK_LEN 16
#define CC_IN_PROGRESS	  0x81

#define FLAG_VALID	   0x80
#define FLAG_PERSISTENT	   0x40
#define FLAG_EFI	   0x20
#define FLAG_CLEAR_CMOS	   0x80
#define CLEARING_NO_EXPIRY 0x08

/* Parameter 5 of table 28-14, data 1 to 5: bits that are not reserved. */
static const uint8_t flags_mask[5] = {0xe0, 0xff, 0xff, 0x0f, 0x1f};

static void flags_settle(struct bmcemu *bmc)
{
	struct boot_options *b = &bmc->boot;

	if (b->expires && emu_now(bmc) >= b->expires_ms) {
		b->expires = false;
		b->flags[0] &= ~FLAG_VALID;
	}
}

static void flags_changed(struct bmcemu *bmc)
{
	if (bmc->ops && bmc->ops->boot_flags_changed)
		bmc->ops->boot_flags_changed(bmc->machine);
}

void boot_flags_restart_expiry(struct bmcemu *bmc)
{
	flags_settle(bmc);
	if (bmc->boot.expires)
		bmc->boot.expires_ms = emu_now(bmc) + EXPIRY_MS;
}

static uint8_t set_in_progress(struct bmcemu *bmc, const uint8_t *data)
{
	uint8_t state = data[0] & 0x03;

	if (state == 3)
		return CC_INVALID_FIELD;
	if (state == 1 && bmc->boot.set_in_progress == 1)
		return CC_IN_PROGRESS;
	bmc->boot.set_in_progress = state == 1;
	return CC_OK;
}

static uint8_t set_service_partition(struct bmcemu *bmc, const uint8_t *data)
{
	bmc->boot.service_partition = data[0];
	return CC_OK;
}

static uint8_t set_service_scan(struct bmcemu *bmc, const uint8_t *data)
{
	bmc->boot.service_scan = data[0] & 0x03;
	return CC_OK;
}

static uint8_t set_valid_clearing(struct bmcemu *bmc, const uint8_t *data)
{
	if (fault_value(&bmc->faults, FAULT_NO_BOOT_PARAM_3))
		return CC_PARAM_UNSUPPORTED;
	bmc->boot.valid_clearing = data[0] & 0x1f;
	if (data[0] & CLEARING_NO_EXPIRY)
		bmc->boot.expires = false;
	return CC_OK;
}

static uint8_t set_info_ack(struct bmcemu *bmc, const uint8_t *data)
{
	bmc->boot.info_ack = (bmc->boot.info_ack & ~data[0]) | (data[1] & data[0]);
	return CC_OK;
}

static uint8_t set_flags(struct bmcemu *bmc, const uint8_t *data)
{
	struct boot_options *b = &bmc->boot;

	if (fault_value(&bmc->faults, FAULT_FORGET_BOOT_FLAGS))
		return CC_OK;
	for (int i = 0; i < 5; i++)
		b->flags[i] = data[i] & flags_mask[i];
	b->expires = b->flags[0] & FLAG_VALID && !(b->valid_clearing & CLEARING_NO_EXPIRY);
	b->expires_ms = emu_now(bmc) + EXPIRY_MS;
	flags_changed(bmc);
	return CC_OK;
}

static uint8_t set_initiator(struct bmcemu *bmc, const uint8_t *data)
{
	memcpy(bmc->boot.initiator, data, sizeof(bmc->boot.initiator));
	return CC_OK;
}

static uint8_t set_mailbox(struct bmcemu *bmc, const uint8_t *data)
{
	if (data[0] >= MAILBOX_BLOCKS)
		return CC_INVALID_FIELD;
	if (!bmc->boot.mailbox)
		bmc->boot.mailbox = xcalloc(MAILBOX_BLOCKS, MAILBOX_BLOCK_LEN);
	memcpy(bmc->boot.mailbox + data[0] * MAILBOX_BLOCK_LEN, data + 1, MAILBOX_BLOCK_LEN);
	return CC_OK;
}

/* Table 28-14; the length is that of the data behind the parameter's number. */
static const struct {
	uint8_t len;
	uint8_t (*set)(struct bmcemu *bmc, const uint8_t *data);
} params[] = {
	{1, set_in_progress},
	{1, set_service_partition},
	{1, set_service_scan},
	{1, set_valid_clearing},
	{2, set_info_ack},
	{5, set_flags},
	{9, set_initiator},
	{17, set_mailbox},
};

/* 28.12; the number alone only marks the parameter valid or invalid */
uint8_t boot_set_options(const struct request *q, struct reply *r)
{
	struct bmcemu *bmc = q->bmc;
	uint8_t n = q->data[0] & 0x7f, cc = CC_OK;

	if (n >= ARRAY_SIZE(params))
		return CC_PARAM_UNSUPPORTED;
	if (q->len > 1 && q->len - 1 != params[n].len)
		return CC_BAD_LENGTH;
	if (q->len > 1)
		cc = params[n].set(bmc, q->data + 1);
	if (cc == CC_OK)
		bmc->boot.invalid = (bmc->boot.invalid & ~(1u << n)) | (q->data[0] >> 7) << n;
	return cc;
}

static uint8_t get_mailbox(const struct bmcemu *bmc, uint8_t block, struct reply *r)
{
	static const uint8_t empty[MAILBOX_BLOCK_LEN];

	if (block >= MAILBOX_BLOCKS)
		return CC_INVALID_FIELD;
	reply_u8(r, block);
	reply_put(r, bmc->boot.mailbox ? bmc->boot.mailbox + block * MAILBOX_BLOCK_LEN : empty,
		MAILBOX_BLOCK_LEN);
	return CC_OK;
}

static uint8_t put_param(struct bmcemu *bmc, uint8_t n, uint8_t selector, struct reply *r)
{
	const struct boot_options *b = &bmc->boot;
	const struct {
		const void *data;
		size_t len;
	} plain[] = {
		{&b->set_in_progress, 1},
		{&b->service_partition, 1},
		{&b->service_scan, 1},
		{&b->valid_clearing, 1},
		{(uint8_t[]){0, b->info_ack}, 2},
		{b->flags, 5},
		{b->initiator, 9},
	};

	if (n == ARRAY_SIZE(plain))
		return get_mailbox(bmc, selector, r);
	reply_put(r, plain[n].data, plain[n].len);
	return CC_OK;
}

/* 28.13 */
uint8_t boot_get_options(const struct request *q, struct reply *r)
{
	struct bmcemu *bmc = q->bmc;
	uint8_t n = q->data[0] & 0x7f;

	if (n >= ARRAY_SIZE(params) || (n == 3 && fault_value(&bmc->faults, FAULT_NO_BOOT_PARAM_3)))
		return CC_PARAM_UNSUPPORTED;
	flags_settle(bmc);
	reply_u8(r, 0x01);
	reply_u8(r, n | (bmc->boot.invalid >> n & 1) << 7);
	return put_param(bmc, n, q->data[1], r);
}

void bmcemu_boot_flags_raw(struct bmcemu *bmc, uint8_t ret[static 5])
{
	flags_settle(bmc);
	memcpy(ret, bmc->boot.flags, 5);
}

void bmcemu_boot_flags_peek(struct bmcemu *bmc, struct boot_choice *ret)
{
	const uint8_t *f = bmc->boot.flags;

	flags_settle(bmc);
	*ret = (struct boot_choice){0};
	if (!(f[0] & FLAG_VALID) || bmc->boot.invalid & 1u << 5 ||
		fault_value(&bmc->faults, FAULT_IGNORE_BOOT_FLAGS))
		return;
	ret->valid = true;
	ret->device = f[1] >> 2 & 0x0f;
	ret->efi = f[0] & FLAG_EFI;
	ret->persistent = f[0] & FLAG_PERSISTENT;
	ret->clear_cmos = f[1] & FLAG_CLEAR_CMOS;
}

void bmcemu_boot_flags_consume(struct bmcemu *bmc, struct boot_choice *ret)
{
	bmcemu_boot_flags_peek(bmc, ret);
	if (!ret->valid)
		return;
	bmc->boot.expires = false;
	bmc->boot.flags[1] &= ~FLAG_CLEAR_CMOS; /* done once, also when the rest persists */
	if (!ret->persistent)
		bmc->boot.flags[0] &= ~FLAG_VALID;
	flags_changed(bmc);
}

const char *boot_device_name(enum boot_device device)
{
	static const char *const names[BOOT_DEVICE_COUNT] = {
		[BOOT_DEVICE_NONE] = "none",
		[BOOT_DEVICE_PXE] = "pxe",
		[BOOT_DEVICE_DISK] = "disk",
		[BOOT_DEVICE_DISK_SAFE] = "safe",
		[BOOT_DEVICE_DIAG] = "diag",
		[BOOT_DEVICE_CDROM] = "cdrom",
		[BOOT_DEVICE_BIOS] = "bios",
		[BOOT_DEVICE_REMOTE_FLOPPY] = "remote-floppy",
		[BOOT_DEVICE_REMOTE_CDROM] = "remote-cdrom",
		[BOOT_DEVICE_REMOTE_MEDIA] = "remote-media",
		[BOOT_DEVICE_REMOTE_DISK] = "remote-disk",
		[BOOT_DEVICE_FLOPPY] = "floppy",
	};

	return device < BOOT_DEVICE_COUNT && names[device] ? names[device] : "reserved";
}
