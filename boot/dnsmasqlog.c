/*
 * Reads dnsmasq's log (log-dhcp, version 2.90 and 2.91) line by line. Machines choose part of each
 * line (class names, host names), so nothing here trusts a length, a format or an order.
 */
#include "boot/dnsmasqlog.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "boot/text.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

/* A line under work: what is left of it. */
struct cursor {
	const char *p, *end;
};

static bool skip(struct cursor *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->p) < len || memcmp(c->p, word, len) != 0)
		return false;
	c->p += len;
	return true;
}

static void skip_spaces(struct cursor *c)
{
	while (c->p < c->end && *c->p == ' ')
		c->p++;
}

/* Up to the next space, cut to size. */
static void take_word(struct cursor *c, char *dst, size_t size)
{
	const char *start = c->p;

	while (c->p < c->end && *c->p != ' ')
		c->p++;
	text_copy(dst, size, start, (size_t)(c->p - start));
	skip_spaces(c);
}

/* "dnsmasq-dhcp[123]: " gives true for -dhcp; "dnsmasq[123]: " false; the cursor is behind either.
 */
static bool skip_program(struct cursor *c)
{
	const char *colon = memchr(c->p, ':', (size_t)(c->end - c->p));
	bool dhcp;

	if (!skip(c, "dnsmasq"))
		return false;
	dhcp = skip(c, "-dhcp");
	if (colon && colon >= c->p)
		c->p = colon + 1;
	skip_spaces(c);
	return dhcp;
}

static void take_xid(struct cursor *c, uint32_t *ret)
{
	uint64_t v = 0;
	const char *p = c->p;

	while (p < c->end && isdigit((unsigned char)*p) && p - c->p < 10)
		v = v * 10 + (uint64_t)(*p++ - '0');
	if (p == c->p || p == c->end || *p != ' ' || v > UINT32_MAX)
		return;
	*ret = (uint32_t)v;
	c->p = p + 1;
}

/* "DHCPOFFER(br0) 10.77.0.199 52:54:00:77:00:01 a remark"; the address may be missing. */
static bool take_message(struct cursor *c, struct dnsmasq_line *ret)
{
	struct cursor look = *c;
	struct in_addr addr;
	char word[64], mac[BOOT_MAC_TEXT];
	size_t n = 0;

	if (!skip(&look, "DHCP") && !(look.end - look.p > 3 && !memcmp(look.p, "PXE", 3)))
		return false;
	while (look.p + n < look.end && isupper((unsigned char)look.p[n]))
		n++;
	if (!n || look.p + n == look.end || look.p[n] != '(')
		return false;
	text_copy(ret->message, sizeof(ret->message), look.p, n);
	take_word(&look, word, sizeof(word)); /* the interface */
	*c = look;
	take_word(&look, word, sizeof(word));
	if (inet_pton(AF_INET, word, &addr) == 1) {
		str_copy(ret->ip, sizeof(ret->ip), word);
		*c = look;
		take_word(&look, word, sizeof(word));
	}
	if (text_mac(word, mac)) {
		str_copy(ret->mac, sizeof(ret->mac), mac);
		*c = look;
	}
	return true;
}

/* "sent size: 11 option: 67 bootfile-name  snponly.efi" and "bootfile name: snponly.efi". */
static bool skip_bootfile(struct cursor *c)
{
	struct cursor look = *c;

	if (skip(c, "bootfile name: "))
		return true;
	if (!skip(&look, "sent size:"))
		return false;
	for (; look.p < look.end; look.p++)
		if (skip(&look, "option: 67 bootfile-name"))
			break;
	if (look.p == look.end)
		return false;
	skip_spaces(&look);
	*c = look;
	return true;
}

