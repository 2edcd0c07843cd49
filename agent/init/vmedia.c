/* Parameters on virtual media; see vmedia.h. The medium is hostile. */
#include "agent/init/vmedia.h"
#include "agent/image/drive/iso9660.h"
#include "agent/init/media.h"
#include "agent/system/fat.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "parameters.txt"
#define HEAD_MAX  (8 * 1024 * 1024) /* of an ISO, which holds little else */

int vmedia_params(const char *cmdline, const char *file, struct params *ret, struct err *e)
{
	_cleanup_free_ char *both = xasprintf("%s\n%s", cmdline, file); /* the last word wins */
	struct cmdline c;
	int r;

	cmdline_parse(both, &c);
	r = params_from_cmdline(&c, ret, e);
	cmdline_done(&c);
	mem_wipe(both, strlen(both)); /* a token is in it */
	return r;
}

static int copy_text(const uint8_t *data, size_t len, char **ret, struct err *e)
{
	if (len > VMEDIA_FILE_MAX)
		return err_set(e, EFBIG, FILE_NAME " is longer than %d bytes", VMEDIA_FILE_MAX);
	*ret = xstrndup((const char *)data, len);
	return 0;
}

static int read_fat(int fd, uint64_t size, char **ret, struct err *e)
{
	struct fat_entry file;
	struct fat fat;
	int r = fat_open(fd, 0, size, &fat, e);

	if (r < 0)
		return r;
	r = fat_find(&fat, FILE_NAME, &file, e);
	if (r == -ENOENT)
		return err_set(e, ENOENT, "there is no " FILE_NAME);
	return r < 0 ? r : fat_read(&fat, &file, VMEDIA_FILE_MAX, (uint8_t **)ret, &(size_t){0}, e);
}

static int read_iso(const uint8_t *data, size_t len, char **ret, struct err *e)
{
	struct iso_entry root, entry;
	uint32_t at = 0;
	struct iso iso;
	int r = iso_open(data, len, &iso, e);

	if (r < 0)
		return r;
	root = iso_root(&iso);
	while ((r = iso_next(&iso, &root, &at, &entry, e)) == 1)
		if (!entry.folder && str_ieq(entry.name, FILE_NAME))
			return copy_text(data + entry.at, entry.len, ret, e);
	return r < 0 ? r : err_set(e, ENOENT, "there is no " FILE_NAME);
}

int vmedia_read_from(const char *device, char **ret, struct err *e)
{
	_cleanup_close_ int fd = open(device, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	_cleanup_free_ uint8_t *head = NULL;
	ssize_t n;
	int r;

	if (size < 0)
		return err_errno(e, errno, "open %s", device);
	head = xmalloc(HEAD_MAX);
	n = pread(fd, head, size < HEAD_MAX ? (size_t)size : HEAD_MAX, 0);
	if (n < 0)
		return err_errno(e, errno, "read %s", device);
	r = iso_present(head, (size_t)n) ? read_iso(head, (size_t)n, ret, e)
					 : read_fat(fd, (uint64_t)size, ret, e);
	return r < 0 ? err_prefix(e, "%s", device) : 0;
}

int vmedia_read(char **ret, struct err *e)
{
	static const char *const labels[] = {"ir-vfd-dev", NULL};
	_cleanup_free_ char *device = media_find(labels);

	if (!device)
		device = media_find(NULL);
	return device ? vmedia_read_from(device, ret, e)
		      : err_set(e, ENOENT, "there is no medium labelled %s", labels[0]);
}
