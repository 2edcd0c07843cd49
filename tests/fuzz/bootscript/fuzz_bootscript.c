/*
 * What goes into a script for iPXE: a message, which may quote anything, and an operator's kernel
 * command line. The first byte chooses the script; a newline parts the two.
 */
#include "boot/script.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* A message adds no line, no setting and no command, whatever it holds. */
static void fuzz_message(enum script which, const char *message)
{
	struct script_values v = {.base = "http://10.0.0.1:8080", .token = TOKEN, .retry_s = 5};
	struct buf plain = BUF_INIT(8192), out = BUF_INIT(8192), said = BUF_INIT(512);

	if (script_render(which, &v, &plain) < 0)
		abort();
	v.message = message;
	if (script_render(which, &v, &out) < 0 || lines(buf_str(&out)) != lines(buf_str(&plain)))
		abort();
	script_message(message, &said);
	if (strpbrk(buf_str(&said), "$|&#\\\r\n\t") || said.len > 200)
		abort();
	buf_done(&plain);
	buf_done(&out);
	buf_done(&said);
}

/* A command line that is taken is one line of printable text in which iPXE sees nothing of its own.
 */
static void fuzz_cmdline(const char *text)
{
	struct script_values v = {.base = "http://10.0.0.1:8080", .token = TOKEN, .message = "x"};
	struct buf line = BUF_INIT(4096), out = BUF_INIT(16384), small = BUF_INIT(64);
	struct err e;

	if (script_cmdline(text, TOKEN, "52:54:00:12:34:56", &line, &e) == 0) {
		if (strstr(buf_str(&line), "${") || lines(buf_str(&line)) ||
			!strstr(buf_str(&line), "BOOTIF="))
			abort();
		v.cmdline = buf_str(&line);
		if (script_render(SCRIPT_AGENT, &v, &out) < 0 ||
			script_render(SCRIPT_AGENT, &v, &small) == 0)
			abort();
	}
	buf_done(&line);
	buf_done(&out);
	buf_done(&small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *second;

	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	second = strchr(text, '\n');
	if (second) {
		*second++ = '\0';
		fuzz_cmdline(second);
	}
	fuzz_message(data[0] % SCRIPT_COUNT, text);
	free(text);
	return 0;
}
