/* Where /sys, /proc and /dev are found: the machine itself, a recorded tree, or a simulation. */
#ifndef AGENT_INSPECT_SYSROOT_H
#define AGENT_INSPECT_SYSROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * `root` is put before every absolute path; "" is the machine the program runs on. `disks_json` is
 * set in a simulation: its disks are the files that this list names. Read-only after start; any
 * thread.
 */
struct sysroot {
	const char *root;
	const char *disks_json; /* NULL: disks come from /sys/block */
};

/* True when this is the real machine, so that ioctls and addresses make sense. */
static inline bool sysroot_live(const struct sysroot *sr)
{
	return !sr->root[0];
}

/* The path below the root; allocated. `fmt` gives an absolute path such as "/sys/block/%s". */
char *sysroot_path(const struct sysroot *sr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* One-line attribute, trimmed at both ends; NULL when it is absent, unreadable or empty. */
char *sysroot_line(const struct sysroot *sr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* As sysroot_line() for a whole decimal number; `dflt` when there is none. */
int64_t sysroot_int(const struct sysroot *sr, int64_t dflt, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

bool sysroot_exists(const struct sysroot *sr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Last part of a symbolic link's target ("driver" -> "virtio_net"); allocated, NULL when none. */
char *sysroot_link(const struct sysroot *sr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The path with all links resolved and the root taken off again; allocated, NULL when absent. */
char *sysroot_real(const struct sysroot *sr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Names in a folder without those that begin with a dot, in the order a person expects (sda, sdb,
 * sdaa; nvme2n1, nvme10n1). NULL-terminated, freed by sysroot_names_free(); at most 4096 names, an
 * absent folder is an empty list.
 */
char **sysroot_names(const struct sysroot *sr, const char *path);
void sysroot_names_free(char **names);

/* The order of sysroot_names(), for qsort() over char *. */
int sysroot_name_order(const void *a, const void *b);

#endif
