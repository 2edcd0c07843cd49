/* Framing of datagrams: RMCP (ASF 2.0 section 3.2), the IPMI 1.5 wrapper without authentication,
 * and the RMCP+ wrapper (IPMI 2.0 section 13.6) with its integrity and confidentiality trailers. */
#include "tests/bmc/rmcp.h"

#include <string.h>

#include "lib/base/mem.h"
#include "tests/bmc/message.h"
#include "tests/bmc/setup.h"
#include "tests/bmc/sol.h"

#define RMCP_LEN	   4
#define RMCP_CLASS_ASF	   0x06
#define RMCP_CLASS_IPMI	   0x07
#define AUTHTYPE_NONE	   0x00
#define AUTHTYPE_RMCPPLUS  0x06
#define V15_HEADER_LEN	   10 /* authentication type, sequence, session, length */
#define PLUS_HEADER_LEN	   12 /* authentication type, payload type, session, sequence, length */
#define FLAG_ENCRYPTED	   0x80
#define FLAG_AUTHENTICATED 0x40
#define NEXT_HEADER	   0x07

static const uint8_t asf_iana[4] = {0x00, 0x00, 0x11, 0xbe};

/* ASF 2.0 sections 3.2.4.2 and 3.2.4.3: presence ping and pong. */
static bool receive_asf(
	struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *p, size_t len)
{
	uint8_t pong[28] = {0x06, 0x00, 0xff, RMCP_CLASS_ASF};

	if (len < 12 || memcmp(p + 4, asf_iana, 4) != 0 || p[8] != 0x80)
		return false;
	memcpy(pong + 4, asf_iana, 4);
	pong[8] = 0x40;
	pong[9] = p[9];
	pong[11] = 16;
	memcpy(pong + 12, asf_iana, 4);
	pong[20] = 0x81; /* IPMI, and ASF version 1.0 */
	emu_send(bmc, peer, pong, sizeof(pong), 0);
	return true;
}

static bool receive_v15(
	struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *p, size_t len)
{
	const struct origin from = {.peer = peer, .v15 = true};

	if (len < V15_HEADER_LEN || get_u32le(p + 5) != 0 || p[9] > len - V15_HEADER_LEN)
		return false;
	return message_receive(bmc, &from, p + V15_HEADER_LEN, p[9]);
}

/* The trailer is padding, its length, the next header and the code over all from the first byte. */
static bool is_authentic(const struct session *s, const uint8_t *p, size_t len, size_t payload_end)
{
	size_t icv_len = s->suite->icv_len, signed_len;
	uint8_t code[SUITE_MAC_MAX], wrong = 0;
	struct suite_part part;

	if (len < payload_end + 2 + icv_len)
		return false;
	signed_len = len - icv_len;
	if (p[signed_len - 1] != NEXT_HEADER || signed_len % 4 ||
		p[signed_len - 2] != signed_len - 2 - payload_end)
		return false;
	part = (struct suite_part){p, signed_len};
	suite_mac(s->suite, s->k1, s->suite->mac_len, &part, 1, code);
	for (size_t i = 0; i < icv_len; i++)
		wrong |= code[i] ^ p[signed_len + i];
	return wrong == 0;
}

/* IPMI 2.0 table 13-20: the vector, then data, pad bytes 1, 2, 3 ... and their number. */
static bool decrypt(
	const struct session *s, const uint8_t *p, size_t len, uint8_t *ret, size_t *ret_len)
{
	size_t n, pad;

	if (len < 2 * SUITE_AES_LEN || len % SUITE_AES_LEN)
		return false;
	n = len - SUITE_AES_LEN;
	memcpy(ret, p + SUITE_AES_LEN, n);
	suite_decrypt(s->k2, p, ret, n);
	pad = ret[n - 1];
	if (pad >= SUITE_AES_LEN)
		return false;
	for (size_t i = 0; i < pad; i++)
		if (ret[n - 1 - pad + i] != i + 1)
			return false;
	*ret_len = n - 1 - pad;
	return true;
}

static bool receive_in_session(struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *p,
	size_t len, size_t payload_len)
{
	struct session *s = session_find(bmc, get_u32le(p + 2));
	struct origin from = {.peer = peer, .session = s};
	uint8_t plain[EMU_PACKET_MAX];
	size_t plain_len;

	if (!s || s->phase != SESSION_ACTIVE ||
		(p[1] & ~PAYLOAD_SOL) != (FLAG_ENCRYPTED | FLAG_AUTHENTICATED) ||
		!is_authentic(s, p, len, PLUS_HEADER_LEN + payload_len) ||
		!session_accept_seq(s, get_u32le(p + 6)) ||
		!decrypt(s, p + PLUS_HEADER_LEN, payload_len, plain, &plain_len))
		return false;
	s->used_ms = emu_now(bmc);
	return p[1] & PAYLOAD_SOL ? sol_receive(bmc, s, plain, plain_len)
				  : message_receive(bmc, &from, plain, plain_len);
}

