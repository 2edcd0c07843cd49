/* The EFI system partition of a disk; see esp.h. */
#include "agent/image/esp.h"
#include "agent/image/gpt.h"
#include "lib/base/str.h"

#define ESP_TYPE "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
#define MBR_ESP	 0xef

static unsigned find_in_mbr(const uint8_t *head, size_t len)
{
	if (len < 512 || head[510] != 0x55 || head[511] != 0xaa)
		return 0;
	for (unsigned i = 0; i < 4; i++)
		if (head[446 + 16 * i + 4] == MBR_ESP)
			return i + 1;
	return 0;
}

unsigned esp_find(uint8_t *head, size_t len, unsigned sector_bytes)
{
	struct gpt_partition part;
	struct gpt gpt;
	char type[37];

	if (!gpt_present(head, len, sector_bytes) ||
		gpt_read(head, len, sector_bytes, &gpt, NULL) < 0)
		return find_in_mbr(head, len);
	for (uint32_t i = 0; i < gpt.n_entries; i++)
		if (gpt_partition(&gpt, i, &part) &&
			str_ieq(gpt_guid_text(part.type, type), ESP_TYPE))
			return i + 1;
	return 0;
}
