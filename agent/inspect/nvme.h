/* Reader of NVMe's pages (NVM Express base specification 2.0): identity and health. No I/O. */
#ifndef AGENT_INSPECT_NVME_H
#define AGENT_INSPECT_NVME_H

#include "agent/inspect/health.h"

#define NVME_IDENTIFY_LEN 4096
#define NVME_SMART_LEN	  512

struct nvme_identity { /* Identify Controller, figure 275 */
	char serial[21], model[41], firmware[9];
};

void nvme_identify(const uint8_t page[static NVME_IDENTIFY_LEN], struct nvme_identity *ret);

/* SMART / Health Information, log page 02h, figure 207. */
void nvme_smart(const uint8_t page[static NVME_SMART_LEN], struct health *h);

#endif
