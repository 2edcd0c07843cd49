/* clouds.yaml, as OpenStack's clients read it: only what leads to a bare-metal API. */
#ifndef CONDUCTOR_CLI_CLOUDS_H
#define CONDUCTOR_CLI_CLOUDS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct cloud {
	char *endpoint, *username, *password, *cacert;
	bool insecure;
};

/*
 * Finds a cloud by name in the text of a file: baremetal_endpoint_override (or endpoint_override,
 * or auth.endpoint), auth.username, auth.password, cacert, verify. -ENOENT: no such cloud; -EINVAL:
 * no YAML of the right form, or no endpoint in it.
 */
int cloud_parse(const char *text, size_t len, const char *name, struct cloud *ret, struct err *e);

/*
 * Reads the first of $OS_CLIENT_CONFIG_FILE, ./clouds.yaml, ~/.config/openstack/clouds.yaml and
 * /etc/openstack/clouds.yaml that is there.
 */
int cloud_find(const char *name, struct cloud *ret, struct err *e);
void cloud_done(struct cloud *c);

#endif
