/* The cipher suites of RMCP+ and their arithmetic (IPMI 2.0 sections 13.28 to 13.32, 22.15.2). */
#ifndef TESTS_BMC_SUITE_H
#define TESTS_BMC_SUITE_H

#include <stddef.h>
#include <stdint.h>

#define SUITE_MAC_MAX 32
#define SUITE_KEY_LEN 20 /* of a user key and of K_g */
#define SUITE_AES_LEN 16

struct suite {
	uint8_t id;
	uint8_t auth, integrity, confidentiality; /* algorithm numbers, tables 13-17 to 13-19 */
	uint8_t mac_len;			  /* of a whole authentication code */
	uint8_t icv_len;			  /* cut for RAKP 4 and for packets */
};

struct suite_part {
	const void *data;
	size_t len;
};

/* All suites that the emulator knows, in order of preference; NULL behind the last. */
const struct suite *suite_at(size_t i);

/* The suite's HMAC over the parts in a row; gives mac_len bytes. */
void suite_mac(const struct suite *s, const uint8_t *key, size_t key_len,
	const struct suite_part *parts, size_t n, uint8_t ret[static SUITE_MAC_MAX]);

/* AES-CBC-128 in place over whole blocks. */
void suite_encrypt(const uint8_t key[static SUITE_AES_LEN], const uint8_t iv[static SUITE_AES_LEN],
	uint8_t *data, size_t len);
void suite_decrypt(const uint8_t key[static SUITE_AES_LEN], const uint8_t iv[static SUITE_AES_LEN],
	uint8_t *data, size_t len);

#endif
