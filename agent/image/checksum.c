/* Digests of images. Files of checksums are read in checksumfile.c. */
#include "agent/image/checksum.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/http/client.h"

#define CHECKSUM_FILE_MAX (1024 * 1024)

static const struct {
	const char *name;
	gnutls_digest_algorithm_t algo;
	size_t digits;
} algos[] = {
	{"md5", GNUTLS_DIG_MD5, 32},
	{"sha256", GNUTLS_DIG_SHA256, 64},
	{"sha512", GNUTLS_DIG_SHA512, 128},
};

/* The last part of the image's URL, without its query. */
static void image_name(const struct image_job *job, char *ret, size_t size)
{
	char shown[512];
	const char *slash;

	http_url_shown(job->urls && job->urls[0] ? job->urls[0] : "", shown, sizeof(shown));
	slash = strrchr(shown, '/');
	str_copy(ret, size, slash ? slash + 1 : shown);
}

static int fetch(const struct image_job *job, char *ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	struct http_request rq = {.url = job->hash_value,
		.user = job->user,
		.password = job->password,
		.headers = job->headers,
		.tls = {.ca_file = job->ca_file, .insecure = job->insecure},
		.response_max = CHECKSUM_FILE_MAX,
		.redirects = 5};
	char name[512];
	size_t len;

	if (http_get(&rq, &text, &len, e) < 0)
		return err_prefix(e, "fetch checksum");
	image_name(job, name, sizeof(name));
	if (!checksum_find(text, name, ret))
		return err_set(e, EINVAL, "the checksum file %s names no digest for %s",
			job->hash_value, name);
	return 0;
}

static int choose_algo(struct checksum *c, const char *algo, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(algos); i++) {
		bool named = algo && str_ieq(algo, algos[i].name);

		if (named && strlen(c->want) != algos[i].digits)
			return err_set(e, EINVAL, "the image's checksum has %zu digits, %s has %zu",
				strlen(c->want), algo, algos[i].digits);
		if (named || (!algo && strlen(c->want) == algos[i].digits)) {
			c->algo = (int)algos[i].algo;
			str_copy(c->name, sizeof(c->name), algos[i].name);
			return 0;
		}
	}
	if (algo)
		return err_set(e, EINVAL,
			"hash algorithm %.32s is unknown; use sha256, sha512 or md5", algo);
	return err_set(e, EINVAL, "the image's checksum is neither MD5, SHA-256 nor SHA-512");
}

static int start(struct checksum *c, struct err *e)
{
	gnutls_hash_hd_t hash;

	if (gnutls_hash_init(&hash, (gnutls_digest_algorithm_t)c->algo) < 0)
		return err_set(e, ENOTSUP, "%s is not available", c->name);
	c->hash = hash;
	return 0;
}

int checksum_open(struct checksum *c, const struct image_job *job, struct err *e)
{
	int r = 0;

	*c = (struct checksum){0};
	if (str_empty(job->hash_value)) {
		if (job->no_checksum)
			return 0;
		return err_set(e, EINVAL,
			"no checksum is given; set image_checksum or "
			"image_os_hash_algo and image_os_hash_value");
	}
	if (strstr(job->hash_value, "://"))
		r = fetch(job, c->want, e);
	else if (!str_copy(c->want, sizeof(c->want), job->hash_value) || !checksum_is_hex(c->want))
		r = err_set(e, EINVAL, "the image's checksum is not hexadecimal");
	if (r < 0)
		return r;
	for (char *p = c->want; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	r = choose_algo(c, str_empty(job->hash_algo) ? NULL : job->hash_algo, e);
	if (r == 0 && job->no_md5 && c->algo == GNUTLS_DIG_MD5)
		r = err_set(e, EINVAL,
			"the image's checksum is MD5, which is forbidden here; use SHA-256 or "
			"SHA-512");
	return r < 0 ? r : start(c, e);
}

int checksum_also(struct checksum *c, const char *digest, struct err *e)
{
	struct checksum also = {0};
	int r;

	str_copy(also.want, sizeof(also.want), digest + 7);
	r = choose_algo(&also, NULL, e);
	if (r < 0)
		return r;
	if (c->algo == also.algo) {
		if (!strcmp(c->want, also.want))
			return 0;
		return err_set(e, EBADMSG,
			"the registry has %s as %s, but the image's checksum is given as %s; "
			"correct one of them",
			also.want, also.name, c->want);
	}
	r = start(&also, e);
	if (r < 0)
		return r;
	if (!c->algo) {
		*c = also;
		return 0;
	}
	c->also = xmalloc(sizeof(also));
	*c->also = also;
	return 0;
}

void checksum_update(struct checksum *c, const void *data, size_t len)
{
	if (c->hash)
		gnutls_hash(c->hash, data, len);
	if (c->also)
		checksum_update(c->also, data, len);
}

int checksum_end(
	struct checksum *c, uint64_t bytes, const char *target, char *ret_hex, struct err *e)
{
	unsigned char sum[64];
	int r = c->also ? checksum_end(c->also, bytes, target, ret_hex, e) : 0;

	ret_hex[0] = 0;
	if (r < 0 || !c->hash)
		return r;
	gnutls_hash_output(c->hash, sum);
	hex_encode(sum, gnutls_hash_get_len((gnutls_digest_algorithm_t)c->algo), ret_hex);
	if (!strcmp(ret_hex, c->want))
		return 0;
	return err_set(e, EBADMSG,
		"checksum is wrong: expected %s %s, got %s from %" PRIu64
		" bytes; %s was left unbootable; check the image and its checksum",
		c->name, c->want, ret_hex, bytes, target);
}

void checksum_close(struct checksum *c)
{
	if (c->hash)
		gnutls_hash_deinit(c->hash, NULL);
	c->hash = NULL;
	if (c->also)
		checksum_close(c->also);
	free(c->also);
	c->also = NULL;
}
