/* Ethernet addresses as text; see mac.h. */
#include "lib/hwid/mac.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Where the separators stand in each form that is read, and how many digits there are. */
static const struct {
	char separator; /* 0: none */
	unsigned char group;
	unsigned char digits;
	unsigned char length;
} forms[] = {
	{':', 2, 12, 17},
	{'-', 2, 12, 17},
	{'-', 2, 14, 20}, /* with the hardware type 01 before */
	{'.', 4, 12, 14},
	{0, 12, 12, 12},
};

static int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

static int parse_form(const char *text, char separator, unsigned group, uint8_t *bytes)
{
	unsigned n = 0;

	for (; *text; text++) {
		if (separator && n && n % group == 0 && *text == separator &&
			isxdigit((unsigned char)text[1]))
			text++;
		else if (separator && n && n % group == 0)
			return -EINVAL;
		if (!isxdigit((unsigned char)*text))
			return -EINVAL;
		bytes[n / 2] = (uint8_t)(bytes[n / 2] << 4 | digit(*text));
		n++;
	}
	return (int)n;
}

int mac_parse(const char *text, uint8_t ret[static MAC_LEN])
{
	size_t len = text ? strlen(text) : 0;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		uint8_t bytes[10] = {0};
		unsigned extra = forms[i].digits / 2 - MAC_LEN;

		if (len != forms[i].length)
			continue;
		if (parse_form(text, forms[i].separator, forms[i].group, bytes) != forms[i].digits)
			continue;
		if (extra && bytes[0] != 1)
			continue;
		memcpy(ret, bytes + extra, MAC_LEN);
		return 0;
	}
	return -EINVAL;
}

static char *format(const uint8_t *m, char separator, char *ret)
{
	snprintf(ret, MAC_TEXT_MAX, "%02x%c%02x%c%02x%c%02x%c%02x%c%02x", m[0], separator, m[1],
		separator, m[2], separator, m[3], separator, m[4], separator, m[5]);
	return ret;
}

char *mac_format(const uint8_t mac[static MAC_LEN], char ret[static MAC_TEXT_MAX])
{
	return format(mac, ':', ret);
}

char *mac_format_hyphen(const uint8_t mac[static MAC_LEN], char ret[static MAC_TEXT_MAX])
{
	return format(mac, '-', ret);
}

int mac_normalise(const char *text, char ret[static MAC_TEXT_MAX])
{
	uint8_t mac[MAC_LEN];
	int r = mac_parse(text, mac);

	if (r == 0)
		mac_format(mac, ret);
	return r;
}

bool mac_is_station(const uint8_t mac[static MAC_LEN])
{
	static const uint8_t zero[MAC_LEN];

	return !(mac[0] & 1) && memcmp(mac, zero, MAC_LEN) != 0;
}
