/*
 * The certificate of a TLS server, which can be changed while it serves: each handshake takes the
 * newest. Internal to lib/http.
 */
#ifndef LIB_HTTP_TLS_H
#define LIB_HTTP_TLS_H

#include <stdint.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "lib/base/err.h"

struct tls;

/* Each is PEM text or a path. 0, -EINVAL (they are no pair), or what reading gave. */
int tls_new(const char *cert, const char *key, struct tls **ret, struct err *e);
void tls_free(struct tls *t); /* when no handshake can happen any more; NULL allowed */

/* Reads both again. On failure all stays as it is. Any thread. */
int tls_reload(struct tls *t, struct err *e);

/* Which handshakes it is for: those of connections that came to this port. */
void tls_serve(struct tls *t, uint16_t port);

/* What GnuTLS calls for a certificate, a gnutls_certificate_retrieve_function2. */
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *req_ca_rdn, int nreqs,
	const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length, gnutls_pcert_st **pcert,
	unsigned *pcert_length, gnutls_privkey_t *privkey);

#endif
