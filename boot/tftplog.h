/* What in.tftpd's syslog messages say; pure text, no I/O. */
#ifndef BOOT_TFTPLOG_H
#define BOOT_TFTPLOG_H

#include <stddef.h>

/*
 * in.tftpd forks once per request and logs the request and errors; it says nothing when a transfer
 * succeeded or when the client vanished. The end is known from the end of that process.
 */
enum tftp_line_kind {
	TFTP_OTHER,
	TFTP_REQUEST, /* "RRQ from 10.77.0.200 filename snponly.efi" */
	TFTP_REFUSED, /* "sending NAK (1, File not found) to 10.77.0.1" */
	TFTP_ABORTED, /* "tftp: client does not accept options": the client's error packet */
};

struct tftp_line {
	enum tftp_line_kind kind;
	char ip[46];
	char file[128];
	char text[128]; /* the message after "in.tftpd[N]: ", printable ASCII */
};

/* Reads one datagram: "<29>Nov 22 11:13:37 in.tftpd[13426]: ..." */
void tftp_line_parse(const char *line, size_t len, struct tftp_line *ret);

#endif
