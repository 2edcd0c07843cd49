/* TPM2_PCR_Read in bytes; see tpm2.h. All numbers are big-endian. */
#include "agent/inspect/tpm2.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define NO_SESSIONS 0x8001
#define CC_PCR_READ 0x017e
#define HEADER_LEN  10
#define SELECT_LEN  3 /* bytes of a bitmap of 24 registers */

uint16_t tpm2_algorithm(const char *bank)
{
	static const struct {
		const char *name;
		uint16_t id;
	} banks[] = {{"sha1", 0x0004}, {"sha256", 0x000b}, {"sha384", 0x000c}, {"sha512", 0x000d},
		{"sm3-256", 0x0012}};

	for (size_t i = 0; i < ARRAY_SIZE(banks); i++)
		if (str_eq(banks[i].name, bank))
			return banks[i].id;
	return 0;
}

/* A bitmap has PCR 0 to 7 in its first byte. */
static uint32_t from_bitmap(const uint8_t *p)
{
	return (uint32_t)get_le(p, SELECT_LEN);
}

void tpm2_pcr_read_request(
	uint16_t algorithm, uint32_t wanted, uint8_t ret[static TPM2_REQUEST_LEN])
{
	uint8_t *p = put_be16(ret, NO_SESSIONS);

	p = put_be32(p, TPM2_REQUEST_LEN);
	p = put_be32(p, CC_PCR_READ);
	p = put_be32(p, 1); /* one bank */
	p = put_be16(p, algorithm);
	*p++ = SELECT_LEN;
	put_le(p, wanted, SELECT_LEN);
}

/* What is left of an answer. */
struct reader {
	const uint8_t *p;
	size_t left;
};

static bool take(struct reader *r, size_t n, const uint8_t **ret)
{
	if (n > r->left)
		return false;
	*ret = r->p;
	r->p += n;
	r->left -= n;
	return true;
}

/* pcrSelectionOut: which registers of the bank follow. */
static int read_selection(struct reader *r, uint16_t algorithm, uint32_t *ret)
{
	const uint8_t *p;

	if (!take(r, 4, &p))
		return -EPROTO;
	*ret = 0;
	if (get_be32(p) == 0)
		return 0; /* no such bank */
	if (get_be32(p) != 1 || !take(r, 3, &p) || get_be16(p) != algorithm || p[2] != SELECT_LEN ||
		!take(r, SELECT_LEN, &p))
		return -EPROTO;
	*ret = from_bitmap(p);
	return 0;
}

static int read_digests(struct reader *r, uint32_t which, struct tpm2_values *ret)
{
	const uint8_t *p;
	size_t count, n;

	if (!take(r, 4, &p))
		return -EPROTO;
	count = get_be32(p);
	for (size_t i = 0; i < TPM2_PCRS; i++) {
		if (!(which & (1u << i)))
			continue;
		if (!count-- || !take(r, 2, &p))
			return -EPROTO;
		n = get_be16(p);
		if (!n || n > TPM2_DIGEST_MAX || !take(r, n, &p))
			return -EPROTO;
		memcpy(ret->digest[i], p, n);
		ret->len[i] = n;
		ret->which |= 1u << i;
	}
	return 0;
}

int tpm2_pcr_read_answer(
	const uint8_t *answer, size_t len, uint16_t algorithm, struct tpm2_values *ret)
{
	struct reader r = {answer, len};
	const uint8_t *p;
	uint32_t which;
	int e;

	if (!take(&r, HEADER_LEN, &p) || get_be32(p + 2) != len)
		return -EPROTO;
	if (get_be32(p + 6) != 0)
		return -EREMOTEIO;
	if (!take(&r, 4, &p)) /* pcrUpdateCounter */
		return -EPROTO;
	e = read_selection(&r, algorithm, &which);
	return e < 0 ? e : read_digests(&r, which, ret);
}
