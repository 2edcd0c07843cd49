/* The one command of a TPM 2.0 that inspection needs: TPM2_PCR_Read (TCG library part 3, 22.4). */
#ifndef AGENT_INSPECT_TPM2_H
#define AGENT_INSPECT_TPM2_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#define TPM2_PCRS	 24
#define TPM2_DIGEST_MAX	 64
#define TPM2_REQUEST_LEN 20
#define TPM2_ANSWER_MAX	 4096

/* Algorithms of banks (part 2, table 9), by the names that the kernel uses; 0: not known. */
uint16_t tpm2_algorithm(const char *bank);

/* Asks for the registers in `wanted` (bit 0 is PCR 0) of one bank; writes TPM2_REQUEST_LEN bytes.
 */
void tpm2_pcr_read_request(
	uint16_t algorithm, uint32_t wanted, uint8_t ret[static TPM2_REQUEST_LEN]);

/* A TPM gives at most eight values at once: `which` tells what came. */
struct tpm2_values {
	uint32_t which;
	size_t len[TPM2_PCRS];
	uint8_t digest[TPM2_PCRS][TPM2_DIGEST_MAX];
};

/*
 * Reads an answer and adds to *ret what it holds. 0; -EPROTO when it is malformed or is about
 * another bank; -EREMOTEIO when the TPM refused.
 */
int tpm2_pcr_read_answer(
	const uint8_t *answer, size_t len, uint16_t algorithm, struct tpm2_values *ret);

#endif
