/*
 * The kernel's table of neighbours, and the small texts that machines send beside it: addresses and
 * names of files. The first line is what is looked for, the rest the table.
 */
#include "boot/neighbour.h"
#include "boot/text.h"
#include "lib/hwid/mac.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* However an address is written, it is read as the same one from each form we write. */
static void fuzz_mac(const char *text)
{
	char colons[MAC_TEXT_MAX], hyphens[MAC_TEXT_MAX], again[MAC_TEXT_MAX], ours[BOOT_MAC_TEXT];
	uint8_t mac[MAC_LEN];

	if (mac_parse(text, mac) < 0)
		return;
	mac_format(mac, colons);
	if (text_mac(text, ours) && strcmp(ours, colons) != 0)
		abort();
	mac_format_hyphen(mac, hyphens);
	if (mac_normalise(hyphens, again) < 0 || strcmp(again, colons) != 0 ||
		!text_mac(hyphens, ours) || strcmp(ours, colons) != 0)
		abort();
	(void)mac_is_station(mac);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char mac[BOOT_MAC_TEXT], copy[24], *text = malloc(size + 1), *table;

	memcpy(text, data, size);
	text[size] = '\0';
	table = strchr(text, '\n');
	if (table) {
		*table++ = '\0';
		if (neighbour_find(table, text, mac) && !strstr(table, text))
			abort();
	}
	fuzz_mac(text);
	if (text_file_name(text) && (strchr(text, '/') || *text == '.'))
		abort();
	text_copy(copy, sizeof(copy), text, strlen(text));
	for (const char *p = copy; *p; p++)
		if (*p < ' ' || *p > '~')
			abort();
	free(text);
	return 0;
}
