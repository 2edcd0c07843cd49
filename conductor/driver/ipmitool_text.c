/* What ipmitool's words mean; they repeat what a BMC sent, so nothing is taken on trust. */
#include "conductor/driver/ipmitool.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNT                                                                                    \
	"check ipmi_password, and ipmi_username, as many BMCs answer so for a user they do not "   \
	"know"
#define SUITE "set ipmi_cipher_suite to one that the BMC has enabled"
#define LEVEL "give the BMC's user that level on its LAN channel, or set ipmi_priv_level"
#define LATER "close other sessions to this BMC or wait until they expire (a minute or more)"
#define NETWORK                                                                                    \
	"check that the BMC has power and network, its address, and that IPMI over LAN is on"

/* Words of ipmitool 1.8.19 with -v, the most telling first. */
static const struct {
	const char *words;
	enum ipmitool_trouble trouble;
	int code;
	const char *meaning, *advice;
} rows[] = {
	{"SOL payload already active", TROUBLE_SOL_ACTIVE, EBUSY,
		"the serial console is in use by another session", LATER},
	{"SOL payload activation limit", TROUBLE_SOL_ACTIVE, EBUSY,
		"the BMC has no serial console session left", LATER},
	{"SOL payload disabled", TROUBLE_SOL_OFF, ENOTSUP, "serial over LAN is switched off",
		"switch it on: ipmitool sol set enabled true"},
	{"SOL payload type disabled", TROUBLE_SOL_OFF, ENOTSUP, "serial over LAN is switched off",
		"switch it on for this user: ipmitool sol payload enable CHANNEL USER"},
	{"activating SOL payload: Invalid command", TROUBLE_SOL_OFF, ENOTSUP,
		"the BMC has no serial over LAN", NULL},
	{"RAKP 2 HMAC is invalid", TROUBLE_FATAL, EKEYREJECTED,
		"the BMC proved that it knows another password than ours", ACCOUNT},
	{"unauthorized name", TROUBLE_FATAL, ENOKEY, "the BMC does not know this user",
		"check ipmi_username, and that this user is enabled and has access by LAN"},
	{"invalid name length", TROUBLE_FATAL, ENOKEY, "the BMC does not know this user",
		"check ipmi_username"},
	{"RAKP 4 message has invalid", TROUBLE_FATAL, EKEYREVOKED,
		"the password is right but the BMC key is not", "check ipmi_hex_kg_key"},
	{"unauthorized role", TROUBLE_FATAL, EACCES, "the account may not have this level", LEVEL},
	{"invalid role", TROUBLE_FATAL, EACCES, "the account may not have this level", LEVEL},
	{"Set Session Privilege Level to", TROUBLE_FATAL, EACCES,
		"the account may not have this level", LEVEL},
	{"Insufficient privilege level", TROUBLE_FATAL, EACCES, "the account may not do that",
		LEVEL},
	{"insufficient resources for session", TROUBLE_BUSY, EUSERS, "the BMC has no session left",
		LATER},
	{"Activate Session error", TROUBLE_FATAL, EKEYREJECTED, "the BMC refused the session",
		ACCOUNT},
	{"algorithm", TROUBLE_CIPHER, ENOTSUP, "no cipher suite in common", SUITE},
	{"no matching authentication", TROUBLE_CIPHER, ENOTSUP, "no cipher suite in common", SUITE},
	{"no matching integrity", TROUBLE_CIPHER, ENOTSUP, "no cipher suite in common", SUITE},
	{"no cipher suite match", TROUBLE_CIPHER, ENOTSUP, "no cipher suite in common", SUITE},
	{"Authentication type NONE not supported", TROUBLE_FATAL, EPROTONOSUPPORT,
		"the BMC offers no IPMI 1.5 authentication", "set ipmi_protocol_version to 2.0"},
	{"Address lookup for", TROUBLE_FATAL, EADDRNOTAVAIL, "the host name has no address",
		"check ipmi_address and the resolver"},
	{"Node busy", TROUBLE_BUSY, EBUSY, "the BMC is busy", "try again later"},
	{"BMC initialization in progress", TROUBLE_BUSY, EBUSY, "the BMC is starting",
		"try again later"},
	{"Out of space", TROUBLE_BUSY, EBUSY, "the BMC is busy", "try again later"},
	{"Timeout", TROUBLE_BUSY, EBUSY, "the BMC is busy", "try again later"},
	{"No response", TROUBLE_SILENT, ECONNRESET, "the BMC answered at first, then fell silent",
		NETWORK},
	{"Get Auth Capabilities error", TROUBLE_SILENT, ETIMEDOUT, "no answer from the BMC",
		NETWORK},
	{"Unable to establish", TROUBLE_SILENT, ETIMEDOUT, "no session with the BMC", NETWORK},
};

