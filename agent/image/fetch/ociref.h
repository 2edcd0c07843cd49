/*
 * What the names and answers of an OCI registry mean (OCI distribution spec 1.1, image spec 1.1,
 * and Docker's token authentication). Pure parsing; the registry is hostile. Talking to it is
 * oci.h.
 */
#ifndef AGENT_IMAGE_FETCH_OCIREF_H
#define AGENT_IMAGE_FETCH_OCIREF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define OCI_DIGEST_MAX 136 /* "sha512:" and 128 digits */

/* oci://REGISTRY/REPOSITORY[:TAG][@DIGEST]; without either the tag is "latest". */
struct oci_ref {
	char registry[256]; /* host, perhaps with port */
	char repository[256];
	char reference[OCI_DIGEST_MAX]; /* digest or tag */
	bool digest;			/* it is a digest */
};

/* -EINVAL when it is none. The text of a digest has lower-case digits afterwards. */
int oci_ref_parse(const char *url, struct oci_ref *ret, struct err *e);

/* "sha256:" or "sha512:" and its hex digits; the algorithm's name goes to ret_algo (8 bytes). */
bool oci_digest_valid(const char *digest, char *ret_algo);

/* What a 401 asks for: the value of WWW-Authenticate (RFC 9110, section 11.6.1). */
struct oci_challenge {
	bool bearer; /* otherwise Basic */
	char realm[512], service[256], scope[512];
};

/* false: neither Bearer with a realm nor Basic, or longer than there is room. */
bool oci_challenge_parse(const char *value, struct oci_challenge *ret);

/* The token of a token server's answer, allocated. -EINVAL when there is none that can be sent. */
int oci_token_parse(const char *json, size_t len, char **ret, struct err *e);

/* What a manifest leads to. */
struct oci_pick {
	bool index;		     /* the digest is that of another manifest */
	char digest[OCI_DIGEST_MAX]; /* of the manifest, or of the image's blob */
	uint64_t size;		     /* bytes of that, 0: it does not say */
};

/*
 * machine: as uname(2) names it. Of an index the manifest for this machine that holds a disk image,
 * raw ones first, by the annotation "disktype" as Ironic chooses; of a manifest its first layer.
 * -EINVAL when there is nothing of use, with the reason.
 */
int oci_manifest_parse(
	const char *json, size_t len, const char *machine, struct oci_pick *ret, struct err *e);

#endif
