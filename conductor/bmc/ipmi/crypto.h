/* The two cipher suites that count, 3 and 17 (IPMI table 22-20), on nettle: digests, keys, AES. */
#ifndef CONDUCTOR_BMC_IPMI_CRYPTO_H
#define CONDUCTOR_BMC_IPMI_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/aes.h>
#include <nettle/hmac.h>

#define CRYPTO_DIGEST_MAX 32 /* SHA-256 */
#define CRYPTO_BLOCK	  16

/* The numbers are those of Open Session, IPMI tables 13-17 to 13-19. */
struct cipher_suite {
	uint8_t id;
	uint8_t authentication, integrity, confidentiality;
	uint8_t digest_len;    /* of RAKP 2 and 3 */
	uint8_t icv_len;       /* of RAKP 4 */
	uint8_t auth_code_len; /* at the end of each packet */
	const char *name;
};

/* NULL when we do not speak it. */
const struct cipher_suite *cipher_suite_find(unsigned id);

/* A keyed digest; after mac_final() it is ready for the next message under the same key. */
struct mac {
	const struct cipher_suite *suite;
	union {
		struct hmac_sha1_ctx sha1;
		struct hmac_sha256_ctx sha256;
	};
};

void mac_init(struct mac *m, const struct cipher_suite *suite, const void *key, size_t len);
void mac_update(struct mac *m, const void *data, size_t len);
void mac_final(struct mac *m, uint8_t *out, size_t len); /* len may cut */

/* AES-CBC-128 in place; len is a multiple of CRYPTO_BLOCK. */
void block_encrypt(
	const struct aes128_ctx *key, const uint8_t iv[CRYPTO_BLOCK], uint8_t *p, size_t len);
void block_decrypt(const struct aes128_ctx *key, const uint8_t iv[CRYPTO_BLOCK], uint8_t *out,
	const uint8_t *in, size_t len);

#endif
