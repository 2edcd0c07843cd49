/*
 * The rescue system: what lets a person in, in a ramdisk that has busybox and dropbear (an archive
 * of its own). A user "rescue" with all rights, an SSH server, a login on each console.
 */
#ifndef AGENT_INIT_RESCUE_H
#define AGENT_INIT_RESCUE_H

#include <stdbool.h>

#include "agent/report/journal.h"

/*
 * Creates the user with a password of this crypt(5) hash and the public key ssh_key (NULL: none),
 * and starts the services; they are started again when they end. A second call changes the
 * password. -ENOTSUP: this ramdisk has no rescue system. -EINVAL: no such hash.
 */
int rescue_start(const char *hash, const char *ssh_key, struct journal *j, struct err *e);

/* Can this text stand in /etc/shadow as a hash? */
bool rescue_hash_valid(const char *hash);

#endif
