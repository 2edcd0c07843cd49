/* The kernel's command line: quoting as in the kernel, parameters as the Ironic agent reads them.
 */
#include "tests/unit/tap.h"

#include "agent/init/vmedia.h"

#include <errno.h>

static void test_words(void)
{
	struct cmdline c;

	cmdline_parse("  quiet a=1 b=\"x y\" \"c=d e\" a=2 empty= last\n", &c);
	is_int(c.n, 7, "seven words");
	ok(cmdline_has(&c, "quiet") && !cmdline_get(&c, "quiet"), "a word without value");
	is_str(cmdline_get(&c, "a"), "2", "the last one wins");
	is_str(cmdline_get(&c, "b"), "x y", "quotes around the value");
	is_str(cmdline_get(&c, "c"), "d e", "quotes around the word");
	is_str(cmdline_get(&c, "empty"), "", "an empty value");
	ok(cmdline_has(&c, "last"), "the line's end is no part of the word");
	ok(!cmdline_has(&c, "nothing"), "absent");
	cmdline_done(&c);
}

static int read(const char *line, struct params *p, struct err *e)
{
	struct cmdline c;
	int r;

	cmdline_parse(line, &c);
	r = params_from_cmdline(&c, p, e);
	cmdline_done(&c);
	return r;
}

static void test_defaults(void)
{
	struct params p;

	is_int(read("", &p, NULL), 0, "an empty line");
	is_int(p.n_api_urls, 0, "no API");
	is_int(p.listen_port, 9999, "port");
	is_int(p.lookup_timeout_s, 600, "lookup timeout");
	is_int(p.http_timeout_s, 30, "request timeout");
	is_str(p.bootif, "", "no BOOTIF");
	ok(!p.insecure && !p.debug, "secure and quiet");
	is_int(p.dhcp_wait_s, 60, "a minute for the interface that booted");
	is_int(p.ip_lookup_attempts, 6, "six tries to find our address");
	ok(!p.ntp_server && !p.vlan_interfaces && !p.dhcp_all && !p.shell,
		"nothing more asked for");
	params_done(&p);
}

static void test_all(void)
{
	struct params p;

	is_int(read("ipa-api-url=http://a:6385/,https://b/x ipa-agent-token=tok "
		    "ipa-inspection-callback-url=http://a/v1/continue_inspection "
		    "BOOTIF=01-52-54-00-AA-BB-0c ipa-insecure=1 ipa-debug ipa-listen-port=0 "
		    "ipa-lookup-timeout=5 ingot-boot-token=bt ipa-advertise-host=10.0.0.9",
		       &p, NULL),
		0, "reads");
	is_int(p.n_api_urls, 2, "two APIs");
	is_str(p.api_urls[0], "http://a:6385", "without a slash at the end");
	is_str(p.api_urls[1], "https://b/x", "the second");
	is_str(p.bootif, "52:54:00:aa:bb:0c", "BOOTIF in the common form");
	is_str(p.agent_token, "tok", "token");
	is_str(p.boot_token, "bt", "Ingot's boot token");
	is_str(p.inspection_callback_url, "http://a/v1/continue_inspection", "inspection");
	is_str(p.advertise_host, "10.0.0.9", "advertised address");
	ok(p.insecure && p.debug, "flags with and without a value");
	is_int(p.listen_port, 0, "any port");
	is_int(p.lookup_timeout_s, 5, "lookup timeout");
	params_done(&p);
	is_int(read("ipa-ntp-server=a,b ipa-enable-vlan-interfaces=all ingot-modules=x,y "
		    "modprobe.blacklist=n ipa-inspection-dhcp-wait-timeout=0 ingot-watchdog=0 "
		    "ipa-inspection-dhcp-all-interfaces=true ipa-ip-lookup-attempts=2 ingot-shell",
		       &p, NULL),
		0, "reads those of the ramdisk");
	is_str(p.ntp_server, "a,b", "time servers");
	is_str(p.vlan_interfaces, "all", "VLANs");
	is_str(p.modules, "x,y", "further modules");
	is_str(p.module_blacklist, "n", "modules not to load");
	ok(p.dhcp_all && p.shell && !p.dhcp_wait_s && !p.watchdog_s && p.ip_lookup_attempts == 2,
		"flags and numbers");
	params_done(&p);
}

