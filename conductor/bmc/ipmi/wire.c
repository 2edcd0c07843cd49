/* Building and taking apart the packets of IPMI over LAN; see wire.h. */
#include "conductor/bmc/ipmi/wire.h"
#include "lib/base/bytes.h"

#include <errno.h>
#include <string.h>

#define RMCP_VERSION	0x06
#define RMCP_NO_ACK	0xff
#define RMCP_CLASS_ASF	0x06
#define RMCP_CLASS_IPMI 0x07
#define ASF_PING	0x80
#define ASF_PONG	0x40
#define AUTH_NONE	0x00
#define AUTH_RMCPP	0x06
#define ADDRESS_BMC	0x20
#define ADDRESS_CONSOLE 0x81

static const uint8_t asf_iana[4] = {0x00, 0x00, 0x11, 0xbe};

/* IPMI table 13-8, authentication type "RMCP+". */
static int parse_rmcpp(const uint8_t *p, size_t len, struct wire_packet *ret)
{
	if (len < WIRE_HEADER_LEN)
		return -EBADMSG;
	ret->kind = WIRE_RMCPP;
	ret->encrypted = p[5] & WIRE_FLAG_ENCRYPTED;
	ret->authenticated = p[5] & WIRE_FLAG_AUTHENTICATED;
	ret->payload_type = p[5] & 0x3f;
	if (ret->payload_type == 0x02) /* OEM explicit has a longer header; we never ask for it */
		return -EBADMSG;
	ret->session_id = get_le32(p + 6);
	ret->seq = get_le32(p + 10);
	ret->payload_len = get_le16(p + 14);
	if (ret->payload_len > len - WIRE_HEADER_LEN)
		return -EBADMSG;
	ret->payload = p + WIRE_HEADER_LEN;
	ret->tail = ret->payload + ret->payload_len;
	ret->tail_len = len - WIRE_HEADER_LEN - ret->payload_len;
	return 0;
}

/* IPMI table 13-8, authentication type "none": sequence, session id, length, message. */
static int parse_v15(const uint8_t *p, size_t len, struct wire_packet *ret)
{
	if (len < 14 || p[13] > len - 14)
		return -EBADMSG;
	ret->kind = WIRE_V15;
	ret->seq = get_le32(p + 5);
	ret->session_id = get_le32(p + 9);
	ret->payload_len = p[13];
	ret->payload = p + 14;
	ret->tail = ret->payload + ret->payload_len;
	ret->tail_len = len - 14 - ret->payload_len;
	return 0;
}

static int parse_asf(const uint8_t *p, size_t len, struct wire_packet *ret)
{
	if (len < 12 || memcmp(p + 4, asf_iana, 4) != 0 || p[8] != ASF_PONG)
		return -EBADMSG;
	ret->kind = WIRE_PONG;
	return 0;
}

int wire_parse(const uint8_t *p, size_t len, struct wire_packet *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (len < 5 || p[0] != RMCP_VERSION)
		return -EBADMSG;
	if (p[3] == RMCP_CLASS_ASF)
		return parse_asf(p, len, ret);
	if (p[3] != RMCP_CLASS_IPMI)
		return -EBADMSG;
	if (p[4] == AUTH_RMCPP)
		return parse_rmcpp(p, len, ret);
	return p[4] == AUTH_NONE ? parse_v15(p, len, ret) : -EBADMSG;
}

/* Two's complement checksum, IPMI 13.8. */
static uint8_t checksum(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *p++);
	return (uint8_t)-sum;
}

int wire_message_parse(const uint8_t *p, size_t len, bool ignore_checksum, struct wire_message *ret)
{
	if (len < WIRE_MESSAGE_MIN + 1 || p[0] != ADDRESS_CONSOLE || !(p[1] & 0x04))
		return -EBADMSG;
	if (!ignore_checksum && (checksum(p, 2) != p[2] || checksum(p + 3, len - 4) != p[len - 1]))
		return -EBADMSG;
	ret->netfn = p[1] >> 2;
	ret->rqseq = p[4] >> 2;
	ret->cmd = p[5];
	ret->cc = p[6];
	ret->data = p + 7;
	ret->len = len - 8;
	return 0;
}

size_t wire_message_build(
	uint8_t *out, uint8_t netfn, uint8_t rqseq, uint8_t cmd, const void *data, size_t len)
{
	out[0] = ADDRESS_BMC;
	out[1] = (uint8_t)(netfn << 2);
	out[2] = checksum(out, 2);
	out[3] = ADDRESS_CONSOLE;
	out[4] = (uint8_t)(rqseq << 2);
	out[5] = cmd;
	if (len)
		memcpy(out + 6, data, len);
	out[6 + len] = checksum(out + 3, 3 + len);
	return WIRE_MESSAGE_MIN + len;
}

size_t wire_message_set_lun(uint8_t *message, uint8_t lun, size_t len)
{
	message[1] |= lun & 0x03;
	message[2] = checksum(message, 2);
	return len;
}

static void rmcp_build(uint8_t *out, uint8_t class)
{
	out[0] = RMCP_VERSION;
	out[1] = 0;
	out[2] = RMCP_NO_ACK;
	out[3] = class;
}

void wire_header_build(uint8_t *out, uint8_t payload_type, uint8_t flags, uint32_t session_id,
	uint32_t seq, uint16_t payload_len)
{
	rmcp_build(out, RMCP_CLASS_IPMI);
	out[4] = AUTH_RMCPP;
	out[5] = payload_type | flags;
	put_le32(out + 6, session_id);
	put_le32(out + 10, seq);
	put_le16(out + 14, payload_len);
}

size_t wire_ping_build(uint8_t *out, uint8_t tag)
{
	rmcp_build(out, RMCP_CLASS_ASF);
	memcpy(out + 4, asf_iana, 4);
	out[8] = ASF_PING;
	out[9] = tag;
	out[10] = out[11] = 0;
	return 12;
}

size_t wire_auth_caps_build(uint8_t *out, uint8_t rqseq, uint8_t privilege)
{
	/* "IPMI 2.0 data, please" and "the channel this came in by" */
	const uint8_t data[2] = {0x80 | 0x0e, privilege};

	rmcp_build(out, RMCP_CLASS_IPMI);
	memset(out + 4, 0, 9);
	out[13] = (uint8_t)wire_message_build(out + 14, 0x06, rqseq, 0x38, data, sizeof(data));
	return 14u + out[13];
}
