/*
 * A library that tests preload into ingotd, between it and the system: it ends the process at a
 * chosen point of a commit, keeps account of what a loss of power would leave of a file, makes
 * writes and syncs fail, and moves the wall clock. The product knows nothing of it.
 *
 *   SHIM_DIR    where its files are
 *   SHIM_FILE   the database; with its "-wal" it is what is watched
 *   SHIM_KILL   POINT:N, ends the process by SIGKILL around the Nth sync of the log:
 *               write (a write of that commit is done), torn (half of it), before, inside, after
 *
 *   SHIM_DIR/durable-NAME   the file as it is on the disk: what was synced
 *   SHIM_DIR/pending-NAME   what was written since: pairs of int64, offset and length
 *   SHIM_DIR/fault          "write ERRNO COUNT" or "sync ERRNO COUNT": so many calls fail (-1: all)
 *   SHIM_DIR/clock          one int64: microseconds added to the wall clock; read on each look
 *   SHIM_DIR/died           written just before the end: the point
 *
 * A sync that fails forgets what was pending, as Linux does: only what is written anew gets to the
 * disk by a later sync.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum point { POINT_NONE, POINT_WRITE, POINT_TORN, POINT_BEFORE, POINT_INSIDE, POINT_AFTER };
static const char *const point_names[] = {"", "write", "torn", "before", "inside", "after"};

static struct {
	const char *dir, *file;
	enum point point;
	long kill_at, syncs; /* of the log */
	pthread_mutex_t lock;
	volatile int64_t *clock_us;
} shim = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The system calls themselves: nothing here may call what it replaces. */
static ssize_t real_pwrite(int fd, const void *data, size_t size, int64_t at)
{
	return syscall(SYS_pwrite64, fd, data, size, at);
}

__attribute__((constructor)) static void begin(void)
{
	const char *kill_text = getenv("SHIM_KILL");
	char path[512], word[16] = "";
	int fd;

	shim.dir = getenv("SHIM_DIR");
	shim.file = getenv("SHIM_FILE");
	if (kill_text && sscanf(kill_text, "%15[a-z]:%ld", word, &shim.kill_at) == 2)
		for (int i = POINT_WRITE; i <= POINT_AFTER; i++)
			if (!strcmp(point_names[i], word))
				shim.point = (enum point)i;
	if (!shim.dir)
		return;
	snprintf(path, sizeof(path), "%s/clock", shim.dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		void *map = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);

		if (map != MAP_FAILED)
			shim.clock_us = map;
		close(fd);
	}
}

static void die(enum point point)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/died", shim.dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0)
		dprintf(fd, "%s\n", point_names[point]);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static void *die_soon(void *arg)
{
	struct timespec pause_ns = {.tv_nsec = (shim.kill_at * 7919 % 2000) * 1000};

	nanosleep(&pause_ns, NULL);
	die(POINT_AFTER);
	return NULL;
}

/* The watched file behind fd: its name without folders, and whether it is the log; NULL: another.
 */
static const char *watched(int fd, char *buf, size_t size, bool *ret_log)
{
	char link[64];
	size_t len = shim.dir && shim.file ? strlen(shim.file) : 0;
	ssize_t n;

	if (!len)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, size - 1);
	if (n < (ssize_t)len)
		return NULL;
	buf[n] = '\0';
	*ret_log = !strcmp(buf + len, "-wal");
	if (strncmp(buf, shim.file, len) || (buf[len] && !*ret_log))
		return NULL;
	return strrchr(buf, '/') + 1;
}

static int open_own(const char *kind, const char *name, int flags)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s-%s", shim.dir, kind, name);
	return open(path, flags | O_CREAT | O_CLOEXEC, 0600);
}

/* For reading. Only a descriptor that cannot be read is opened anew: to close it drops SQLite's
 * locks. */
static int readable(int fd)
{
	char link[64];

	if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY)
		return fd;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return open(link, O_RDONLY | O_CLOEXEC);
}

static void copy_range(int fd, int to, int64_t at, int64_t size)
{
	char data[65536];
	int from = readable(fd);
	ssize_t n = 1;

	for (; size > 0; at += n, size -= n) {
		n = pread(
			from, data, size < (int64_t)sizeof(data) ? (size_t)size : sizeof(data), at);
		if (n <= 0)
			break;
		if (real_pwrite(to, data, (size_t)n, at) != n)
			abort();
	}
	if (from != fd)
		close(from);
}

/* The first time a file is seen it is on the disk as it is. */
static int durable_copy(int fd, const char *name)
{
	int copy = open_own("durable", name, O_RDWR);
	struct stat real, mine;

	if (copy >= 0 && fstat(copy, &mine) == 0 && mine.st_size == 0 && fstat(fd, &real) == 0)
		copy_range(fd, copy, 0, real.st_size);
	return copy;
}

