/* ATA's pages; see ata.h. Words are little-endian, texts have their bytes swapped. */
#include "agent/inspect/ata.h"
#include "agent/inspect/fieldtext.h"
#include "lib/base/bytes.h"

#include <errno.h>
#include <stdio.h>

#define ATTRIBUTES	 30
#define ATTRIBUTE_LEN	 12
#define PREFAILURE	 0x01 /* flag: below its limit, the disk is about to fail */
#define STATISTICS_SSD	 7
#define STATISTIC_GIVEN	 0xc0 /* supported and valid */
#define HOURS_SANE	 (40 * 366 * 24)
#define TEMPERATURE_SANE 125

static unsigned word(const uint8_t *page, size_t i)
{
	return get_le16(page + 2 * i);
}

static void text(const uint8_t *page, size_t first, size_t words, char *ret)
{
	uint8_t swapped[40];

	for (size_t i = 0; i < words; i++) {
		swapped[2 * i] = page[2 * (first + i) + 1];
		swapped[2 * i + 1] = page[2 * (first + i)];
	}
	field_text(swapped, 2 * words, ret);
}

int ata_identify(const uint8_t *page, size_t len, struct ata_identity *ret)
{
	struct ata_identity id = {0};

	if (len < ATA_PAGE_LEN)
		return -EINVAL;
	text(page, 10, 10, id.serial);
	text(page, 23, 4, id.firmware);
	text(page, 27, 20, id.model);
	if (!id.model[0])
		return -EINVAL;
	if ((word(page, 108) & 0xf000) == 0x5000) /* an IEEE registered name */
		for (size_t i = 108; i <= 111; i++)
			id.wwn = (id.wwn << 16) | word(page, i);
	id.rotation_rate = word(page, 217);
	if (id.rotation_rate == 0xffff)
		id.rotation_rate = 0;
	id.smart = (word(page, 82) & 1) && (word(page, 85) & 1);
	*ret = id;
	return 0;
}

static bool sum_is_right(const uint8_t *page)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < ATA_PAGE_LEN; i++)
		sum = (uint8_t)(sum + page[i]);
	return !sum;
}

/* The limit of an attribute; 0: it has none. */
static unsigned limit_of(const uint8_t *limits, uint8_t id)
{
	for (size_t i = 0; limits && i < ATTRIBUTES; i++)
		if (limits[2 + ATTRIBUTE_LEN * i] == id)
			return limits[2 + ATTRIBUTE_LEN * i + 1];
	return 0;
}

/* Numbers that makers agree on. The wear of solid state disks counts down from 100, or 253. */
static void take(struct health *h, uint8_t id, uint8_t value, uint64_t raw)
{
	switch (id) {
	case 5:
		h->reallocated = (int64_t)(raw & 0xffffffff);
		break;
	case 9: /* some put minutes into the upper bytes */
		if ((raw & 0xffffff) < HOURS_SANE)
			h->power_on_hours = (int64_t)(raw & 0xffffff);
		break;
	case 174:
	case 192:
		h->unsafe_shutdowns = (int64_t)(raw & 0xffffffff);
		break;
	case 190:
	case 194: /* least and most stand above it */
		if ((raw & 0xff) <= TEMPERATURE_SANE)
			h->temperature_c = (int64_t)(raw & 0xff);
		break;
	case 177:
	case 202:
	case 231:
	case 233:
		if (value && value <= 100 && h->wear_percent < 0)
			h->wear_percent = 100 - value;
		break;
	case 197:
		h->pending = (int64_t)(raw & 0xffffffff);
		break;
	case 198:
		h->media_errors = (int64_t)(raw & 0xffffffff);
		break;
	default:
		break;
	}
}

int ata_smart(const uint8_t page[static ATA_PAGE_LEN], const uint8_t *limits, struct health *h)
{
	char reason[48];

	if (!sum_is_right(page))
		return -EINVAL;
	if (limits && !sum_is_right(limits))
		limits = NULL;
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		const uint8_t *a = page + 2 + ATTRIBUTE_LEN * i;
		unsigned limit = limit_of(limits, a[0]);

		if (!a[0])
			continue;
		take(h, a[0], a[3], get_le(a + 5, 6));
		if ((a[1] & PREFAILURE) && limit && a[3] && a[3] <= limit) {
			snprintf(reason, sizeof(reason), "attribute %u is at %u, limit %u", a[0],
				a[3], limit);
			health_fail(h, reason);
		}
	}
	return 0;
}

void ata_statistics(const uint8_t page[static ATA_PAGE_LEN], struct health *h)
{
	if (page[2] == STATISTICS_SSD && (page[15] & STATISTIC_GIVEN) == STATISTIC_GIVEN)
		h->wear_percent = page[8];
}
