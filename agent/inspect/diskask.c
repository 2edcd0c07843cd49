/* Disks' health by ioctl; see diskask.h. It reads and never writes. */
#include "agent/inspect/diskask.h"
#include "agent/inspect/ata.h"
#include "agent/inspect/nvme.h"
#include "agent/inspect/scsi.h"
#include "lib/base/deadline.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <pthread.h>
#include <scsi/sg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COMMAND_MS	 1500
#define DISKS_MAX	 256
#define STACK_BYTES	 (256u * 1024)
#define NVME_GET_LOG	 0x02
#define NVME_LOG_SMART	 0x02
#define ATA_SMART	 0xb0
#define ATA_READ_LOG_EXT 0x2f
#define LOG_STATISTICS	 0x04

static bool ask_nvme(int fd, struct health *h)
{
	uint8_t page[NVME_SMART_LEN] = {0};
	struct nvme_admin_cmd cmd = {.opcode = NVME_GET_LOG,
		.nsid = 0xffffffff,
		.addr = (uintptr_t)page,
		.data_len = sizeof(page),
		.cdw10 = ((sizeof(page) / 4 - 1) << 16) | NVME_LOG_SMART,
		.timeout_ms = COMMAND_MS};

	if (ioctl(fd, NVME_IOCTL_ADMIN_CMD, &cmd) != 0)
		return false;
	nvme_smart(page, h);
	return true;
}

/* One command that reads `size` bytes, or none. Gives how many came, or negative errno. */
static int scsi_read(
	int fd, const uint8_t *cdb, uint8_t cdb_len, void *data, size_t size, uint8_t *sense)
{
	struct sg_io_hdr io = {.interface_id = 'S',
		.dxfer_direction = size ? SG_DXFER_FROM_DEV : SG_DXFER_NONE,
		.cmd_len = cdb_len,
		.mx_sb_len = 64,
		.dxfer_len = (unsigned)size,
		.dxferp = data,
		.cmdp = (unsigned char *)cdb,
		.sbp = sense,
		.timeout = COMMAND_MS};

	if (ioctl(fd, SG_IO, &io) < 0)
		return -errno;
	if (io.host_status || (io.driver_status & 0x0f & ~0x08) || (io.status && !io.sb_len_wr))
		return -EIO;
	if (io.status && size)
		return -EIO;
	return (int)size - io.resid;
}

/* ATA PASS-THROUGH (16) (SAT-4, 12.2): PIO data in, or no data and the registers in the sense. */
static int ata_read(int fd, uint8_t command, uint8_t features, uint8_t log, uint8_t log_page,
	uint8_t *page, uint8_t *sense)
{
	bool extended = command == ATA_READ_LOG_EXT;
	uint8_t cdb[16] = {0x85, (uint8_t)((page ? 4 << 1 : 3 << 1) | extended), page ? 0x0e : 0x20,
		0, features, 0, page ? 1 : 0, 0, log, 0, log_page, 0, 0, 0, command, 0};

	if (command == ATA_SMART) { /* its key stands in the address */
		cdb[10] = 0x4f;
		cdb[12] = 0xc2;
	}
	return scsi_read(fd, cdb, sizeof(cdb), page, page ? ATA_PAGE_LEN : 0, sense);
}

static bool ask_ata(int fd, struct health *h)
{
	uint8_t data[ATA_PAGE_LEN] = {0}, limits[ATA_PAGE_LEN] = {0}, sense[64] = {0};
	bool have_limits, told;
	int r;

	if (ata_read(fd, ATA_SMART, 0xd0, 0, 0, data, sense) != ATA_PAGE_LEN)
		return false;
	have_limits = ata_read(fd, ATA_SMART, 0xd1, 0, 0, limits, sense) == ATA_PAGE_LEN;
	told = ata_smart(data, have_limits ? limits : NULL, h) == 0;
	memset(sense, 0, sizeof(sense));
	if (ata_read(fd, ATA_SMART, 0xda, 0, 0, NULL, sense) >= 0 &&
		(r = scsi_sense_smart(sense, sizeof(sense))) >= 0) {
		told = true;
		if (r)
			health_fail(h, "the disk says that it is failing");
		else if (h->status == HEALTH_UNKNOWN)
			h->status = HEALTH_PASSED;
	}
	if (ata_read(fd, ATA_READ_LOG_EXT, 0, LOG_STATISTICS, 7, data, sense) == ATA_PAGE_LEN)
		ata_statistics(data, h);
	return told;
}

