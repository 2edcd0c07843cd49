/* Where UEFI firmware finds a disk's boot loader: the EFI system partition. */
#ifndef AGENT_IMAGE_ESP_H
#define AGENT_IMAGE_ESP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Number, from 1, of the EFI system partition in the table at the start of a disk, 0 when it has
 * none. GPT by its type, MBR by 0xef. `head` is hostile, and used as working space.
 */
unsigned esp_find(uint8_t *head, size_t len, unsigned sector_bytes);

#endif
