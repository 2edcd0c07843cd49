/* Digests and AES for RMCP+; see crypto.h. */
#include "conductor/bmc/ipmi/crypto.h"

#include <string.h>

#include <nettle/cbc.h>

#include "lib/base/mem.h"

static const struct cipher_suite suites[] = {
	{3, 1, 1, 1, 20, 12, 12, "3 (RAKP-HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128)"},
	{17, 3, 4, 1, 32, 16, 16, "17 (RAKP-HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128)"},
};

const struct cipher_suite *cipher_suite_find(unsigned id)
{
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		if (suites[i].id == id)
			return &suites[i];
	return NULL;
}

void mac_init(struct mac *m, const struct cipher_suite *suite, const void *key, size_t len)
{
	m->suite = suite;
	if (suite->digest_len == 20)
		hmac_sha1_set_key(&m->sha1, len, key);
	else
		hmac_sha256_set_key(&m->sha256, len, key);
}

void mac_update(struct mac *m, const void *data, size_t len)
{
	if (m->suite->digest_len == 20)
		hmac_sha1_update(&m->sha1, len, data);
	else
		hmac_sha256_update(&m->sha256, len, data);
}

void mac_final(struct mac *m, uint8_t *out, size_t len)
{
	if (m->suite->digest_len == 20)
		hmac_sha1_digest(&m->sha1, len, out);
	else
		hmac_sha256_digest(&m->sha256, len, out);
}

void block_encrypt(
	const struct aes128_ctx *key, const uint8_t iv[CRYPTO_BLOCK], uint8_t *p, size_t len)
{
	uint8_t chain[CRYPTO_BLOCK];

	memcpy(chain, iv, sizeof(chain));
	cbc_encrypt(key, (nettle_cipher_func *)aes128_encrypt, CRYPTO_BLOCK, chain, len, p, p);
}

void block_decrypt(const struct aes128_ctx *key, const uint8_t iv[CRYPTO_BLOCK], uint8_t *out,
	const uint8_t *in, size_t len)
{
	uint8_t chain[CRYPTO_BLOCK];

	memcpy(chain, iv, sizeof(chain));
	cbc_decrypt(key, (nettle_cipher_func *)aes128_decrypt, CRYPTO_BLOCK, chain, len, out, in);
}
