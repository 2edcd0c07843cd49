/* Pages of ATA, NVMe and SCSI disks, as a broken or hostile disk may give them; the first byte
 * tells which reader. */
#include "agent/inspect/ata.h"
#include "agent/inspect/nvme.h"
#include "agent/inspect/scsi.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A page of fixed length out of what there is. */
static const uint8_t *padded(const uint8_t *data, size_t size, uint8_t *page, size_t len)
{
	memset(page, 0, len);
	memcpy(page, data, size < len ? size : len);
	return page;
}

/* The sum is made right, or no other attribute would ever be read. */
static void smart(const uint8_t *data, size_t size, struct health *h)
{
	uint8_t page[2][ATA_PAGE_LEN];

	padded(data, size, page[0], sizeof(page[0]));
	padded(data + size / 2, size - size / 2, page[1], sizeof(page[1]));
	for (size_t k = 0; k < 2 && !(size & 1); k++) {
		page[k][511] = 0;
		for (size_t i = 0; i < 511; i++)
			page[k][511] = (uint8_t)(page[k][511] - page[k][i]);
	}
	(void)ata_smart(page[0], page[1], h);
	ata_statistics(page[0], h);
}

static void names(const uint8_t *data, size_t size)
{
	char serial[SCSI_SERIAL_MAX], name[SCSI_NAME_MAX];
	struct ata_identity id;

	if (scsi_serial(data, size, serial) == 0 && !serial[0])
		abort();
	if (scsi_name(data, size, name) == 0 && strlen(name) != 16 && strlen(name) != 32)
		abort();
	(void)scsi_rotation_rate(data, size);
	(void)scsi_sense_smart(data, size);
	if (scsi_ata_identify(data, size, &id) == 0 && !id.model[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t page[NVME_IDENTIFY_LEN];
	struct nvme_identity id;
	struct health h;

	if (!size)
		return 0;
	health_init(&h);
	switch (data[0] & 3) {
	case 0:
		smart(data + 1, size - 1, &h);
		break;
	case 1:
		nvme_identify(padded(data + 1, size - 1, page, sizeof(page)), &id);
		nvme_smart(page, &h);
		break;
	case 2:
		scsi_log(data + 1, size - 1, &h);
		break;
	default:
		names(data + 1, size - 1);
	}
	json_decref(health_json(&h));
	return 0;
}
