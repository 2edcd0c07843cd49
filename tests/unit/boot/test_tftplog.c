/* in.tftpd's syslog datagrams, as recorded from tftp-hpa 5.2 of Debian 12. */
#include "boot/tftplog.h"
#include "tests/unit/tap.h"

static struct tftp_line parse(const char *text)
{
	struct tftp_line l;

	tftp_line_parse(text, strlen(text), &l);
	return l;
}

int main(void)
{
	struct tftp_line l;
	char big[2000];

	l = parse(
		"<29>Nov 22 11:13:37 in.tftpd[13426]: RRQ from 10.77.0.200 filename snponly.efi\n");
	is_int(l.kind, TFTP_REQUEST, "a request");
	is_str(l.ip, "10.77.0.200", "its address");
	is_str(l.file, "snponly.efi", "its file");

	l = parse("<28>Nov 22 11:13:37 in.tftpd[13426]: tftp: client does not accept options\n");
	is_int(l.kind, TFTP_ABORTED, "the client's error packet");
	l = parse("<30>Nov 22 11:13:54 in.tftpd[14394]: sending NAK (1, File not found) to "
		  "10.77.0.1");
	is_int(l.kind, TFTP_REFUSED, "a refusal");
	is_str(l.text, "sending NAK (1, File not found) to 10.77.0.1", "its text");

	l = parse("<29>Nov 22 11:13:54 in.tftpd[1]: RRQ from 10.77.0.1 filename a\033[31m");
	is_str(l.file, "a?[31m", "control characters do not get through");
	is_int(parse("").kind, TFTP_OTHER, "nothing");
	memset(big, 'x', sizeof(big));
	tftp_line_parse(big, sizeof(big), &l);
	is_int(l.kind, TFTP_OTHER, "a datagram that is too long");
	return done_testing();
}
