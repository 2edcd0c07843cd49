/*
 * Sensor records, FRUs, log entries and LAN parameters. The bytes are made by hand from the
 * specifications; what they have to mean was compared with what ipmitool 1.8.19 prints for the same
 * bytes behind ipmi_sim 2.0.33, where the comment says "ipmitool".
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "conductor/bmc/ipmi/reads.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

static void test_chars(void)
{
	static const struct {
		enum chars_code code;
		const char *bytes;
		size_t len;
		const char *want, *what;
	} rows[] = {
		/* FRU 1.3, 13.3: the example of the specification */
		{CHARS_SIX_BIT, "\x29\xdc\xa6", 3, "IPMI", "6-bit ASCII of the specification"},
		{CHARS_BCD_PLUS, "\x12\x34\xb5", 3, "1234-5", "BCD plus"},
		{CHARS_BCD_PLUS, "\x1c\x2a", 2, "1.2", "BCD plus, spaces at the end"},
		{CHARS_BINARY, "\x00\xff", 2, "00ff", "binary"},
		{CHARS_LATIN1, "SN\xe9", 3, "SN\xc3\xa9", "Latin 1 becomes UTF-8"},
		{CHARS_LATIN1, "AB\0CD", 5, "AB", "a NUL ends it"},
		{CHARS_LATIN1, "\x1b[2J", 4, "?[2J", "nothing commands a terminal"},
		{CHARS_UCS2, "A\0\x93\x03", 4, "A\xce\x93", "16-bit characters"},
		{CHARS_UCS2, "\x00\xd8x", 3, "?", "half a surrogate pair, and an odd byte"},
		{CHARS_LATIN1, "", 0, "", "nothing"},
	};
	char out[64], small[4];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		is_str(chars_decode(rows[i].code, (const uint8_t *)rows[i].bytes, rows[i].len, out,
			       sizeof(out)),
			rows[i].want, "%s", rows[i].what);
	is_str(chars_decode(CHARS_LATIN1, (const uint8_t *)"ab\xe9", 3, small, sizeof(small)), "ab",
		"what does not fit is left out whole");
}

/* A full sensor record, IPMI 43.1: the fields the tests differ in, and the rest as is common. */
struct full {
	uint8_t type, unit, linearization, format, readable;
	int m, b, b_exp, r_exp;
	uint8_t limits[6]; /* LNC, LC, LNR, UNC, UC, UNR */
	const char *name;
};

static size_t make_full(const struct full *f, uint8_t out[64])
{
	static const uint8_t places[] = {41, 40, 39, 38, 37, 36};
	size_t n = strlen(f->name);

	memset(out, 0, 64);
	out[2] = 0x51;
	out[3] = 0x01;
	out[5] = 0x20;
	out[7] = 7;
	out[8] = 7;
	out[9] = 1;
	out[12] = f->type;
	out[13] = 0x01;
	out[18] = f->readable;
	out[20] = (uint8_t)(f->format << 6);
	out[21] = f->unit;
	out[23] = f->linearization;
	out[24] = (uint8_t)f->m;
	out[25] = (uint8_t)((f->m >> 2) & 0xc0);
	out[26] = (uint8_t)f->b;
	out[27] = (uint8_t)((f->b >> 2) & 0xc0);
	out[29] = (uint8_t)((f->r_exp & 15) << 4 | (f->b_exp & 15));
	for (int i = 0; i < 6; i++)
		out[places[i]] = f->limits[i];
	out[47] = (uint8_t)(0xc0 | n);
	memcpy(out + 48, f->name, n);
	out[4] = (uint8_t)(48 + n - 5);
	return 48 + n;
}

