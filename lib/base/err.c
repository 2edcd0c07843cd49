/* The error chain; see err.h. */
#include "lib/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int err_vset(struct err *e, int code, const char *fmt, va_list ap)
{
	char text[sizeof(e->text)]; /* the arguments may be the text that is there */

	if (code <= 0)
		code = EIO;
	if (e) {
		vsnprintf(text, sizeof(text), fmt, ap);
		e->code = code;
		memcpy(e->text, text, strlen(text) + 1);
	}
	return -code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = err_vset(e, code, fmt, ap);
	va_end(ap);
	return r;
}

int err_errno(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	size_t len;
	int r;

	va_start(ap, fmt);
	r = err_vset(e, code, fmt, ap);
	va_end(ap);
	if (e) {
		len = strlen(e->text);
		snprintf(e->text + len, sizeof(e->text) - len, ": %s", strerror(-r));
	}
	return r;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->text)];
	va_list ap;
	size_t len;

	if (!e)
		return -EIO;
	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	len = strlen(e->text);
	snprintf(e->text + len, sizeof(e->text) - len, ": %s", old);
	return e->code > 0 ? -e->code : -EIO;
}

int err_advise(struct err *e, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	if (!e)
		return -EIO;
	len = strlen(e->text);
	if (len + 3 < sizeof(e->text)) {
		memcpy(e->text + len, "; ", 3);
		va_start(ap, fmt);
		vsnprintf(e->text + len + 2, sizeof(e->text) - len - 2, fmt, ap);
		va_end(ap);
	}
	return e->code > 0 ? -e->code : -EIO;
}
