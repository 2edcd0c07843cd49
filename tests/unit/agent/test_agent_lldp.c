/* The LLDP parser, on a frame recorded from Debian's lldpd 1.0.16 and on frames made after IEEE
 * 802.1AB. */
#include "agent/inspect/lldp.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <string.h>

#define HEAD  "0180c200000ea259938b476788cc"
#define NAMED "020704a259938b4767" /* chassis, a MAC address */

static json_t *parse(const char *hex)
{
	uint8_t frame[LLDP_FRAME_MAX];
	int n = hex_decode(hex, frame, sizeof(frame));

	return n < 0 ? NULL : lldp_parse(frame, (size_t)n);
}

static void is_tlv(const json_t *list, size_t i, int type, const char *hex)
{
	const json_t *one = json_array_get(list, i);

	is_int(json_integer_value(json_array_get(one, 0)), type, "type of TLV %zu", i);
	is_str(json_string_value(json_array_get(one, 1)), hex, "its value");
}

static void test_recorded(void)
{
	_cleanup_json_ json_t *list = parse(HEAD
		"020704a259938b4767040703a259938b4767060200780a02766d0c0d7261636b31322d6c656166"
		"2d610e04009c008010181102fe80000000000000a05993fffe8b4767020000000200080468777630"
		"fe0900120f030100000000fe0900120f0100800000360000");

	is_int(json_array_size(list), 11, "eleven TLVs");
	is_tlv(list, 0, 1, "04a259938b4767");
	is_tlv(list, 1, 2, "03a259938b4767");
	is_tlv(list, 2, 3, "0078");
	is_tlv(list, 4, 6, "7261636b31322d6c6561662d61");
	is_tlv(list, 8, 127, "00120f030100000000");
	is_tlv(list, 10, 0, "");
}

static void none(const char *hex, const char *what)
{
	json_t *list = parse(hex);

	ok(!list, "%s", what);
	json_decref(list);
}

static void test_refused(void)
{
	_cleanup_json_ json_t *list = parse(HEAD NAMED "0403056531"
						       "06020078"
						       "0a50616263");

	is_int(json_array_size(list), 3, "a TLV longer than the frame ends the list");
	none(HEAD NAMED "0403056531"
			"06020000"
			"0000",
		"a time to live of 0 takes it back");
	none(HEAD "0403056531" NAMED "06020078"
		  "0000",
		"the chassis has to stand first");
	none(HEAD NAMED "0403056531"
			"0000",
		"without a time to live it is not whole");
	none(HEAD "0200"
		  "0403056531"
		  "06020078",
		"an empty chassis");
	none("0180c200000ea259938b47670800" NAMED "0403056531"
	     "06020078",
		"another protocol");
	none("0180c200000e", "half a header");
	none("", "nothing");
}

int main(void)
{
	test_recorded();
	test_refused();
	return done_testing();
}
