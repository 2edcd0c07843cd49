/* What a rack file leaves out, made from the names in it; see rackderive.h. */
#include "tests/vrack/rackderive.h"

#include <stdio.h>
#include <string.h>

#include <nettle/sha1.h>

#include "lib/base/mem.h"

#define NAA_SEAGATE 0x5000c50000000000 /* a maker's number that many disks have */

/* The same text always gives the same bytes, so that a rack has the same identities every time. */
static void derive(const struct rack *rack, const struct rack_machine *m, const char *what,
	unsigned i, uint8_t ret[static SHA1_DIGEST_SIZE])
{
	_cleanup_free_ char *text = xasprintf("%s/%s/%s/%u", rack->name, m->name, what, i);
	struct sha1_ctx sha;

	sha1_init(&sha);
	sha1_update(&sha, strlen(text), (const uint8_t *)text);
	sha1_digest(&sha, SHA1_DIGEST_SIZE, ret);
}

static void derive_mac(const struct rack *rack, const struct rack_machine *m, const char *what,
	unsigned i, char mac[static 18])
{
	uint8_t h[SHA1_DIGEST_SIZE];

	derive(rack, m, what, i, h);
	if (!mac[0])
		snprintf(mac, 18, "52:54:00:%02x:%02x:%02x", h[0], h[1], h[2]);
}

void rack_derive(const struct rack *rack, struct rack_machine *m)
{
	uint8_t h[SHA1_DIGEST_SIZE];

	for (unsigned i = 0; i < m->n_nics; i++)
		derive_mac(rack, m, "nic", i, m->nics[i].mac);
	derive_mac(rack, m, "bmc", 0, m->bmc.mac);
	for (unsigned i = 0; i < m->n_disks; i++) {
		derive(rack, m, "disk", i, h);
		if (!m->disks[i].serial[0])
			snprintf(m->disks[i].serial, sizeof(m->disks[i].serial),
				"VR%02X%02X%02X%02XD%u", h[0], h[1], h[2], h[3], i % 100);
	}
	for (unsigned i = 0; i < m->n_disks; i++) {
		derive(rack, m, "wwn", i, h);
		m->disks[i].wwn =
			NAA_SEAGATE | (uint64_t)h[0] << 24 | h[1] << 16 | h[2] << 8 | h[3];
	}
	derive(rack, m, "machine", 0, h);
	if (!m->smbios.serial[0])
		snprintf(m->smbios.serial, sizeof(m->smbios.serial), "VR%02X%02X%02X%02X", h[0],
			h[1], h[2], h[3]);
	if (!m->smbios.uuid[0])
		snprintf(m->smbios.uuid, sizeof(m->smbios.uuid),
			"%02x%02x%02x%02x-%02x%02x-5%x%02x-%x%x%02x-%02x%02x%02x%02x%02x%02x", h[0],
			h[1], h[2], h[3], h[4], h[5], h[6] & 15, h[7], 8 | (h[8] >> 4 & 3),
			h[8] & 15, h[9], h[10], h[11], h[12], h[13], h[14], h[15]);
}
