/* SCSI's pages; see scsi.h. Numbers are big-endian. */
#include "agent/inspect/scsi.h"
#include "agent/inspect/fieldtext.h"
#include "lib/base/bytes.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdio.h>

#define VPD_HEADER 4
#define PASSED	   0x4fc2 /* LBA bits 15:8 and 23:16 after SMART RETURN STATUS */
#define FAILED	   0xf42c

/* The length of a VPD page's content, as far as it is there; -EINVAL when it is another page. */
static int vpd_len(const uint8_t *page, size_t len, uint8_t code)
{
	size_t n;

	if (len < VPD_HEADER || page[1] != code)
		return -EINVAL;
	n = get_be16(page + 2);
	return (int)(n < len - VPD_HEADER ? n : len - VPD_HEADER);
}

int scsi_serial(const uint8_t *page, size_t len, char ret[static SCSI_SERIAL_MAX])
{
	int n = vpd_len(page, len, 0x80);

	if (n < 0)
		return n;
	if (n >= SCSI_SERIAL_MAX)
		n = SCSI_SERIAL_MAX - 1;
	field_text(page + VPD_HEADER, (size_t)n, ret);
	return ret[0] ? 0 : -EINVAL;
}

int scsi_name(const uint8_t *page, size_t len, char ret[static SCSI_NAME_MAX])
{
	int total = vpd_len(page, len, 0x83);
	size_t end = VPD_HEADER + (size_t)total, found = 0;

	if (total < 0)
		return total;
	for (size_t at = VPD_HEADER; at + 4 <= end;) {
		const uint8_t *d = page + at; /* a designation descriptor, SPC-5 7.7.6.1 */
		size_t n = d[3];

		at += 4 + n;
		/* binary, of the logical unit, NAA; 8 or 16 bytes */
		if (at > end || (d[0] & 0x0f) != 1 || (d[1] & 0x3f) != 3 || (n != 8 && n != 16))
			continue;
		if (n > found)
			hex_encode(d + 4, found = n, ret);
	}
	return found ? 0 : -ENOENT;
}

unsigned scsi_rotation_rate(const uint8_t *page, size_t len)
{
	unsigned rate;

	if (vpd_len(page, len, 0xb1) < 2)
		return 0;
	rate = get_be16(page + 4);
	return rate == 0xffff ? 0 : rate;
}

int scsi_ata_identify(const uint8_t *page, size_t len, struct ata_identity *ret)
{
	int n = vpd_len(page, len, 0x89);

	if (n < 56 + ATA_PAGE_LEN)
		return -EINVAL;
	return ata_identify(page + 60, ATA_PAGE_LEN, ret);
}

static void log_exceptions(const uint8_t *data, size_t len, struct health *h)
{
	char reason[48];

	if (len < 2)
		return;
	if (h->status == HEALTH_UNKNOWN)
		h->status = HEALTH_PASSED;
	if (data[0] == 0x5d || data[0] == 0x0b) { /* failure predicted; a warning */
		snprintf(reason, sizeof(reason), "%s, code %02x/%02x",
			data[0] == 0x5d ? "failure predicted" : "warning", data[0], data[1]);
		health_fail(h, reason);
	}
	if (len > 2 && data[2] && data[2] != 0xff)
		h->temperature_c = data[2];
}

static void log_temperature(const uint8_t *data, size_t len, struct health *h)
{
	if (len >= 2 && data[1] != 0xff)
		h->temperature_c = data[1];
}

static void log_solid_state(const uint8_t *data, size_t len, struct health *h)
{
	if (len >= 4)
		h->wear_percent = data[3];
}

static void log_background_scan(const uint8_t *data, size_t len, struct health *h)
{
	if (len >= 4)
		h->power_on_hours = (int64_t)get_be32(data) / 60;
}

static const struct {
	uint8_t page;
	unsigned parameter;
	void (*take)(const uint8_t *data, size_t len, struct health *h);
} logs[] = {
	{0x2f, 0, log_exceptions},
	{0x0d, 0, log_temperature},
	{0x11, 1, log_solid_state},
	{0x15, 0, log_background_scan},
};

void scsi_log(const uint8_t *page, size_t len, struct health *h)
{
	size_t end;

	if (len < 4)
		return;
	end = 4 + get_be16(page + 2);
	if (end > len)
		end = len;
	for (size_t at = 4; at + 4 <= end; at += 4 + (size_t)page[at + 3]) {
		size_t n = page[at + 3];

		for (size_t i = 0; i < ARRAY_SIZE(logs) && at + 4 + n <= end; i++)
			if (logs[i].page == (page[0] & 0x3f) &&
				logs[i].parameter == get_be16(page + at))
				logs[i].take(page + at + 4, n, h);
	}
}

int scsi_sense_smart(const uint8_t *sense, size_t len)
{
	unsigned lba = 0;

	if (len < 12)
		return -EINVAL;
	if ((sense[0] & 0x7f) == 0x72) { /* descriptors; ours is the first and the only one */
		if (len < 22 || sense[8] != 0x09)
			return -EINVAL;
		lba = (unsigned)(sense[8 + 9] << 8) | sense[8 + 11];
	} else if ((sense[0] & 0x7f) == 0x70) {
		lba = (unsigned)(sense[10] << 8) | sense[11];
	}
	return lba == PASSED ? 0 : lba == FAILED ? 1 : -EINVAL;
}
