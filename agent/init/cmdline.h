/* The kernel's command line and the agent's parameters on it. No I/O. */
#ifndef AGENT_INIT_CMDLINE_H
#define AGENT_INIT_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/init/paramwords.h"
#include "lib/base/err.h"

#define CMDLINE_MAX	 65536
#define CMDLINE_WORDS	 512
#define PARAMS_URLS_MAX	 8
#define PARAMS_TOKEN_MAX 256

/* Words of a command line: "key", "key=value", 'key="value with spaces"' (kernel's own quoting). */
struct cmdline {
	char *text; /* the words, cut apart */
	struct cmdline_word {
		const char *key;
		const char *value; /* NULL for a word without '=' */
	} words[CMDLINE_WORDS];
	size_t n;
};

/* Cuts the line apart; words beyond CMDLINE_WORDS are dropped. */
void cmdline_parse(const char *line, struct cmdline *ret);
void cmdline_done(struct cmdline *c);

/* The last word of this key wins, as in the kernel. NULL when absent or without a value. */
const char *cmdline_get(const struct cmdline *c, const char *key);
bool cmdline_has(const struct cmdline *c, const char *key);

/*
 * What the agent is told at boot (the Ironic agent's kernel parameters, and Ingot's own, which
 * begin with "ingot-"). Times are in the unit that the name says.
 */
struct params {
	char *api_urls[PARAMS_URLS_MAX]; /* ipa-api-url, without a trailing '/'; "mdns": ask for it
					  */
	size_t n_api_urls;
	char *inspection_callback_url; /* NULL: no inspection; "mdns": as the API */
	char *inspection_collectors;   /* comma list, NULL: default ones */
	char *agent_token;	       /* NULL: comes with the lookup */
	char *boot_token;	       /* ingot-boot-token */
	char *api_version;	       /* ipa-ironic-api-version, NULL: ask */
	char *listen_host;	       /* ipa-listen-host, NULL: the advertised one */
	char *advertise_host;	       /* NULL: the address of ours that reaches the API */
	char *network_interface;       /* ipa-network-interface: whose address to advertise */
	char *global_request_id;       /* NULL: none */
	char *ca_file;		       /* ipa-cafile; NULL: the system's */
	char *ntp_server;	       /* a comma list, NULL: the conductor's Date */
	char *vlan_interfaces;	       /* ipa-enable-vlan-interfaces: "all", names, "name.vid" */
	char *modules;		       /* ingot-modules: further ones to load, a comma list */
	char *module_blacklist;	       /* modprobe.blacklist: never loaded, a comma list */
	char *ssh_key;		       /* sshkey: a public key for the rescue system's users */
	char bootif[18];	       /* "aa:bb:cc:dd:ee:ff", "" when not given */
	enum params_protocol advertise_protocol;
	enum params_tls tls_min_version; /* of the agent's own server and of its requests */
	enum params_curve certificate_curve;
	int listen_port;	/* 9999 */
	int advertise_port;	/* listen_port unless given */
	int lookup_timeout_s;	/* 600; the ramdisk goes on after it, a host program ends */
	int lookup_interval_s;	/* the first pause between two lookups; 0: short ones that grow */
	int ip_lookup_attempts; /* 6: how often to look for our own address */
	int ip_lookup_pause_s;	/* 10: between two of them; ipa-ip-lookup-timeout */
	int http_timeout_s;	/* 30 */
	int lldp_timeout_ms;	/* 30000 */
	int hardware_delay_s;	/* 0: ipa-hardware-initialization-delay */
	int disk_wait_attempts; /* 10 */
	int disk_wait_delay_s;	/* 3 */
	int dhcp_wait_s;	/* 60: before an inspection, for addresses; 0: do not wait */
	int image_timeout_s;	/* 60: a download that stands still for so long was cut */
	int image_retries;	/* 9 */
	int image_pause_s;	/* between two of them; 0: short ones that grow */
	int image_max_s;	/* ipa-image-download-max-duration; 0: no limit */
	int inject_files_priority; /* of the deploy step; 0: only when asked for */
	int fatal_reboot_s; /* ingot-fatal-reboot: reboot so long after a fatal error; 0: never */
	int watchdog_s;	    /* ingot-watchdog, 60; 0: leave it alone */
	bool insecure;	    /* any certificate of the API is good */
	bool debug;
	bool shell;	   /* ingot-shell: a key on the console gives one, if there is one */
	bool use_mdns;	   /* ipa-use-mdns: look for an API that is not given */
	bool vmedia;	   /* boot_method=vmedia */
	bool collect_lldp; /* false: only the collector "lldp" listens */
	bool dhcp_all;	   /* dhcp_wait_s is for all NICs, not only the booting one */
	bool ignore_bootloader_failure; /* whatever install_bootloader is told */
	bool guard_special_filesystems; /* true: VMFS, GPFS and the like are not erased */
};

/* Reads them out. -EINVAL names the first parameter that has an impossible value. */
int params_from_cmdline(const struct cmdline *c, struct params *ret, struct err *e);
void params_done(struct params *p);

#endif
