/* SMBIOS: a recorded table, and structures made by hand after DSP0134 3.6. */
#include "tests/unit/tap.h"

#include "agent/inspect/smbios.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"

#include <errno.h>

static void test_recorded(void)
{
	_cleanup_free_ char *table = NULL;
	struct smbios s;
	size_t len;

	/* QEMU 7.2 with -smbios type=0,vendor=LabBIOS,... and 768 MiB of memory */
	ok(fs_read("tests/fuzz/smbios/corpus/qemu-q35", 65536, &table, &len, NULL) == 0,
		"recording");
	is_int(smbios_parse((uint8_t *)table, len, &s), 0, "is a table");
	is_str(s.bios.vendor, "LabBIOS", "type 0 vendor");
	is_str(s.bios.release_date, "02/29/2024", "type 0 date");
	is_str(s.system.serial_number, "SVCTAG1", "type 1 serial number");
	is_str(s.system.sku_number, "SKU7", "type 1 SKU");
	is_str(s.system.family, "Fam", "type 1 family");
	is_str(s.board.product, "Board1", "type 2 product");
	is_str(s.chassis.asset_tag, "AT-42", "type 3 asset tag");
	is_int(s.n_cpus, 1, "type 4");
	is_str(s.cpus[0].manufacturer, "LabCPU", "type 4 manufacturer");
	ok(s.cpus[0].populated, "socket populated");
	is_int(s.memory_array.slots, 1, "type 16 slots");
	is_int(s.n_dimms, 1, "type 17");
	is_str(s.dimms[0].part_number, "M393A4K40", "type 17 part number");
	is_int(s.dimms[0].speed_mts, 2933, "type 17 speed");
	is_int(smbios_memory_mb(&s), 768, "all DIMMs together");
	ok(s.ipmi.present && s.ipmi.interface_type == 1, "type 38: KCS");
	is_int(s.ipmi.spec_revision, 0x20, "type 38: IPMI 2.0");
	smbios_done(&s);
}

/* Type 17 up to "extended size" (0x1c..0x1f), all zero but what the tests set. */
static void dimm(uint8_t st[34], uint16_t size, uint32_t extended)
{
	memset(st, 0, 34);
	st[0] = 17;
	st[1] = 32;
	st[0x0c] = (uint8_t)size;
	st[0x0d] = (uint8_t)(size >> 8);
	for (int i = 0; i < 4; i++)
		st[0x1c + i] = (uint8_t)(extended >> (8 * i));
}

static uint64_t dimm_mb(uint16_t size, uint32_t extended)
{
	struct smbios s;
	uint8_t st[34];
	uint64_t mb;

	dimm(st, size, extended);
	if (smbios_parse(st, sizeof(st), &s) < 0 || s.n_dimms != 1)
		return UINT64_MAX;
	mb = s.dimms[0].size_mb;
	smbios_done(&s);
	return mb;
}

static void test_dimm_sizes(void)
{
	is_int(dimm_mb(16384, 0), 16384, "MiB");
	is_int(dimm_mb(0x8000 | 2048, 0), 2, "bit 15: KiB");
	is_int(dimm_mb(0x7fff, 65536), 65536, "0x7fff: the extended size");
	is_int(dimm_mb(0x7fff, 0x80010000), 65536, "bit 31 of it is reserved");
	is_int(dimm_mb(0xffff, 7), 0, "0xffff: unknown");
	is_int(dimm_mb(0, 0), 0, "0: nothing in the slot");
}

static int parse(const char *bytes, size_t len, struct smbios *s)
{
	/* a copy of its exact size, so that a sanitizer sees any step beyond it */
	uint8_t *copy = malloc(len ? len : 1);
	int r;

	memcpy(copy, bytes, len);
	r = smbios_parse(copy, len, s);
	free(copy);
	return r;
}

static void test_broken(void)
{
	struct smbios s;

	is_int(parse("", 0, &s), -EINVAL, "nothing");
	is_int(parse("\x00\x03\x00\x00\x00\x00", 6, &s), -EINVAL, "shorter than a header");
	is_int(parse("\x00\xff\x00\x00\x00\x00", 6, &s), -EINVAL, "longer than the table");
	is_int(parse("\x00\x05\x00\x00\x01V\x00", 7, &s), -EINVAL, "strings without end");
	is_int(parse("\x00\x05\x00\x00\x02V\x00\x00", 8, &s), 0, "a string number too high");
	is_str(s.bios.vendor, "", "gives no text");
	is_int(parse("\x00\x05\x00\x00\x01 V\x01x \x00\x00", 12, &s), 0, "control characters");
	is_str(s.bios.vendor, "V?x", "are shown as such, blanks at the ends are gone");
	is_int(parse("\x7f\x04\x00\x00\x00\x00\x00\x05\x00\x00\x01V\x00\x00", 14, &s), 0,
		"end mark");
	is_str(s.bios.vendor, "", "nothing is read behind it");
}

int main(void)
{
	test_recorded();
	test_dimm_sizes();
	test_broken();
	return done_testing();
}
