/*
 * What the conductor's lookup rules for this agent, beside its token. No I/O. One member of it
 * needs no rule: agent_skip_bmc_detect, as a BMC that is silent costs three seconds here and no
 * more.
 */
#ifndef AGENT_REPORT_RULES_H
#define AGENT_REPORT_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/init/paramwords.h"
#include "lib/json/json.h"

#define RULES_PRIORITY_MAX 512

struct rules {
	char formats[128];	 /* permitted_image_formats, a comma list; "": any */
	char tls_ciphers[1024];	 /* tls_cipher_suites, as OpenSSL names them; "": GnuTLS's own */
	enum params_tls tls_min; /* tls_min_version */
	bool no_md5;		 /* agent_md5_checksum_enable is false */
	bool no_deep_inspection; /* disable_deep_image_inspection: what is declared is not proved */
	bool bios_bootloader;	 /* enable_bios_bootloader_install */
	bool no_bmc;		 /* agent_skip_bmc_detect */
};

/* Out of the lookup's "config"; what is missing or no such thing is as without it. */
void rules_parse(const json_t *config, struct rules *ret);

/* "raw" of "raw,qcow2"; everything where there is no list. */
bool rules_format_permitted(const struct rules *r, const char *format);

/*
 * GnuTLS's priority string for the agent's server: the higher one of both least versions, and of
 * the ciphers those that are named and known; all of them when none is. ret has RULES_PRIORITY_MAX.
 */
void rules_tls_priority(
	const struct rules *r, enum params_tls min, char ret[static RULES_PRIORITY_MAX]);

#endif