static bool receive_plus(
	struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *p, size_t len)
{
	const struct origin from = {.peer = peer};
	size_t payload_len;

	if (len < PLUS_HEADER_LEN)
		return false;
	payload_len = get_u16le(p + 10);
	if (payload_len > len - PLUS_HEADER_LEN)
		return false;
	if (get_u32le(p + 2))
		return receive_in_session(bmc, peer, p, len, payload_len);
	if (p[1] == PAYLOAD_IPMI)
		return message_receive(bmc, &from, p + PLUS_HEADER_LEN, payload_len);
	return setup_receive(bmc, &from, p[1], p + PLUS_HEADER_LEN, payload_len);
}

static bool receive(struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *p, size_t len)
{
	if (len < RMCP_LEN + 1 || len > EMU_PACKET_MAX || p[0] != 0x06)
		return false;
	if (p[3] == RMCP_CLASS_ASF)
		return receive_asf(bmc, peer, p, len);
	if (p[3] != RMCP_CLASS_IPMI)
		return false;
	p += RMCP_LEN;
	len -= RMCP_LEN;
	if (p[0] == AUTHTYPE_RMCPPLUS)
		return receive_plus(bmc, peer, p, len);
	return p[0] == AUTHTYPE_NONE && receive_v15(bmc, peer, p, len);
}

void rmcp_receive(
	struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *packet, size_t len)
{
	bmc->counters.packets++;
	if (!receive(bmc, peer, packet, len))
		bmc->counters.bad_packets++;
}

static size_t wrap_v15(uint8_t *out, const uint8_t *payload, size_t len)
{
	memset(out, 0, V15_HEADER_LEN - 1);
	out[V15_HEADER_LEN - 1] = len;
	memcpy(out + V15_HEADER_LEN, payload, len);
	return V15_HEADER_LEN + len;
}

static size_t put_encrypted(struct session *s, uint8_t *out, const uint8_t *payload, size_t len)
{
	size_t pad = (SUITE_AES_LEN - (len + 1) % SUITE_AES_LEN) % SUITE_AES_LEN;
	uint8_t *data = out + SUITE_AES_LEN;

	emu_random(out, SUITE_AES_LEN);
	memcpy(data, payload, len);
	for (size_t i = 0; i < pad; i++)
		data[len + i] = i + 1;
	data[len + pad] = pad;
	suite_encrypt(s->k2, out, data, len + pad + 1);
	return SUITE_AES_LEN + len + pad + 1;
}

static size_t put_trailer(struct session *s, uint8_t *out, size_t len)
{
	size_t pad = (4 - (len + 2) % 4) % 4;
	uint8_t code[SUITE_MAC_MAX];
	struct suite_part part;

	memset(out + len, 0xff, pad);
	out[len + pad] = pad;
	out[len + pad + 1] = NEXT_HEADER;
	len += pad + 2;
	part = (struct suite_part){out, len};
	suite_mac(s->suite, s->k1, s->suite->mac_len, &part, 1, code);
	memcpy(out + len, code, s->suite->icv_len);
	return len + s->suite->icv_len;
}

static size_t wrap_plus(struct bmcemu *bmc, uint8_t *out, struct session *s, enum payload_type type,
	const uint8_t *payload, size_t len)
{
	size_t n = len;

	memset(out, 0, PLUS_HEADER_LEN);
	out[0] = AUTHTYPE_RMCPPLUS;
	out[1] = type;
	if (s) {
		out[1] |= FLAG_ENCRYPTED | FLAG_AUTHENTICATED;
		put_u32le(out + 2, s->console_id ^ fault_nth(&bmc->faults, FAULT_WRONG_SESSION_NTH,
							   &bmc->fault_state.misdirected));
		s->seq_out += s->seq_out == UINT32_MAX ? 2 : 1;
		put_u32le(out + 6, s->seq_out);
		n = put_encrypted(s, out + PLUS_HEADER_LEN, payload, len);
	} else {
		memcpy(out + PLUS_HEADER_LEN, payload, len);
	}
	put_u16le(out + 10, n);
	return s ? put_trailer(s, out, PLUS_HEADER_LEN + n) : PLUS_HEADER_LEN + n;
}

void rmcp_send(struct bmcemu *bmc, const struct origin *to, enum payload_type type,
	const uint8_t *payload, size_t len)
{
	uint8_t out[EMU_PACKET_MAX] = {0x06, 0x00, 0xff, RMCP_CLASS_IPMI};
	uint32_t later_ms = type > PAYLOAD_SOL ? fault_value(&bmc->faults, FAULT_RAKP_DELAY_MS) : 0;
	size_t n;

	if (to->v15)
		n = wrap_v15(out + RMCP_LEN, payload, len);
	else
		n = wrap_plus(bmc, out + RMCP_LEN, to->session, type, payload, len);
	emu_send(bmc, to->peer, out, RMCP_LEN + n, later_ms);
}
