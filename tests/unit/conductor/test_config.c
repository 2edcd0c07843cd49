/* ingot.conf: defaults, types, and errors that name file and line. */
#include "conductor/config.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <stdlib.h>

static void refused(const char *text, const char *want, const char *what)
{
	struct config c;
	struct err e = {0};
	int r = config_parse(text, "x.conf", &c, &e);

	if (r == 0)
		config_done(&c);
	ok(r < 0 && strstr(e.text, want), "%s: %s", what, e.text);
}

static void defaults(void)
{
	struct config c;
	struct err e;

	is_int(config_parse("", "x.conf", &c, &e), 0, "an empty file is good");
	is_str(c.listen, "127.0.0.1:6385", "it listens on loopback, Ironic's port");
	is_str(c.auth, "none", "without authentication");
	is_str(c.dhcp, "none", "without DHCP");
	is_int(c.deploy_timeout, 1800, "and waits 1800 s for an agent");
	is_int(c.lldp_wait, 0, "which waits for no switch");
	config_done(&c);
}

static void values(void)
{
	struct config c;
	struct err e;
	int r = config_parse(
		"# a comment\n[api]\nlisten = [::1]:7000 ; why not\n[agent]\nfast_track=yes\n"
		"[boot]\ndhcp = full\ninterface = br0\nrange = 10.0.0.1,10.0.0.9\n"
		"[drivers]\nenabled_bios_interfaces = fake, no-bios\n"
		"default_bios_interface = no-bios\n[fake]\nvendor_delay = 1,5\n",
		"x.conf", &c, &e);

	if (!ok(r == 0, "a good file is read"))
		return;
	is_str(c.listen, "[::1]:7000", "text, without the comment");
	is_int(c.fast_track, 1, "yes is true");
	is_str(c.range, "10.0.0.1,10.0.0.9", "commas stay");
	is_str(c.enabled_interfaces[IF_BIOS], "fake, no-bios", "of each interface which there are");
	is_str(c.default_interfaces[IF_BIOS], "no-bios", "and the default");
	is_str(c.fake_delays[IF_VENDOR], "1,5", "and how long a fake one takes");
	is_str(c.fake_delays[IF_BIOS], "0", "or not");
	config_done(&c);
}

int main(void)
{
	defaults();
	values();
	refused("[api]\nlistn = 1\n", "x.conf:2: [api] listn: unknown key", "unknown key");
	refused("[apo]\nlisten = 1\n", "x.conf:2: [apo] listen: unknown section",
		"unknown section");
	refused("[api]\n\n\nauth = maybe\n",
		"x.conf:4: [api] auth = maybe: expected none|http_basic", "no such choice");
	refused("[drivers]\npower_timeout = 0\n",
		"x.conf:2: [drivers] power_timeout = 0: expected a number", "number out of range");
	refused("[agent]\nfast_track = 7\n", "expected true or false", "no truth value");
	refused("[api]\nlisten\n", "x.conf:2:", "no value");
	refused("listen = 1\n", "x.conf:1:", "key outside a section");
	refused("[api]\nlisten = 0.0.0.0:6385\n", "auth", "open to all without saying so");
	refused("[api]\nauth = http_basic\n", "htpasswd", "http_basic without a file");
	refused("[boot]\ndhcp = full\n", "interface", "DHCP without an interface");
	return done_testing();
}
