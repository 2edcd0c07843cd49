/* RMCP+ handshake, keys and sealed packets; see session.h. */
#include "conductor/bmc/ipmi/session.h"

#include <errno.h>
#include <string.h>

#include <nettle/memops.h>

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define ROLE_NAME_ONLY 0x10 /* look the user up by name, not by name and privilege */
#define PAD_BYTE       0xff
#define NEXT_HEADER    0x07

void session_init(struct session *s, const struct cipher_suite *suite, uint32_t local_id,
	uint8_t tag, uint8_t privilege, const uint8_t random[16])
{
	memset(s, 0, sizeof(*s));
	s->suite = suite;
	s->local_id = local_id;
	s->tag = tag;
	s->privilege_max = privilege;
	memcpy(s->rm, random, sizeof(s->rm));
}

static size_t setup_packet(uint8_t *out, uint8_t payload_type, size_t payload_len)
{
	wire_header_build(out, payload_type, 0, 0, 0, (uint16_t)payload_len);
	return WIRE_HEADER_LEN + payload_len;
}

/* One algorithm proposal of Open Session. */
static uint8_t *put_algorithm(uint8_t *p, uint8_t type, uint8_t algorithm)
{
	memset(p, 0, 8);
	p[0] = type;
	p[3] = 8;
	p[4] = algorithm;
	return p + 8;
}

/*
 * What all three answers begin with: tag, status, two bytes, our session id. Some BMCs (ipmi_sim
 * among them) refuse with the first two bytes only.
 */
static enum session_verdict read_head(
	const struct session *s, const uint8_t *p, size_t len, size_t want, uint8_t *ret_status)
{
	if (len < 2 || p[0] != s->tag || (len >= 8 && get_le32(p + 4) != s->local_id))
		return SESSION_IGNORE;
	if (p[1] != 0) {
		*ret_status = p[1];
		return SESSION_STATUS;
	}
	return len < want ? SESSION_IGNORE : SESSION_OK;
}

size_t session_open_request(const struct session *s, uint8_t *out)
{
	uint8_t *p = out + WIRE_HEADER_LEN;

	p[0] = s->tag;
	/* A concrete level: several BMCs make their keys with the one of this message. */
	p[1] = s->privilege_max;
	p[2] = p[3] = 0;
	put_le32(p + 4, s->local_id);
	p = put_algorithm(p + 8, 0, s->suite->authentication);
	p = put_algorithm(p, 1, s->suite->integrity);
	put_algorithm(p, 2, s->suite->confidentiality);
	return setup_packet(out, WIRE_PAYLOAD_OPEN_REQUEST, 32);
}

enum session_verdict session_open_response(
	struct session *s, const uint8_t *p, size_t len, uint8_t *ret_status)
{
	enum session_verdict verdict;

	verdict = read_head(s, p, len, 36, ret_status);
	if (verdict != SESSION_OK)
		return verdict;
	if ((p[16] & 0x3f) != s->suite->authentication || (p[24] & 0x3f) != s->suite->integrity ||
		(p[32] & 0x3f) != s->suite->confidentiality || get_le32(p + 8) == 0)
		return SESSION_BAD_ANSWER;
	s->remote_id = get_le32(p + 8);
	return SESSION_OK;
}

size_t session_rakp1(const struct session *s, const struct credentials *c, uint8_t *out)
{
	uint8_t *p = out + WIRE_HEADER_LEN;

	memset(p, 0, 28);
	p[0] = s->tag;
	put_le32(p + 4, s->remote_id);
	memcpy(p + 8, s->rm, 16);
	p[24] = ROLE_NAME_ONLY | s->privilege_max;
	p[27] = c->username_len;
	memcpy(p + 28, c->username, c->username_len);
	return setup_packet(out, WIRE_PAYLOAD_RAKP1, 28u + c->username_len);
}

/* Role, length and name: the end of three of the four keyed digests. */
static void mac_user(struct mac *m, const struct session *s, const struct credentials *c)
{
	const uint8_t head[2] = {ROLE_NAME_ONLY | s->privilege_max, c->username_len};

	mac_update(m, head, sizeof(head));
	mac_update(m, c->username, c->username_len);
}