void dnsmasq_line_parse(const char *line, size_t len, struct dnsmasq_line *ret)
{
	struct cursor c = {line, line + len};

	memset(ret, 0, sizeof(*ret));
	if (!skip_program(&c)) {
		/* without log-facility's prefix it is what the program says before it logs */
		ret->kind = DNSMASQ_SERVICE;
	} else {
		take_xid(&c, &ret->xid);
		if (take_message(&c, ret))
			ret->kind = DNSMASQ_MESSAGE;
		else if (skip(&c, "vendor class: "))
			ret->kind = DNSMASQ_VENDOR_CLASS;
		else if (skip(&c, "user class: "))
			ret->kind = DNSMASQ_USER_CLASS;
		else if (skip_bootfile(&c))
			ret->kind = DNSMASQ_BOOTFILE;
	}
	while (c.end > c.p && c.end[-1] == ' ')
		c.end--;
	text_copy(ret->text, sizeof(ret->text), c.p, (size_t)(c.end - c.p));
}

/* IANA, "Processor Architecture Types" of RFC 5970. */
static const struct {
	int arch;
	const char *name;
} arch_names[] = {
	{0, "BIOS"},
	{6, "UEFI x86"},
	{7, "UEFI x86-64"},
	{9, "UEFI x86-64"}, /* registered for EBC and used by firmware for x86-64 */
	{10, "UEFI ARM"},
	{11, "UEFI ARM64"},
	{15, "UEFI x86 HTTP"},
	{16, "UEFI x86-64 HTTP"},
	{19, "UEFI ARM64 HTTP"},
	{27, "UEFI RISC-V 64"},
	{28, "UEFI RISC-V 64 HTTP"},
};

const char *dnsmasq_arch_name(int arch)
{
	for (size_t i = 0; i < ARRAY_SIZE(arch_names); i++)
		if (arch_names[i].arch == arch)
			return arch_names[i].name;
	return "unknown";
}

void dnsmasq_log_init(struct dnsmasq_log *log, void (*emit)(void *, const struct boot_event *),
	void (*lease)(void *, const char *, const char *), void *data)
{
	memset(log, 0, sizeof(*log));
	for (size_t i = 0; i < DNSMASQ_LOG_SLOTS; i++)
		log->facts[i].arch = -1;
	log->emit = emit;
	log->lease = lease;
	log->data = data;
}

void dnsmasq_log_flush(struct dnsmasq_log *log)
{
	if (!log->pending)
		return;
	log->pending = false;
	log->emit(log->data, &log->event);
}

static struct dnsmasq_facts *facts_of(struct dnsmasq_log *log, uint32_t xid)
{
	struct dnsmasq_facts *f = &log->facts[xid % DNSMASQ_LOG_SLOTS];

	if (f->xid != xid)
		*f = (struct dnsmasq_facts){.xid = xid, .arch = -1};
	return f;
}

/* "PXEClient:Arch:00007:UNDI:003000" and "HTTPClient:Arch:00016:..." */
static void note_vendor_class(struct dnsmasq_facts *f, const char *text)
{
	const char *arch = strstr(text, "Client:Arch:");

	f->arch = arch ? atoi(arch + strlen("Client:Arch:")) : -1;
	f->ipxe = false; /* the user class line, if any, follows */
}

/* What becomes of a message; `held` ones wait for their boot file. */
static const struct message_rule {
	const char *message;
	enum boot_event_kind kind;
	bool asks; /* tells what the client is */
	bool held;
	bool ok;
} message_rules[] = {
	{.message = "DISCOVER", .kind = BOOT_EVENT_DHCP_DISCOVER, .asks = true, .ok = true},
	{.message = "OFFER", .kind = BOOT_EVENT_DHCP_OFFER, .held = true, .ok = true},
	{.message = "REQUEST", .kind = BOOT_EVENT_DHCP_REQUEST, .asks = true, .ok = true},
	{.message = "ACK", .kind = BOOT_EVENT_DHCP_ACK, .held = true, .ok = true},
	{.message = "NAK", .kind = BOOT_EVENT_DHCP_NAK},
	{.message = "DECLINE", .kind = BOOT_EVENT_DHCP_NAK},
	/* proxyDHCP: an offer of a boot file, without an address */
	{.message = "PXE", .kind = BOOT_EVENT_DHCP_OFFER, .held = true, .ok = true},
};

