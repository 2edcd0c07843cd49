/*
 * Finding an image in an OCI registry: manifest, token when it is asked for, index by machine, the
 * layer's blob (OCI distribution spec 1.1, "Pulling manifests", "Pulling blobs"). See places.h.
 */
#include "agent/image/fetch/places.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <gnutls/crypto.h>

#include "agent/image/fetch/remote.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define URLS_MAX     8
#define MANIFEST_MAX (4UL << 20) /* the specification's least that registries take */
#define TOKEN_MAX    (64UL << 10)

struct place {
	char *url;
	char *authorization; /* NULL: as the job says */
	bool oci;
	struct oci_ref ref;
	struct oci_challenge challenge; /* what gave the token */
	bool has_challenge;
};

struct places {
	struct image_job job; /* as it was: its user and password are for the registries */
	const atomic_bool *stop;
	pthread_mutex_t lock; /* of the authorizations */
	struct place place[URLS_MAX];
	const char *urls[URLS_MAX + 1];
	unsigned n;
	char digest[OCI_DIGEST_MAX];
};

static int get(const struct places *p, const struct image_job *job, const char *url,
	const char *authorization, size_t max, struct remote_answer *ret, struct err *e)
{
	return remote_fetch(job, url, authorization, p->stop, max, ret, e);
}

/* A registry on loopback needs no TLS, as with container tools. */
static bool is_local(const char *registry)
{
	size_t n = strcspn(registry, ":");

	return (n == 9 && !strncmp(registry, "localhost", n)) ||
	       (str_starts(registry, "127.") && strspn(registry, "0123456789.") == n) ||
	       str_starts(registry, "[::1]");
}

static char *api_url(const struct oci_ref *ref, const char *kind, const char *reference)
{
	return xasprintf("%s://%s/v2/%s/%s/%s", is_local(ref->registry) ? "http" : "https",
		ref->registry, ref->repository, kind, reference);
}

