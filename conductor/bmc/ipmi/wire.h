/*
 * The packets of IPMI over LAN, built and taken apart: RMCP, ASF ping, the IPMI 1.5 and 2.0 session
 * headers, and the LAN message. No state, no keys, no I/O. Everything parsed here is hostile.
 */
#ifndef CONDUCTOR_BMC_IPMI_WIRE_H
#define CONDUCTOR_BMC_IPMI_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_PACKET_MAX	 1024 /* no IPMI packet is as long; a longer one is dropped */
#define WIRE_MESSAGE_MIN 7    /* a request without data: six bytes of head, one of checksum */
#define WIRE_HEADER_LEN	 16   /* RMCP and RMCP+ session header, up to the payload */

enum wire_payload { /* IPMI table 13-16 */
	WIRE_PAYLOAD_IPMI = 0x00,
	WIRE_PAYLOAD_OPEN_REQUEST = 0x10,
	WIRE_PAYLOAD_OPEN_RESPONSE = 0x11,
	WIRE_PAYLOAD_RAKP1 = 0x12,
	WIRE_PAYLOAD_RAKP2 = 0x13,
	WIRE_PAYLOAD_RAKP3 = 0x14,
	WIRE_PAYLOAD_RAKP4 = 0x15,
};

enum wire_kind {
	WIRE_RMCPP, /* IPMI 2.0 session header */
	WIRE_V15,   /* IPMI 1.5 header, authentication "none", outside of a session */
	WIRE_PONG,  /* ASF presence pong */
};

/* Pointers lead into the packet that was parsed. */
struct wire_packet {
	enum wire_kind kind;
	uint8_t payload_type; /* enum wire_payload, without the two flag bits */
	bool encrypted, authenticated;
	uint32_t session_id, seq;
	const uint8_t *payload;
	size_t payload_len;
	const uint8_t *tail; /* what follows the payload: pad, pad length, next header, auth code */
	size_t tail_len;
};

/* An IPMI LAN message, IPMI 13.8. */
struct wire_message {
	uint8_t netfn, cmd, rqseq, cc;
	const uint8_t *data; /* behind the completion code */
	size_t len;
};

/* 0, or -EBADMSG for anything that is none of enum wire_kind. */
int wire_parse(const uint8_t *p, size_t len, struct wire_packet *ret);

/*
 * Reads an answer from the BMC to this software (IPMI 13.8, 5.5). -EBADMSG when it is too short,
 * not for us, not an answer, or (unless ignored) a checksum is wrong.
 */
int wire_message_parse(
	const uint8_t *p, size_t len, bool ignore_checksum, struct wire_message *ret);

/* Writes a request to the BMC; out has room for WIRE_MESSAGE_MIN + len. Returns the length. */
size_t wire_message_build(
	uint8_t *out, uint8_t netfn, uint8_t rqseq, uint8_t cmd, const void *data, size_t len);

/* Sends such a message to another of the BMC's logical units. Returns len. */
size_t wire_message_set_lun(uint8_t *message, uint8_t lun, size_t len);

/* Writes the RMCP and RMCP+ headers (16 bytes); flags are the upper two bits of the payload type.
 */
void wire_header_build(uint8_t *out, uint8_t payload_type, uint8_t flags, uint32_t session_id,
	uint32_t seq, uint16_t payload_len);
#define WIRE_FLAG_ENCRYPTED	0x80
#define WIRE_FLAG_AUTHENTICATED 0x40

/* ASF presence ping (ASF 2.0, 3.2.4.2): 12 bytes. */
size_t wire_ping_build(uint8_t *out, uint8_t tag);

/* Get Channel Authentication Capabilities in an IPMI 1.5 packet (IPMI 22.13): 23 bytes. */
size_t wire_auth_caps_build(uint8_t *out, uint8_t rqseq, uint8_t privilege);

#endif
