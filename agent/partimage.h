/* Partition images as the conductor asks for them and hears of them (contract 4.7 and section 5).
 */
#ifndef AGENT_PARTIMAGE_H
#define AGENT_PARTIMAGE_H

#include <jansson.h>

#include "agent/image/image.h"

bool partimage_is(const json_t *info); /* image_type is partition */

/*
 * What image_info says of the partitions; strings are borrowed from it. -EINVAL when a size or a
 * choice is none. The names are the conductor's: root_mb, swap_mb, ephemeral_mb, ephemeral_format,
 * preserve_ephemeral, deploy_boot_mode, disk_label.
 */
int partimage_from_info(const json_t *info, struct image_parts *ret, struct err *e);

/*
 * The answer to standby.get_partition_uuids; device is the disk's name, "/dev/sda". Of a disk's
 * image "root uuid" is the identifier in its MBR, as of the Ironic agent, "0x00000000" with a GPT.
 */
json_t *partimage_ids(const json_t *info, const char *device, const struct image_result *result);

/* "image (id) written to device /dev/sda root_uuid=...", allocated. ids is of partimage_ids(). */
char *partimage_text(const json_t *info, const char *device, const json_t *ids);

/* "/dev/sda2", "/dev/nvme0n1p2"; allocated. */
char *partimage_device(const char *disk, unsigned number);

#endif
