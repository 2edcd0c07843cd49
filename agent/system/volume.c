/* File systems on partitions; see volume.h. */
#include "agent/system/volume.h"
#include "agent/erase/parts.h"
#include "lib/base/bytes.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NODE_TRIES    50 /* of a tenth of a second, until the kernel shows a new partition */
#define NODE_PAUSE_NS 100000000
#define UUID_SIZE     40
#define HEAD	      (68 * 1024) /* up to btrfs's superblock */

static int read_disk(void *data, void *buf, size_t len, uint64_t offset)
{
	ssize_t n = pread(*(int *)data, buf, len, (off_t)offset);

	return n < 0 ? -errno : (size_t)n == len ? 0 : -EIO;
}

/* --- names ---------------------------------------------------------------------------------- */

static void put_uuid(const uint8_t *p, char *ret)
{
	char hex[33];

	hex_encode(p, 16, hex);
	snprintf(ret, UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
		hex + 20);
}

static void put_serial(const uint8_t *p, char *ret)
{
	snprintf(ret, UUID_SIZE, "%04X-%04X", get_le16(p + 2), get_le16(p));
}

/* Where superblocks keep their mark, UUID and label: each file system's own documentation. */
static const struct {
	const char *type, *mark;
	size_t mark_at, mark_len, uuid_at, label_at, label_len;
	void (*put)(const uint8_t *p, char *ret);
} kinds[] = {
	{"ext4", "\x53\xef", 1080, 2, 1128, 1144, 16, put_uuid},
	{"xfs", "XFSB", 0, 4, 32, 108, 12, put_uuid},
	{"btrfs", "_BHRfS_M", 65600, 8, 65568, 65835, 63, put_uuid},
	{"vfat", "FAT32   ", 82, 8, 67, 71, 11, put_serial},
	{"vfat", "FAT16   ", 54, 8, 39, 43, 11, put_serial},
	{"vfat", "FAT12   ", 54, 8, 39, 43, 11, put_serial},
};

static void put_label(const uint8_t *p, size_t len, char *ret)
{
	size_t n = 0;

	for (; n < len && p[n]; n++)
		ret[n] = isprint(p[n]) ? (char)p[n] : '?';
	while (n && ret[n - 1] == ' ')
		n--;
	ret[n] = '\0';
}

static void probe(struct volume *one, const uint8_t *head)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (memcmp(head + kinds[i].mark_at, kinds[i].mark, kinds[i].mark_len) != 0)
			continue;
		one->type = kinds[i].type;
		kinds[i].put(head + kinds[i].uuid_at, one->uuid);
		put_label(head + kinds[i].label_at, kinds[i].label_len, one->label);
		return;
	}
}

static void add(struct volumes *v, int fd, const struct part *part)
{
	_cleanup_free_ uint8_t *head = xcalloc(1, HEAD);
	struct volume *one = &v->all[v->n++];
	size_t len = part->length < HEAD ? (size_t)part->length : HEAD;

	*one = (struct volume){.number = part->number, .dir = -1};
	if (pread(fd, head, len, (off_t)part->offset) == (ssize_t)len)
		probe(one, head);
}

int volumes_open(struct volumes *v, const struct sysroot *sr, const char *disk, uint64_t size,
	unsigned sector, void (*load_module)(void *data, const char *name), void *data,
	struct err *e)
{
	_cleanup_free_ char *path = sysroot_path(sr, "%s", disk);
	_cleanup_free_ struct parts *parts = xcalloc(1, sizeof(*parts));
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct disk_reader r = {.read = read_disk, .data = &fd, .size = size, .sector = sector};
	int code;

	*v = (struct volumes){.sr = sr, .load_module = load_module, .data = data};
	str_copy(v->disk, sizeof(v->disk), disk);
	code = fd < 0 ? -errno : parts_find(&r, parts);
	if (code < 0)
		return err_errno(e, -code, "read the partition table of %s", disk);
	for (size_t i = 0; i < parts->n && v->n < VOLUMES_MAX; i++)
		if (!volumes_number(v, parts->part[i].number))
			add(v, fd, &parts->part[i]);
	return 0;
}

