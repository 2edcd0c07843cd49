/* The config drive of a job as bytes. */
#ifndef AGENT_IMAGE_DRIVE_CONFIGDRIVE_H
#define AGENT_IMAGE_DRIVE_CONFIGDRIVE_H

#include "agent/image/image.h"

#define CONFIGDRIVE_MAX	  (64 * 1024 * 1024)
#define CONFIGDRIVE_LABEL "config-2"

/*
 * *ret_data is the caller's to free; NULL and 0 when the job has none. Takes base64 of gzip, gzip,
 * base64 of an ISO, or an ISO, and URLs of each. -EFBIG above 64 MiB.
 */
int configdrive_load(
	const struct image_job *job, uint8_t **ret_data, size_t *ret_len, struct err *e);

/*
 * Takes off what *data, allocated and NUL-terminated behind *len bytes, is wrapped in; it may be
 * replaced by another allocation, and stays the caller's also on failure. unwrap.c
 */
int configdrive_unwrap(uint8_t **data, size_t *len, struct err *e);
int configdrive_too_large(struct err *e); /* -EFBIG, with the limit */

#endif
