/* What a lookup rules: image formats, checksums, TLS; whether GnuTLS takes what comes of it. */
#include "tests/unit/tap.h"

#include "agent/report/rules.h"

#include <gnutls/gnutls.h>

static struct rules rules_of(const char *config)
{
	json_t *json = json_loads(config, 0, NULL);
	struct rules r;

	rules_parse(json, &r);
	json_decref(json);
	return r;
}

static void test_parse(void)
{
	/* the members as Ironic 38's lookup has them, contract section 4.3 */
	struct rules r = rules_of("{\"agent_md5_checksum_enable\":false,"
				  "\"disable_deep_image_inspection\":true,"
				  "\"permitted_image_formats\":[\"raw\",\"qcow2\"],"
				  "\"agent_skip_bmc_detect\":true,"
				  "\"enable_bios_bootloader_install\":true,"
				  "\"tls_min_version\":\"1.3\",\"tls_cipher_suites\":null}");

	ok(r.no_md5 && r.no_deep_inspection && r.bios_bootloader, "flags");
	ok(rules_format_permitted(&r, "raw") && rules_format_permitted(&r, "QCOW2"), "formats");
	ok(!rules_format_permitted(&r, "vmdk") && !rules_format_permitted(&r, "ra"), "no others");
	is_int(r.tls_min, PARAMS_TLS_1_3, "TLS 1.3");
	r = rules_of("{}");
	ok(!r.no_md5 && !r.no_deep_inspection && !r.bios_bootloader,
		"an older Ironic says nothing");
	ok(rules_format_permitted(&r, "vmdk"), "and permits everything");
	r = rules_of("{\"permitted_image_formats\":[7,null],\"tls_min_version\":3,"
		     "\"agent_md5_checksum_enable\":\"no\",\"tls_cipher_suites\":{}}");
	ok(rules_format_permitted(&r, "raw") && !r.tls_ciphers[0],
		"nonsense is as if it were not there");
}

static void is_priority(const char *config, enum params_tls min, const char *want, const char *what)
{
	struct rules r = rules_of(config);
	char text[RULES_PRIORITY_MAX];
	gnutls_priority_t p = NULL;

	rules_tls_priority(&r, min, text);
	is_str(text, want, "%s", what);
	is_int(gnutls_priority_init(&p, text, NULL), 0, "which GnuTLS takes");
	gnutls_priority_deinit(p);
}

static void test_priority(void)
{
	is_priority("{}", PARAMS_TLS_1_2, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
		"TLS 1.3, and 1.2");
	is_priority(
		"{}", PARAMS_TLS_1_3, "NORMAL:-VERS-ALL:+VERS-TLS1.3", "1.3 only, by parameter");
	is_priority("{\"tls_min_version\":\"TLSv1.3\"}", PARAMS_TLS_1_2,
		"NORMAL:-VERS-ALL:+VERS-TLS1.3", "1.3 only, by lookup");
	is_priority("{\"tls_cipher_suites\":\"ECDHE-RSA-AES256-GCM-SHA384:"
		    "ECDHE-ECDSA-AES256-GCM-SHA384\"}",
		PARAMS_TLS_1_2,
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM",
		"OpenSSL's names, those for our kind of key");
	is_priority("{\"tls_cipher_suites\":[\"FOO\"]}", PARAMS_TLS_1_2,
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
		"unknown ones do not shut everybody out");
}

int main(void)
{
	test_parse();
	test_priority();
	return done_testing();
}
