/* An error a person can act on: a code for the program and a chain of text for the reader. */
#ifndef LIB_BASE_ERR_H
#define LIB_BASE_ERR_H

#include <stdarg.h>

/*
 * Functions that can fail return 0 or a negative errno and take a "struct err *" last. They fill it
 * only on failure, and accept NULL. The text says what was tried, on what, what came back and,
 * after a semicolon, what to do. Each caller prefixes what it was doing, so the chain reads outside
 * in: "deploy r12u07: write image: GET http://...: 404".
 */
struct err {
	int code; /* positive errno */
	char text[768];
};

/* Sets the error; too long a text is cut. Returns -code. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int err_vset(struct err *e, int code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/* Appends ": " and the text of errno value `code`. Returns -code. */
int err_errno(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "<fmt>: " before the text that is there. Returns -e->code (or -EIO when e is NULL). */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends "; <fmt>", the advice. Returns -e->code (or -EIO when e is NULL). */
int err_advise(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
