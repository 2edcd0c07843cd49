/* qcow2 as one of the pipeline's formats. */
#ifndef AGENT_IMAGE_FORMAT_QCOW2STREAM_H
#define AGENT_IMAGE_FORMAT_QCOW2STREAM_H

#include "agent/image/format/format.h"

extern const struct format_ops qcow2_format;

#endif