static void mac_id(struct mac *m, uint32_t id)
{
	uint8_t b[4];

	put_le32(b, id);
	mac_update(m, b, sizeof(b));
}

enum session_verdict session_rakp2(struct session *s, const struct credentials *c, const uint8_t *p,
	size_t len, uint8_t *ret_status)
{
	uint8_t want[CRYPTO_DIGEST_MAX];
	enum session_verdict verdict;
	struct mac m;
	int same;

	verdict = read_head(s, p, len, 40u + s->suite->digest_len, ret_status);
	if (verdict != SESSION_OK)
		return verdict;
	memcpy(s->rc, p + 8, 16);
	memcpy(s->guid, p + 24, 16);
	mac_init(&m, s->suite, c->password, sizeof(c->password));
	mac_id(&m, s->local_id);
	mac_id(&m, s->remote_id);
	mac_update(&m, s->rm, 16);
	mac_update(&m, s->rc, 16);
	mac_update(&m, s->guid, 16);
	mac_user(&m, s, c);
	mac_final(&m, want, s->suite->digest_len);
	same = memeql_sec(want, p + 40, s->suite->digest_len);
	mem_wipe(&m, sizeof(m));
	return same ? SESSION_OK : SESSION_BAD_PASSWORD;
}

size_t session_rakp3(
	const struct session *s, const struct credentials *c, uint8_t status, uint8_t *out)
{
	uint8_t *p = out + WIRE_HEADER_LEN;
	struct mac m;

	p[0] = s->tag;
	p[1] = status;
	p[2] = p[3] = 0;
	put_le32(p + 4, s->remote_id);
	if (status != 0)
		return setup_packet(out, WIRE_PAYLOAD_RAKP3, 8);
	mac_init(&m, s->suite, c->password, sizeof(c->password));
	mac_update(&m, s->rc, 16);
	mac_id(&m, s->local_id);
	mac_user(&m, s, c);
	mac_final(&m, p + 8, s->suite->digest_len);
	mem_wipe(&m, sizeof(m));
	return setup_packet(out, WIRE_PAYLOAD_RAKP3, 8u + s->suite->digest_len);
}

/* Session integrity key and the keys made of it, IPMI 13.31 and 13.32. */
static void derive_keys(struct session *s, const struct credentials *c)
{
	uint8_t k[CRYPTO_DIGEST_MAX], constant[20];
	uint8_t n = s->suite->digest_len;
	struct mac m;

	mac_init(&m, s->suite, c->has_kg ? c->kg : c->password, 20);
	mac_update(&m, s->rm, 16);
	mac_update(&m, s->rc, 16);
	mac_user(&m, s, c);
	mac_final(&m, s->sik, n);
	/* The constants have 20 bytes also with SHA-256. */
	mac_init(&m, s->suite, s->sik, n);
	memset(constant, 1, sizeof(constant));
	mac_update(&m, constant, sizeof(constant));
	mac_final(&m, k, n);
	mac_init(&s->k1, s->suite, k, n);
	memset(constant, 2, sizeof(constant));
	mac_update(&m, constant, sizeof(constant));
	mac_final(&m, k, n);
	aes128_set_encrypt_key(&s->enc, k);
	aes128_invert_key(&s->dec, &s->enc);
	mem_wipe(k, sizeof(k));
	mem_wipe(&m, sizeof(m));
}

enum session_verdict session_rakp4(struct session *s, const struct credentials *c, const uint8_t *p,
	size_t len, uint8_t *ret_status)
{
	uint8_t want[CRYPTO_DIGEST_MAX];
	enum session_verdict verdict;
	struct mac m;

	verdict = read_head(s, p, len, 8u + s->suite->icv_len, ret_status);
	if (verdict != SESSION_OK)
		return verdict;
	derive_keys(s, c);
	mac_init(&m, s->suite, s->sik, s->suite->digest_len);
	mac_update(&m, s->rm, 16);
	mac_id(&m, s->remote_id);
	mac_update(&m, s->guid, 16);
	mac_final(&m, want, s->suite->icv_len);
	mem_wipe(&m, sizeof(m));
	if (!memeql_sec(want, p + 8, s->suite->icv_len))
		return SESSION_BAD_KEY;
	mem_wipe(s->sik, sizeof(s->sik));
	/* A session starts at USER, or at what was asked for if that is less (IPMI 22.18). */
	s->privilege_now =
		s->privilege_max < IPMI_PRIVILEGE_USER ? s->privilege_max : IPMI_PRIVILEGE_USER;
	return SESSION_OK;
}

