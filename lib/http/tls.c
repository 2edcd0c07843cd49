/*
 * Certificates of servers; see tls.h. GnuTLS gives its callback a session and nothing of ours, so
 * all servers stand in one list, found by the port that the connection came to.
 */
#include "lib/http/tls.h"
#include "lib/base/fs.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#define PEM_MAX	   (1024 * 1024)
#define CHAIN_MAX  16
#define RETIRED_MS 300000 /* after so long no handshake uses what was replaced */

/* One certificate with its chain and its key. */
struct pair {
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n;
	gnutls_privkey_t key;
	int64_t retired_ms;
	struct pair *older;
};

struct tls {
	char *cert, *key;
	uint16_t port;
	struct pair *newest; /* under the lock; what it replaced behind it */
	struct list link;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list servers = {&servers, &servers};

static void pair_free(struct pair *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->n; i++)
		gnutls_pcert_deinit(&p->chain[i]);
	gnutls_privkey_deinit(p->key);
	free(p);
}

/* Text as it is, or a file's. */
static int pem_read(const char *what, const char *pem, char **ret, size_t *ret_len, struct err *e)
{
	int r;

	if (strstr(pem, "-----BEGIN")) {
		*ret = xstrdup(pem);
		*ret_len = strlen(pem);
		return 0;
	}
	r = fs_read(pem, PEM_MAX, ret, ret_len, e);
	return r < 0 ? err_prefix(e, "read the %s", what) : 0;
}

static int pair_check(const gnutls_datum_t *cert, const gnutls_datum_t *key, struct err *e)
{
	gnutls_certificate_credentials_t both;
	int r;

	gnutls_certificate_allocate_credentials(&both);
	r = gnutls_certificate_set_x509_key_mem(both, cert, key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(both);
	if (r >= 0)
		return 0;
	return err_set(e, EINVAL,
		"the certificate and its key cannot be used: %s; both are PEM, the key has no "
		"password",
		gnutls_strerror(r));
}

static int pair_import(
	struct pair *p, const gnutls_datum_t *cert, const gnutls_datum_t *key, struct err *e)
{
	unsigned n = CHAIN_MAX;
	int r = gnutls_pcert_list_import_x509_raw(p->chain, &n, cert, GNUTLS_X509_FMT_PEM, 0);

	if (r >= 0) {
		p->n = n;
		r = gnutls_privkey_import_x509_raw(p->key, key, GNUTLS_X509_FMT_PEM, NULL, 0);
	}
	return r < 0 ? err_set(e, EINVAL, "the certificate and its key cannot be used: %s",
			       gnutls_strerror(r))
		     : 0;
}

static int pair_load(const struct tls *t, struct pair **ret, struct err *e)
{
	_cleanup_free_ char *cert = NULL, *key = NULL;
	size_t cert_len, key_len = 0;
	struct pair *p = NULL;
	int r = pem_read("certificate", t->cert, &cert, &cert_len, e);

	if (r == 0)
		r = pem_read("key", t->key, &key, &key_len, e);
	if (r == 0) {
		gnutls_datum_t c = {(void *)cert, (unsigned)cert_len},
			       k = {(void *)key, (unsigned)key_len};

		p = xcalloc(1, sizeof(*p));
		gnutls_privkey_init(&p->key);
		r = pair_check(&c, &k, e);
		if (r == 0)
			r = pair_import(p, &c, &k, e);
	}
	if (key)
		mem_wipe(key, key_len);
	if (r < 0)
		pair_free(p);
	else
		*ret = p;
	return r;
}

/* Those that were replaced long ago; the lock is held. */
static void forget_old(struct tls *t, int64_t now)
{
	struct pair **at = &t->newest->older;

	while (*at && now - (*at)->retired_ms < RETIRED_MS)
		at = &(*at)->older;
	for (struct pair *p = *at, *next; p; p = next) {
		next = p->older;
		pair_free(p);
	}
	*at = NULL;
}

int tls_reload(struct tls *t, struct err *e)
{
	struct pair *p = NULL;
	int64_t now = time_mono_ms();
	int r = pair_load(t, &p, e);

	if (r < 0)
		return r;
	pthread_mutex_lock(&lock);
	if (t->newest)
		t->newest->retired_ms = now;
	p->older = t->newest;
	t->newest = p;
	forget_old(t, now);
	pthread_mutex_unlock(&lock);
	return 0;
}

int tls_new(const char *cert, const char *key, struct tls **ret, struct err *e)
{
	struct tls *t = xcalloc(1, sizeof(*t));
	int r;

	t->cert = xstrdup(cert);
	t->key = xstrdup(key);
	list_init(&t->link);
	r = tls_reload(t, e);
	if (r < 0) {
		tls_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

void tls_serve(struct tls *t, uint16_t port)
{
	t->port = port;
	pthread_mutex_lock(&lock);
	list_append(&servers, &t->link);
	pthread_mutex_unlock(&lock);
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&lock);
	list_remove(&t->link);
	pthread_mutex_unlock(&lock);
	for (struct pair *p = t->newest, *next; p; p = next) {
		next = p->older;
		pair_free(p);
	}
	mem_wipe(t->key, strlen(t->key));
	free(t->key);
	free(t->cert);
	free(t);
}

static uint16_t port_of(gnutls_session_t session)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);

	if (getsockname(gnutls_transport_get_int(session), (struct sockaddr *)&ss, &len) < 0)
		return 0;
	return ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
					      : ((struct sockaddr_in *)&ss)->sin_port);
}

int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *req_ca_rdn, int nreqs,
	const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length, gnutls_pcert_st **pcert,
	unsigned *pcert_length, gnutls_privkey_t *privkey)
{
	uint16_t port = port_of(session);
	struct tls *t;
	int r = -1;

	pthread_mutex_lock(&lock);
	list_for_each (t, &servers, link) {
		if (t->port != port)
			continue;
		*pcert = t->newest->chain;
		*pcert_length = t->newest->n;
		*privkey = t->newest->key;
		r = 0;
	}
	pthread_mutex_unlock(&lock);
	return r;
}
