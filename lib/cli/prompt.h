/* Questions to the person at the terminal. */
#ifndef LIB_CLI_PROMPT_H
#define LIB_CLI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/* "question [y/N] " on the terminal; false when there is none. */
bool prompt_yes(const char *question);
/* Asks for that very number to be typed; false for anything else. */
bool prompt_number(const char *question, size_t number);
bool prompt_possible(void); /* standard input and error are a terminal */

/* Reads a line without showing it. -ENOTTY without a terminal. The caller frees. */
int prompt_password(const char *question, char **ret, struct err *e);

#endif
