/*
 * Where a job's image is fetched from: its URLs, those of OCI registries resolved to their blobs,
 * each with what has to be shown there. A registry's token runs out during a long download, so it
 * can be renewed by whoever gets a 401.
 */
#ifndef AGENT_IMAGE_FETCH_PLACES_H
#define AGENT_IMAGE_FETCH_PLACES_H

#include "agent/image/image.h"
#include "agent/image/fetch/ociref.h"

struct places;

/*
 * Resolves the job's URLs. Of several, those that cannot be are left out; the error is that of the
 * last when none is left. The job is borrowed, its own places are not used. -EINVAL for a wrong
 * reference, -EBADMSG for a manifest that is not its digest's, else as fetching.
 */
int places_open(
	const struct image_job *job, const atomic_bool *stop, struct places **ret, struct err *e);
void places_free(struct places *p); /* NULL allowed */

const char *const *places_urls(const struct places *p); /* NULL-terminated, http(s) or files */

/* "sha256:..." of the blob that all OCI references lead to; "" when there is none. */
const char *places_digest(const struct places *p);

/* The Authorization header's value for a URL, allocated; NULL: as the job says. p may be NULL. */
char *places_authorization(struct places *p, unsigned url);

/*
 * The URL's server refused `stale`: gets another. Any thread. false: there is none to be had, and
 * the refusal stands.
 */
bool places_renew(struct places *p, unsigned url, const char *stale);

#endif
