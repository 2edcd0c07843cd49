/* What formats may do with the pipeline, and which formats there are; see format.h. */
#include "agent/image/format.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/image/pipeline.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

/* Formats that are written; ends with NULL. */
static const struct format_ops *const formats[] = {NULL};

/* What Ironic calls images whose bytes are the disk's. */
static const char *const plain[] = {"raw", "gpt", "iso"};

static const struct {
	const char *magic, *name;
} others[] = {
	{"QFI\xfb", "qcow2"},
	{"KDMV", "VMDK"},
	{"vhdxfile", "VHDX"},
	{"conectix", "VHD"},
};

static int refuse_others(const uint8_t *start, size_t len, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		size_t n = strlen(others[i].magic);

		if (len >= n && !memcmp(start, others[i].magic, n))
			return err_set(e, ENOTSUP,
				"the image is %s, which is not written; convert it to raw, which "
				"may be compressed with zstd, gzip, xz or bzip2",
				others[i].name);
	}
	return 0;
}

bool format_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (str_eq(name, plain[i]))
			return true;
	for (size_t i = 0; formats[i]; i++)
		if (str_eq(name, formats[i]->name))
			return true;
	return false;
}

int format_detect(const char *declared, const uint8_t *start, size_t len,
	const struct format_ops **ret, struct err *e)
{
	*ret = NULL;
	for (size_t i = 0; formats[i]; i++) {
		bool is = formats[i]->detect(start, len), said = str_eq(declared, formats[i]->name);

		if (is && (said || str_empty(declared))) {
			*ret = formats[i];
			return 0;
		}
		if (is || said)
			return err_set(e, EINVAL,
				"the image is %s%s, but image_disk_format says %.32s; correct it, "
				"or look whether it is the image that was meant",
				is ? "" : "not ", formats[i]->name, declared);
	}
	return refuse_others(start, len, e);
}

int format_begin(struct format *f, const uint8_t *head, size_t len, uint64_t size, struct err *e)
{
	return pipeline_begin(f->pipeline, head, len, size, e);
}

int format_room(struct format *f, uint64_t offset, size_t len, uint8_t **ret, struct err *e)
{
	return pipeline_room(f->pipeline, offset, len, ret, e);
}

int format_data(struct format *f, uint64_t offset, const uint8_t *data, size_t len, struct err *e)
{
	int r = 0;

	while (r == 0 && len) {
		size_t n = len < CHUNK_SIZE ? len : CHUNK_SIZE;
		uint8_t *room;

		r = pipeline_room(f->pipeline, offset, n, &room, e);
		if (r == 0)
			memcpy(room, data, n);
		data += n;
		offset += n;
		len -= n;
	}
	return r;
}

int format_zero(struct format *f, uint64_t offset, uint64_t len, struct err *e)
{
	return pipeline_zero(f->pipeline, offset, len, e);
}
