/* What formats may do with the pipeline, and which formats there are; see format.h. */
#include "agent/image/format/format.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/image/pipeline.h"
#include "agent/image/format/qcow2stream.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define ISO_VOLUME     32769 /* of the first volume descriptor, ECMA-119 section 8.1 */
#define BOOT_SIGNATURE 510

/* Formats that are written; ends with NULL. */
static const struct format_ops *const formats[] = {&qcow2_format, NULL};

/* What Ironic calls images whose bytes are the disk's. */
static const char *const plain[] = {"raw", "gpt", "iso"};

/* What people hand over that is not written, by the magic of its specification. */
static const struct {
	size_t at;
	const char *magic;
	size_t len;
	const char *name;
} others[] = {
	{0, "KDMV", 4, "VMDK"},
	{0, "COWD", 4, "VMDK"},
	{0, "# Disk DescriptorFile", 21, "VMDK"},
	{0, "vhdxfile", 8, "VHDX"},
	{0, "conectix", 8, "VHD"},
	{64, "\x7f\x10\xda\xbe", 4, "VDI"},
	{0, "QED", 4, "QED"},
	{0, "WithoutFreeSpace", 16, "Parallels"},
	{0, "WithouFreSpacExt", 16, "Parallels"},
	{0, "LUKS\xba\xbe", 6, "LUKS (an encrypted disk)"},
};

static bool begins(const uint8_t *start, size_t len, size_t at, const char *magic, size_t magic_len)
{
	return len >= at + magic_len && !memcmp(start + at, magic, magic_len);
}

/* A CD image can be a disk's image too; one without a boot record is none that a disk boots from.
 */
static bool cd_only(const uint8_t *start, size_t len)
{
	return begins(start, len, ISO_VOLUME, "CD001", 5) &&
	       !begins(start, len, BOOT_SIGNATURE, "\x55\xaa", 2);
}

static int refuse_others(const uint8_t *start, size_t len, struct err *e)
{
	const char *name = cd_only(start, len) ? "a CD (ISO 9660) without a boot record" : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (begins(start, len, others[i].at, others[i].magic, others[i].len))
			name = others[i].name;
	if (!name)
		return 0;
	return err_set(e, ENOTSUP,
		"the image is %s, which is not written; convert it to qcow2 by qemu-img convert -O "
		"qcow2 OLD NEW, or to raw, which may be compressed with zstd, gzip, xz or bzip2",
		name);
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

static int check_permitted(const struct image_job *job, const char *name, struct err *e)
{
	if (!job->permits || job->permits(job->permits_data, name))
		return 0;
	return err_set(e, EINVAL,
		"the image is %s, which the conductor does not permit; add it to "
		"permitted_image_formats, or convert the image by qemu-img convert",
		name);
}

static int declared_wrongly(const struct image_job *job, const char *name, bool is, struct err *e)
{
	return err_set(e, EINVAL,
		"the image is %s%s, but image_disk_format says %.32s; correct it, or look whether "
		"it "
		"is the image that was meant",
		is ? "" : "not ", name, job->disk_format);
}

int format_detect(const struct image_job *job, const uint8_t *start, size_t len,
	const struct format_ops **ret, struct err *e)
{
	int r;

	*ret = NULL;
	for (size_t i = 0; formats[i]; i++) {
		const char *name = formats[i]->name;
		bool is = formats[i]->detect(start, len), said = str_eq(job->disk_format, name);

		if (is != said && !(is && str_empty(job->disk_format)))
			return declared_wrongly(job, name, is, e);
		if (is)
			*ret = formats[i];
	}
	r = *ret ? 0 : refuse_others(start, len, e);
	return r < 0 ? r : check_permitted(job, *ret ? (*ret)->name : "raw", e);
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
