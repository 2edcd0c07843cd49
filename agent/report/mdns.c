/* Multicast DNS messages; see mdns.h. Every byte is from whoever is on the wire. */
#include "agent/report/mdns.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SERVICE	    "baremetal._openstack._tcp.local"
#define RECORDS_MAX 256
#define HEADER	    12
#define CLASS_IN    1
#define UNICAST	    0x8000 /* in a question's class: answer me alone (RFC 6762, 5.4) */

enum { TYPE_A = 1, TYPE_TXT = 16, TYPE_AAAA = 28, TYPE_SRV = 33 };

struct reader {
	const uint8_t *data;
	size_t len, at;
};

static int get16(struct reader *r, uint16_t *ret)
{
	if (r->len - r->at < 2)
		return -EBADMSG;
	*ret = get_be16(r->data + r->at);
	r->at += 2;
	return 0;
}

static int skip(struct reader *r, size_t n)
{
	if (r->len - r->at < n)
		return -EBADMSG;
	r->at += n;
	return 0;
}

/* Adds a label; what is no letter, digit, '-' or '_' makes the name unusable. */
static int add_label(char *ret, size_t *n, const uint8_t *label, size_t len)
{
	if (*n + len + 2 > MDNS_NAME_MAX)
		return -EBADMSG;
	if (*n)
		ret[(*n)++] = '.';
	for (size_t i = 0; i < len; i++) {
		bool plain = (label[i] | 0x20) >= 'a' && (label[i] | 0x20) <= 'z';

		plain |= (label[i] >= '0' && label[i] <= '9') || label[i] == '-' || label[i] == '_';
		ret[(*n)++] = plain ? (char)label[i] : '?';
	}
	return 0;
}

/* A name, with pointers (RFC 1035, 4.1.4), each of which has to point further back. */
static int get_name(struct reader *r, char ret[static MDNS_NAME_MAX])
{
	size_t at = r->at, n = 0, before = r->at;
	bool jumped = false;

	for (;;) {
		uint8_t len;

		if (at >= r->len)
			return -EBADMSG;
		len = r->data[at++];
		if (len >= 0xc0) {
			if (at >= r->len)
				return -EBADMSG;
			if (!jumped)
				r->at = at + 1;
			jumped = true;
			at = (size_t)(len & 0x3f) << 8 | r->data[at];
			if (at >= before)
				return -EBADMSG;
			before = at;
			continue;
		}
		if (len > 63 || len > r->len - at)
			return -EBADMSG;
		if (!len)
			break;
		if (add_label(ret, &n, r->data + at, len) < 0)
			return -EBADMSG;
		at += len;
	}
	if (!jumped)
		r->at = at;
	ret[n] = '\0';
	return 0;
}

static int take_srv(struct mdns *m, struct reader *r)
{
	char host[MDNS_NAME_MAX];
	uint16_t port;

	if (skip(r, 4) < 0 || get16(r, &port) < 0 || get_name(r, host) < 0)
		return -EBADMSG;
	if (!port || !host[0] || strchr(host, '?'))
		return -EBADMSG;
	m->port = port;
	str_copy(m->host, sizeof(m->host), host);
	return 0;
}

