/* The values of a rack file: text in, one field of the plain data out. */
#ifndef TESTS_VRACK_RACKVALUE_H
#define TESTS_VRACK_RACKVALUE_H

#include "tests/vrack/rackfile.h"

/* All give 0 or -EINVAL with e filled: what the text was and what is allowed. No output then. */
int rackvalue_choice(
	const char *text, const char *const *names, unsigned n, unsigned *ret, struct err *e);
int rackvalue_size(const char *text, uint64_t max_bytes, uint64_t *ret_bytes, struct err *e);
int rackvalue_uint(const char *text, unsigned min, unsigned max, unsigned *ret, struct err *e);
int rackvalue_bool(const char *text, bool *ret, struct err *e);

/* Printable ASCII without commas' trouble: any, but at most size-1 bytes. */
int rackvalue_text(const char *text, char *dst, size_t size, struct err *e);

/* A letter or digit, then letters, digits, '.', '_', '-'. */
int rackvalue_name(const char *text, char *dst, size_t size, struct err *e);

int rackvalue_mac(const char *text, char dst[static 18], struct err *e);
int rackvalue_boot(const char *text, struct rack_machine *m, struct err *e);
int rackvalue_disk(const char *text, struct rack_disk *ret, struct err *e);
int rackvalue_nic(const char *text, struct rack_nic *ret, struct err *e);
int rackvalue_suites(const char *text, unsigned *ret, struct err *e);
int rackvalue_subnet(const char *text, struct rack_network *net, struct err *e);
int rackvalue_prefix6(const char *text, struct rack_network *net, struct err *e);

#endif
