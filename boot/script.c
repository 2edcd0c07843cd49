/*
 * Scripts for iPXE. A template is a file in boot/script/, compiled in as it is, with %name% where a
 * value goes. What comes from outside is made harmless here, so that no machine and no message can
 * add a command to a script.
 */
#include "boot/script.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

#define CMDLINE_MAX 1500 /* the kernel takes 2047, iPXE's own words come on top */
#define MESSAGE_MAX 200

/* The assembler copies the file; module.mk says that this object depends on it. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a string of assembler */
#define TEMPLATE(symbol, path)                                                                     \
	__asm__(".pushsection .rodata\n"                                                           \
		".global " #symbol "\n" #symbol ":\n"                                              \
		".incbin \"" path "\"\n"                                                           \
		".byte 0\n"                                                                        \
		".popsection\n");                                                                  \
	extern const char symbol[]
/* NOLINTEND(bugprone-macro-parentheses) */

TEMPLATE(script_text_first, "boot/script/first.ipxe");
TEMPLATE(script_text_wait, "boot/script/wait.ipxe");
TEMPLATE(script_text_agent, "boot/script/agent.ipxe");
TEMPLATE(script_text_disk_bios, "boot/script/disk-bios.ipxe");
TEMPLATE(script_text_disk_efi, "boot/script/disk-efi.ipxe");

static const char *const templates[SCRIPT_COUNT] = {
	[SCRIPT_FIRST] = script_text_first,
	[SCRIPT_WAIT] = script_text_wait,
	[SCRIPT_AGENT] = script_text_agent,
	[SCRIPT_DISK_BIOS] = script_text_disk_bios,
	[SCRIPT_DISK_EFI] = script_text_disk_efi,
};

struct variable {
	const char *name;
	const char *value;
};

/*
 * Copies text, replacing each %name% of the table. A '%' that opens no name is an error: it is a
 * mistake in a template or in a command line, which must not reach a machine.
 */
static int substitute(
	const char *text, const struct variable *vars, size_t n, struct buf *out, struct err *e)
{
	const char *open, *close;
	size_t i;

	while ((open = strchr(text, '%'))) {
		buf_append(out, text, (size_t)(open - text));
		close = strchr(open + 1, '%');
		for (i = 0; close && i < n; i++)
			if (strlen(vars[i].name) == (size_t)(close - open - 1) &&
				!memcmp(vars[i].name, open + 1, (size_t)(close - open - 1)))
				break;
		if (!close || i == n)
			return err_set(e, EINVAL, "'%.20s' is no value that can be put in", open);
		buf_puts(out, vars[i].value ? vars[i].value : "");
		text = close + 1;
	}
	return buf_puts(out, text);
}

/* The further archives: a line that fetches each, and the kernel's words that name them. */
static void archive_lines(const struct script_values *v, struct buf *fetch, struct buf *words)
{
	for (size_t i = 0; i < v->archives; i++) {
		buf_printf(fetch, "initrd --name archive%zu %s/boot/%s/archive%zu || goto failed\n",
			i, v->base ? v->base : "", v->token ? v->token : "", i);
		buf_printf(words, " initrd=archive%zu", i);
	}
}

int script_render(enum script which, const struct script_values *v, struct buf *out)
{
	_cleanup_(buf_done) struct buf message = BUF_INIT(MESSAGE_MAX + 1);
	_cleanup_(buf_done) struct buf fetch = BUF_INIT(4096), words = BUF_INIT(512);
	char retry[16];
	int r;

	script_message(v->message ? v->message : "", &message);
	snprintf(retry, sizeof(retry), "%u", v->retry_s);
	archive_lines(v, &fetch, &words);
	const struct variable vars[] = {
		{"archives", buf_str(&fetch)},
		{"initrds", buf_str(&words)},
		{"base", v->base},
		{"message", buf_str(&message)},
		{"token", v->token},
		{"cmdline", v->cmdline},
		{"retry", retry},
	};
	r = substitute(templates[which], vars, ARRAY_SIZE(vars), out, NULL);
	return r < 0 ? r : out->overflow ? -ENOSPC : 0;
}

/* iPXE ends a command at a word "||" or "&&" and starts a comment at a word "#...". */
static char harmless(char c)
{
	static const char from[] = "$|&#\\", to[] = "S/++/";
	const char *p;

	if (c < ' ' || c > '~')
		return '?';
	p = strchr(from, c);
	return p ? to[p - from] : c;
}

void script_message(const char *text, struct buf *out)
{
	size_t len = strnlen(text, MESSAGE_MAX);

	for (size_t i = 0; i < len; i++) {
		char c = harmless(text[i]);

		buf_append(out, &c, 1);
	}
}

/* Names what iPXE would read as its own. */
static const char *reserved_in(const char *text)
{
	const char *word = text;

	if (strstr(text, "${"))
		return "${";
	for (; *word; word += strcspn(word, " "), word += strspn(word, " ")) {
		size_t len = strcspn(word, " ");

		if (*word == '#')
			return "a word that starts with #";
		if (len == 2 && (!memcmp(word, "||", 2) || !memcmp(word, "&&", 2)))
			return "|| or && as a word";
	}
	return NULL;
}

static int check_cmdline(const char *text, struct err *e)
{
	const char *reserved;

	if (strlen(text) > CMDLINE_MAX)
		return err_set(e, EINVAL,
			"kernel command line has %zu bytes; at most %d are possible", strlen(text),
			CMDLINE_MAX);
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			return err_set(e, EINVAL,
				"kernel command line has byte 0x%02x at position %zu; only "
				"printable "
				"ASCII is possible",
				(unsigned char)*p, (size_t)(p - text));
	reserved = reserved_in(text);
	if (reserved)
		return err_set(e, EINVAL,
			"kernel command line has %s, which iPXE reads as its own; leave it out",
			reserved);
	return 0;
}

static bool has_bootif(const char *text)
{
	const char *p = strstr(text, "BOOTIF=");

	return p && (p == text || p[-1] == ' ');
}

int script_cmdline(
	const char *text, const char *token, const char *mac, struct buf *out, struct err *e)
{
	const struct variable vars[] = {{"token", token}, {"mac", mac}};
	int r;

	r = check_cmdline(text, e);
	if (r < 0)
		return r;
	r = substitute(text, vars, ARRAY_SIZE(vars), out, e);
	if (r < 0)
		return err_prefix(e, "kernel command line");
	if (!has_bootif(text)) {
		buf_puts(out, " BOOTIF=01");
		for (const char *p = mac; *p; p += p[2] ? 3 : 2)
			buf_printf(out, "-%.2s", p);
	}
	return out->overflow ? err_set(e, EINVAL, "kernel command line is too long") : 0;
}
