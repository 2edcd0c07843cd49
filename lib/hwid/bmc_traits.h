/* How one BMC wants to be spoken to: plain data that hwdb answers and the protocol clients obey. */
#ifndef LIB_HWID_BMC_TRAITS_H
#define LIB_HWID_BMC_TRAITS_H

#include <stdint.h>

/* Bits of bmc_traits.quirks. hwdb/README.md names the key that sets each. */
enum bmc_quirk {
	/* Ask Get Channel Authentication Capabilities before Open Session (IPMI 2.0, 22.13). */
	BMC_QUIRK_ASK_AUTH_CAPS = 1 << 0,
	/* Checksums inside LAN messages are wrong; the session's integrity code is still checked.
	 */
	BMC_QUIRK_IGNORE_CHECKSUM = 1 << 1,
	/* Without a K_g the keys are made from 20 zero bytes instead of the password. */
	BMC_QUIRK_ZERO_KG = 1 << 2,
	/* Takes boot flags but answers other ones: do not compare what is read back. */
	BMC_QUIRK_NO_BOOT_READBACK = 1 << 3,
	/* Does not know boot option parameter 3: do not write it. */
	BMC_QUIRK_NO_BOOT_EXPIRY = 1 << 4,
	/* Runs every command at the level of the login: never send Set Session Privilege Level. */
	BMC_QUIRK_NO_SET_PRIVILEGE = 1 << 5,
	/* Answers from another address or port than the one it was asked at. */
	BMC_QUIRK_ANY_SOURCE = 1 << 6,
};

/* Start from BMC_TRAITS_DEFAULT; a zeroed struct means "as fast as possible, keep nothing". */
struct bmc_traits {
	uint32_t quirks;	   /* enum bmc_quirk */
	uint16_t gap_ms;	   /* least time between an answer and the next request */
	uint16_t session_keep_s;   /* an idle session is closed after this; 0: after each request */
	uint16_t first_timeout_ms; /* the first wait for an answer, before any was measured; 0: 500
				    */
	uint8_t tries;		   /* how often one packet is sent before the BMC is silent; 0: 4 */
	uint8_t busy_tries;	   /* how often a request is repeated after "node busy"; 0: 8 */
	uint8_t cipher_suite;	   /* the only suite to use; 0: choose */
	uint8_t privilege;	   /* the highest level to ask for; 0: as configured */
	uint8_t disk_selector_efi; /* boot flags data 2 for "disk" under UEFI; 0: 0x08 */
};

#define BMC_TRAITS_DEFAULT                                                                         \
	{                                                                                          \
		.session_keep_s = 50                                                               \
	}

#endif