static void test_convert(void)
{
	static const struct {
		struct full f;
		uint8_t raw;
		double want;
		const char *unit;
	} rows[] = {
		/* ipmitool */
		{{.type = 1, .unit = 1, .m = 1, .name = "Inlet Temp"}, 0x2b, 43, "degrees C"},
		{{.type = 4, .unit = 18, .m = 100, .name = "Fan 1"}, 30, 3000, "RPM"},
		{{.type = 2, .unit = 4, .m = 63, .r_exp = -3, .name = "P12V"}, 0xc0, 12.096,
			"volts"},
		{{.type = 1, .unit = 1, .m = 1, .b = -40, .format = 2, .name = "Minus"}, 0xfb, -45,
			"degrees C"},
		{{.type = 1, .unit = 1, .m = 1, .linearization = 10, .name = "Root"}, 0x51, 9,
			"degrees C"},
		/* IPMI 36.3, by hand */
		{{.type = 1, .m = -512, .b = 511, .b_exp = 7, .r_exp = -8, .name = "Edges"}, 1,
			(-512 + 511e7) * 1e-8, ""},
		{{.type = 1, .m = 1, .format = 1, .name = "Ones"}, 0xfe, -1, ""},
		{{.type = 1, .m = 2, .linearization = 7, .name = "Inverse"}, 4, 0.125, ""},
		{{.type = 1, .m = 1, .linearization = 1, .name = "Ln"}, 0, NAN, ""},
		{{.type = 1, .m = 1, .linearization = 8, .name = "Square"}, 12, 144, ""},
		{{.type = 1, .m = 1, .linearization = 11, .name = "Cube root"}, 27, 3, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char unit[SENSOR_UNIT_MAX];
		struct sdr_record r;
		uint8_t bytes[64];
		double got;

		is_int(sdr_parse(bytes, make_full(&rows[i].f, bytes), &r), 0, "%s: a record",
			rows[i].f.name);
		is_str(r.sensor.name, rows[i].f.name, "with its name");
		got = sensor_convert(&r.sensor, &r.sensor.factors, rows[i].raw);
		ok(isnan(rows[i].want) ? isnan(got) : fabs(got - rows[i].want) < 1e-9, "reads %g",
			rows[i].want);
		is_str(sensor_unit(&r.sensor, unit), rows[i].unit, "with its unit");
	}
}

static void test_units(void)
{
	/* IPMI 43.1, byte 21: 12h is bytes per second, 03h in percent of what is divided */
	struct sdr_sensor s = {.units = 3 << 3, .base_unit = 70};
	char unit[SENSOR_UNIT_MAX];

	is_str(sensor_unit(&s, unit), "bytes/second", "a rate");
	s = (struct sdr_sensor){.units = 1};
	is_str(sensor_unit(&s, unit), "%", "percent of nothing");
	s = (struct sdr_sensor){.units = 1 << 1, .base_unit = 7, .modifier_unit = 22};
	is_str(sensor_unit(&s, unit), "joules/seconds", "a quotient");
	s = (struct sdr_sensor){.base_unit = 200};
	is_str(sensor_unit(&s, unit), "unknown unit", "a unit nobody knows");
}

static void test_thresholds(void)
{
	const struct full f = {.type = 1,
		.unit = 1,
		.m = 1,
		.readable = 0x3b,
		.limits = {5, 0, 0, 40, 45, 50},
		.name = "Inlet"};
	struct sensor_reading reading;
	struct sdr_record r;
	uint8_t bytes[64];
	char buf[32];

	sdr_parse(bytes, make_full(&f, bytes), &r);
	is_int(r.sensor.readable, 0x3b, "which thresholds there are");
	is_int(r.sensor.thresholds[THRESHOLD_UC], 45, "upper critical");
	is_int(r.sensor.thresholds[THRESHOLD_LNC], 5, "lower non-critical");
	/* IPMI 35.14: raw 46, scanning on, at or above UNC and UC */
	sensor_reading_parse((const uint8_t[]){46, 0x40, 0xc0 | 0x18}, 3, &reading);
	is_int(sensor_weight(&r.sensor, &reading), WEIGHT_CRITICAL, "above critical is critical");
	is_str(sensor_state(&r.sensor, &reading, 0, buf), "above upper critical",
		"and that comes first");
	is_str(sensor_state(&r.sensor, &reading, 1, buf), "above upper non-critical",
		"then the rest");
	is_str(sensor_state(&r.sensor, &reading, 2, buf), NULL, "and no more");
	sensor_reading_parse((const uint8_t[]){46, 0x40, 0xc0 | 0x04}, 3, &reading);
	is_int(sensor_weight(&r.sensor, &reading), WEIGHT_OK,
		"a bit of a threshold that the sensor does not have means nothing");
	sensor_reading_parse((const uint8_t[]){46, 0x60, 0xff}, 3, &reading);
	ok(!reading.available && sensor_weight(&r.sensor, &reading) == WEIGHT_OK,
		"a reading that is not available means nothing");
	is_int(sensor_reading_parse((const uint8_t[]){46}, 1, &reading), -EBADMSG, "too short");
}

static void test_factors(void)
{
	/* IPMI 35.5: next, M=-1 (3FFh), tolerance, B=2, accuracy, accuracy exp, R=-2, B exp=1 */
	const uint8_t data[] = {0, 0xff, 0xc0, 0x02, 0x00, 0x00, 0xe1};
	struct sdr_factors f;

	is_int(sensor_factors_parse(data, sizeof(data), &f), 0, "factors of one reading");
	ok(f.m == -1 && f.b == 2 && f.r_exp == -2 && f.b_exp == 1, "with their signs");
	is_int(sensor_factors_parse(data, 6, &f), -EBADMSG, "too short");
}

/* Two power supplies in one compact record, IPMI 43.2. */
static void test_shared(void)
{
	uint8_t p[40] = {[2] = 0x51,
		[3] = 0x02,
		[5] = 0x20,
		[7] = 0x10,
		[8] = 10,
		[9] = 1,
		[12] = 8,
		[13] = 0x6f,
		[20] = 0xc0,
		[23] = 2,
		[24] = 0x81,
		[31] = 0xc3,
		[32] = 'P',
		[33] = 'S',
		[34] = 'U'};
	struct sensor_reading reading;
	struct sdr_record r;
	struct sdr_sensor s;
	char buf[32];

	p[4] = 30;
	is_int(sdr_parse(p, 35, &r), 0, "a compact record");
	is_int(r.count, 2, "of two sensors");
	sdr_shared(&r, 1, &s);
	is_str(s.name, "PSU2", "the second's name");
	ok(s.number == 0x11 && s.instance == 2, "number and instance count up");
	sensor_reading_parse((const uint8_t[]){0, 0x40, 0x03, 0x80}, 4, &reading);
	is_str(sensor_state(&s, &reading, 0, buf), "power supply failure detected",
		"its states in words"); /* ipmitool: "Failure detected" */
	is_int(sensor_weight(&s, &reading), WEIGHT_CRITICAL, "and in weight");
	p[23] = 0x12;
	p[24] = 27;
	sdr_parse(p, 35, &r);
	sdr_shared(&r, 0, &s);
	is_str(s.name, "PSUAB", "letters go on behind Z");
	for (size_t len = 0; len < 31; len++)
		if (sdr_parse(p, len, &r) == 0)
			ok(false, "%zu bytes are no compact record", len);
	is_int(sdr_parse(p, 33, &r), 0, "a name that is cut off is taken as far as it goes");
}

static void test_fru_locator(void)
{
	const uint8_t p[] = {0, 0, 0x51, 0x11, 16, 0x20, 3, 0x80, 0, 0, 0x10, 0, 7, 1, 0, 0xc5, 'R',
		'i', 's', 'e', 'r'};
	struct sdr_record r;

	is_int(sdr_parse(p, sizeof(p), &r), 0, "a FRU locator");
	ok(r.type == SDR_FRU_LOCATOR && r.fru.logical && r.fru.access == 0x20 && r.fru.id == 3,
		"which FRU it is");
	is_str(r.fru.name, "Riser", "and its name");
}

/* An area of a FRU: bytes, the end mark, filled up to a multiple of 8 with the sum made zero. */
static size_t area(uint8_t *out, const void *bytes, size_t len)
{
	size_t whole = (len + 2 + 7) / 8 * 8;
	uint8_t sum = 0;

	memset(out, 0, whole);
	memcpy(out, bytes, len);
	out[len] = 0xc1;
	out[1] = (uint8_t)(whole / 8);
	for (size_t i = 0; i < whole; i++)
		sum = (uint8_t)(sum + out[i]);
	out[whole - 1] = (uint8_t)-sum;
	return whole;
}

static size_t make_fru(uint8_t out[256])
{
	static const char chassis[] = "\x01\0\x17\xc5"
				      "CH-PN\xc5"
				      "CH-SN";
	/* 1,700,000,000 is 2023-11-14 22:13:20 UTC: 14,659,093 minutes after 1996 (ipmitool) */
	static const char board[] = "\x01\0\x19\x15\xae\xdf\xc4"
				    "ACME\x83\x29\xdc\xa6\xc3"
				    "SN1\x43\x12\x34\xb5\xc0\xc5"
				    "extra";
	uint8_t sum = 0;
	size_t at = 8;

	memset(out, 0, 256);
	out[0] = 1;
	out[2] = (uint8_t)(at / 8);
	at += area(out + at, chassis, sizeof(chassis) - 1);
	out[3] = (uint8_t)(at / 8);
	at += area(out + at, board, sizeof(board) - 1);
	for (int i = 0; i < 7; i++)
		sum = (uint8_t)(sum + out[i]);
	out[7] = (uint8_t)-sum;
	return at;
}

static void test_fru(void)
{
	struct ipmi_fru *f = xcalloc(1, sizeof(*f));
	const struct fru_area *b = &f->areas[FRU_BOARD], *c = &f->areas[FRU_CHASSIS];
	uint8_t bytes[256];
	size_t len = make_fru(bytes);

	is_int(fru_needed(bytes, 0), 8, "first the header is needed");
	is_int(fru_needed(bytes, 8), (size_t)bytes[3] * 8 + 2, "then how long the areas are");
	is_int(fru_needed(bytes, len), len, "then all of them");
	is_int(fru_parse(bytes, len, f), 0, "a FRU");
	is_str(c->chassis_type, "Rack Mount Chassis", "chassis type"); /* ipmitool */
	is_str(c->fields[1].text, "CH-SN", "chassis serial number");
	is_int(b->made_s, 1700000000 / 60 * 60, "time of manufacture");
	is_str(b->fields[1].text, "IPMI", "product name in 6-bit ASCII");
	is_str(b->fields[3].text, "1234-5", "part number in BCD plus");
	ok(b->n_fields == 5 && b->fields[4].number == 1 && !strcmp(b->fields[4].text, "extra"),
		"an empty field is left out, a custom one is counted");
	ok(!b->bad_checksum && !b->cut && !f->areas[FRU_PRODUCT].present, "and no more");
	bytes[len - 3] ^= 1;
	fru_parse(bytes, len, f);
	ok(b->bad_checksum && b->n_fields, "a wrong sum is said, and what is there is shown");
	fru_parse(bytes, len - 8, f);
	ok(b->cut, "so is an area that is cut off");
	bytes[7] ^= 1;
	is_int(fru_parse(bytes, len, f), -EBADMSG, "a header with a wrong sum is none");
	is_int(fru_needed(bytes, len), 8, "and needs no more");
	free(f);
}

static void test_sel(void)
{
	static const struct {
		uint8_t p[16];
		const char *want;
		enum ipmi_weight weight;
	} rows[] = {
		/* ipmitool: "Power Supply #0x11 | Failure detected | Asserted" */
		{{2, 0, 2, 0x65, 0x34, 0, 0, 0x20, 0, 4, 8, 0x11, 0x6f, 1, 0xff, 0xff},
			"power supply failure detected", WEIGHT_CRITICAL},
		{{3, 0, 2, 0x65, 0x34, 0, 0, 0x20, 0, 4, 8, 0x11, 0xef, 1, 0xff, 0xff},
			"power supply failure detected (ended)", WEIGHT_OK},
		/* ipmitool: "Memory #0x30 | Uncorrectable ECC"; 42-3: byte 3 is the module */
		{{4, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 0x0c, 0x30, 0x6f, 0x31, 0xff, 3},
			"uncorrectable ECC/other uncorrectable memory error, module 3",
			WEIGHT_CRITICAL},
		/* ipmitool: "System Firmwares #0x31 | System boot initiated" (42-3: 13h) */
		{{5, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 0x0f, 0x31, 0x6f, 0xc2, 0x13, 0xff},
			"system firmware progress: starting operating system boot process",
			WEIGHT_OK},
		{{6, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 7, 1, 0x57, 0x2b, 0x28},
			"upper non-critical going high, reading 2Bh, threshold 28h",
			WEIGHT_WARNING},
		{{7, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 0xc0, 7, 0x70, 0x02, 1, 2},
			"event type 70h, offset 2", WEIGHT_OK},
		/* IPMI 32.2, 32.3 */
		{{8, 0, 0xc0, 1, 2, 3, 0x40, 0x57, 0x01, 0, 1, 2, 3, 4, 5, 6},
			"OEM record C0h of maker 343: 01 02 03 04 05 06", WEIGHT_OK},
		{{9, 0, 0xe0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13},
			"OEM record E0h: 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D", WEIGHT_OK},
	};
	const struct sdr_sensor temp = {
		.analog = true, .base_unit = 1, .event_type = 1, .factors = {.m = 1}};
	char text[SEL_TEXT_MAX];
	struct sel_entry e;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		sel_parse(rows[i].p, &e);
		is_int(e.id, rows[i].p[0], "entry %zu", i);
		is_str(sel_text(&e, NULL, text), rows[i].want, "in words");
		is_int(sel_weight(&e), rows[i].weight, "in weight");
	}
	sel_parse(rows[0].p, &e);
	ok(e.since_start && e.time_s == 13413, "a time before the BMC knew the day");
	sel_parse(rows[4].p, &e);
	is_str(sel_text(&e, &temp, text), /* ipmitool: "Reading 43 > Threshold 40 degrees C" */
		"upper non-critical going high, reading 43 degrees C, threshold 40 degrees C",
		"numbers by the sensor's record");
	sel_parse(rows[6].p, &e);
	ok(!e.since_start && e.time_s == 0x40030201, "an OEM record's time");
}

