/*
 * The words of the real ipmitool (1.8.19, Debian 12), recorded against ipmi_sim 2.0.33 and emulated
 * BMCs, and what they are taken for; and its command line, which holds no secret.
 */
#include "conductor/driver/ipmitool.h"
#include "tests/unit/tap.h"

#include <errno.h>

#define SESSION "Error: Unable to establish IPMI v2 / RMCP+ session\n"
#define PEN	"Loading IANA PEN Registry...\n"
#define VSO                                                                                        \
	"Running Get VSO Capabilities my_addr 0x20, transit 0, target 0x20\n"                      \
	"Invalid completion code received: Invalid command\n"                                      \
	"Discovered IPMB address 0x0\n"

static const struct ipmitool_settings bmc = {.address = "10.0.0.9", .port = 623};

static void test_trouble(void)
{
	static const struct {
		const char *text;
		enum ipmitool_trouble trouble;
		int code;
		const char *says;
	} rows[] = {
		{PEN "> RAKP 2 HMAC is invalid\n" SESSION, TROUBLE_FATAL, EKEYREJECTED,
			"another password"},
		{PEN "RAKP 2 message indicates an error : unauthorized name\n" SESSION,
			TROUBLE_FATAL, ENOKEY, "ipmi_username"},
		{PEN "> RAKP 4 message has invalid integrity check value\n" SESSION, TROUBLE_FATAL,
			EKEYREVOKED, "ipmi_hex_kg_key"},
		{PEN "Error in open session response message : invalid integrity "
		     "algorithm\n\n" SESSION,
			TROUBLE_CIPHER, ENOTSUP, "ipmi_cipher_suite"},
		{PEN "Error in open session response message : insufficient resources for "
		     "session\n\n" SESSION,
			TROUBLE_BUSY, EUSERS, "no session left"},
		{PEN "Get Auth Capabilities error\n"
		     "Error issuing Get Channel Authentication Capabilities request\n" SESSION,
			TROUBLE_SILENT, ETIMEDOUT, "power and network"},
		{"Address lookup for no.such.host.invalid failed\nCould not open socket!\n" SESSION,
			TROUBLE_FATAL, EADDRNOTAVAIL, "no.such.host.invalid"},
		{"Authentication type NONE not supported\nError: Unable to establish LAN session\n"
		 "Error: Unable to establish IPMI v1.5 / RMCP session\n",
			TROUBLE_FATAL, EPROTONOSUPPORT, "ipmi_protocol_version"},
		{PEN VSO
			"Set Chassis Power Control to Up/On failed: Insufficient privilege level\n",
			TROUBLE_FATAL, EACCES, "ipmi_priv_level"},
		{PEN VSO "Set Chassis Power Control to Reset failed: Command not supported in "
			 "present state\n",
			TROUBLE_OTHER, EREMOTEIO, "Command not supported in present state"},
		{PEN VSO "Unable to send RAW command (channel=0x0 netfn=0x30 lun=0x0 cmd=0x1 "
			 "rsp=0xc1): Invalid command\n",
			TROUBLE_OTHER, EREMOTEIO, "rsp=0xc1): Invalid command"},
		{PEN VSO "Error activating SOL payload: Invalid command\n", TROUBLE_SOL_OFF,
			ENOTSUP, "no serial over LAN"},
		{PEN "Info: SOL parameter 'Retry (4)' not supported\n"
		     "Info: SOL payload already active on another session\n",
			TROUBLE_SOL_ACTIVE, EBUSY, "another session"},
		{PEN VSO "tcgetattr: Inappropriate ioctl for device\nSOL session closed by BMC\n",
			TROUBLE_OTHER, EREMOTEIO, "closed by BMC"},
		{"", TROUBLE_OTHER, EREMOTEIO, "without a word"},
		{"\033[2J\x01"
		 "evil\n",
			TROUBLE_OTHER, EREMOTEIO, "?[2J?evil"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e;

		is_int(ipmitool_trouble(rows[i].text, &bmc, &e), rows[i].trouble, "trouble %zu: %s",
			i, rows[i].says);
		is_int(e.code, rows[i].code, "its code");
		ok(strstr(e.text, rows[i].says) && strstr(e.text, "10.0.0.9:623"),
			"what it says: %s", e.text);
	}
}

static void test_answers(void)
{
	uint8_t bytes[16];
	bool on = false;

	ok(ipmitool_read_power("Chassis Power is on\n", &on) == 0 && on, "power is on");
	ok(ipmitool_read_power("Chassis Power is off\n", &on) == 0 && !on, "power is off");
	is_int(ipmitool_read_power("Chassis Power is odd\n", &on), -EPROTO, "power is odd");
	is_int(ipmitool_read_power("", &on), -EPROTO, "no word of power");
	is_int(ipmitool_read_raw(" 20 01 01 02 02 86 00 00 00 01 00\n", bytes, 16), 11,
		"raw bytes");
	ok(bytes[0] == 0x20 && bytes[5] == 0x86, "their values");
	is_int(ipmitool_read_raw("\n", bytes, 16), 0, "no bytes");
	is_int(ipmitool_read_raw(" 20 1\n", bytes, 16), -EPROTO, "half a byte");
	is_int(ipmitool_read_raw(" 20 zz\n", bytes, 16), -EPROTO, "no digits");
	is_int(ipmitool_read_raw(" 201\n", bytes, 16), -EPROTO, "three digits");
	is_int(ipmitool_read_raw(" 01 02 03\n", bytes, 2), -EPROTO, "more than there is room for");
}

static int settings(const char *driver_info, struct ipmitool_settings *s, struct err *e)
{
	struct node n = {.driver_info = json_loads(driver_info, 0, NULL)};
	int r = ipmitool_settings(&n, s, e);

	json_decref(n.driver_info);
	return r;
}

static void line_of(const char *driver_info, char *dst, size_t size)
{
	struct ipmitool_settings s;
	struct ipmitool_call call;
	struct err e = {0};
	size_t at = 0;

	dst[0] = '\0';
	if (settings(driver_info, &s, &e) < 0) {
		snprintf(dst, size, "%s", e.text);
		return;
	}
	ipmitool_begin(&call, &s, s.suite < 0 ? 17 : s.suite, "/h");
	for (int i = 0; call.argv[i]; i++)
		at += (size_t)snprintf(dst + at, size - at, "%s%s", i ? " " : "", call.argv[i]);
	for (int i = 0; call.env[i]; i++)
		if (strncmp(call.env[i], "PATH", 4) != 0)
			at += (size_t)snprintf(dst + at, size - at, " | %s", call.env[i]);
}

/* The options are those of Ironic's driver (contract section 6). */
static void test_lines(void)
{
	static const struct {
		const char *info, *line;
	} rows[] = {
		{"{\"ipmi_address\": \"10.0.0.9\"}",
			"ipmitool -I lanplus -H 10.0.0.9 -p 623 -L ADMINISTRATOR -C 17 -E | "
			"IPMI_PASSWORD= | HOME=/h | LC_ALL=C"},
		{"{\"ipmi_address\": \"b\", \"ipmi_port\": \"6230\", \"ipmi_username\": \"u\", "
		 "\"ipmi_password\": \"p w\", \"ipmi_priv_level\": \"operator\", "
		 "\"ipmi_cipher_suite\": 3, \"ipmi_hex_kg_key\": \"6162630000\"}",
			"ipmitool -I lanplus -H b -p 6230 -U u -L OPERATOR -C 3 -E -K | "
			"IPMI_PASSWORD=p w | IPMI_KGKEY=abc | HOME=/h | LC_ALL=C"},
		{"{\"ipmi_address\": \"b\", \"ipmi_protocol_version\": \"1.5\"}",
			"ipmitool -I lan -H b -p 623 -L ADMINISTRATOR -E | IPMI_PASSWORD= | "
			"HOME=/h | LC_ALL=C"},
		{"{\"ipmi_address\": \"b\", \"ipmi_bridging\": \"single\", "
		 "\"ipmi_target_channel\": \"0\", \"ipmi_target_address\": \"0x72\"}",
			"ipmitool -I lanplus -H b -p 623 -L ADMINISTRATOR -C 17 -E -b 0 -t 114 | "
			"IPMI_PASSWORD= | HOME=/h | LC_ALL=C"},
		{"{\"ipmi_address\": \"b\", \"ipmi_bridging\": \"dual\", \"ipmi_local_address\": "
		 "\"0x20\", \"ipmi_transit_channel\": 6, \"ipmi_transit_address\": \"0x82\", "
		 "\"ipmi_target_channel\": 7, \"ipmi_target_address\": \"0x72\"}",
			"ipmitool -I lanplus -H b -p 623 -L ADMINISTRATOR -C 17 -E -m 32 -B 6 -T "
			"130 -b 7 -t 114 | IPMI_PASSWORD= | HOME=/h | LC_ALL=C"},
	};
	char line[800];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		line_of(rows[i].info, line, sizeof(line));
		is_str(line, rows[i].line, "the command line of %s", rows[i].info);
	}
}

