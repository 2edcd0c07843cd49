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

/* The bcrypt entry of whoever comes first, allocated; NULL when there is none. */
char *htpasswd_any(const char *text);

/*
 * "name\0password" out of an Authorization header, allocated, secret. 0; -EACCES: there is no
 * header (NULL); -EINVAL: it is not basic authentication, or not as that is written.
 */
int htpasswd_credentials(const char *header, char **ret, struct err *e);

#endif
