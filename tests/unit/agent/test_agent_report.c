/* The agent's certificate (contract section 4.8) and its log archive, judged by their readers. */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/report/certificate.h"
#include "agent/report/journal.h"
#include "agent/report/tar.h"

#include <errno.h>
#include <time.h>

#include <gnutls/x509.h>

static void check_certificate(gnutls_x509_crt_t crt, const char *ip)
{
	time_t from = gnutls_x509_crt_get_activation_time(crt);
	time_t to = gnutls_x509_crt_get_expiration_time(crt);
	unsigned bits;

	is_int(gnutls_x509_crt_get_pk_algorithm(crt, &bits), GNUTLS_PK_ECDSA, "ECDSA");
	is_int(bits, 384, "P-384");
	is_int(gnutls_x509_crt_get_signature_algorithm(crt), GNUTLS_SIGN_ECDSA_SHA512, "SHA-512");
	ok(gnutls_x509_crt_check_hostname(crt, ip), "good for %s", ip);
	ok(!gnutls_x509_crt_check_hostname(crt, "192.0.2.8"), "and for no other address");
	ok(gnutls_x509_crt_check_issuer(crt, crt), "self-signed");
	ok(from <= time(NULL) - 3500, "valid since an hour");
	is_int(to - from, 3600 + 30 * 86400, "and for 30 days");
}

static void test_certificate(const char *ip)
{
	struct certificate c = {0};
	gnutls_x509_crt_t crt;
	gnutls_datum_t pem;
	struct err e;

	is_int(certificate_new(ip, "host-a", PARAMS_CURVE_P384, &c, &e), 0, "a certificate");
	pem = (gnutls_datum_t){(unsigned char *)c.cert_pem, (unsigned)strlen(c.cert_pem)};
	gnutls_x509_crt_init(&crt);
	is_int(gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM), 0, "can be read");
	check_certificate(crt, ip);
	ok(strstr(c.key_pem, "PRIVATE KEY"), "with its key");
	gnutls_x509_crt_deinit(crt);
	certificate_done(&c);
}

static void test_archive(const char *root)
{
	static const char long_text[1500] = {[0 ... 1498] = 'x'};
	const struct tar_member members[] = {
		{"a.log", "hello\n", 6}, {"empty", "", 0}, {"long", long_text, strlen(long_text)}};
	_cleanup_free_ char *check = NULL;
	struct buf b = BUF_INIT(1 << 20), small = BUF_INIT(16);

	is_int(tar_gz(members, 3, &b, NULL), 0, "an archive");
	tree_write("/logs.tar.gz", b.data, b.len, false);
	check = xasprintf("cd %s && tar xzf logs.tar.gz && test \"$(cat a.log)\" = hello && "
			  "test ! -s empty && test \"$(stat -c %%s long)\" = 1499",
		root);
	is_int(system(check), 0, "tar unpacks it");
	is_int(tar_gz(members, 3, &small, NULL), -ENOSPC, "a ceiling is kept");
	buf_done(&b);
	buf_done(&small);
}

static void test_journal(void)
{
	struct journal *j = journal_new();
	_cleanup_free_ char *text = NULL;
	size_t len;

	log_set_level(LOG_LEVEL_ERROR); /* the test's own output stays readable */
	say(j, "first line");
	for (int i = 0; i < 20000; i++)
		say(j, "line %d with\tcontrol", i);
	text = journal_text(j, &len);
	ok(len <= JOURNAL_BYTES + 4096, "the ring has a ceiling");
	ok(!strstr(text, "first line"), "the oldest lines go");
	ok(strstr(text, "line 19999 with?control"),
		"the newest stays, its control characters shown");
	journal_free(j);
}

int main(void)
{
	test_certificate("192.0.2.7");
	test_certificate("2001:db8::7");
	test_archive(tree_new());
	test_journal();
	return done_testing();
}