static void note_pending(int fd, const char *name, int64_t at, int64_t size)
{
	int64_t record[2] = {at, size};
	int copy = durable_copy(fd, name), list = open_own("pending", name, O_WRONLY | O_APPEND);

	if (syscall(SYS_write, list, record, sizeof(record)) != (ssize_t)sizeof(record))
		abort();
	close(list);
	close(copy);
}

static void forget_pending(const char *name)
{
	close(open_own("pending", name, O_WRONLY | O_TRUNC));
}

/* What was pending is on the disk now. */
static void make_durable(int fd, const char *name)
{
	int copy = durable_copy(fd, name), list = open_own("pending", name, O_RDONLY);
	int64_t record[2];
	struct stat st;

	while (read(list, record, sizeof(record)) == (ssize_t)sizeof(record))
		copy_range(fd, copy, record[0], record[1]);
	if (fstat(fd, &st) == 0 && syscall(SYS_ftruncate, copy, st.st_size) < 0)
		abort();
	close(list);
	close(copy);
	forget_pending(name);
}

/* The errno that this call has to fail with; 0: none. */
static int fault(const char *call)
{
	char path[512], text[64] = "", word[16];
	int code, count, fd;

	snprintf(path, sizeof(path), "%s/fault", shim.dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) <= 0 ||
		sscanf(text, "%15s %d %d", word, &code, &count) != 3 || strcmp(word, call) ||
		!count)
		code = 0;
	else if (count > 0) {
		int n = snprintf(text, sizeof(text), "%s %d %d        ", word, code, count - 1);

		real_pwrite(fd, text, (size_t)n, 0);
	}
	close(fd);
	return code;
}

static ssize_t on_write(int fd, const void *data, size_t size, int64_t at, bool positioned)
{
	char buf[512];
	bool log = false, now;
	const char *name = watched(fd, buf, sizeof(buf), &log);
	ssize_t n;
	int code;

	if (!name)
		return positioned ? real_pwrite(fd, data, size, at)
				  : syscall(SYS_write, fd, data, size);
	code = fault("write");
	if (code) {
		errno = code;
		return -1;
	}
	pthread_mutex_lock(&shim.lock);
	if (!positioned)
		at = lseek(fd, 0, SEEK_CUR);
	note_pending(fd, name, at, (int64_t)size);
	now = log && shim.syncs + 1 == shim.kill_at;
	if (now && shim.point == POINT_TORN)
		size = size / 2;
	n = positioned ? real_pwrite(fd, data, size, at) : syscall(SYS_write, fd, data, size);
	if (now && (shim.point == POINT_TORN || shim.point == POINT_WRITE))
		die(shim.point);
	pthread_mutex_unlock(&shim.lock);
	return n;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	return on_write(fd, data, size, at, true);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	return on_write(fd, data, size, at, true);
}

ssize_t write(int fd, const void *data, size_t size)
{
	if (!shim.file)
		return syscall(SYS_write, fd, data, size);
	return on_write(fd, data, size, 0, false);
}

static int on_sync(int fd, long number)
{
	char buf[512];
	bool log = false, now;
	const char *name = watched(fd, buf, sizeof(buf), &log);
	pthread_t thread;
	int r, code;

	if (!name)
		return (int)syscall(number, fd);
	pthread_mutex_lock(&shim.lock);
	now = log && ++shim.syncs == shim.kill_at;
	if (now && shim.point == POINT_BEFORE)
		die(POINT_BEFORE);
	code = fault("sync");
	if (code) {
		forget_pending(name);
		pthread_mutex_unlock(&shim.lock);
		errno = code;
		return -1;
	}
	r = (int)syscall(number, fd);
	if (now && shim.point == POINT_INSIDE)
		die(POINT_INSIDE);
	if (r == 0)
		make_durable(fd, name);
	if (now && shim.point == POINT_AFTER)
		pthread_create(&thread, NULL, die_soon, NULL);
	pthread_mutex_unlock(&shim.lock);
	return r;
}

int fsync(int fd)
{
	return on_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return on_sync(fd, SYS_fdatasync);
}

/* --- the wall clock ----------------------------------------------------------------------------
 */

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ret);
	int64_t us;

	if (r < 0 || !shim.clock_us || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
		return r;
	us = (int64_t)ret->tv_sec * 1000000 + ret->tv_nsec / 1000 + *shim.clock_us;
	ret->tv_sec = us / 1000000;
	ret->tv_nsec = us % 1000000 * 1000;
	return 0;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	ret->tv_sec = now.tv_sec;
	ret->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}