static void test_sel_info(void)
{
	/* IPMI 31.2 */
	const uint8_t p[] = {0x51, 5, 0, 0x30, 0x3e, 1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 0x8b};
	struct sel_info i;

	is_int(sel_info_parse(p, sizeof(p), &i), 0, "what the log says of itself");
	ok(i.entries == 5 && i.free_bytes == 0x3e30 && i.added_s == 0x04030201 && i.overflow &&
			i.can_delete && i.can_reserve,
		"with its fields");
	is_int(sel_info_parse(p, 13, &i), -EBADMSG, "too short");
}

/* Table 23-4; the first byte is the parameter's revision. */
static void test_lan(void)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
		int r;
		const char *want;
	} rows[] = {
		{"ip_address", "\x11\x0a\x01\x02\x03", 5, 0, "10.1.2.3"},
		{"ip_address", "\x11\x0a\x01\x02", 4, -EBADMSG, NULL},
		{"ip_source", "\x11\x02", 2, 0, "DHCP"},
		{"ip_source", "\x11\x0f", 2, 0, "15"},
		{"mac_address", "\x11\x52\x54\x00\xaa\xbb\xcc", 7, 0, "52:54:00:aa:bb:cc"},
		{"vlan", "\x11\x2a\x81", 3, 0, "298"},
		{"vlan", "\x11\x2a\x01", 3, 0, "off"},
		{"cipher_suites", "\x11\x00\x03\x11\x00\x00", 6, 0, "3,17"},
		{"ipv6", "\x11\x02", 2, 0, "beside IPv4"},
		{"ipv6_static", "\x11\x00\x80\xfd\x77\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x40\x00", 21, 0,
			"fd77::1/64"},
		{"ipv6_dynamic", "\x11\x00\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\x00", 21,
			-ENODATA, NULL},
		{"gateway", "", 0, -EBADMSG, NULL},
	};
	char text[LAN_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct lan_parameter *l = lan_parameters;

		while (l->name && strcmp(l->name, rows[i].name))
			l++;
		is_int(lan_parse(l, (const uint8_t *)rows[i].bytes, rows[i].len, text), rows[i].r,
			"%s", rows[i].name);
		if (rows[i].r == 0)
			is_str(text, rows[i].want, "as text");
	}
}

static void test_self_test(void)
{
	/* IPMI 20.4 */
	is_str(ipmi_self_test_text((const uint8_t[]){0x55, 0}), "no error", "self test passed");
	is_str(ipmi_self_test_text((const uint8_t[]){0x57, 0x10}), "no access to the IPMB",
		"self test names the part");
	is_str(ipmi_self_test_text((const uint8_t[]){0x90, 1}), "a failure of the maker's own",
		"a maker's code");
}

int main(void)
{
	test_chars();
	test_convert();
	test_units();
	test_thresholds();
	test_factors();
	test_shared();
	test_fru_locator();
	test_fru();
	test_sel();
	test_sel_info();
	test_lan();
	test_self_test();
	return done_testing();
}
