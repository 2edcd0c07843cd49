/* What is typed on a console: bytes for the machine, and escapes for ourselves, as ssh has them. */
#ifndef CONDUCTOR_CLI_KEYS_H
#define CONDUCTOR_CLI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum keys_wish { KEYS_NONE, KEYS_LEAVE, KEYS_HELP, KEYS_TAKE };

/* Start with {.fresh = true}. */
struct keys {
	bool fresh;  /* a line begins: an escape may follow */
	bool escape; /* the escape character came */
};

/*
 * Reads typed bytes up to the first wish: `~.` leave, `~?` help, `~t` take the keyboard, where a
 * line begins; `~~` is one tilde. Bytes for the machine go to out (of n + 1 bytes at least). Gives
 * how many bytes were read; call again for the rest.
 */
size_t keys_read(struct keys *k, const char *in, size_t n, char *out, size_t *ret_out,
	enum keys_wish *ret_wish);

#endif
