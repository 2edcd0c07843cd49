/* clouds.yaml, as OpenStack's clients read it: only what leads to a bare-metal API. */
#ifndef CONDUCTOR_CLI_CLOUDS_H
#define CONDUCTOR_CLI_CLOUDS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct cloud {
	char *endpoint, *username, *password, *cacert;
	char *version; /* of the API, "1.80"; NULL: the newest of both */
	bool insecure;
	bool open;    /* auth_type none: nobody's name is given */
	bool regions; /* it names some, which mean nothing here */
};

/* "none" or "http_basic"; -EINVAL for what needs Keystone. */
int cloud_auth_type(const char *type, bool *ret_basic, struct err *e);

/*
 * Finds a cloud by name in the text of a file: baremetal_endpoint_override (or endpoint_override,
 * or auth.endpoint), auth_type, auth.username, auth.password, cacert, verify,
 * baremetal_default_microversion. -ENOENT: no such cloud; -EINVAL: no YAML of the right form, no
 * endpoint in it, or an auth_type of Keystone's.
 */
int cloud_parse(const char *text, size_t len, const char *name, struct cloud *ret, struct err *e);

/* Name and password out of a secure.yaml, where the cloud has none of its own. */
int cloud_add_secrets(
	const char *text, size_t len, const char *name, struct cloud *c, struct err *e);

/*
 * Reads the first of $OS_CLIENT_CONFIG_FILE, ./clouds.yaml, ~/.config/openstack/clouds.yaml and
 * /etc/openstack/clouds.yaml that is there, and the secure.yaml beside it. Regions are told to be
 * ignored.
 */
int cloud_find(const char *name, struct cloud *ret, struct err *e);
void cloud_done(struct cloud *c);

#endif
