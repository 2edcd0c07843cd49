/* Images of a root partition, as an instance asks for them (instance_info) and agents are told. */
#ifndef CONDUCTOR_DRIVER_PARTIMAGE_H
#define CONDUCTOR_DRIVER_PARTIMAGE_H

#include "conductor/model/node.h"

/* By image_type; without one, an image with a kernel or a ramdisk beside it is a partition's. */
bool partimage_is(const struct node *n);

/* What is missing or wrong in instance_info for such an image, as a client has to correct it. */
int partimage_check(const struct node *n, struct err *e);

/* Sets what agents are told of it beside the image itself: sizes in MiB, boot mode, disk label. */
void partimage_tell(const struct node *n, json_t *image_info);

/*
 * "uefi" or "bios" of the deployed system: what the instance asks for (secure boot is UEFI), what
 * the node can do, what its BMC said, else "uefi" as Ironic assumes.
 */
const char *partimage_boot_mode(const struct node *n);

#endif
