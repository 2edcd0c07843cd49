/*
 * What of a file a client gets: all of it, a range, or nothing, by the conditions it sent (RFC 9110
 * sections 13 and 14). The client is hostile; what is not understood is ignored, as told there.
 */
#ifndef LIB_HTTP_FILEVIEW_H
#define LIB_HTTP_FILEVIEW_H

#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/http/server.h"

struct fileview {
	uint64_t size, first, count; /* count bytes from first */
	int status;		     /* 200, 206, 304, 416; the last two with count 0 */
	char etag[64], modified[40];
	time_t mtime;
};

void fileview_make(const struct http_req *req, const struct stat *st, struct fileview *ret);

#endif
