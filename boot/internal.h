/* struct boot, shared by the files that make it up: boot.c, ask.c, route.c, dhcp.c. */
#ifndef BOOT_INTERNAL_H
#define BOOT_INTERNAL_H

#include "boot/boot.h"
#include "boot/dnsmasqlog.h"
#include "boot/health.h"
#include "boot/machines.h"
#include "boot/service.h"
#include "boot/settings.h"
#include "boot/tftp.h"
#include "boot/web.h"

#define BOOT_MACHINES_MAX 16384
#define BOOT_TOKEN_MS	  (60 * 60 * 1000)
#define BOOT_ASKS_MAX	  1024

/* A machine that waits for its script. */
struct open_ask {
	struct list in_list;
	struct http_req *req;
	struct boot_ask ask;
	int64_t deadline_ms;
};

struct boot {
	uv_loop_t *loop;
	struct boot_settings settings;
	boot_policy_fn *policy;
	boot_event_fn *event;
	void *data;

	struct boot_network network;
	struct in6_addr ula; /* added by us, to be removed */
	bool ula_added;
	char *url; /* NULL: no HTTP */
	struct machines machines;
	struct list asks; /* oldest first */
	unsigned n_asks;
	uint64_t next_ask_id;

	struct web *web;
	struct tftp *tftp;
	struct service *tftpd, *dnsmasq;
	struct dnsmasq_log dnsmasq_log;
	uv_timer_t tick;       /* each second while asks are open or hosts changed */
	uv_timer_t flush_soon; /* a DHCP event that waits for its boot file */
	bool hosts_changed;
	struct part_health health[BOOT_PART_COUNT];
	unsigned interface_index; /* 0: it is not there, or has not our address */

	bool started, stopping;
	int open; /* parts that are not closed yet */
	void (*stopped)(void *data);
	void *stopped_data;
};

/* Fills in the MAC from the lease when the event has none, and gives it to the owner. */
void boot_emit(struct boot *b, struct boot_event *ev);
void boot_say(struct boot *b, enum boot_event_kind kind, bool good, const char *mac, const char *ip,
	const char *fmt, ...) __attribute__((format(printf, 6, 7)));
void boot_part_closed(void *boot);

/* route.c: a request or the end of a reply; hooks of struct web. */
void route_request(void *boot, struct http_req *req);
void route_sent(void *boot, const struct web_sent *sent);

/* ask.c */
void ask_open(struct boot *b, struct http_req *req);
void ask_expire(struct boot *b, int64_t now_ms); /* those whose time is over get a wait script */
void ask_close_all(struct boot *b);

/* dhcp.c: dnsmasq's files and its start. */
int dhcp_prepare(struct boot *b, struct err *e);
void dhcp_start(struct boot *b);
void dhcp_tick(struct boot *b);

#endif
