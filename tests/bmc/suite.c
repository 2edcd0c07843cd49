/* Cipher suites 3 and 17 by nettle: HMAC over scattered parts, AES-CBC-128 over one buffer. */
#include "tests/bmc/suite.h"

#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <nettle/hmac.h>
#include <string.h>

static const struct suite suites[] = {
	{17, .auth = 3, .integrity = 4, .confidentiality = 1, .mac_len = 32, .icv_len = 16},
	{3, .auth = 1, .integrity = 1, .confidentiality = 1, .mac_len = 20, .icv_len = 12},
};

const struct suite *suite_at(size_t i)
{
	return i < sizeof(suites) / sizeof(suites[0]) ? &suites[i] : NULL;
}

static void mac_sha1(
	const uint8_t *key, size_t key_len, const struct suite_part *parts, size_t n, uint8_t *ret)
{
	struct hmac_sha1_ctx c;

	hmac_sha1_set_key(&c, key_len, key);
	for (size_t i = 0; i < n; i++)
		hmac_sha1_update(&c, parts[i].len, parts[i].data);
	hmac_sha1_digest(&c, SHA1_DIGEST_SIZE, ret);
}

static void mac_sha256(
	const uint8_t *key, size_t key_len, const struct suite_part *parts, size_t n, uint8_t *ret)
{
	struct hmac_sha256_ctx c;

	hmac_sha256_set_key(&c, key_len, key);
	for (size_t i = 0; i < n; i++)
		hmac_sha256_update(&c, parts[i].len, parts[i].data);
	hmac_sha256_digest(&c, SHA256_DIGEST_SIZE, ret);
}

void suite_mac(const struct suite *s, const uint8_t *key, size_t key_len,
	const struct suite_part *parts, size_t n, uint8_t ret[static SUITE_MAC_MAX])
{
	if (s->auth == 3)
		mac_sha256(key, key_len, parts, n, ret);
	else
		mac_sha1(key, key_len, parts, n, ret);
}

void suite_encrypt(const uint8_t key[static SUITE_AES_LEN], const uint8_t iv[static SUITE_AES_LEN],
	uint8_t *data, size_t len)
{
	struct aes128_ctx c;
	uint8_t chain[SUITE_AES_LEN];

	memcpy(chain, iv, sizeof(chain));
	aes128_set_encrypt_key(&c, key);
	cbc_encrypt(
		&c, (nettle_cipher_func *)aes128_encrypt, AES_BLOCK_SIZE, chain, len, data, data);
}

void suite_decrypt(const uint8_t key[static SUITE_AES_LEN], const uint8_t iv[static SUITE_AES_LEN],
	uint8_t *data, size_t len)
{
	struct aes128_ctx c;
	uint8_t chain[SUITE_AES_LEN];

	memcpy(chain, iv, sizeof(chain));
	aes128_set_decrypt_key(&c, key);
	cbc_decrypt(
		&c, (nettle_cipher_func *)aes128_decrypt, AES_BLOCK_SIZE, chain, len, data, data);
}
