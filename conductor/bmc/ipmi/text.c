/* Completion codes and RMCP+ status codes: what they mean, what we do, and what a person can do. */
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"

/* IPMI table 5-2. */
static const struct {
	uint8_t cc;
	enum cc_action action;
	const char *text;
} completion_codes[] = {
	{0x00, CC_FAIL, "success"},
	{0xc0, CC_BUSY, "node busy"},
	{0xc1, CC_UNSUPPORTED, "invalid command"},
	{0xc2, CC_UNSUPPORTED, "invalid command for this LUN"},
	{0xc3, CC_BUSY, "time-out while processing the command"},
	{0xc4, CC_BUSY, "out of space"},
	{0xc5, CC_FAIL, "reservation cancelled or invalid"},
	{0xc6, CC_FAIL, "request data truncated"},
	{0xc7, CC_FAIL, "request data length invalid"},
	{0xc8, CC_FAIL, "request data field length limit exceeded"},
	{0xc9, CC_FAIL, "parameter out of range"},
	{0xca, CC_FAIL, "cannot return that many bytes"},
	{0xcb, CC_FAIL, "sensor, data or record not present"},
	{0xcc, CC_FAIL, "invalid data field in the request"},
	{0xcd, CC_FAIL, "command illegal for this sensor or record type"},
	{0xce, CC_BUSY, "no response could be provided"},
	{0xcf, CC_BUSY, "duplicated request"},
	{0xd0, CC_BUSY, "no response: SDR repository is being updated"},
	{0xd1, CC_BUSY, "no response: the device is in firmware update mode"},
	{0xd2, CC_BUSY, "no response: BMC initialisation in progress"},
	{0xd3, CC_FAIL, "destination unavailable"},
	{0xd4, CC_PRIVILEGE, "insufficient privilege level"},
	{0xd5, CC_FAIL, "not supported in the present state"},
	{0xd6, CC_FAIL, "the sub-function is disabled or unavailable"},
	{0xff, CC_FAIL, "unspecified error"},
};

const char *ipmi_cc_text(uint8_t cc)
{
	for (size_t i = 0; i < ARRAY_SIZE(completion_codes); i++)
		if (completion_codes[i].cc == cc)
			return completion_codes[i].text;
	if (cc >= 0x80 && cc <= 0xbe)
		return "an error of this command's own";
	return cc < 0x80 ? "an error of the maker's own" : "a reserved code";
}

enum cc_action ipmi_cc_action(uint8_t cc)
{
	for (size_t i = 0; i < ARRAY_SIZE(completion_codes); i++)
		if (completion_codes[i].cc == cc)
			return completion_codes[i].action;
	return CC_FAIL;
}

#define ASK_OTHER_SUITE "set ipmi_cipher_suite to one that the BMC has enabled"
#define CHECK_LEVEL                                                                                \
	"give the BMC's user that level on its LAN channel, or set ipmi_priv_level to what it has"

/* IPMI table 13-15. */
static const struct rakp_status statuses[] = {
	{0x01, RAKP_LATER, IPMI_E_SESSIONS, "no resources for a session",
		"close other sessions to this BMC or wait until they expire (a minute or more)"},
	{0x02, RAKP_RESTART, IPMI_E_PROTOCOL, "invalid session id",
		"try again; if it stays, reset the BMC"},
	{0x03, RAKP_FAIL, IPMI_E_PROTOCOL, "invalid payload type", "update the BMC's firmware"},
	{0x04, RAKP_NEXT_SUITE, IPMI_E_CIPHER, "invalid authentication algorithm", ASK_OTHER_SUITE},
	{0x05, RAKP_NEXT_SUITE, IPMI_E_CIPHER, "invalid integrity algorithm", ASK_OTHER_SUITE},
	{0x06, RAKP_NEXT_SUITE, IPMI_E_CIPHER, "no matching authentication payload",
		ASK_OTHER_SUITE},
	{0x07, RAKP_NEXT_SUITE, IPMI_E_CIPHER, "no matching integrity payload", ASK_OTHER_SUITE},
	{0x08, RAKP_RESTART, IPMI_E_PROTOCOL, "inactive session id",
		"try again; if it stays, reset the BMC"},
	{0x09, RAKP_FAIL, IPMI_E_PRIVILEGE, "invalid role", CHECK_LEVEL},
	{0x0a, RAKP_FAIL, IPMI_E_PRIVILEGE, "unauthorised role or privilege level", CHECK_LEVEL},
	{0x0b, RAKP_LATER, IPMI_E_SESSIONS, "no resources for a session at that level",
		"close other sessions to this BMC or wait until they expire (a minute or more)"},
	{0x0c, RAKP_FAIL, IPMI_E_USER, "invalid name length", "check ipmi_username"},
	{0x0d, RAKP_FAIL, IPMI_E_USER, "unauthorised name",
		"check ipmi_username, and that this user is enabled and has access by LAN"},
	{0x0e, RAKP_FAIL, IPMI_E_PROTOCOL, "unauthorised GUID", "reset the BMC"},
	{0x0f, RAKP_FAIL, IPMI_E_PASSWORD, "invalid integrity check value",
		"check ipmi_password (and ipmi_hex_kg_key, where a BMC key is set)"},
	{0x10, RAKP_NEXT_SUITE, IPMI_E_CIPHER, "invalid confidentiality algorithm",
		ASK_OTHER_SUITE},
	{0x11, RAKP_NEXT_SUITE, IPMI_E_CIPHER, "no cipher suite matches", ASK_OTHER_SUITE},
	{0x12, RAKP_FAIL, IPMI_E_PROTOCOL, "illegal or unrecognised parameter",
		"update the BMC's firmware"},
};

const struct rakp_status *rakp_status_find(uint8_t status)
{
	static const struct rakp_status unknown = {0xff, RAKP_FAIL, IPMI_E_PROTOCOL,
		"a status code the specification does not have", "update the BMC's firmware"};

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return &unknown;
}
