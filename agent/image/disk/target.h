/*
 * The disk (or file) that gets the image: opened for us alone, wiped, written in place. What would
 * make it boot, its first MiB and its last, is kept in memory until target_release().
 */
#ifndef AGENT_IMAGE_DISK_TARGET_H
#define AGENT_IMAGE_DISK_TARGET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

#define TARGET_EDGE    (1024 * 1024)
#define TARGET_SAMPLES 128

struct target_sample {
	uint64_t offset;
	uint32_t len;
	uint32_t sum;
};

struct target {
	char path[256];
	int fd; /* O_DIRECT when the target allows */
	bool direct, block;
	bool growing;	      /* a new file without a size: it becomes as large as the image */
	_Atomic bool punches; /* zeroes of a file can be holes */
	uint32_t sector;
	uint64_t size; /* UINT64_MAX while growing */
	uint64_t base; /* of a window: where it begins on the medium, a multiple of 1 MiB */

	uint8_t *head, *tail;	     /* what is withheld, aligned */
	uint64_t head_len, tail_len; /* bytes of the target they stand for */
	uint64_t tail_offset;

	pthread_mutex_t lock; /* of the samples */
	struct target_sample samples[TARGET_SAMPLES];
	unsigned n_samples, stride, seen;
};

/*
 * Opens and checks. expected_size and file_size as in struct image_job. -EBUSY when mounted or in
 * use, -EROFS when read-only, -ENXIO when it is not the disk expected.
 */
int target_open(struct target *t, const char *path, uint64_t expected_size, uint64_t file_size,
	struct err *e);
void target_close(struct target *t);

/*
 * A part of an open disk as a target of its own: all offsets are relative to it, and its edges are
 * withheld as those of a disk are. offset and len are multiples of 1 MiB. Closed by itself, before
 * or after the disk.
 */
int target_open_window(
	struct target *t, const struct target *disk, uint64_t offset, uint64_t len, struct err *e);

/*
 * Lets go of the disk for a program that wants it for itself, and takes it again: -ENXIO when it is
 * another one then. A window takes part by target_share(). What is withheld stays so.
 */
void target_pause(struct target *t);
int target_resume(struct target *t, struct err *e);
int target_share(struct target *window, const struct target *disk, struct err *e);

/* Zeroes the first and the last MiB on the disk and flushes: from here on it does not boot. Any
 * thread, before data is written. */
int target_wipe(struct target *t, struct err *e);

/*
 * Writes image data, or keeps it when it belongs to an edge. data is aligned to 4096, offset to the
 * sector; len too, but for the image's last piece, which is padded with zeroes in data, so there
 * has to be room up to the next 4096. Zero runs are not written: *ret_skipped. Any thread.
 */
int target_write(struct target *t, uint8_t *data, size_t len, uint64_t offset,
	uint64_t *ret_skipped, struct err *e);

/* Makes a range zero without data. Any thread. */
int target_zero(struct target *t, uint64_t offset, uint64_t len, struct err *e);

/* Ends growth: a growing file gets this size. */
int target_settle(struct target *t, uint64_t image_size, struct err *e);

/* Unaligned access through what is withheld; for tables and config drives, not for speed. */
int target_peek(struct target *t, void *data, size_t len, uint64_t offset, struct err *e);
int target_poke(struct target *t, const void *data, size_t len, uint64_t offset, struct err *e);

int target_flush(struct target *t, struct err *e);

/* Reads samples of what was written back from the medium and compares; before target_release(). */
int target_verify(struct target *t, struct err *e);

/* Writes what was withheld, the end first and the boot sector last, flushing between, and reads it
 * back. */
int target_release(struct target *t, struct err *e);

/* After a release that failed: what was withheld goes again, as far as the medium lets it. */
void target_withdraw(struct target *t);

/* Tells the kernel to read the partition table; closes the target first. A busy table is fine. */
void target_reread(struct target *t);

#endif
