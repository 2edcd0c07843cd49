/*
 * A remote console for tests of the BMC emulator: builds and opens packets by the tables of
 * IPMI 2.0 chapter 13, with nettle and nothing of the emulator's. It hands packets to one BMC by
 * bmcemu_receive() and keeps the answers. Cipher suite 17 unless told otherwise.
 */
#ifndef TESTS_UNIT_BMCEMU_CONSOLE_H
#define TESTS_UNIT_BMCEMU_CONSOLE_H

#include <netinet/in.h>
#include <string.h>

#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <nettle/hmac.h>

#include "tests/bmc/bmcemu.h"

#define CONSOLE_ID 0xa0a1a2a3u

struct console {
	struct bmcemu *bmc;
	struct sockaddr_in peer;
	bool suite_3;
	uint8_t tag, role, open_role;
	const char *name;
	uint8_t password[20], kg[20];
	bool has_kg;
	uint32_t id;	/* the BMC's */
	uint32_t seq;	/* of the last packet sent */
	uint8_t rq_seq; /* of the last request sent */
	uint8_t console_random[16], random[16], guid[16], sik[32], k1[32], k2[32];
	unsigned answers;	/* since the last sending */
	uint8_t answer[8][512]; /* the first ones, raw */
	size_t answer_len[8];
	uint8_t plain[512]; /* payload of the last one opened */
	size_t plain_len;
	uint8_t payload; /* type of what is sent in the session: 0 IPMI, 1 SOL */
	uint8_t plain_payload;
};

static void console_sink(void *data, const uint8_t *packet, size_t len)
{
	struct console *c = data;

	if (c->answers < 8 && len <= sizeof(c->answer[0])) {
		memcpy(c->answer[c->answers], packet, len);
		c->answer_len[c->answers] = len;
	}
	c->answers++;
}

static void console_init(
	struct console *c, struct bmcemu *bmc, const char *name, const char *password)
{
	memset(c, 0, sizeof(*c));
	c->bmc = bmc;
	c->peer.sin_family = AF_INET;
	c->peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->peer.sin_port = htons(5000);
	c->name = name;
	c->role = 0x14;
	memcpy(c->password, password, strlen(password) < 20 ? strlen(password) : 20);
	for (int i = 0; i < 16; i++)
		c->console_random[i] = 0x30 + i;
	bmcemu_set_sink(bmc, console_sink, c);
}

static size_t console_mac_len(const struct console *c)
{
	return c->suite_3 ? 20 : 32;
}

static size_t console_icv_len(const struct console *c)
{
	return c->suite_3 ? 12 : 16;
}

static void console_mac(const struct console *c, const uint8_t *key, size_t key_len,
	const uint8_t *data, size_t len, uint8_t ret[32])
{
	struct hmac_sha256_ctx s256;
	struct hmac_sha1_ctx s1;

	if (c->suite_3) {
		hmac_sha1_set_key(&s1, key_len, key);
		hmac_sha1_update(&s1, len, data);
		hmac_sha1_digest(&s1, 20, ret);
	} else {
		hmac_sha256_set_key(&s256, key_len, key);
		hmac_sha256_update(&s256, len, data);
		hmac_sha256_digest(&s256, 32, ret);
	}
}

static void console_give(struct console *c, const uint8_t *packet, size_t len)
{
	c->answers = 0;
	bmcemu_receive(c->bmc, (const struct sockaddr *)&c->peer, packet, len);
}

static void console_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = v >> 8 * i;
}

static uint32_t console_get_u32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* A payload outside a session; the answer's payload is at answer[0] + 16. */
static bool console_payload(struct console *c, uint8_t type, const uint8_t *payload, size_t len)
{
	uint8_t p[512] = {6, 0, 0xff, 7, 6, type};

	p[14] = len;
	p[15] = len >> 8;
	memcpy(p + 16, payload, len);
	console_give(c, p, 16 + len);
	return c->answers > 0;
}

