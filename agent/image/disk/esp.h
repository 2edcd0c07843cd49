/* Where UEFI firmware finds a disk's boot loader: the EFI system partition. */
#ifndef AGENT_IMAGE_DISK_ESP_H
#define AGENT_IMAGE_DISK_ESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct esp {
	unsigned number;	 /* from 1 */
	uint64_t first, sectors; /* of the disk's size */
	bool gpt;
	uint8_t signature[16]; /* the partition's GUID, or 4 bytes that name the MBR's disk */
};

/*
 * Number, from 1, of the EFI system partition in the table at the start of a disk, 0 when it has
 * none. GPT by its type, MBR by 0xef. `head` is hostile, and used as working space. ret may be
 * NULL, and is only filled when there is one.
 */
unsigned esp_find(uint8_t *head, size_t len, unsigned sector_bytes, struct esp *ret);

#endif
