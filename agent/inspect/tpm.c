/* The machine's TPM as the kernel shows it (Documentation/ABI/stable/sysfs-class-tpm). */
#include "agent/inspect/inventory.h"
#include "lib/base/str.h"

#include <string.h>

#define TPM	  "/sys/class/tpm/tpm0"
#define BANK_MARK "pcr-"

/* The kernel has a folder "pcr-sha256" for each bank of registers that the TPM keeps. */
static json_t *pcr_banks(const struct sysroot *sr)
{
	char **names = sysroot_names(sr, TPM);
	json_t *list = json_array();

	for (char **n = names; *n; n++)
		if (str_starts(*n, BANK_MARK))
			json_array_append_new(list, json_string(*n + strlen(BANK_MARK)));
	sysroot_names_free(names);
	return list;
}

json_t *inventory_tpm(const struct sysroot *sr)
{
	_cleanup_free_ char *driver = NULL;
	json_t *tpm;
	int64_t major;

	if (!sysroot_exists(sr, TPM))
		return json_null();
	driver = sysroot_link(sr, TPM "/device/driver");
	major = sysroot_int(sr, 0, TPM "/tpm_version_major");
	tpm = json_object();
	json_put_str(tpm, "version", major == 2 ? "2.0" : major == 1 ? "1.2" : NULL);
	json_put_str(tpm, "driver", driver);
	json_object_set_new(tpm, "pcr_banks", pcr_banks(sr));
	return tpm;
}
