/*
 * The pipeline's stages for an image with a map of holes (bmap.h): what is mapped is fetched by
 * byte range, checked range by range, and written to its place; the rest becomes zero.
 */
#ifndef AGENT_IMAGE_FORMAT_MAPPED_H
#define AGENT_IMAGE_FORMAT_MAPPED_H

#include "agent/image/format/bmap.h"
#include "agent/image/pipeline.h"

/*
 * Fetches the job's map, or finds it beside the image, checks it against the job's digest of it,
 * and that the image can be fetched in parts and is the map's. -ENOTSUP when that cannot be, so
 * that the whole image is the other way; -EBADMSG, -EINVAL for a wrong map.
 */
int mapped_open(
	const struct image_job *job, const atomic_bool *stop, struct bmap *ret, struct err *e);

/* The stages, each in its thread; they return what the stage failed with. */
int mapped_fetch(struct pipeline *p, struct err *e);
int mapped_check(struct pipeline *p, struct err *e);
int mapped_place(struct pipeline *p, struct err *e);

#endif
