/*
 * Boot services: everything between power-on and the agent. Starts and watches dnsmasq and
 * in.tftpd, serves scripts, kernels and ramdisks over HTTP, asks its owner what a machine is to
 * boot, and tells its owner each step a machine took. It knows machines by MAC address only, never
 * nodes.
 *
 * Everything here is called on, and calls back on, the thread of the uv loop given to boot_new().
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "lib/base/err.h"

#define BOOT_MAC_TEXT	18 /* "52:54:00:77:00:01", lower case */
#define BOOT_TOKEN_TEXT 44 /* 32 random bytes as URL-safe base64 */
#define BOOT_FACT_TEXT	65 /* SMBIOS strings are cut at 64 bytes */

enum boot_dhcp {
	BOOT_DHCP_NONE,	 /* the site's own DHCP server names our address; nothing is started for it
			  */
	BOOT_DHCP_PROXY, /* the site's server gives addresses, ours adds only what to boot */
	BOOT_DHCP_FULL,	 /* ours gives addresses of `range` as well */
};

/*
 * iPXE of Debian 12 asks for an IPv6 router and waits 16 s when nobody answers. dnsmasq answers
 * when the interface has an IPv6 address of its own other than link-local.
 */
enum boot_ra {
	BOOT_RA_AUTO, /* answer when the interface has such an address */
	BOOT_RA_OFF,
	BOOT_RA_ADD, /* add a unique local address (RFC 4193) to the interface when it has none */
};

/* Strings are copied by boot_new(). NULL or "" takes the default. */
struct boot_config {
	enum boot_dhcp dhcp;
	enum boot_ra ra;
	const char *interface;	 /* e.g. "br0"; needed unless dhcp is none */
	const char *address;	 /* own IPv4 address there; default: the interface's first */
	const char *range;	 /* "first,last[,netmask[,lease]]"; needed when dhcp is full */
	const char *http_listen; /* "ADDRESS:PORT"; default: `address`, port 8080 */
	const char *state_dir;	 /* generated files and leases; default /var/lib/ingot/boot */
	const char *tftp_root;	 /* default: state_dir/tftp; filled from firmware_dirs */
	const char
		*firmware_dirs; /* ':' between folders; default: build output, then /usr/lib/ipxe */
	const char *kernel;	/* the agent's; default /usr/local/share/ingot/agent/vmlinuz */
	const char *ramdisk;	/* default /usr/local/share/ingot/agent/initramfs */
	const char *rescue_ramdisk; /* for rescue; default .../initramfs-rescue where it is, else
				       ramdisk */
	const char
		*archives; /* comma list: given to the kernel after the ramdisk (firmware files) */
	unsigned ask_timeout_s; /* an unanswered question becomes BOOT_WAIT; default 20 */
};

enum boot_platform { BOOT_PLATFORM_UNKNOWN, BOOT_PLATFORM_PCBIOS, BOOT_PLATFORM_EFI };

/* What a machine says of itself when it fetches its script: claims, not truth. Printable ASCII. */
struct boot_ask {
	uint64_t id; /* names this question in boot_answer() */
	char mac[BOOT_MAC_TEXT];
	char ip[46];
	enum boot_platform platform;
	char arch[16]; /* iPXE's ${buildarch}: i386, x86_64, arm64 */
	char uuid[37]; /* SMBIOS; "" when absent or malformed, as all below */
	char serial[BOOT_FACT_TEXT];
	char manufacturer[BOOT_FACT_TEXT];
	char product[BOOT_FACT_TEXT];
	char asset[BOOT_FACT_TEXT];
	char firmware[BOOT_FACT_TEXT]; /* BIOS or UEFI version */
	unsigned tries;		       /* questions of this MAC answered with BOOT_WAIT in a row */
};

enum boot_action {
	BOOT_WAIT,  /* show `message` on the machine's console, ask again after `retry_s` */
	BOOT_AGENT, /* kernel and ramdisk with `cmdline` */
	BOOT_DISK,  /* hand over to the local disk's boot loader */
	BOOT_ACTION_COUNT
};

/*
 * `cmdline` may contain %token% (this boot's one-time token) and %mac% (the MAC of the NIC that
 * boots, as aa:bb:..). " BOOTIF=01-aa-bb-.." is appended when the text has no BOOTIF= of its own.
 * Control characters and text beyond 1500 bytes are refused.
 */
struct boot_answer {
	enum boot_action action;
	const char *cmdline; /* BOOT_AGENT */
	const char *kernel;  /* BOOT_AGENT: a local file; NULL: the configured one */
	const char *ramdisk; /* the same */
	bool rescue;	     /* the configured one is that for rescue */
	unsigned retry_s;    /* BOOT_WAIT: 1..300; 0: a back-off from 2 s to 30 s by `tries` */
	const char *message; /* shown on the console and recorded as the reason; may be NULL */
	char *ret_token;     /* BOOT_AGENT: NULL, or BOOT_TOKEN_TEXT bytes that get the token */
};

