/* The agent's certificate; see certificate.h. */
#include "agent/report/certificate.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#define BEFORE_S	3600
#define AFTER_S		(30 * 86400)
#define EPOCH_OF_SOURCE 1767225600 /* 2026-01-01: no clock that is right stands before it */

static int tls_err(struct err *e, int r, const char *what)
{
	return err_set(e, EPROTO, "make the agent's certificate: %s: %s", what, gnutls_strerror(r));
}

static int64_t now_s(void)
{
	int64_t now = time_wall_us() / 1000000;

	return now < EPOCH_OF_SOURCE ? EPOCH_OF_SOURCE : now;
}

static int set_identity(gnutls_x509_crt_t crt, const char *address, const char *host)
{
	uint8_t ip[16];
	size_t ip_len = inet_pton(AF_INET, address, ip) == 1	? 4
			: inet_pton(AF_INET6, address, ip) == 1 ? 16
								: 0;
	int r = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, host,
		(unsigned)strnlen(host, 64)); /* ub-common-name, RFC 5280 */

	if (r == 0 && ip_len)
		r = gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_IPADDRESS, ip, (unsigned)ip_len, GNUTLS_FSAN_SET);
	else if (r == 0)
		r = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, address,
			(unsigned)strlen(address), GNUTLS_FSAN_SET);
	return r;
}

static int set_fields(gnutls_x509_crt_t crt, const char *address, const char *host)
{
	int64_t now = now_s();
	uint8_t serial[16] = {0};
	int r = set_identity(crt, address, host);

	if (r == 0)
		r = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and of full length */
	if (r == 0)
		r = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (r == 0)
		r = gnutls_x509_crt_set_version(crt, 3);
	if (r == 0)
		r = gnutls_x509_crt_set_activation_time(crt, (time_t)(now - BEFORE_S));
	if (r == 0)
		r = gnutls_x509_crt_set_expiration_time(crt, (time_t)(now + AFTER_S));
	if (r == 0)
		r = gnutls_x509_crt_set_basic_constraints(crt, 1, -1);
	return r;
}

static int take_pem(int r, gnutls_datum_t *d, char **ret)
{
	if (r < 0)
		return r;
	*ret = xstrndup((const char *)d->data, d->size);
	mem_wipe(d->data, d->size);
	gnutls_free(d->data);
	return 0;
}

static int build(gnutls_x509_privkey_t key, gnutls_x509_crt_t crt, const char *address,
	const char *host, enum params_curve curve, struct certificate *ret, struct err *e)
{
	static const gnutls_ecc_curve_t curves[] = {
		[PARAMS_CURVE_P384] = GNUTLS_ECC_CURVE_SECP384R1,
		[PARAMS_CURVE_P256] = GNUTLS_ECC_CURVE_SECP256R1,
		[PARAMS_CURVE_P521] = GNUTLS_ECC_CURVE_SECP521R1,
	};
	gnutls_datum_t d = {0};
	int r = gnutls_x509_privkey_generate(
		key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(curves[curve]), 0);

	if (r < 0)
		return tls_err(e, r, "generate a key");
	r = set_fields(crt, address, host);
	if (r == 0)
		r = gnutls_x509_crt_set_key(crt, key);
	if (r == 0)
		r = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0);
	if (r < 0)
		return tls_err(e, r, "sign");
	r = take_pem(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &d), &d, &ret->cert_pem);
	if (r == 0)
		r = take_pem(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &d), &d,
			&ret->key_pem);
	return r < 0 ? tls_err(e, r, "export") : 0;
}

int certificate_new(const char *address, const char *host, enum params_curve curve,
	struct certificate *ret, struct err *e)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	struct certificate c = {0};
	int r = gnutls_x509_privkey_init(&key);

	if (r == 0)
		r = gnutls_x509_crt_init(&crt);
	if (r < 0)
		r = tls_err(e, r, "begin");
	else
		r = build(key, crt, address, str_empty(host) ? "ingot-agent" : host, curve, &c, e);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	if (r < 0)
		certificate_done(&c);
	else
		*ret = c;
	return r;
}

void certificate_done(struct certificate *c)
{
	if (c->key_pem)
		mem_wipe(c->key_pem, strlen(c->key_pem));
	free(c->key_pem);
	free(c->cert_pem);
	memset(c, 0, sizeof(*c));
}
