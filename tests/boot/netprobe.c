/*
 * The ramdisk's network code in a network namespace: does what the ramdisk does up to its address,
 * prints what came of it, stays until its input closes, and takes the network down.
 *
 *   netprobe RESOLV-CONF SECONDS "KERNEL PARAMETERS" [NETWORK-DATA-FILE]
 */
#include "agent/init/net/net.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int plan(struct net *net, const char *path, struct err *e)
{
	_cleanup_free_ struct netdata *d = xcalloc(1, sizeof(*d));
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = fs_read(path, NETDATA_BYTES_MAX, &text, &len, e);

	if (r == 0)
		r = netdata_parse(text, len, d, e);
	net_plan(net, r == 0 ? d : NULL);
	return r;
}

static void report(struct net *net, const char *word)
{
	_cleanup_free_ char *text = net_text(net);

	printf("%s\n%send\n", word, text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct sysroot sr = {.root = ""};
	struct net_config config = {.sr = &sr, .virtual_too = true};
	struct net *net = NULL;
	struct lldp *lldp = NULL;
	struct params params;
	struct cmdline c;
	struct err e;
	char line[16];
	bool up;
	int r;

	if (argc < 4)
		return 2;
	cmdline_parse(argv[3], &c);
	r = params_from_cmdline(&c, &params, &e);
	config.params = &params;
	config.journal = journal_new();
	config.resolv_conf = argv[1];
	config.hold = argc > 4;
	if (r == 0)
		r = net_start(&config, &net, &e);
	if (r == 0 && params.vlan_interfaces && lldp_start(&sr, &lldp, &e) == 0)
		net_set_lldp(net, lldp);
	if (r == 0 && argc > 4)
		r = plan(net, argv[4], &e);
	if (r < 0)
		printf("error %s\n", e.text);
	fflush(stdout);
	if (!net)
		return 1;
	up = params.dhcp_all ? net_wait_all(net, atoi(argv[2]) * 1000)
			     : net_wait(net, atoi(argv[2]) * 1000);
	report(net, up ? "up" : "not up");
	while (fgets(line, sizeof(line), stdin))
		report(net, "now");
	net_stop(net);
	lldp_stop(lldp);
	journal_free(config.journal);
	cmdline_done(&c);
	params_done(&params);
	return 0;
}
