/* The four ways in which IPMI stores text (IPMI 43.15; FRU 1.3, 13), made UTF-8. */
#ifndef CONDUCTOR_BMC_IPMI_CHARS_H
#define CONDUCTOR_BMC_IPMI_CHARS_H

#include <stddef.h>
#include <stdint.h>

enum chars_code {	  /* bits 7:6 of a type/length byte */
	CHARS_BINARY = 0, /* of a FRU; shown as hexadecimal digits */
	CHARS_BCD_PLUS = 1,
	CHARS_SIX_BIT = 2,
	CHARS_LATIN1 = 3,
	CHARS_UCS2 = 4, /* little endian: where the language is not English, or an SDR says 0 */
};

/* Bytes that len bytes may become, the NUL included. */
#define CHARS_SIZE(len) (3 * (len) + 1)

/*
 * Decodes len bytes into out, always ended by NUL; what does not fit is left out. Spaces at the end
 * and everything from the first NUL on are dropped, control characters become '?'. Returns out.
 */
char *chars_decode(enum chars_code code, const uint8_t *p, size_t len, char *out, size_t size);

#endif
