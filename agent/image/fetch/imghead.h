/*
 * What the head of an image server's answer says about going on with a file: which file it is and
 * which part of it comes (RFC 9110, sections 8.8 and 14.4). The server is hostile.
 */
#ifndef AGENT_IMAGE_FETCH_IMGHEAD_H
#define AGENT_IMAGE_FETCH_IMGHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMGHEAD_TEXT_MAX      160
#define IMGHEAD_CHALLENGE_MAX 1024

struct imghead {
	char etag[IMGHEAD_TEXT_MAX], modified[64]; /* "" when there is none, or it is too long */
	char challenge[IMGHEAD_CHALLENGE_MAX];	   /* WWW-Authenticate, the Bearer one of several */
	bool ranges;				   /* the server says that it gives parts of it */
	bool has_range;
	uint64_t range_start, range_total; /* bytes; the start is below the total */
};

/* One line of the head, not terminated. The first line of an answer, also of one that follows a
 * redirect, forgets what was there. */
void imghead_line(struct imghead *h, const char *line, size_t len);

/* The strong ETag, else the date; "" when there is neither. Lives in h. */
const char *imghead_validator(const struct imghead *h);

#endif