size_t session_seal(
	struct session *s, const uint8_t *payload, size_t len, const uint8_t iv[16], uint8_t *out)
{
	uint8_t *body = out + WIRE_HEADER_LEN + CRYPTO_BLOCK, *p;
	size_t pad = (CRYPTO_BLOCK - (len + 1) % CRYPTO_BLOCK) % CRYPTO_BLOCK;
	size_t body_len = len + pad + 1, pad2;

	if (++s->out_seq == 0)
		s->out_seq = 1;
	wire_header_build(out, WIRE_PAYLOAD_IPMI, WIRE_FLAG_ENCRYPTED | WIRE_FLAG_AUTHENTICATED,
		s->remote_id, s->out_seq, (uint16_t)(CRYPTO_BLOCK + body_len));
	memcpy(out + WIRE_HEADER_LEN, iv, CRYPTO_BLOCK);
	memcpy(body, payload, len);
	for (size_t i = 0; i < pad; i++)
		body[len + i] = (uint8_t)(i + 1);
	body[len + pad] = (uint8_t)pad;
	block_encrypt(&s->enc, iv, body, body_len);
	/* The signed part, from the authentication type on, is a multiple of four (IPMI 13.28.4).
	 */
	p = body + body_len;
	pad2 = (4 - ((size_t)(p - out) - 4 + 2) % 4) % 4;
	memset(p, PAD_BYTE, pad2);
	p += pad2;
	*p++ = (uint8_t)pad2;
	*p++ = NEXT_HEADER;
	mac_update(&s->k1, out + 4, (size_t)(p - out) - 4);
	mac_final(&s->k1, p, s->suite->auth_code_len);
	return (size_t)(p - out) + s->suite->auth_code_len;
}

/* Sliding window of 16 behind the highest number; ahead anything goes, as packets may be lost. */
static int window_accept(struct session *s, uint32_t seq)
{
	int32_t ahead = (int32_t)(seq - s->in_high);

	if (seq == 0)
		return -EBADMSG;
	if (ahead > 0 || s->in_high == 0) { /* a BMC may begin with any number */
		s->in_seen = ahead > 0 && ahead < 16 ? (uint16_t)(s->in_seen << ahead) : 0;
		s->in_seen |= 1;
		s->in_high = seq;
		return 0;
	}
	if (ahead <= -16 || s->in_seen & 1u << -ahead)
		return -EALREADY;
	s->in_seen |= (uint16_t)(1u << -ahead);
	return 0;
}

/* IPMI 13.29: 16 bytes of IV, then blocks that end in 1, 2, .. n, n. */
static int decrypt(
	const struct session *s, const struct wire_packet *w, uint8_t *out, size_t *ret_len)
{
	size_t len = w->payload_len - CRYPTO_BLOCK, pad;

	if (w->payload_len < 2 * CRYPTO_BLOCK || w->payload_len % CRYPTO_BLOCK ||
		len > WIRE_PACKET_MAX)
		return -EBADMSG;
	block_decrypt(&s->dec, w->payload, out, w->payload + CRYPTO_BLOCK, len);
	pad = out[len - 1];
	if (pad >= CRYPTO_BLOCK)
		return -EBADMSG;
	*ret_len = len - pad - 1;
	return 0;
}

int session_open(struct session *s, const uint8_t *packet, const struct wire_packet *w,
	uint8_t *out, size_t *ret_len)
{
	uint8_t want[CRYPTO_DIGEST_MAX];
	size_t n = s->suite->auth_code_len;
	int r;

	if (!w->authenticated || !w->encrypted || w->tail_len < 2 + n)
		return -EBADMSG;
	mac_update(&s->k1, packet + 4, (size_t)(w->tail + w->tail_len - n - packet) - 4);
	mac_final(&s->k1, want, n);
	if (!memeql_sec(want, w->tail + w->tail_len - n, n))
		return -EBADMSG;
	r = window_accept(s, w->seq);
	return r < 0 ? r : decrypt(s, w, out, ret_len);
}
