/* Which digest an image must have, and making it. */
#ifndef AGENT_IMAGE_CHECKSUM_H
#define AGENT_IMAGE_CHECKSUM_H

#include "agent/image/image.h"

struct checksum {
	int algo; /* gnutls_digest_algorithm_t; 0: none is wanted */
	char name[16];
	char want[129]; /* hex digits, lower case */
	void *hash;
	struct checksum *also; /* another one that has to match, too; owned */
};

/* A digest of a registry, "sha256:...", has to match, too. -EBADMSG when it cannot. */
int checksum_also(struct checksum *c, const char *digest, struct err *e);

/* Reads the job; fetches the checksum file when one is named. 0 or -EINVAL and what a fetch gives.
 */
int checksum_open(struct checksum *c, const struct image_job *job, struct err *e);
void checksum_update(struct checksum *c, const void *data, size_t len);
/* -EBADMSG when it is not what was wanted. ret_hex holds 129 bytes. */
int checksum_end(
	struct checksum *c, uint64_t bytes, const char *target, char *ret_hex, struct err *e);
void checksum_close(struct checksum *c);

/* Whether the text is hex digits and nothing else. */
bool checksum_is_hex(const char *s);

/*
 * The digest for a file name in the text of a checksum file: "HEX", "HEX  NAME", "HEX *NAME" or
 * "ALGO (NAME) = HEX" lines; '#' begins a comment; a single line counts whatever its name. false
 * when there is none. ret holds 129 bytes.
 */
bool checksum_find(const char *text, const char *file_name, char *ret);

#endif
