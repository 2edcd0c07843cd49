/* Config drives out of their JSON (contract of the Ironic API: meta_data, network_data, ...). */
#ifndef LIB_ISO_DRIVE_H
#define LIB_ISO_DRIVE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/json/json.h"

/*
 * Whether this is the JSON of a config drive: an object with no other members than meta_data,
 * network_data, user_data and vendor_data, the first two objects. -EINVAL says what is wrong.
 */
int drive_check(const json_t *drive, struct err *e);

/*
 * Appends the volume, labelled config-2, as cloud-init reads it. Text is written as it is, anything
 * else as JSON; what is missing or null is left out, but for the metadata. As iso_write().
 */
int drive_write(const json_t *drive, struct buf *out, struct err *e);

#endif