static void url_escape(struct buf *b, const char *s)
{
	for (; *s; s++)
		if (strchr("-._~:/", *s) || (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') ||
			(*s >= 'A' && *s <= 'Z'))
			buf_printf(b, "%c", *s);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
}

static char *token_url(const struct place *at)
{
	struct buf b = BUF_INIT(8192);

	buf_printf(&b, "%s%cscope=", at->challenge.realm,
		strchr(at->challenge.realm, '?') ? '&' : '?');
	if (at->challenge.scope[0]) {
		url_escape(&b, at->challenge.scope);
	} else {
		buf_puts(&b, "repository:");
		url_escape(&b, at->ref.repository);
		buf_puts(&b, ":pull");
	}
	if (at->challenge.service[0]) {
		buf_puts(&b, "&service=");
		url_escape(&b, at->challenge.service);
	}
	return buf_take(&b);
}

/* Gets a token from where the challenge says, with the job's user and password if there are any. */
static int get_token(const struct places *p, struct place *at, char **ret, struct err *e)
{
	struct image_job job = p->job;
	struct remote_answer a = {.body = BUF_INIT(0)};
	_cleanup_free_ char *url = NULL, *token = NULL;
	int r;

	if (!str_starts(at->challenge.realm, "https://") && !is_local(at->ref.registry))
		return err_set(e, EPROTO,
			"the registry %s wants its token to be fetched from %.100s, without TLS",
			at->ref.registry, at->challenge.realm);
	job.authorization = NULL;
	url = token_url(at);
	r = get(p, &job, url, NULL, TOKEN_MAX, &a, e);
	if (r == 0 && a.status == 401)
		r = err_set(e, EACCES,
			"the registry %s gives no token for %s; check user, password or pull "
			"secret",
			at->ref.registry, at->ref.repository);
	if (r == 0)
		r = oci_token_parse(buf_str(&a.body), a.body.len, &token, e);
	if (r == 0)
		*ret = xasprintf("Bearer %s", token);
	if (a.body.data)
		mem_wipe(a.body.data, a.body.len);
	if (token)
		mem_wipe(token, strlen(token));
	buf_done(&a.body);
	return r < 0 ? err_prefix(e, "token of registry %s", at->ref.registry) : 0;
}

static char *basic_of(const struct image_job *job)
{
	_cleanup_free_ char *pair = NULL, *text = NULL;

	if (!job->user)
		return NULL;
	pair = xasprintf("%s:%s", job->user, job->password ? job->password : "");
	text = b64_encode(pair, strlen(pair));
	mem_wipe(pair, strlen(pair));
	return xasprintf("Basic %s", text);
}

/* Answers a 401: sets what is to be shown from now on. */
static int authorize(const struct places *p, struct place *at, const char *challenge, struct err *e)
{
	char *authorization = NULL;
	int r;

	at->has_challenge = oci_challenge_parse(challenge, &at->challenge);
	if (!at->has_challenge)
		return err_set(e, EPROTO,
			"the registry %s asks for authentication of a kind that is not known",
			at->ref.registry);
	if (at->challenge.bearer) {
		r = get_token(p, at, &authorization, e);
		if (r < 0)
			return r;
	} else {
		authorization = basic_of(&p->job);
		if (!authorization)
			return err_set(e, EACCES, "the registry %s asks for user and password",
				at->ref.registry);
	}
	str_replace(&at->authorization, authorization);
	mem_wipe(authorization, strlen(authorization));
	free(authorization);
	return 0;
}

static bool digest_matches(const char *digest, const struct buf *b)
{
	char algo[8], hex[129];
	unsigned char sum[64];
	gnutls_digest_algorithm_t a;

	if (!oci_digest_valid(digest, algo))
		return false;
	a = str_eq(algo, "sha256") ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA512;
	if (gnutls_hash_fast(a, buf_str(b), b->len, sum) < 0)
		return false;
	hex_encode(sum, gnutls_hash_get_len(a), hex);
	return !strcmp(hex, digest + 7);
}

/* The manifest of that name, checked when the name is a digest. */
static int get_manifest(const struct places *p, struct place *at, const char *reference,
	struct buf *ret, struct err *e)
{
	static const char *const accept[] = {
		"Accept: application/vnd.oci.image.manifest.v1+json, "
		"application/vnd.oci.image.index.v1+json, "
		"application/vnd.docker.distribution.manifest.v2+json, "
		"application/vnd.docker.distribution.manifest.list.v2"
		"+json",
		NULL};
	_cleanup_free_ char *url = api_url(&at->ref, "manifests", reference);
	struct image_job job = p->job;
	struct remote_answer a = {.body = BUF_INIT(0)};
	int r;

	job.headers = accept;
	job.user = NULL; /* shown when asked for */
	r = get(p, &job, url, at->authorization, MANIFEST_MAX, &a, e);
	if (r == 0 && a.status == 401) {
		r = authorize(p, at, a.challenge, e);
		if (r == 0)
			r = get(p, &job, url, at->authorization, MANIFEST_MAX, &a, e);
	}
	if (r == 0 && a.status == 401)
		r = err_set(e, EACCES,
			"the registry %s does not let %s be read; check user, password or pull "
			"secret",
			at->ref.registry, at->ref.repository);
	if (r == 0 && strchr(reference, ':') && !digest_matches(reference, &a.body))
		r = err_set(e, EBADMSG, "the registry %s gave a manifest that is not %.80s",
			at->ref.registry, reference);
	if (r == 0)
		*ret = a.body;
	else
		buf_done(&a.body);
	return r;
}

/* From the reference to the blob, through an index when there is one. */
static int find_blob(const struct places *p, struct place *at, struct oci_pick *ret, struct err *e)
{
	char reference[OCI_DIGEST_MAX];
	struct utsname host;
	int r = 0;

	uname(&host);
	str_copy(reference, sizeof(reference), at->ref.reference);
	for (int depth = 0; depth < 2; depth++) {
		struct buf manifest;

		r = get_manifest(p, at, reference, &manifest, e);
		if (r < 0)
			return r;
		r = oci_manifest_parse(buf_str(&manifest), manifest.len, host.machine, ret, e);
		buf_done(&manifest);
		if (r < 0 || !ret->index)
			return r;
		str_copy(reference, sizeof(reference), ret->digest);
	}
	return err_set(e, EINVAL, "the manifest lists lists of manifests");
}

static int resolve_oci(struct places *p, struct place *at, const char *url, struct err *e)
{
	struct oci_pick pick;
	int r = oci_ref_parse(url, &at->ref, e);

	if (r == 0)
		r = find_blob(p, at, &pick, e);
	if (r == 0 && p->digest[0] && !str_eq(p->digest, pick.digest))
		r = err_set(e, EINVAL, "it is another image than %.80s, which came before it",
			p->digest);
	if (r < 0)
		return err_prefix(e, "%.200s", url);
	str_copy(p->digest, sizeof(p->digest), pick.digest);
	at->oci = true;
	at->url = api_url(&at->ref, "blobs", pick.digest);
	return 0;
}

static void place_done(struct place *at)
{
	if (at->authorization)
		mem_wipe(at->authorization, strlen(at->authorization));
	free(at->authorization);
	free(at->url);
	*at = (struct place){0};
}

void places_free(struct places *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->n; i++)
		place_done(&p->place[i]);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

int places_open(
	const struct image_job *job, const atomic_bool *stop, struct places **ret, struct err *e)
{
	struct places *p = xcalloc(1, sizeof(*p));
	int r = 0;

	p->job = *job;
	p->stop = stop;
	pthread_mutex_init(&p->lock, NULL);
	for (unsigned i = 0; job->urls[i] && p->n < URLS_MAX; i++) {
		struct place *at = &p->place[p->n];

		r = 0;
		if (str_starts(job->urls[i], "oci://"))
			r = resolve_oci(p, at, job->urls[i], e);
		else
			at->url = xstrdup(job->urls[i]);
		if (r < 0) {
			place_done(at);
			continue;
		}
		p->urls[p->n++] = at->url;
	}
	if (!p->n) {
		places_free(p);
		return r < 0 ? r : err_set(e, EINVAL, "the image has no URL; set image_source");
	}
	*ret = p;
	return 0;
}

const char *const *places_urls(const struct places *p)
{
	return p->urls;
}

const char *places_digest(const struct places *p)
{
	return p->digest;
}

char *places_authorization(struct places *p, unsigned url)
{
	char *copy;

	if (!p || url >= p->n)
		return NULL;
	pthread_mutex_lock(&p->lock);
	copy = xstrdup(p->place[url].authorization);
	pthread_mutex_unlock(&p->lock);
	return copy;
}

bool places_renew(struct places *p, unsigned url, const char *stale)
{
	struct place *at = p && url < p->n ? &p->place[url] : NULL;
	char *fresh = NULL;
	bool renewed;

	if (!at || !at->has_challenge || !at->challenge.bearer)
		return false;
	pthread_mutex_lock(&p->lock);
	renewed = !str_eq(stale, at->authorization); /* by another connection */
	if (!renewed && get_token(p, at, &fresh, NULL) == 0) {
		str_replace(&at->authorization, fresh);
		mem_wipe(fresh, strlen(fresh));
		free(fresh);
		renewed = true;
	}
	pthread_mutex_unlock(&p->lock);
	return renewed;
}
