/* Numbers of either byte order, at any address, in fields of any width. */
#include "lib/base/bytes.h"
#include "tests/unit/tap.h"

/* Begins at an odd address, and has the highest bit of each number's highest byte in one order. */
static const uint8_t bytes[] = {0xee, 0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x98, 0xee};

static void numbers_are_read(void)
{
	const uint8_t *p = bytes + 1;

	is_int(get_le16(p), 0x0281, "two bytes, the lowest first");
	is_int(get_be16(p), 0x8102, "the highest first");
	is_int(get_le32(p + 4), 0x98070605u, "four bytes, without a sign");
	is_int(get_be32(p), 0x81020304u, "the highest first");
	ok(get_le64(p) == 0x9807060504030281u, "eight bytes");
	ok(get_be64(p) == 0x8102030405060798u, "the highest first");
	is_int(get_le(p + 5, 3), 0x980706, "three bytes");
	is_int(get_le(p, 1), 0x81, "one byte");
	is_int(get_le(p, 0), 0, "no byte");
	ok(get_le(p, 8) == 0x9807060504030281u, "as many as there can be");
}

static uint8_t space[16]; /* numbers are put at an odd address in it */

/* What was put, and that it ends where it should. */
static void is_put(const uint8_t *end, const char *want, size_t len, const char *what)
{
	is_int(end - (space + 1), len, "%s: as long as it should be", what);
	ok(!memcmp(space + 1, want, len), "%s: the bytes", what);
	is_int(space[0], 0xee, "%s: none before them", what);
	is_int(space[len + 1], 0xee, "%s: none behind them", what);
	memset(space, 0xee, sizeof(space));
}

static void numbers_are_put(void)
{
	uint8_t *p = space + 1;

	memset(space, 0xee, sizeof(space));
	is_put(put_le16(p, 0x8102), "\x02\x81", 2, "two bytes, the lowest first");
	is_put(put_be16(p, 0x8102), "\x81\x02", 2, "two bytes, the highest first");
	is_put(put_le32(p, 0x81020304), "\x04\x03\x02\x81", 4, "four, lowest first");
	is_put(put_be32(p, 0x81020304), "\x81\x02\x03\x04", 4, "four, highest first");
	is_put(put_le64(p, 0x8102030405060798), "\x98\x07\x06\x05\x04\x03\x02\x81", 8,
		"eight, lowest first");
	is_put(put_be64(p, 0x8102030405060798), "\x81\x02\x03\x04\x05\x06\x07\x98", 8,
		"eight, highest first");
	is_put(put_le(p, 0x8102030405, 3), "\x05\x04\x03", 3, "the lowest three");
	is_put(put_be(p, 0x8102030405, 3), "\x03\x04\x05", 3, "the lowest three, turned");
	is_put(put_be16(put_le16(p, 0x0102), 0x0102), "\x02\x01\x01\x02", 4, "one behind another");
}

int main(void)
{
	numbers_are_read();
	numbers_are_put();
	return done_testing();
}
