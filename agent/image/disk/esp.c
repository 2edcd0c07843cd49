/* The EFI system partition of a disk; see esp.h. */
#include "agent/image/disk/esp.h"
#include "agent/image/disk/gpt.h"
#include "lib/base/bytes.h"
#include "lib/base/str.h"

#include <string.h>

#define ESP_TYPE "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
#define MBR_ESP	 0xef

static bool find_in_mbr(const uint8_t *head, size_t len, struct esp *ret)
{
	const uint8_t *p = head + 446;

	if (len < 512 || head[510] != 0x55 || head[511] != 0xaa)
		return false;
	for (unsigned i = 0; i < 4; i++, p += 16) {
		if (p[4] != MBR_ESP)
			continue;
		ret->number = i + 1;
		ret->first = get_le32(p + 8);
		ret->sectors = get_le32(p + 12);
		memcpy(ret->signature, head + 440, 4);
		return true;
	}
	return false;
}

static bool find_in_gpt(const struct gpt *gpt, struct esp *ret)
{
	struct gpt_partition part;
	char type[37];

	for (uint32_t i = 0; i < gpt->n_entries; i++) {
		if (!gpt_partition(gpt, i, &part) ||
			!str_ieq(gpt_guid_text(part.type, type), ESP_TYPE))
			continue;
		ret->number = i + 1;
		ret->first = part.first;
		ret->sectors = part.last >= part.first ? part.last - part.first + 1 : 0;
		memcpy(ret->signature, part.guid, sizeof(ret->signature));
		ret->gpt = true;
		return true;
	}
	return false;
}

unsigned esp_find(uint8_t *head, size_t len, unsigned sector_bytes, struct esp *ret)
{
	struct esp found = {.number = 0};
	struct gpt gpt;
	bool there;

	if (gpt_present(head, len, sector_bytes) &&
		gpt_read(head, len, sector_bytes, &gpt, NULL) == 0)
		there = find_in_gpt(&gpt, &found);
	else
		there = find_in_mbr(head, len, &found);
	if (there && ret)
		*ret = found;
	return there ? found.number : 0;
}
