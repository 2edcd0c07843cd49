/* NVMe's pages; see nvme.h. */
#include "agent/inspect/nvme.h"
#include "agent/inspect/fieldtext.h"
#include "lib/base/bytes.h"

#define KELVIN	  273
#define DATA_UNIT 512000 /* a thousand blocks of 512 bytes */

void nvme_identify(const uint8_t page[static NVME_IDENTIFY_LEN], struct nvme_identity *ret)
{
	field_text(page + 4, 20, ret->serial);
	field_text(page + 24, 40, ret->model);
	field_text(page + 64, 8, ret->firmware);
}

/* A counter of 16 bytes times a unit; what does not fit is INT64_MAX. */
static int64_t counter(const uint8_t *p, int64_t unit)
{
	uint64_t low = get_le64(p);

	if (get_le64(p + 8) || low > (uint64_t)(INT64_MAX / unit))
		return INT64_MAX;
	return (int64_t)low * unit;
}

void nvme_smart(const uint8_t page[static NVME_SMART_LEN], struct health *h)
{
	static const char *const warnings[] = {"spare blocks are below their limit",
		"temperature is out of its range", "reliability is degraded", "media is read-only",
		"backup of volatile memory failed", "persistent memory is read-only"};
	unsigned kelvin = get_le16(page + 1);

	h->status = HEALTH_PASSED;
	for (unsigned i = 0; i < ARRAY_SIZE(warnings); i++)
		if (page[0] & (1u << i))
			health_fail(h, warnings[i]);
	if (kelvin)
		h->temperature_c = (int64_t)kelvin - KELVIN;
	h->spare_percent = page[3];
	h->wear_percent = page[5];
	h->read_bytes = counter(page + 32, DATA_UNIT);
	h->written_bytes = counter(page + 48, DATA_UNIT);
	h->power_on_hours = counter(page + 128, 1);
	h->unsafe_shutdowns = counter(page + 144, 1);
	h->media_errors = counter(page + 160, 1);
}
