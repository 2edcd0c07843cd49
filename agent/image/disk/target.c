/*
 * Opening, wiping, releasing and verifying the target; see target.h. The writing of image data is
 * in targetio.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <zlib.h>

#include "agent/image/disk/target.h"
#include "agent/image/disk/targetio.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#define FIRST_BYTES	4096 /* MBR and GPT header, or boot sector: the very last to be written */
#define REREAD_TRIES	20
#define REREAD_PAUSE_US 100000

/* Where one of the disk's partitions, or the disk itself, is mounted; NULL: nowhere. */
static char *mounted_at(dev_t disk)
{
	_cleanup_free_ char *mounts = NULL;
	char *save = NULL, link[64], sys[320], target[256];
	unsigned major, minor;
	ssize_t n;

	if (fs_read("/proc/self/mountinfo", 1024 * 1024, &mounts, NULL, NULL) < 0)
		return NULL;
	snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u", major(disk), minor(disk));
	n = readlink(sys, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = 0;
	for (char *l = strtok_r(mounts, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char where[200], at[256] = "";

		if (sscanf(l, "%*d %*d %u:%u %*s %199s", &major, &minor, where) != 3)
			continue;
		if (makedev(major, minor) == disk)
			return xstrdup(where);
		snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major, minor);
		n = readlink(link, at, sizeof(at) - 1);
		if (n > 0 && *target && str_starts(at, target) && at[strlen(target)] == '/')
			return xstrdup(where);
	}
	return NULL;
}

static int open_error(const struct target *t, int code, struct err *e)
{
	err_errno(e, code, "open %s", t->path);
	if (code == EBUSY)
		return err_advise(e,
			"a partition of it is mounted, or RAID, LVM or another program "
			"holds it");
	if (code == EROFS || code == EACCES)
		return err_advise(e, "the disk is write-protected");
	if (code == ENXIO || code == ENOENT || code == ENOMEDIUM)
		return err_advise(e, "the disk has gone; see the kernel's log");
	return -code;
}

static int open_block(struct target *t, dev_t dev, struct err *e)
{
	_cleanup_free_ char *where = mounted_at(dev);
	int ro = 0, sector = 0;

	if (where)
		return err_set(e, EBUSY, "%s is mounted at %s; unmount it, or choose another disk",
			t->path, where);
	t->block = true;
	t->fd = open(t->path, O_RDWR | O_EXCL | O_DIRECT | O_CLOEXEC);
	t->direct = t->fd >= 0;
	if (t->fd < 0 && errno == EINVAL)
		t->fd = open(t->path, O_RDWR | O_EXCL | O_CLOEXEC);
	if (t->fd < 0)
		return open_error(t, errno, e);
	if (ioctl(t->fd, BLKROGET, &ro) == 0 && ro)
		return open_error(t, EROFS, e);
	if (ioctl(t->fd, BLKGETSIZE64, &t->size) < 0 || ioctl(t->fd, BLKSSZGET, &sector) < 0)
		return err_errno(e, errno, "size of %s", t->path);
	if (sector < 512 || sector > 4096 || sector & (sector - 1))
		return err_set(e, ENOTSUP, "%s has sectors of %d bytes", t->path, sector);
	t->sector = (uint32_t)sector;
	return 0;
}

static int open_file(struct target *t, uint64_t file_size, struct err *e)
{
	struct stat st;

	t->sector = 512;
	t->punches = true;
	t->fd = open(t->path, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0644);
	t->direct = t->fd >= 0;
	if (t->fd < 0 && errno == EINVAL)
		t->fd = open(t->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (t->fd < 0)
		return open_error(t, errno, e);
	if (file_size && ftruncate(t->fd, (off_t)file_size) < 0)
		return err_errno(e, errno, "make %s %" PRIu64 " bytes large", t->path, file_size);
	if (fstat(t->fd, &st) < 0)
		return err_errno(e, errno, "size of %s", t->path);
	t->size = (uint64_t)st.st_size;
	t->growing = !t->size;
	if (t->growing)
		t->size = UINT64_MAX;
	return 0;
}

static uint8_t *edge_new(void)
{
	void *p =
		mmap(NULL, TARGET_EDGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Where the withheld ranges lie; they never overlap. */
static void place_edges(struct target *t)
{
	uint64_t size = t->size;

	t->head_len = size < TARGET_EDGE ? size : TARGET_EDGE;
	t->tail_offset = size;
	t->tail_len = 0;
	if (t->growing || size <= TARGET_EDGE)
		return;
	t->tail_offset = size - TARGET_EDGE > TARGET_EDGE ? size - TARGET_EDGE : TARGET_EDGE;
	t->tail_offset -= t->tail_offset % 4096;
	if (t->tail_offset < TARGET_EDGE)
		t->tail_offset = TARGET_EDGE;
	t->tail_len = size - t->tail_offset;
	if (t->tail_len > TARGET_EDGE) { /* a size that is no multiple of 4096 */
		t->tail_offset += 4096;
		t->tail_len -= 4096;
	}
}

int target_open(struct target *t, const char *path, uint64_t expected_size, uint64_t file_size,
	struct err *e)
{
	struct stat st = {.st_mode = S_IFREG};
	int r;

	*t = (struct target){.fd = -1, .stride = 1};
	pthread_mutex_init(&t->lock, NULL);
	if (!str_copy(t->path, sizeof(t->path), path))
		return err_set(e, ENAMETOOLONG, "the target's name is too long");
	if (stat(path, &st) < 0 && (errno != ENOENT || str_starts(path, "/dev/")))
		return open_error(t, errno, e);
	if (S_ISBLK(st.st_mode))
		r = open_block(t, st.st_rdev, e);
	else if (S_ISREG(st.st_mode))
		r = open_file(t, file_size, e);
	else
		return err_set(e, ENOTBLK, "%s is neither a disk nor a file", path);
	if (r < 0)
		return r;
	if (expected_size && t->size != expected_size)
		return err_set(e, ENXIO,
			"%s has %" PRIu64 " bytes, expected are %" PRIu64
			"; it is not the disk that was chosen",
			path, t->size, expected_size);
	if (t->size < 4096)
		return err_set(e, ENXIO, "%s has only %" PRIu64 " bytes", path, t->size);
	place_edges(t);
	t->head = edge_new();
	t->tail = edge_new();
	return t->head && t->tail ? 0 : err_set(e, ENOMEM, "no memory for the disk's edges");
}

int target_open_window(
	struct target *t, const struct target *disk, uint64_t offset, uint64_t len, struct err *e)
{
	int r;

	*t = (struct target){.fd = -1,
		.stride = 1,
		.direct = disk->direct,
		.block = disk->block,
		.punches = disk->punches,
		.sector = disk->sector,
		.size = len,
		.base = offset};
	pthread_mutex_init(&t->lock, NULL);
	str_copy(t->path, sizeof(t->path), disk->path);
	if (disk->growing || offset > disk->size || len > disk->size - offset || len < TARGET_EDGE)
		return err_set(e, ERANGE, "%s has no room for a partition at byte %" PRIu64,
			t->path, offset);
	r = target_share(t, disk, e);
	if (r < 0)
		return r;
	place_edges(t);
	t->head = edge_new();
	t->tail = edge_new();
	return t->head && t->tail ? 0 : err_set(e, ENOMEM, "no memory for the disk's edges");
}

int target_share(struct target *window, const struct target *disk, struct err *e)
{
	mem_closep(&window->fd);
	window->fd = fcntl(disk->fd, F_DUPFD_CLOEXEC, 3);
	return window->fd < 0 ? open_error(window, errno, e) : 0;
}

void target_pause(struct target *t)
{
	mem_closep(&t->fd);
	t->fd = -1;
}

int target_resume(struct target *t, struct err *e)
{
	struct target now = {.fd = -1};
	struct stat st;
	int r;

	str_copy(now.path, sizeof(now.path), t->path);
	if (stat(t->path, &st) < 0)
		return open_error(t, errno, e);
	r = S_ISBLK(st.st_mode) ? open_block(&now, st.st_rdev, e) : open_file(&now, 0, e);
	if (r == 0 && (now.size != t->size || now.sector != t->sector || now.block != t->block))
		r = err_set(e, ENXIO, "%s has become another disk", t->path);
	if (r < 0) {
		mem_closep(&now.fd);
		return r;
	}
	t->fd = now.fd;
	t->direct = now.direct;
	return 0;
}

void target_close(struct target *t)
{
	mem_closep(&t->fd);
	t->fd = -1;
	if (t->head)
		munmap(t->head, TARGET_EDGE);
	if (t->tail)
		munmap(t->tail, TARGET_EDGE);
	t->head = t->tail = NULL;
	pthread_mutex_destroy(&t->lock);
}

int target_wipe(struct target *t, struct err *e)
{
	int r;

	/* written, not discarded: nothing may bring the old table back */
	r = targetio_write(t, t->head, t->growing ? 0 : t->head_len, 0, e);
	if (r == 0)
		r = targetio_write(t, t->tail, t->tail_len, t->tail_offset, e);
	if (r == 0)
		r = target_flush(t, e);
	return r < 0 ? err_prefix(e, "wipe the old partition table") : 0;
}

int target_flush(struct target *t, struct err *e)
{
	if (fsync(t->fd) < 0)
		return err_errno(e, errno, "flush %s", t->path);
	return 0;
}

int target_settle(struct target *t, uint64_t image_size, struct err *e)
{
	uint64_t size = (image_size + t->sector - 1) / t->sector * t->sector;

	if (!t->growing)
		return 0;
	if (ftruncate(t->fd, (off_t)size) < 0)
		return err_errno(e, errno, "make %s %" PRIu64 " bytes large", t->path, size);
	t->size = size;
	if (t->head_len > size)
		t->head_len = size;
	t->tail_offset = size;
	t->growing = false;
	return 0;
}

static int differs(const struct target *t, uint64_t offset, uint64_t len, struct err *e)
{
	return err_set(e, EIO,
		"read back %s: bytes %" PRIu64 " to %" PRIu64 " (LBA %" PRIu64
		") are not what was written; the disk or its cable is faulty",
		t->path, t->base + offset, t->base + offset + len - 1,
		(t->base + offset) / t->sector);
}

static int verify_edge(struct target *t, uint8_t *buf, const uint8_t *want, uint64_t len,
	uint64_t offset, struct err *e)
{
	int r = targetio_read(t, buf, len, offset, e);

	if (r < 0)
		return r;
	return memcmp(buf, want, len) ? differs(t, offset, len, e) : 0;
}

static int write_withheld(struct target *t, struct err *e)
{
	const struct {
		const uint8_t *data;
		uint64_t len, offset;
	} parts[] = {
		{t->tail, t->tail_len, t->tail_offset},
		{t->head + FIRST_BYTES, t->head_len > FIRST_BYTES ? t->head_len - FIRST_BYTES : 0,
			FIRST_BYTES},
		{t->head, t->head_len < FIRST_BYTES ? t->head_len : FIRST_BYTES, 0},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
		r = targetio_write(t, parts[i].data, parts[i].len, parts[i].offset, e);
		if (r == 0)
			r = target_flush(t, e);
	}
	return r;
}

static int verify_edges(struct target *t, uint8_t *buf, struct err *e)
{
	int r = verify_edge(t, buf, t->head, t->head_len, 0, e);

	return r < 0 ? r : verify_edge(t, buf, t->tail, t->tail_len, t->tail_offset, e);
}

static int verify_samples(struct target *t, uint8_t *buf, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < t->n_samples; i++) {
		const struct target_sample *s = &t->samples[i];

		r = targetio_read(t, buf, s->len, s->offset, e);
		if (r == 0 && crc32(0, buf, s->len) != s->sum)
			r = differs(t, s->offset, s->len, e);
	}
	return r;
}

static int read_back(struct target *t, int (*verify)(struct target *t, uint8_t *buf, struct err *e),
	struct err *e)
{
	uint8_t *buf = edge_new();
	int r;

	if (!buf)
		return err_set(e, ENOMEM, "no memory to read back");
	if (!t->direct)
		posix_fadvise(t->fd, 0, 0, POSIX_FADV_DONTNEED);
	r = verify(t, buf, e);
	munmap(buf, TARGET_EDGE);
	return r;
}

int target_verify(struct target *t, struct err *e)
{
	return read_back(t, verify_samples, e);
}

int target_release(struct target *t, struct err *e)
{
	int r = write_withheld(t, e);

	return r < 0 ? r : read_back(t, verify_edges, e);
}

void target_withdraw(struct target *t)
{
	memset(t->head, 0, t->head_len);
	memset(t->tail, 0, t->tail_len);
	target_wipe(t, NULL);
}

void target_reread(struct target *t)
{
	int fd;

	mem_closep(&t->fd);
	t->fd = -1;
	if (!t->block)
		return;
	fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	for (int i = 0; fd >= 0 && i < REREAD_TRIES; i++) {
		if (ioctl(fd, BLKRRPART) == 0 || errno != EBUSY)
			break;
		usleep(REREAD_PAUSE_US); /* somebody looks at the old partitions */
	}
	mem_closep(&fd);
}