enum boot_event_kind {
	BOOT_EVENT_DHCP_DISCOVER, /* detail: what it asked for, e.g. "arch 7 (UEFI x86-64),
				     firmware" */
	BOOT_EVENT_DHCP_OFFER,	  /* detail: the address and the boot file that were offered */
	BOOT_EVENT_DHCP_REQUEST,
	BOOT_EVENT_DHCP_ACK, /* ip: the address given */
	BOOT_EVENT_DHCP_NAK, /* also "no address available" and "not using configured address" */
	BOOT_EVENT_TFTP_START,
	BOOT_EVENT_TFTP_END,	    /* ok false: aborted or not found, detail says why */
	BOOT_EVENT_SCRIPT_ASKED,    /* detail: platform, arch, product, serial */
	BOOT_EVENT_SCRIPT_ANSWERED, /* detail: the decision and why */
	BOOT_EVENT_FETCH,	    /* the transfer of kernel or ramdisk began: detail says which */
	BOOT_EVENT_KERNEL,	    /* bytes sent; ok: whole, otherwise aborted */
	BOOT_EVENT_RAMDISK,
	BOOT_EVENT_FILE,      /* another file over HTTP: detail names it */
	BOOT_EVENT_NOT_FOUND, /* a request for something that is not there, or a token that is over
			       */
	BOOT_EVENT_SERVICE,   /* mac "": dnsmasq or in.tftpd started, ended, starts again, complains
			       */
	BOOT_EVENT_COUNT
};

struct boot_event {
	enum boot_event_kind kind;
	char mac[BOOT_MAC_TEXT]; /* "" when not known */
	char ip[46];		 /* "" when not known */
	int64_t wall_us;
	uint64_t bytes;
	bool ok;
	char detail[256]; /* printable ASCII */
};

const char *boot_event_name(enum boot_event_kind kind); /* "dhcp-discover", ... */

struct boot;

/* A machine wants its script: call boot_answer(b, ask->id, ...) now or later. `ask` ends with the
 * call. */
typedef void boot_policy_fn(void *data, struct boot *b, const struct boot_ask *ask);
typedef void boot_event_fn(void *data, const struct boot_event *event);

/*
 * Checks and copies the configuration; starts nothing. -EINVAL names the key that is wrong. The
 * policy and event functions must not be NULL, and must not call boot_free().
 */
int boot_new(uv_loop_t *loop, const struct boot_config *config, boot_policy_fn *policy,
	boot_event_fn *event, void *data, struct boot **ret, struct err *e);

/*
 * Prepares folders and the TFTP root, writes dnsmasq's configuration, starts the HTTP server and
 * the services. Fails when an address cannot be bound or a program is missing; boot_stop() is then
 * needed all the same before boot_free(). With dhcp = none and neither interface, address nor
 * http_listen nothing is started and the result is 0.
 */
int boot_start(struct boot *b, struct err *e);

/*
 * Ends services (SIGTERM, after 2 s SIGKILL), answers no more questions, and calls done(data) once
 * all children are reaped and all handles closed, at the latest after 5 s. May be called also when
 * not started.
 */
void boot_stop(struct boot *b, void (*done)(void *data), void *data);
void boot_free(struct boot *b); /* after done(); takes NULL */

/*
 * Answers one question. 0; -ESTALE when the machine no longer waits (it timed out or went away;
 * harmless); -EINVAL when the answer is malformed (the machine is told to wait) or its kernel or
 * ramdisk cannot be read.
 */
int boot_answer(struct boot *b, uint64_t ask_id, const struct boot_answer *answer, struct err *e);

/* True when the token was given to this MAC's current boot and is not over. Constant time in the
 * token. */
bool boot_token_valid(struct boot *b, const char *mac, const char *token);

/*
 * Fixes the IPv4 address that dnsmasq gives to a MAC, or with ip = NULL lets it choose again. Takes
 * effect within a second. The address should lie in the range's network.
 */
int boot_fix_address(struct boot *b, const char *mac, const char *ip, struct err *e);

/*
 * How many of the parts that machines need to boot (the interface, dnsmasq, in.tftpd) are out of
 * order now; what is wrong with them as text in buf, "" when nothing is.
 */
unsigned boot_troubles(const struct boot *b, char *buf, size_t size);

/*
 * The services run below small launchers, which are this same program run again. main() must begin
 * with if (boot_child_wanted(argc, argv)) return boot_child_main(argc, argv); before it reads
 * options or starts threads. A program that embeds boot without this cannot start services.
 */
bool boot_child_wanted(int argc, char **argv);
int boot_child_main(int argc, char **argv);

#endif
