/* What a TPM and a BMC answer, in bytes made after TCG's library specification (part 3, 22.4) and
 * IPMI v2.0. */
#include "agent/inspect/bmcinfo.h"
#include "agent/inspect/tpm2.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <string.h>

#define SHA1 "0004"

static int answer(const char *hex, struct tpm2_values *v)
{
	uint8_t bytes[256];
	int n = hex_decode(hex, bytes, sizeof(bytes));

	memset(v, 0, sizeof(*v));
	return tpm2_pcr_read_answer(bytes, (size_t)n, tpm2_algorithm("sha1"), v);
}

static void test_tpm(void)
{
	uint8_t request[TPM2_REQUEST_LEN];
	char hex[2 * TPM2_REQUEST_LEN + 1];
	struct tpm2_values v;

	tpm2_pcr_read_request(tpm2_algorithm("sha256"), 0x800001, request);
	is_str(hex_encode(request, sizeof(request), hex),
		"8001"
		"00000014"
		"0000017e"
		"00000001"
		"000b"
		"03"
		"010080",
		"PCR 0 and 23 of the SHA-256 bank are asked for");
	is_int(answer("8001"
		      "00000032"
		      "00000000"
		      "00000017"
		      "00000001" SHA1 "03"
		      "010000"
		      "00000001"
		      "0014"
		      "3a3f780f11a4b49969fcaa80cd6e3957c33b2275",
		       &v),
		0, "one register");
	is_int(v.which, 1, "the first");
	is_int(v.len[0], 20, "of a SHA-1's length");
	is_str(hex_encode(v.digest[0], 20, (char[41]){0}),
		"3a3f780f11a4b49969fcaa80cd6e3957c33b2275", "its value");
	is_int(answer("8001"
		      "00000016"
		      "00000000"
		      "00000017"
		      "00000000"
		      "00000000",
		       &v),
		0, "a bank that the TPM has not");
	is_int(v.which, 0, "has nothing");
	is_int(answer("8001"
		      "0000000a"
		      "00000101",
		       &v),
		-EREMOTEIO, "the TPM refuses");
	is_int(answer("8001"
		      "000000ff"
		      "00000000",
		       &v),
		-EPROTO, "a length that lies");
	is_int(answer("8001"
		      "0000001c"
		      "00000000"
		      "00000017"
		      "00000001"
		      "000b"
		      "03"
		      "010000"
		      "00000000",
		       &v),
		-EPROTO, "another bank");
	is_int(answer("8001"
		      "0000001c"
		      "00000000"
		      "00000017"
		      "00000001" SHA1 "03"
		      "010000"
		      "00000000",
		       &v),
		-EPROTO, "fewer values than promised");
}

static void test_device_id(void)
{
	/* device 32, revision 1 with SDRs, firmware 2.71, IPMI 2.0, maker 674 (Dell), product 256
	 */
	static const uint8_t bytes[] = {0x20, 0x81, 0x02, 0x71, 0x02, 0xdf, 0xa2, 0x02, 0, 0, 1};
	_cleanup_json_ json_t *info = bmcinfo_device_id(bytes, sizeof(bytes));

	is_int(json_int(info, "device_id", 0), 32, "device");
	is_int(json_int(info, "device_revision", 0), 1, "revision");
	is_str(json_str(info, "firmware_version"), "2.71", "firmware");
	is_str(json_str(info, "ipmi_version"), "2.0", "version");
	is_int(json_int(info, "manufacturer_id", 0), 674, "maker");
	is_int(json_int(info, "product_id", 0), 256, "product");
	ok(!bmcinfo_device_id(bytes, 10), "too short");
}

static bool ipv6(const char *hex, char text[static INET6_ADDRSTRLEN])
{
	uint8_t bytes[32];
	int n = hex_decode(hex, bytes, sizeof(bytes));

	return bmcinfo_ipv6(bytes, (size_t)n, text);
}

static void test_ipv6(void)
{
	char text[INET6_ADDRSTRLEN];

	ok(ipv6("0080"
		"20010db8000000000000000000000001"
		"40"
		"00",
		   text),
		"active");
	is_str(text, "2001:db8::1", "address");
	ok(!ipv6("0080"
		 "20010db8000000000000000000000001"
		 "40"
		 "01",
		   text),
		"disabled");
	ok(!ipv6("0080"
		 "fe800000000000000000000000000001"
		 "40"
		 "00",
		   text),
		"of the link only");
	ok(!ipv6("0080"
		 "00000000000000000000000000000000"
		 "40"
		 "00",
		   text),
		"none");
	ok(!ipv6("0080"
		 "20010db8000000000000000000000001"
		 "40",
		   text),
		"cut off");
}

int main(void)
{
	test_tpm();
	test_device_id();
	test_ipv6();
	return done_testing();
}
