/* iPXE scripts out of the templates in boot/script/. */
#ifndef BOOT_SCRIPT_H
#define BOOT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum script {
	SCRIPT_FIRST,	  /* wants base */
	SCRIPT_WAIT,	  /* base, message, retry */
	SCRIPT_AGENT,	  /* base, message, token, cmdline, archives */
	SCRIPT_DISK_BIOS, /* message */
	SCRIPT_DISK_EFI,  /* base, message */
	SCRIPT_COUNT
};

/* What stands for %base% and so on; NULL is "". */
struct script_values {
	const char *base;    /* "http://10.77.0.1:8080" */
	const char *message; /* goes through script_message() */
	const char *token;
	const char *cmdline; /* as made by script_cmdline() */
	unsigned retry_s;
	size_t archives; /* how many come after the ramdisk */
};

/* Appends the script to out. 0; -ENOSPC when out is full; -EINVAL when a template names an unknown
 * value. */
int script_render(enum script which, const struct script_values *v, struct buf *out);

/*
 * A text made harmless for iPXE's echo: printable ASCII, no ${, no command separators, at most 200
 * bytes.
 */
void script_message(const char *text, struct buf *out);

/*
 * A kernel command line with %token% and %mac% replaced, and BOOTIF=01-aa-.. appended when it has
 * none. -EINVAL for what iPXE would not pass on unchanged: control characters, "${", a word that is
 * "||" or "&&" or starts with '#'; for an unknown %name%; for more than 1500 bytes.
 */
int script_cmdline(
	const char *text, const char *token, const char *mac, struct buf *out, struct err *e);

#endif
