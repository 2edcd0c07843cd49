/*
 * One RMCP+ session as pure computation: it makes and reads the handshake's payloads and seals and
 * opens packets. It owns the keys and the sequence numbers; it sends nothing and waits for nothing.
 */
#ifndef CONDUCTOR_BMC_IPMI_SESSION_H
#define CONDUCTOR_BMC_IPMI_SESSION_H

#include <stdbool.h>

#include "conductor/bmc/ipmi/crypto.h"
#include "conductor/bmc/ipmi/ipmi.h"
#include "conductor/bmc/ipmi/wire.h"

#define SESSION_SEAL_MAX (WIRE_HEADER_LEN + 16 + IPMI_DATA_MAX + WIRE_MESSAGE_MIN + 16 + 6 + 16)

/* Who logs in; zero-padded. */
struct credentials {
	char username[IPMI_USERNAME_MAX + 1];
	uint8_t username_len;
	uint8_t password[IPMI_PASSWORD_MAX];
	uint8_t kg[IPMI_KG_MAX];
	bool has_kg; /* kg makes the session's keys, else the password does */
};

struct session {
	const struct cipher_suite *suite;
	uint32_t local_id, remote_id; /* chosen by us, chosen by the BMC */
	uint8_t tag;		      /* of the handshake's messages */
	uint8_t privilege_max, privilege_now;
	uint32_t out_seq; /* of the packet sent last */
	uint32_t in_high; /* highest received; bit n of in_seen: in_high - n was received */
	uint16_t in_seen;
	uint8_t rm[16], rc[16], guid[16]; /* our random number, the BMC's, its GUID */
	uint8_t sik[CRYPTO_DIGEST_MAX];
	struct mac k1;		    /* signs packets */
	struct aes128_ctx enc, dec; /* first 16 bytes of K2 */
};

/* What reading a handshake answer gave. */
enum session_verdict {
	SESSION_OK,
	SESSION_IGNORE,	      /* not for us, or broken: as if it had never come */
	SESSION_STATUS,	      /* the BMC refused: its RMCP+ status code is in *ret_status */
	SESSION_BAD_PASSWORD, /* RAKP 2 was not made with our password */
	SESSION_BAD_KEY,      /* RAKP 4 was not made with our K_g */
	SESSION_BAD_ANSWER,   /* agrees to what was not asked for */
};

/* random: 16 bytes for our random number. */
void session_init(struct session *s, const struct cipher_suite *suite, uint32_t local_id,
	uint8_t tag, uint8_t privilege, const uint8_t random[16]);

/* Whole packets into out (at least SESSION_SEAL_MAX); the same bytes each time. Return the length.
 */
size_t session_open_request(const struct session *s, uint8_t *out); /* 13.17 */
size_t session_rakp1(
	const struct session *s, const struct credentials *c, uint8_t *out); /* 13.20 */
size_t session_rakp3(const struct session *s, const struct credentials *c, uint8_t status,
	uint8_t *out); /* 13.22; a status other than 0 gives up and carries no key */

/* Read the payload of an answer. */
enum session_verdict session_open_response(
	struct session *s, const uint8_t *p, size_t len, uint8_t *ret_status); /* 13.18 */
enum session_verdict session_rakp2(struct session *s, const struct credentials *c, const uint8_t *p,
	size_t len, uint8_t *ret_status); /* 13.21 */
enum session_verdict session_rakp4(struct session *s, const struct credentials *c, const uint8_t *p,
	size_t len, uint8_t *ret_status); /* 13.23; derives the keys */

/*
 * Encrypts and signs a payload of type "IPMI message" under the next sequence number. iv: 16 random
 * bytes. len is at most IPMI_DATA_MAX + WIRE_MESSAGE_MIN. Returns the packet's length.
 */
size_t session_seal(
	struct session *s, const uint8_t *payload, size_t len, const uint8_t iv[16], uint8_t *out);

/*
 * Checks signature, sequence window and padding of a parsed packet whose bytes start at `packet`,
 * and decrypts into out (WIRE_PACKET_MAX bytes). 0, -EBADMSG, or -EALREADY for a packet seen
 * before.
 */
int session_open(struct session *s, const uint8_t *packet, const struct wire_packet *w,
	uint8_t *out, size_t *ret_len);

#endif