/* A text that may stand in a URL as it is. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f || strchr("\"<>\\^`{|}", *text))
			return false;
	return true;
}

static bool is_path(const char *text)
{
	return text[0] == '/' && !strpbrk(text, "?#");
}

static bool is_protocol(const char *text)
{
	return str_eq(text, "http") || str_eq(text, "https");
}

static bool is_url(const char *text)
{
	return str_starts(text, "http://") || str_starts(text, "https://");
}

/* "key=value"; nothing but these may come from a stranger. */
static void take_pair(struct mdns *m, const char *key, const char *value)
{
	const struct {
		const char *key;
		bool (*good)(const char *text);
		char *ret;
		size_t size;
	} pairs[] = {
		{"protocol", is_protocol, m->protocol, sizeof(m->protocol)},
		{"path", is_path, m->path, sizeof(m->path)},
		{"ipa_inspection_callback_url", is_url, m->inspection_callback_url,
			sizeof(m->inspection_callback_url)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (str_eq(key, pairs[i].key) && is_plain(value) && pairs[i].good(value) &&
			strlen(value) < pairs[i].size)
			str_copy(pairs[i].ret, pairs[i].size, value);
}

static int take_txt(struct mdns *m, struct reader *r, size_t end)
{
	char pair[256], *eq;

	while (r->at < end) {
		size_t len = r->data[r->at++];

		if (len > end - r->at)
			return -EBADMSG;
		memcpy(pair, r->data + r->at, len);
		pair[len] = '\0';
		r->at += len;
		eq = strchr(pair, '=');
		if (!eq || strlen(pair) != len)
			continue;
		*eq = '\0';
		take_pair(m, pair, eq + 1);
	}
	m->has_txt = true;
	return 0;
}

static int take_address(struct mdns *m, struct reader *r, const char *name, size_t len)
{
	struct mdns_address *a = &m->addresses[m->n_addresses];

	if (m->n_addresses == MDNS_ADDRESSES_MAX)
		return 0;
	str_copy(a->host, sizeof(a->host), name);
	memcpy(a->bytes, r->data + r->at, len);
	a->len = (uint8_t)len;
	m->n_addresses++;
	return 0;
}

static int take_record(struct mdns *m, struct reader *r)
{
	char name[MDNS_NAME_MAX];
	uint16_t type, class, len;
	size_t end;
	int result = 0;

	if (get_name(r, name) < 0 || get16(r, &type) < 0 || get16(r, &class) < 0 ||
		skip(r, 4) < 0 || get16(r, &len) < 0 || len > r->len - r->at)
		return -EBADMSG;
	end = r->at + len;
	if ((class & ~UNICAST) != CLASS_IN) /* the bit means here: forget others (10.2) */
		type = 0;
	if (type == TYPE_SRV && str_ieq(name, SERVICE))
		result = take_srv(m, r);
	else if (type == TYPE_TXT && str_ieq(name, SERVICE))
		result = take_txt(m, r, end);
	else if ((type == TYPE_A && len == 4) || (type == TYPE_AAAA && len == 16))
		result = take_address(m, r, name, len);
	r->at = end;
	return result;
}

int mdns_take(struct mdns *m, const uint8_t *packet, size_t len)
{
	struct reader r = {.data = packet, .len = len, .at = 2};
	uint16_t flags, counts[4];
	unsigned records;
	char name[MDNS_NAME_MAX];

	if (len < HEADER || len > MDNS_PACKET_MAX)
		return -EBADMSG;
	get16(&r, &flags);
	for (size_t i = 0; i < 4; i++)
		get16(&r, &counts[i]);
	records = (unsigned)counts[1] + counts[2] + counts[3];
	if (!(flags & 0x8000) || flags & 0x000f || records > RECORDS_MAX || counts[0] > RECORDS_MAX)
		return -EBADMSG;
	for (unsigned i = 0; i < counts[0]; i++)
		if (get_name(&r, name) < 0 || skip(&r, 4) < 0)
			return -EBADMSG;
	for (unsigned i = 0; i < records; i++)
		if (take_record(m, &r) < 0)
			return -EBADMSG;
	return 0;
}

static size_t put_question(uint8_t *p, uint16_t type)
{
	uint8_t *start = p;

	for (const char *s = SERVICE; *s;
		s += s[strcspn(s, ".")] ? strcspn(s, ".") + 1 : strcspn(s, ".")) {
		size_t n = strcspn(s, ".");

		*p++ = (uint8_t)n;
		memcpy(p, s, n);
		p += n;
	}
	*p++ = 0;
	p = put_be16(put_be16(p, type), UNICAST | CLASS_IN);
	return (size_t)(p - start);
}

size_t mdns_question(uint8_t *ret, uint16_t id)
{
	static const uint8_t rest[HEADER - 2] = {0, 0, 0, 2}; /* two questions */
	size_t n = HEADER;

	memcpy(put_be16(ret, id), rest, sizeof(rest));
	n += put_question(ret + n, TYPE_SRV);
	n += put_question(ret + n, TYPE_TXT);
	return n;
}

/* The host's address as it stands in a URL: IPv4 rather than IPv6, none that needs an interface. */
static bool address_of(const struct mdns *m, char ret[static INET6_ADDRSTRLEN + 2])
{
	char text[INET6_ADDRSTRLEN];

	for (size_t len = 4; len <= 16; len += 12)
		for (size_t i = 0; i < m->n_addresses; i++) {
			const struct mdns_address *a = &m->addresses[i];

			if (a->len != len || !str_ieq(a->host, m->host) ||
				(len == 16 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80))
				continue;
			inet_ntop(len == 4 ? AF_INET : AF_INET6, a->bytes, text, sizeof(text));
			snprintf(ret, INET6_ADDRSTRLEN + 2, len == 4 ? "%s" : "[%s]", text);
			return true;
		}
	return false;
}

char *mdns_url(const struct mdns *m)
{
	size_t n = strlen(m->host);
	bool local = n > 6 && str_ieq(m->host + n - 6, ".local");
	char address[INET6_ADDRSTRLEN + 2];
	const char *protocol = m->protocol;

	if (!n || !m->has_txt || (local && !address_of(m, address)))
		return NULL;
	if (!*protocol)
		protocol = m->port == 80 ? "http" : "https";
	n = strlen(m->path);
	while (n && m->path[n - 1] == '/')
		n--;
	return xasprintf(
		"%s://%s:%u%.*s", protocol, local ? address : m->host, m->port, (int)n, m->path);
}