/* Open Session with these algorithm numbers; the status code, or -1 without an answer. */
static int console_open_with(struct console *c, uint8_t auth, uint8_t integrity, uint8_t conf)
{
	uint8_t p[32] = {++c->tag, c->open_role};
	const uint8_t numbers[3] = {auth, integrity, conf};

	console_u32(p + 4, CONSOLE_ID);
	for (int i = 0; i < 3; i++) {
		p[8 + 8 * i] = i;
		p[11 + 8 * i] = 8;
		p[12 + 8 * i] = numbers[i];
	}
	if (!console_payload(c, 0x10, p, sizeof(p)))
		return -1;
	if (c->answer[0][17] == 0)
		c->id = console_get_u32(c->answer[0] + 24);
	return c->answer[0][17];
}

static int console_open(struct console *c)
{
	return console_open_with(c, c->suite_3 ? 1 : 3, c->suite_3 ? 1 : 4, 1);
}

static int console_rakp_1(struct console *c)
{
	uint8_t p[64] = {c->tag};
	size_t n = strlen(c->name);

	console_u32(p + 4, c->id);
	memcpy(p + 8, c->console_random, 16);
	p[24] = c->role;
	p[27] = n;
	memcpy(p + 28, c->name, n);
	if (!console_payload(c, 0x12, p, 28 + n))
		return -1;
	if (c->answer[0][17] == 0) {
		memcpy(c->random, c->answer[0] + 24, 16);
		memcpy(c->guid, c->answer[0] + 40, 16);
	}
	return c->answer[0][17];
}

/* Table 13-12: whether the BMC knows the password, by its key exchange code. */
static bool console_rakp_2_is_good(const struct console *c)
{
	uint8_t m[128], want[32];
	size_t n = strlen(c->name);

	console_u32(m, CONSOLE_ID);
	console_u32(m + 4, c->id);
	memcpy(m + 8, c->console_random, 16);
	memcpy(m + 24, c->random, 16);
	memcpy(m + 40, c->guid, 16);
	m[56] = c->role;
	m[57] = n;
	memcpy(m + 58, c->name, n);
	console_mac(c, c->password, 20, m, 58 + n, want);
	return c->answer_len[0] == 56 + console_mac_len(c) &&
	       !memcmp(c->answer[0] + 56, want, console_mac_len(c));
}

static void console_keys(struct console *c)
{
	uint8_t m[64], constant[20];
	size_t n = strlen(c->name);

	memcpy(m, c->console_random, 16);
	memcpy(m + 16, c->random, 16);
	m[32] = c->role;
	m[33] = n;
	memcpy(m + 34, c->name, n);
	console_mac(c, c->has_kg ? c->kg : c->password, 20, m, 34 + n, c->sik);
	memset(constant, 1, 20);
	console_mac(c, c->sik, console_mac_len(c), constant, 20, c->k1);
	memset(constant, 2, 20);
	console_mac(c, c->sik, console_mac_len(c), constant, 20, c->k2);
}

static int console_rakp_3(struct console *c)
{
	uint8_t p[64] = {c->tag}, m[64];
	size_t n = strlen(c->name);

	console_u32(p + 4, c->id);
	memcpy(m, c->random, 16);
	console_u32(m + 16, CONSOLE_ID);
	m[20] = c->role;
	m[21] = n;
	memcpy(m + 22, c->name, n);
	console_mac(c, c->password, 20, m, 22 + n, p + 8);
	if (!console_payload(c, 0x14, p, 8 + console_mac_len(c)))
		return -1;
	console_keys(c);
	return c->answer[0][17];
}

static bool console_rakp_4_is_good(const struct console *c)
{
	uint8_t m[36], want[32];

	memcpy(m, c->console_random, 16);
	console_u32(m + 16, c->id);
	memcpy(m + 20, c->guid, 16);
	console_mac(c, c->sik, console_mac_len(c), m, 36, want);
	return c->answer_len[0] == 24 + console_icv_len(c) &&
	       !memcmp(c->answer[0] + 24, want, console_icv_len(c));
}

static bool console_login(struct console *c)
{
	c->seq = 0;
	return console_open(c) == 0 && console_rakp_1(c) == 0 && console_rakp_2_is_good(c) &&
	       console_rakp_3(c) == 0 && console_rakp_4_is_good(c);
}