static void test_refused(void)
{
	static const struct {
		const char *info, *says;
	} rows[] = {
		{"{}", "ipmi_address"},
		{"{\"ipmi_address\": \"-oProxy\"}", "begin with"},
		{"{\"ipmi_address\": \"b\", \"ipmi_username\": \"-U\"}", "ipmi_username"},
		{"{\"ipmi_address\": \"b\", \"ipmi_port\": 0}", "ipmi_port"},
		{"{\"ipmi_address\": \"b\", \"ipmi_port\": \"12x\"}", "ipmi_port"},
		{"{\"ipmi_address\": \"b\", \"ipmi_password\": \"123456789012345678901\"}",
			"ipmi_password"},
		{"{\"ipmi_address\": \"b\", \"ipmi_password\": \"12345678901234567\", "
		 "\"ipmi_protocol_version\": \"1.5\"}",
			"16 bytes"},
		{"{\"ipmi_address\": \"b\", \"ipmi_priv_level\": \"ROOT\"}", "ipmi_priv_level"},
		{"{\"ipmi_address\": \"b\", \"ipmi_protocol_version\": \"3\"}", "2.0 or 1.5"},
		{"{\"ipmi_address\": \"b\", \"ipmi_hex_kg_key\": \"610062\"}", "zero byte"},
		{"{\"ipmi_address\": \"b\", \"ipmi_bridging\": \"triple\"}", "ipmi_bridging"},
		{"{\"ipmi_address\": \"b\", \"ipmi_bridging\": \"single\"}", "ipmi_target_channel"},
		{"{\"ipmi_address\": \"b\", \"ipmi_bridging\": \"dual\", \"ipmi_target_channel\": "
		 "1, \"ipmi_target_address\": 1}",
			"ipmi_transit_channel"},
		{"{\"ipmi_address\": \"b\", \"ipmi_force_boot_device\": \"perhaps\"}",
			"ipmi_force_boot_device"},
	};
	struct ipmitool_settings s;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ok(settings(rows[i].info, &s, &e) == -EINVAL && strstr(e.text, rows[i].says),
			"refused: %s", rows[i].info);
}

int main(void)
{
	test_trouble();
	test_answers();
	test_lines();
	test_refused();
	return done_testing();
}
