/*
 * Writes an image to a disk: source, hash, decompression and writing run side by side with bounded
 * buffers. A disk whose image failed never boots: its first MiB and its end are withheld until the
 * checksum matched.
 */
#ifndef AGENT_IMAGE_IMAGE_H
#define AGENT_IMAGE_IMAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/image/disk/layout.h"
#include "lib/base/err.h"

/* What a partition image gets around it (contract section 5). */
struct image_parts {
	struct layout_wish wish;
	const char *ephemeral_format; /* "ext4", "ext3", "ext2" or "vfat"; NULL: "ext4" */
	/* The table and the ephemeral partition stay as they are; they have to be as asked for. */
	bool preserve_ephemeral;
};

struct places;

/* Everything is borrowed for the time of image_write(). NULL and 0 mean "not given". */
struct image_job {
	/* NULL-terminated; tried in order; http, https, file or a path; oci: places.h */
	const char *const *urls;
	struct places *places;	 /* set by image_write() itself, with urls resolved */
	const char *disk_format; /* "raw", "qcow2"; compression is found by looking, as this is
				    without it */
	/* Whether an image that turns out to be of this format may be written. NULL: nobody is
	 * asked. */
	bool (*permits)(void *data, const char *format);
	void *permits_data;

	/*
	 * Of the file as served: "md5", "sha256" or "sha512", and hex digits; or only the value,
	 * with the algorithm told by its length, or the URL of a checksum file. All NULL needs
	 * no_checksum.
	 */
	const char *hash_algo;
	const char *hash_value;
	bool no_checksum;
	bool no_md5; /* a checksum that turns out to be MD5 is refused */

	/*
	 * A map of the image's holes (bmap.h): its URL; or with bmap_beside that of the image and
	 * ".bmap". bmap_hash is the map's digest, as hash_value; then only what is mapped is
	 * fetched, and the map's digests take the place of the image's. Where the image cannot be
	 * fetched in parts, all of it is, if it has a checksum itself.
	 */
	const char *bmap;
	bool bmap_beside;
	const char *bmap_hash;

	const char *authorization; /* value of the Authorization header for the image */
	const char *user;	   /* or basic authentication */
	const char *password;
	const char *const *headers; /* further "Name: value", NULL-terminated */
	const char *ca_file;
	const char *ca_pem; /* PEM text, instead of ca_file */
	bool insecure;	    /* accept any certificate */
	const char *http_proxy, *https_proxy, *no_proxy;

	const char *target;	   /* block device or file */
	uint64_t target_size;	   /* bytes; another size is refused: it is another disk */
	uint64_t target_file_size; /* a regular file is made this large, as a disk would be */
	/* Asked while the target is open and not yet touched: is it still the disk that was chosen?
	 * NULL: nobody is asked. */
	int (*confirm)(void *data, struct err *e);
	void *confirm_data;

	const struct image_parts *parts; /* the image is a partition's; NULL: a whole disk's */

	/*
	 * The root partition gets what is free on the disk: of a disk's image its last partition,
	 * when it is Linux'. The file system in it is left to the system, which knows how to.
	 */
	bool grow_root;

	/* Config drive: base64 of a gzipped ISO, or the URL of such a text or of an ISO; or bytes.
	 */
	const char *configdrive;
	const void *configdrive_data;
	size_t configdrive_len;

	unsigned writers; /* writes in flight; 0: 4 */
	/*
	 * For one file, at most 8; 1: never more than one. 0: up to 4, of a large file from a
	 * server with byte ranges, when one connection turns out to be what the disk waits for.
	 */
	unsigned connections;
	unsigned retries;	  /* of a cut download; 0: 10 */
	unsigned retry_pause_ms;  /* first pause, doubled up to 10 s; 0: 500 */
	unsigned stall_timeout_s; /* nothing received for so long counts as cut; 0: 60 */
	unsigned max_duration_s;  /* a transfer that is not over by then fails; 0: no limit */
};

enum image_phase {
	IMAGE_PREPARING,   /* opening, wiping the old tables */
	IMAGE_WRITING,	   /* downloading and writing */
	IMAGE_CONFIGDRIVE, /* config drive */
	IMAGE_FINISHING,   /* backup GPT, end, first MiB, flush */
	IMAGE_VERIFYING,   /* reading back */
	IMAGE_DONE,
	IMAGE_PHASE_COUNT
};

struct image_progress {
	enum image_phase phase;
	uint64_t total;	  /* bytes of the file as served; 0: unknown */
	uint64_t read;	  /* of these, received */
	uint64_t decoded; /* bytes of the disk image produced */
	uint64_t written; /* of these, written */
	uint64_t skipped; /* of these, zeroes that needed no write */
	uint64_t rate;	  /* bytes received a second, over the last seconds */
	int64_t eta_s;	  /* until all is received, at that rate; -1: unknown */
	int64_t elapsed_ms;
	unsigned resumed; /* how often the download was cut and went on */
};

/* Called about four times a second and at each change of phase, in the thread of image_write(). */
typedef void (*image_progress_fn)(const struct image_progress *p, void *data);

struct image_result {
	struct image_progress progress; /* at the end */
	char hash_algo[16];
	char hash_hex[129];   /* of the file as served */
	char disk_label[8];   /* "gpt", "msdos" or "" */
	char disk_id[40];     /* GUID of the disk, or "0x" and 8 digits of the MBR */
	unsigned partitions;  /* found in the table */
	unsigned configdrive; /* number of the partition that holds it, 0: none was given */
	unsigned grown;	      /* number of the partition that was enlarged, 0: none */

	/* of a partition image */
	char root_uuid[40]; /* of its file system, else of the partition */
	char root_type[8];  /* of its file system, see fsid.h; "" when it is none of those */
	char esp_uuid[40];  /* "1A2B-3C4D", "" when there is none */
	struct image_placed {
		const char *role; /* see layout_role_name() */
		unsigned number;
	} placed[LAYOUT_ROLE_COUNT]; /* as many as there are partitions */
};

const char *image_phase_name(enum image_phase phase); /* "preparing", "writing", ... */

/*
 * Does the job and returns when it is done or failed; then no thread of it is left. cancel may be
 * NULL; when it turns true the call returns -ECANCELED within a second or two. ret may be NULL. The
 * error begins with "write image: ". Codes to tell apart: -ENOENT (4xx: do not try again),
 * -EBADMSG (checksum), -EFBIG (larger than the disk), -EBUSY (disk in use), -EINVAL (job).
 */
int image_write(const struct image_job *job, image_progress_fn fn, void *data,
	const atomic_bool *cancel, struct image_result *ret, struct err *e);

/*
 * ingot-agent write URL DEVICE-OR-FILE [--sha256 HEX|URL] ...; argv[0] is "write". Returns the exit
 * status: 0, 1 failed, 2 usage.
 */
int image_cli_write(int argc, char **argv);

#endif