struct volume *volumes_number(struct volumes *v, unsigned number)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->all[i].number == number)
			return &v->all[i];
	return NULL;
}

/* --- files ---------------------------------------------------------------------------------- */

static int wait_for_node(const char *node)
{
	const struct timespec pause = {.tv_nsec = NODE_PAUSE_NS};

	for (int i = 0; access(node, F_OK) < 0; i++) {
		if (i == NODE_TRIES)
			return -ENOENT;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* Without replay of a journal: that would write. */
static const char *options_of(const struct volume *one, bool writable)
{
	if (writable)
		return "";
	return str_eq(one->type, "ext4") ? "noload" : str_eq(one->type, "xfs") ? "norecovery" : "";
}

static int mount_node(struct volumes *v, struct volume *one, bool writable, struct err *e)
{
	bool digit = isdigit((unsigned char)v->disk[strlen(v->disk) - 1]);
	_cleanup_free_ char *node = xasprintf("%s%s%u", v->disk, digit ? "p" : "", one->number);
	char on[] = "/tmp/ingot-volume.XXXXXX";
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | (writable ? 0 : MS_RDONLY);

	if (wait_for_node(node) < 0)
		return err_set(e, ENOENT, "the kernel does not show %s", node);
	if (!mkdtemp(on))
		return err_errno(e, errno, "make a folder to mount %s on", node);
	v->load_module(v->data, one->type);
	if (mount(node, on, one->type, flags, options_of(one, writable)) < 0) {
		int code = errno;

		rmdir(on);
		err_errno(e, code, "mount %s (%s)", node, one->type);
		return code == ENODEV ? err_advise(e, "this ramdisk's kernel has no %s", one->type)
				      : -code;
	}
	str_copy(one->mounted_on, sizeof(one->mounted_on), on);
	return 0;
}

static void unmount(struct volume *one)
{
	if (!one->mounted_on[0])
		return;
	if (umount2(one->mounted_on, 0) < 0)
		(void)umount2(one->mounted_on, MNT_DETACH);
	rmdir(one->mounted_on);
	one->mounted_on[0] = '\0';
}

int volume_mount(struct volumes *v, struct volume *one, bool writable, struct err *e)
{
	_cleanup_free_ char *folder = sysroot_path(v->sr, "%s.%u", v->disk, one->number);
	int r = 0;

	if (one->dir >= 0)
		return 0;
	if (!one->type)
		return err_set(e, ENOTSUP,
			"partition %u of %s has no file system that can be "
			"mounted",
			one->number, v->disk);
	if (sysroot_live(v->sr))
		r = mount_node(v, one, writable, e);
	if (r < 0)
		return r;
	one->dir = open(
		one->mounted_on[0] ? one->mounted_on : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (one->dir >= 0)
		return 0;
	err_errno(e, errno, "open partition %u of %s", one->number, v->disk);
	unmount(one);
	return -EIO;
}

int volumes_close(struct volumes *v, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < v->n; i++) {
		struct volume *one = &v->all[i];

		if (one->dir >= 0 && syncfs(one->dir) < 0 && r == 0)
			r = err_errno(e, errno, "write partition %u of %s", one->number, v->disk);
		mem_closep(&one->dir);
		unmount(one);
	}
	return r;
}

int volume_openat(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

char *volume_read(int dir, const char *path, size_t max)
{
	_cleanup_close_ int fd = volume_openat(dir, path, O_RDONLY | O_NONBLOCK, 0);
	_cleanup_free_ char *text = fd < 0 ? NULL : malloc(max + 1);
	size_t len = 0;
	ssize_t n;

	if (!text)
		return NULL;
	while ((n = read(fd, text + len, max + 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0 || len > max)
		return NULL;
	text[len] = '\0';
	return TAKE_PTR(text);
}
