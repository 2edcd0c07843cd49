/* What disks say of themselves, in pages made after ACS-4, SAT-4, SPC-5, SBC-4 and NVM Express 2.0.
 */
#include "agent/inspect/ata.h"
#include "agent/inspect/nvme.h"
#include "agent/inspect/scsi.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <string.h>

static void attribute(uint8_t *page, size_t i, const char *hex)
{
	hex_decode(hex, page + 2 + 12 * i, 12);
}

static void sum(uint8_t *page)
{
	uint8_t s = 0;

	page[511] = 0;
	for (size_t i = 0; i < 511; i++)
		s = (uint8_t)(s + page[i]);
	page[511] = (uint8_t)-s;
}

/* ATA puts the first character of each pair into the upper byte of a little-endian word. */
static void put_swapped(uint8_t *at, const char *text)
{
	for (size_t i = 0; text[i]; i++)
		at[i ^ 1] = (uint8_t)text[i];
}

static void test_ata_identify(void)
{
	uint8_t page[512] = {0};
	struct ata_identity id;

	put_swapped(page + 20, "  SA00L32           ");
	put_swapped(page + 46, "SN04    ");
	put_swapped(page + 54, "ST4000NM0035-1V4107                     ");
	page[164] = page[170] = 1;
	hex_decode("0050"
		   "00c5"
		   "b2a1"
		   "d4c3",
		page + 216, 8);
	page[434] = 1;
	is_int(ata_identify(page, sizeof(page), &id), 0, "is a page");
	is_str(id.serial, "SA00L32", "serial without spaces at its ends");
	is_str(id.firmware, "SN04", "firmware");
	is_str(id.model, "ST4000NM0035-1V4107", "model");
	ok(id.wwn == 0x5000c500a1b2c3d4ull, "world-wide name");
	is_int(id.rotation_rate, 1, "does not turn");
	ok(id.smart, "watches itself");
	is_int(ata_identify(page, 511, &id), -EINVAL, "too short");
	memset(page, 0, sizeof(page));
	is_int(ata_identify(page, sizeof(page), &id), -EINVAL, "empty");
}

static void test_ata_smart(void)
{
	uint8_t page[512] = {0}, limits[512] = {0};
	struct health h;

	attribute(page, 0, "053300646408000000000000"); /* 8 sectors moved */
	attribute(page, 1, "09320060600b3412000000aa"); /* hours: 0x34120b is sane no more */
	attribute(page, 2, "c222001f1f1f000a00280000"); /* 31 degrees, from 10 to 40 */
	attribute(page, 3, "c51200646402000000000000");
	attribute(page, 4, "b13300575700000000000000"); /* wear: 87 of 100 are left */
	attribute(limits, 0, "050a00000000000000000000");
	sum(page);
	sum(limits);
	health_init(&h);
	is_int(ata_smart(page, limits, &h), 0, "is a page");
	is_int(h.status, HEALTH_UNKNOWN, "the attributes alone do not say that all is well");
	is_int(h.reallocated, 8, "reallocated");
	is_int(h.pending, 2, "pending");
	is_int(h.temperature_c, 31, "temperature");
	is_int(h.wear_percent, 13, "wear");
	is_int(h.power_on_hours, -1, "hours of centuries are none");
	attribute(limits, 0, "056400000000000000000000");
	sum(limits);
	is_int(ata_smart(page, limits, &h), 0, "again");
	is_int(h.status, HEALTH_FAILING, "at its limit");
	is_str(h.reason, "attribute 5 is at 100, limit 100", "which one");
	limits[511]++;
	health_init(&h);
	ata_smart(page, limits, &h);
	is_int(h.status, HEALTH_UNKNOWN, "limits with a wrong sum are none");
	page[511]++;
	is_int(ata_smart(page, NULL, &h), -EINVAL, "nor is a page");
	memset(page, 0, sizeof(page));
	page[2] = 7;
	page[8] = 101;
	page[15] = 0xc0;
	ata_statistics(page, &h);
	is_int(h.wear_percent, 101, "wear by the device statistics may pass 100");
}

static void test_nvme(void)
{
	uint8_t page[NVME_IDENTIFY_LEN] = {0};
	struct nvme_identity id;
	struct health h;

	memcpy(page + 4, "S64HNE0R700001      ", 20);
	memcpy(page + 24, "SAMSUNG MZQL23T8HCLS-00A07              ", 40);
	memcpy(page + 64, "GDC5602Q", 8);
	nvme_identify(page, &id);
	is_str(id.serial, "S64HNE0R700001", "NVMe serial");
	is_str(id.model, "SAMSUNG MZQL23T8HCLS-00A07", "model");
	is_str(id.firmware, "GDC5602Q", "firmware, all eight");
	memset(page, 0, sizeof(page));
	page[1] = 0x3a; /* 314 K */
	page[2] = 0x01;
	page[3] = 100;
	page[5] = 3;
	page[32] = 2; /* a thousand units of 512 bytes each */
	memset(page + 48, 0xff, 16);
	page[128] = 0x10;
	page[129] = 0x27;
	page[144] = 5;
	health_init(&h);
	nvme_smart(page, &h);
	is_int(h.status, HEALTH_PASSED, "no warning");
	is_int(h.temperature_c, 41, "temperature");
	is_int(h.spare_percent, 100, "spare");
	is_int(h.wear_percent, 3, "wear");
	is_int(h.read_bytes, 1024000, "read");
	is_int(h.written_bytes, INT64_MAX, "what is too large for us is the largest");
	is_int(h.power_on_hours, 10000, "hours");
	is_int(h.unsafe_shutdowns, 5, "unsafe shutdowns");
	page[0] = 0x05;
	nvme_smart(page, &h);
	is_int(h.status, HEALTH_FAILING, "warned");
	is_str(h.reason, "spare blocks are below their limit; reliability is degraded", "of what");
}