static bool ask_scsi(int fd, struct health *h)
{
	static const uint8_t pages[] = {0x2f, 0x0d, 0x11, 0x15};
	bool told = false;

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		uint8_t data[512] = {0}, sense[64];
		/* LOG SENSE, cumulative values */
		uint8_t cdb[10] = {0x4d, 0, (uint8_t)(0x40 | pages[i]), 0, 0, 0, 0,
			sizeof(data) >> 8, sizeof(data) & 0xff, 0};
		int n = scsi_read(fd, cdb, sizeof(cdb), data, sizeof(data), sense);

		if (n == -ENODEV || n == -ENXIO)
			break;
		if (n > 4 && (data[0] & 0x3f) == pages[i]) {
			scsi_log(data, (size_t)n, h);
			told = true;
		}
	}
	return told;
}

struct ask {
	char path[64];
	bool (*how)(int fd, struct health *h);
	struct health health;
	bool done, told;
};

/* Shared with the threads; the last to leave frees it. */
struct asks {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned refs;
	size_t n, next, left;
	struct ask list[DISKS_MAX];
};

static void asks_leave(struct asks *a)
{
	bool last;

	pthread_mutex_lock(&a->lock);
	last = --a->refs == 0;
	pthread_mutex_unlock(&a->lock);
	if (!last)
		return;
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static void *ask_thread(void *arg)
{
	struct asks *a = arg;
	struct ask mine, *slot;
	int fd;

	pthread_mutex_lock(&a->lock);
	slot = &a->list[a->next++];
	mine = *slot;
	pthread_mutex_unlock(&a->lock);
	fd = open(mine.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		mine.told = mine.how(fd, &mine.health);
		close(fd);
	}
	mine.done = true;
	pthread_mutex_lock(&a->lock);
	*slot = mine;
	a->left--;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	asks_leave(a);
	return NULL;
}

/* ATA commands go to disks that say they are ATA; USB bridges are known to hang over them. */
static bool (*how_to_ask(const json_t *disk))(int fd, struct health *h)
{
	const char *tran = json_str(disk, "tran"), *vendor = json_str(disk, "vendor");

	if (str_eq(tran, "nvme"))
		return ask_nvme;
	if (!json_str(disk, "hctl") || str_eq(tran, "usb"))
		return NULL;
	return str_eq(vendor, "ATA") ? ask_ata : ask_scsi;
}

static void asks_add(struct asks *a, const json_t *disk)
{
	struct ask *one = &a->list[a->n];

	*one = (struct ask){.how = how_to_ask(disk)};
	health_init(&one->health);
	if (one->how && str_copy(one->path, sizeof(one->path), json_str(disk, "name")))
		a->n++;
}

/* A thread for each disk; without one, the disk stays unasked. */
static void asks_start(struct asks *a)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (size_t i = 0; i < a->n; i++) {
		pthread_mutex_lock(&a->lock);
		if (pthread_create(&thread, &attr, ask_thread, a) == 0) {
			a->refs++;
			a->left++;
		}
		pthread_mutex_unlock(&a->lock);
	}
	pthread_attr_destroy(&attr);
}

static void asks_wait(struct asks *a, int limit_ms)
{
	int64_t until_ms = time_mono_ms() + limit_ms;

	pthread_mutex_lock(&a->lock);
	while (a->left && deadline_wait(&a->changed, &a->lock, until_ms))
		;
	pthread_mutex_unlock(&a->lock);
}

static void put_health(struct asks *a, json_t *disk)
{
	const char *path = json_str(disk, "name");
	json_t *health = NULL;

	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < a->n; i++) {
		struct ask *one = &a->list[i];

		if (!str_eq(one->path, path) || !one->done || !one->told)
			continue;
		if (json_flag(disk, "rotational", false))
			one->health.wear_percent = -1; /* those numbers mean something else then */
		health = health_json(&one->health);
	}
	pthread_mutex_unlock(&a->lock);
	if (health)
		json_object_set_new(disk, "health", health);
}

void disks_ask_health(json_t *disks, int limit_ms)
{
	struct asks *a = xcalloc(1, sizeof(*a));
	json_t *disk;
	size_t i;

	a->refs = 1;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	json_array_foreach (disks, i, disk)
		if (a->n < DISKS_MAX)
			asks_add(a, disk);
	asks_start(a);
	asks_wait(a, limit_ms);
	json_array_foreach (disks, i, disk)
		put_health(a, disk);
	asks_leave(a);
}
