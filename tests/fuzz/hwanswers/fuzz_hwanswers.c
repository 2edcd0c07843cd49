/* Answers of a TPM and of a BMC; the first byte tells whose. */
#include "agent/inspect/bmcinfo.h"
#include "agent/inspect/tpm2.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tpm(const uint8_t *data, size_t size)
{
	static const char *const banks[] = {"sha1", "sha256", "sha512", "none"};
	uint16_t algorithm = tpm2_algorithm(banks[data[0] >> 6]);
	uint8_t request[TPM2_REQUEST_LEN];
	struct tpm2_values v = {0};

	tpm2_pcr_read_request(algorithm, data[0], request);
	(void)tpm2_pcr_read_answer(data + 1, size - 1, algorithm, &v);
	for (size_t i = 0; i < TPM2_PCRS; i++)
		if (!(v.which & (1u << i)) != !v.len[i] || v.len[i] > TPM2_DIGEST_MAX)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char address[INET6_ADDRSTRLEN];

	if (!size)
		return 0;
	if (data[0] & 1) {
		tpm(data, size);
	} else {
		json_decref(bmcinfo_device_id(data + 1, size - 1));
		if (bmcinfo_ipv6(data + 1, size - 1, address) && !strchr(address, ':'))
			abort();
	}
	return 0;
}
