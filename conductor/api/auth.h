/* HTTP basic authentication against a file of bcrypt entries, as `htpasswd -B` writes it. */
#ifndef CONDUCTOR_API_AUTH_H
#define CONDUCTOR_API_AUTH_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct auth;

/* Reads the file once, to complain early. 0, -EINVAL, or what reading gave. */
int auth_new(const char *htpasswd, struct auth **ret, struct err *e);
void auth_free(struct auth *a);

/*
 * Checks the value of an Authorization header (NULL allowed). 0 with the user's name in *ret_user,
 * allocated; -EACCES: none, or a wrong password; -EINVAL: it cannot be read; -EAGAIN: too many are
 * being checked. The file is read again when it has changed; a name and password that were right
 * are remembered as a digest until then, so that bcrypt runs once. Any thread.
 */
int auth_check(struct auth *a, const char *header, char **ret_user, struct err *e);

#endif
