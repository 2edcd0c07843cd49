/* Lines of dnsmasq and datagrams of in.tftpd: machines choose most of what is in them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boot/dnsmasqlog.h"
#include "boot/tftplog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
	if (strnlen(text, size) == size)
		abort();
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			abort();
}

static void on_event(void *data, const struct boot_event *ev)
{
	check_text(ev->detail, sizeof(ev->detail));
	check_text(ev->mac, sizeof(ev->mac));
	check_text(ev->ip, sizeof(ev->ip));
}

static void on_lease(void *data, const char *ip, const char *mac)
{
	if (strlen(mac) != BOOT_MAC_TEXT - 1 || !*ip)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dnsmasq_log log;
	const char *p = (const char *)data, *end = p + size;
	struct tftp_line t;

	dnsmasq_log_init(&log, on_event, on_lease, NULL);
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);

		/* a copy of its own, so that a read past the end is seen */
		char *line = malloc(len ? len : 1);

		if (!line)
			return 0;
		memcpy(line, p, len);
		dnsmasq_log_line(&log, line, len);
		tftp_line_parse(line, len, &t);
		check_text(t.text, sizeof(t.text));
		check_text(t.file, sizeof(t.file));
		free(line);
		p += len + 1;
	}
	dnsmasq_log_flush(&log);
	return 0;
}