/* What it says about its own doing with -v. */
static bool is_noise(const char *line)
{
	static const char *const noise[] = {"Loading IANA", "Running Get VSO", "Invalid completion",
		"Discovered IPMB", "tcgetattr:", "RAW RE", "Unable to establish",
		"Error: Unable to", "Error issuing"};

	for (size_t i = 0; i < ARRAY_SIZE(noise); i++)
		if (str_starts(line, noise[i]))
			return true;
	return false;
}

/* Copies the part of a line that may be shown. */
static void show(char *dst, size_t size, const char *line, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++)
		dst[n++] = isprint((unsigned char)line[i]) ? line[i] : '?';
	while (n && isspace((unsigned char)dst[n - 1]))
		n--;
	dst[n] = '\0';
}

/* The last line that says something, for troubles nobody has met; the line of the row otherwise. */
static void telling_line(const char *text, const char *words, char *dst, size_t size)
{
	char line[160];

	dst[0] = '\0';
	while (*text) {
		size_t len = strcspn(text, "\r\n");

		show(line, sizeof(line), text, len);
		if (*line && (words ? strstr(line, words) != NULL : !is_noise(line)))
			str_copy(dst, size, line);
		text += len + strspn(text + len, "\r\n");
	}
}

enum ipmitool_trouble ipmitool_trouble(
	const char *text, const struct ipmitool_settings *s, struct err *e)
{
	char line[160];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!strstr(text, rows[i].words))
			continue;
		telling_line(text, rows[i].words, line, sizeof(line));
		err_set(e, rows[i].code, "BMC %s:%d: %s (ipmitool: %s)", s->address, s->port,
			rows[i].meaning, line);
		if (rows[i].advice)
			err_advise(e, "%s", rows[i].advice);
		return rows[i].trouble;
	}
	telling_line(text, NULL, line, sizeof(line));
	err_set(e, EREMOTEIO, "BMC %s:%d: ipmitool: %s", s->address, s->port,
		*line ? line : "it failed without a word");
	return TROUBLE_OTHER;
}

int ipmitool_read_power(const char *text, bool *ret_on)
{
	const char *p = strstr(text, "Chassis Power is ");

	if (!p)
		return -EPROTO;
	p += strlen("Chassis Power is ");
	if (!str_starts(p, "on") && !str_starts(p, "off"))
		return -EPROTO;
	*ret_on = p[1] == 'n';
	return 0;
}

int ipmitool_read_raw(const char *text, uint8_t *ret, int max)
{
	int n = 0;

	for (const char *p = text + strspn(text, " \r\n"); *p; p += strspn(p, " \r\n")) {
		char byte[3] = {p[0], p[0] ? p[1] : '\0', '\0'};

		if (n == max || !isxdigit((unsigned char)byte[0]) ||
			!isxdigit((unsigned char)byte[1]))
			return -EPROTO;
		ret[n++] = (uint8_t)strtoul(byte, NULL, 16);
		p += 2;
		if (*p && !strchr(" \r\n", *p))
			return -EPROTO;
	}
	return n;
}
