/*
 * What a password file says (htpasswd -B) and what a client shows (RFC 7617), as text alone. The
 * client is hostile; the file is the operator's, who may have mistyped.
 */
#ifndef CONDUCTOR_API_HTPASSWD_H
#define CONDUCTOR_API_HTPASSWD_H

#include "lib/base/err.h"

/*
 * Every line has to be "name:bcrypt", a comment with '#', or empty. 0, or -EINVAL with the line;
 * `path` is for that message.
 */
int htpasswd_check(const char *path, const char *text, struct err *e);

/* The user's bcrypt entry, allocated; NULL when there is none. */
char *htpasswd_find(const char *text, const char *user);

/*
 * "name\0password" out of an Authorization header, allocated, secret; NULL when there is none
 * (header NULL) or it is not basic authentication.
 */
char *htpasswd_credentials(const char *header);

#endif