static void name_is(const char *hex, const char *want, const char *what)
{
	char name[SCSI_NAME_MAX] = "";
	uint8_t page[256];
	int n = hex_decode(hex, page, sizeof(page));

	ok(scsi_name(page, (size_t)n, name) == (want ? 0 : -ENOENT) &&
			str_eq(name, want ? want : ""),
		"%s", what);
}

static void test_scsi_names(void)
{
	char serial[SCSI_SERIAL_MAX];
	static const uint8_t pg80[] = {0, 0x80, 0, 9, ' ', 'A', 'B', 0x01, ' ', 'C', ' ', ' ', ' '};

	name_is("0083000c"
		"01030008"
		"5000c500deadbeef",
		"5000c500deadbeef", "64 bits");
	name_is("00830020"
		"01030008"
		"5000c500deadbeef"
		"01030010"
		"600508b1001c7f2e5d6a9b8c01234567",
		"600508b1001c7f2e5d6a9b8c01234567", "128 bits go before");
	name_is("0083000c"
		"61930008"
		"5000c500deadbef0",
		NULL, "a port's name is not the disk's");
	name_is("0083000c"
		"02030008"
		"4142434445464748",
		NULL, "nor is text");
	name_is("008300ff"
		"01030008"
		"5000c500deadbeef",
		"5000c500deadbeef", "a length that lies");
	name_is("00830010"
		"010300ff"
		"5000c500deadbeef",
		NULL, "a name that lies");
	is_int(scsi_serial(pg80, sizeof(pg80), serial), 0, "serial");
	is_str(serial, "AB C", "what cannot be printed is space, and spaces are one");
	is_int(scsi_serial(pg80, 3, serial), -EINVAL, "too short");
	is_int(scsi_rotation_rate((const uint8_t *)"\0\xb1\0\x3c\x1c\x20", 6), 7200, "turns");
	is_int(scsi_rotation_rate((const uint8_t *)"\0\xb0\0\x3c\x1c\x20", 6), 0, "another page");
}

static void log_page(const char *hex, struct health *h)
{
	uint8_t page[64];
	int n = hex_decode(hex, page, sizeof(page));

	scsi_log(page, (size_t)n, h);
}

static void test_scsi_logs(void)
{
	struct health h;

	health_init(&h);
	log_page("2f000008"
		 "00000304"
		 "00001f41",
		&h);
	is_int(h.status, HEALTH_PASSED, "no exception");
	is_int(h.temperature_c, 31, "temperature");
	log_page("0d000006"
		 "00000302"
		 "0022",
		&h);
	is_int(h.temperature_c, 34, "and of its own page");
	log_page("11000008"
		 "00010304"
		 "00000007",
		&h);
	is_int(h.wear_percent, 7, "wear");
	log_page("15000008"
		 "00000304"
		 "00009600",
		&h);
	is_int(h.power_on_hours, 640, "minutes as hours");
	log_page("2f000008"
		 "00000304"
		 "5d101f41",
		&h);
	is_int(h.status, HEALTH_FAILING, "failure predicted");
	is_str(h.reason, "failure predicted, code 5d/10", "by its code");
	log_page("2f0000ff"
		 "000003ff"
		 "5d",
		&h);
	log_page("2f", &h);
}

static int sense(const char *hex)
{
	uint8_t bytes[64] = {0};

	hex_decode(hex, bytes, sizeof(bytes));
	return scsi_sense_smart(bytes, 22);
}

static void test_sense(void)
{
	is_int(sense("72011d000000000e"
		     "090c0000000000004f00c24050"),
		-EINVAL, "shifted");
	is_int(sense("72011d000000000e"
		     "090c000000000000"
		     "004f00c24050"),
		0, "healthy");
	is_int(sense("72011d000000000e"
		     "090c000000000000"
		     "00f4002c4050"),
		1, "failing");
	is_int(sense("70000100000000"
		     "00"
		     "0000"
		     "f42c"),
		1, "failing, in the fixed format");
	is_int(sense("70000500000000"), -EINVAL, "another error");
}

int main(void)
{
	test_ata_identify();
	test_ata_smart();
	test_nvme();
	test_scsi_names();
	test_scsi_logs();
	test_sense();
	return done_testing();
}
