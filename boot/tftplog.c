/* Reads syslog datagrams of tftp-hpa's in.tftpd -vvv (version 5.2). */
#include "boot/tftplog.h"

#include <stdio.h>
#include <string.h>

#include "boot/text.h"
#include "lib/base/str.h"

/* Behind "<29>Nov 22 11:13:37 in.tftpd[13426]: ", or the whole text when it has no such head. */
static const char *message_of(const char *text)
{
	const char *tag = strstr(text, "tftpd[");
	const char *end = tag ? strstr(tag, "]: ") : NULL;

	return end ? end + 3 : text;
}

void tftp_line_parse(const char *line, size_t len, struct tftp_line *ret)
{
	char text[320];
	const char *m;

	memset(ret, 0, sizeof(*ret));
	while (len && (line[len - 1] == '\n' || line[len - 1] == '\0'))
		len--;
	text_copy(text, sizeof(text), line, len);
	m = message_of(text);
	str_copy(ret->text, sizeof(ret->text), m);
	if (sscanf(m, "RRQ from %45s filename %127s", ret->ip, ret->file) == 2)
		ret->kind = TFTP_REQUEST;
	else if (str_starts(m, "sending NAK"))
		ret->kind = TFTP_REFUSED;
	else if (str_starts(m, "tftp: ") || str_starts(m, "Client "))
		ret->kind = TFTP_ABORTED;
}