static void describe_client(const struct dnsmasq_facts *f, char *dst, size_t size)
{
	if (f->arch >= 0)
		snprintf(dst, size, "arch %d (%s), %s", f->arch, dnsmasq_arch_name(f->arch),
			f->ipxe ? "iPXE" : "firmware");
	else
		str_copy(dst, size, "no network boot");
}

static void take_rule(
	struct dnsmasq_log *log, const struct dnsmasq_line *l, const struct message_rule *rule)
{
	struct boot_event *ev = &log->event;
	bool refused = strstr(l->text, "no address") || strstr(l->text, "ignored") ||
		       strstr(l->text, "not using");

	*ev = (struct boot_event){.kind = rule->kind, .ok = rule->ok, .wall_us = time_wall_us()};
	str_copy(ev->mac, sizeof(ev->mac), l->mac);
	str_copy(ev->ip, sizeof(ev->ip), l->ip);
	if (rule->asks)
		describe_client(facts_of(log, l->xid), ev->detail, sizeof(ev->detail));
	else
		str_copy(ev->detail, sizeof(ev->detail), l->text);
	if (rule->asks && refused) {
		size_t n = strlen(ev->detail);

		snprintf(ev->detail + n, sizeof(ev->detail) - n, ": %s", l->text);
		ev->kind = BOOT_EVENT_DHCP_NAK;
		ev->ok = false;
	}
	if (rule->kind == BOOT_EVENT_DHCP_ACK && *l->ip && *l->mac)
		log->lease(log->data, l->ip, l->mac);
	log->pending = true;
	log->pending_xid = l->xid;
	if (!rule->held)
		dnsmasq_log_flush(log);
}

static void take_service_line(struct dnsmasq_log *log, const struct dnsmasq_line *l)
{
	struct boot_event ev = {.kind = BOOT_EVENT_SERVICE, .wall_us = time_wall_us(), .ok = true};

	if (!*l->text || str_starts(l->text, "compile time options"))
		return;
	if (strstr(l->text, "failed") || strstr(l->text, "FAILED") || strstr(l->text, "cannot") ||
		strstr(l->text, "bad "))
		ev.ok = false;
	snprintf(ev.detail, sizeof(ev.detail), "dnsmasq: %s", l->text);
	log->emit(log->data, &ev);
}

void dnsmasq_log_line(struct dnsmasq_log *log, const char *line, size_t len)
{
	struct dnsmasq_line l;

	dnsmasq_line_parse(line, len, &l);
	if (log->pending && (l.xid != log->pending_xid || l.kind == DNSMASQ_MESSAGE))
		dnsmasq_log_flush(log);
	switch (l.kind) {
	case DNSMASQ_VENDOR_CLASS:
		note_vendor_class(facts_of(log, l.xid), l.text);
		break;
	case DNSMASQ_USER_CLASS:
		facts_of(log, l.xid)->ipxe = str_eq(l.text, "iPXE");
		break;
	case DNSMASQ_BOOTFILE:
		if (!log->pending)
			break;
		snprintf(log->event.detail, sizeof(log->event.detail), "boot file %s", l.text);
		dnsmasq_log_flush(log);
		break;
	case DNSMASQ_MESSAGE:
		for (size_t i = 0; i < ARRAY_SIZE(message_rules); i++)
			if (str_eq(l.message, message_rules[i].message))
				take_rule(log, &l, &message_rules[i]);
		break;
	case DNSMASQ_SERVICE:
		take_service_line(log, &l);
		break;
	case DNSMASQ_OTHER:
		break;
	}
}
