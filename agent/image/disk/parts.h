/*
 * A partition image on its disk: the table, the root partition that the pipeline writes into, and
 * the partitions around it. The order of things: what boots goes first and comes last.
 */
#ifndef AGENT_IMAGE_DISK_PARTS_H
#define AGENT_IMAGE_DISK_PARTS_H

#include "agent/image/image.h"
#include "agent/image/disk/layout.h"

struct parts {
	const struct image_job *job;
	const struct image_parts *want;
	struct target disk;
	struct target *window; /* the root partition; the pipeline's target */
	struct layout layout;
	char disk_id[40];
};

/* Opens the disk and looks whether what is asked for can be done. Nothing is written. */
int parts_open(struct parts *p, const struct image_job *job, struct err *e);
void parts_close(struct parts *p);

/* Places the partitions and opens the root partition's window. Nothing is written. */
int parts_plan(struct parts *p, size_t drive_len, struct target *window, struct err *e);

/* The pipeline's begin(): from here on the disk does not boot. `parts` is a struct parts. */
int parts_begin(void *parts, struct err *e);

/*
 * The image is whole and its sum matched: the other partitions are filled, then the table is
 * written and everything read back. Fills what ret says of the disk.
 */
int parts_finish(struct parts *p, const uint8_t *drive, size_t drive_len, struct image_result *ret,
	struct err *e);

#endif