/* Builds the packet of an in-session payload with sequence number seq; gives its length. */
static size_t console_wrap(
	const struct console *c, uint32_t seq, const uint8_t *payload, size_t len, uint8_t *p)
{
	size_t pad = (16 - (len + 1) % 16) % 16, n = 16, tail;
	struct aes128_ctx aes;
	uint8_t iv[16];

	memset(p, 0, 32);
	memcpy(p, (uint8_t[]){6, 0, 0xff, 7, 6, 0xc0 | c->payload}, 6);
	console_u32(p + 6, c->id);
	console_u32(p + 10, seq);
	memset(p + n, 0x5a, 16);
	memset(iv, 0x5a, 16);
	memcpy(p + n + 16, payload, len);
	for (size_t i = 0; i < pad; i++)
		p[n + 16 + len + i] = i + 1;
	p[n + 16 + len + pad] = pad;
	aes128_set_encrypt_key(&aes, c->k2);
	cbc_encrypt(&aes, (nettle_cipher_func *)aes128_encrypt, 16, iv, len + pad + 1, p + n + 16,
		p + n + 16);
	n += 16 + len + pad + 1;
	p[14] = n - 16;
	p[15] = (n - 16) >> 8;
	for (tail = 0; (n - 4 + tail + 2) % 4; tail++)
		p[n + tail] = 0xff;
	p[n + tail] = tail;
	p[n + tail + 1] = 7;
	n += tail + 2;
	uint8_t code[32];
	console_mac(c, c->k1, console_mac_len(c), p + 4, n - 4, code);
	memcpy(p + n, code, console_icv_len(c));
	return n + console_icv_len(c);
}

/* Opens an answer of the session into plain; false when anything about it is wrong. */
static bool console_unwrap(struct console *c, unsigned i)
{
	const uint8_t *p = c->answer[i];
	size_t len = c->answer_len[i], icv = console_icv_len(c), n;
	struct aes128_ctx aes;
	uint8_t code[32], iv[16];

	if (len < 48 + icv || (p[5] & 0xfe) != 0xc0 || console_get_u32(p + 6) != CONSOLE_ID)
		return false;
	console_mac(c, c->k1, console_mac_len(c), p + 4, len - 4 - icv, code);
	n = p[14] | p[15] << 8;
	if (memcmp(code, p + len - icv, icv) != 0 || n % 16 || 16 + n > len)
		return false;
	memcpy(iv, p + 16, 16);
	aes128_set_decrypt_key(&aes, c->k2);
	cbc_decrypt(&aes, (nettle_cipher_func *)aes128_decrypt, 16, iv, n - 16, c->plain, p + 32);
	c->plain_payload = p[5] & 0x3f;
	c->plain_len = n - 17 - c->plain[n - 17];
	return true;
}

static uint8_t console_sum(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum -= *p++;
	return sum;
}

/* IPMI 2.0 table 13-8; gives its length. */
static size_t console_message(
	uint8_t netfn, uint8_t cmd, uint8_t rq_seq, const uint8_t *data, size_t len, uint8_t *p)
{
	p[0] = 0x20;
	p[1] = netfn << 2;
	p[2] = console_sum(p, 2);
	p[3] = 0x81;
	p[4] = rq_seq << 2;
	p[5] = cmd;
	if (len)
		memcpy(p + 6, data, len);
	p[6 + len] = console_sum(p + 3, 3 + len);
	return 7 + len;
}

/*
 * One request under the given numbers; the completion code, or -1 without a (right) answer. What
 * comes behind the code is at plain + 7, plain_len - 8 bytes.
 */
static int console_send(struct console *c, uint32_t seq, uint8_t rq_seq, uint8_t netfn, uint8_t cmd,
	const uint8_t *data, size_t len)
{
	uint8_t m[300], p[512];
	size_t n = console_message(netfn, cmd, rq_seq, data, len, m);

	console_give(c, p, console_wrap(c, seq, m, n, p));
	if (!c->answers || !console_unwrap(c, 0) || c->plain_len < 8)
		return -1;
	if (c->plain[1] != ((netfn + 1) << 2) || c->plain[4] != rq_seq << 2 || c->plain[5] != cmd)
		return -1;
	return c->plain[6];
}

#define console_ask(c, netfn, cmd, ...)                                                            \
	({                                                                                         \
		const uint8_t _d[] = {__VA_ARGS__};                                                \
		(c)->rq_seq = ((c)->rq_seq + 1) & 0x3f;                                            \
		console_send((c), ++(c)->seq, (c)->rq_seq, (netfn), (cmd), _d, sizeof(_d));        \
	})

#endif