static void test_rest(void)
{
	struct params p;

	is_int(read("ipa-lldp-timeout=2.5 ipa-tls-min-version=1.3 ipa-tls-certificate-curve=P256 "
		    "ipa-advertise-protocol=https ipa-guard-special-filesystems=false "
		    "ipa-image-download-connection-retries=0 ipa-ip-lookup-attempts=2 "
		    "ipa-inject-files-priority=45 ipa-ntp-server=10.0.0.1 boot_method=vmedia "
		    "ipa-use-mdns=true ipa-image-download-max-duration=900 ipa-listen-port=9998 "
		    "sshkey=\"ssh-ed25519 AAAA me\"",
		       &p, NULL),
		0, "reads");
	is_int(p.lldp_timeout_ms, 2500, "a fraction of a second");
	ok(p.tls_min_version == PARAMS_TLS_1_3 && p.certificate_curve == PARAMS_CURVE_P256 &&
			p.advertise_protocol == PARAMS_PROTOCOL_HTTPS,
		"words");
	ok(!p.guard_special_filesystems && p.use_mdns && p.vmedia, "flags");
	is_int(p.image_retries, 0, "no second try");
	is_int(p.image_max_s, 900, "longest download");
	is_int(p.inject_files_priority, 45, "priority of a step");
	is_int(p.advertise_port, 9998, "the port it listens on is told");
	is_str(p.ntp_server, "10.0.0.1", "NTP server");
	is_str(p.ssh_key, "ssh-ed25519 AAAA me", "a public key");
	params_done(&p);
	is_int(read("lldp-timeout=10", &p, NULL), 0, "an old name");
	is_int(p.lldp_timeout_ms, 10000, "still counts");
	ok(p.guard_special_filesystems && !p.collect_lldp, "defaults of flags");
	params_done(&p);
}

/* As Ironic writes it for a floppy image: a parameter a line. */
static void test_vmedia(void)
{
	static const char file[] =
		"ipa-api-url=http://10.0.0.1:6385\nipa-agent-token=from-the-medium\n"
		"boot_method=vmedia\nipa-debug=1\n";
	struct params p;
	struct err e;

	is_int(vmedia_params("quiet boot_method=vmedia ipa-api-url=http://old "
			     "BOOTIF=01-52-54-00-00-00-07",
		       file, &p, &e),
		0, "both are read");
	is_str(p.api_urls[0], "http://10.0.0.1:6385", "the medium wins over the command line");
	is_int(p.n_api_urls, 1, "and does not add to it");
	is_str(p.agent_token, "from-the-medium", "a token");
	is_str(p.bootif, "52:54:00:00:00:07", "what only the command line has stays");
	ok(p.vmedia && p.debug, "flags");
	params_done(&p);
	is_int(vmedia_params("quiet", "ipa-listen-port=x", &p, &e), -EINVAL, "nonsense is named");
	ok(strstr(e.text, "ipa-listen-port"), "as ever: %s", e.text);
	params_done(&p);
}

static void test_wrong(void)
{
	static const char *const lines[] = {"ipa-listen-port=65536", "ipa-listen-port=x",
		"BOOTIF=01-52-54-00-aa-bb", "BOOTIF=eth0", "ipa-insecure=maybe",
		"ipa-lookup-timeout=-1", "ipa-lldp-timeout=1.2345x",
		"ipa-lldp-timeout=", "ipa-lldp-timeout=9999", "ipa-tls-min-version=1.1",
		"ipa-tls-certificate-curve=p224", "ipa-advertise-protocol=ftp"};
	struct params p;
	struct err e;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		is_int(read(lines[i], &p, &e), -EINVAL, "%s is refused", lines[i]);
		ok(strstr(e.text, strtok(strdupa(lines[i]), "=")), "and named: %s", e.text);
		params_done(&p);
	}
}

int main(void)
{
	test_words();
	test_defaults();
	test_all();
	test_rest();
	test_vmedia();
	test_wrong();
	return done_testing();
}
