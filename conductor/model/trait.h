/* Traits: what a node can do, by names that schedulers match. */
#ifndef CONDUCTOR_MODEL_TRAIT_H
#define CONDUCTOR_MODEL_TRAIT_H

#include "lib/json/json.h"

#define TRAIT_MAX  255 /* bytes of a name */
#define TRAITS_MAX 50  /* of a node, as in Ironic */

/* A name of the standard list (OpenStack's os-traits), or CUSTOM_ and capitals, digits and '_'. */
bool trait_valid(const char *name);

/* Puts an array of names in order: answers have them so. */
void traits_sort(json_t *traits);

#endif
