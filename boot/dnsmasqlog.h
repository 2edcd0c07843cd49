/* What dnsmasq's log lines say about machines that boot; pure text, no I/O. */
#ifndef BOOT_DNSMASQLOG_H
#define BOOT_DNSMASQLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot.h"

enum dnsmasq_line_kind {
	DNSMASQ_OTHER,	      /* about options, ranges, advertisements: of no interest */
	DNSMASQ_MESSAGE,      /* "DHCPOFFER(br0) 10.77.0.199 52:54:00:77:00:01 ..." */
	DNSMASQ_VENDOR_CLASS, /* "vendor class: PXEClient:Arch:00007:UNDI:003000" */
	DNSMASQ_USER_CLASS,   /* "user class: iPXE" */
	DNSMASQ_BOOTFILE,     /* option 67 or the header's file field */
	DNSMASQ_SERVICE,      /* the program about itself: started, exiting, errors */
};

struct dnsmasq_line {
	enum dnsmasq_line_kind kind;
	uint32_t xid;		 /* 0 when the line has none */
	char message[16];	 /* MESSAGE: "DISCOVER", "OFFER", "PXE", ... */
	char ip[46];		 /* MESSAGE: "" when the line has none */
	char mac[BOOT_MAC_TEXT]; /* MESSAGE: "" when it is no Ethernet address */
	char text[128];		 /* the rest, printable ASCII: class, file, remark */
};

/* Reads one line without its line end. Anything can be given; what is not known is OTHER. */
void dnsmasq_line_parse(const char *line, size_t len, struct dnsmasq_line *ret);

/*
 * Collects lines of one transaction into events. An offer or acknowledgement waits for its boot
 * file line, which dnsmasq writes after it, and comes out at the latest with dnsmasq_log_flush().
 */
#define DNSMASQ_LOG_SLOTS 64

struct dnsmasq_log {
	struct dnsmasq_facts {
		uint32_t xid;
		int arch; /* RFC 4578 client architecture, -1 when not said */
		bool ipxe;
	} facts[DNSMASQ_LOG_SLOTS]; /* by xid modulo; a collision forgets, which costs a detail only
				     */
	bool pending;
	uint32_t pending_xid;
	struct boot_event event;
	void (*emit)(void *data, const struct boot_event *event);
	void (*lease)(void *data, const char *ip, const char *mac); /* at once, at each ACK */
	void *data;
};

void dnsmasq_log_init(struct dnsmasq_log *log, void (*emit)(void *, const struct boot_event *),
	void (*lease)(void *, const char *, const char *), void *data);
void dnsmasq_log_line(struct dnsmasq_log *log, const char *line, size_t len);
void dnsmasq_log_flush(struct dnsmasq_log *log);

/* "UEFI x86-64" for 7, "BIOS" for 0, ...; "unknown" otherwise. IANA's table for RFC 5970. */
const char *dnsmasq_arch_name(int arch);

#endif
