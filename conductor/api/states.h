/* Bodies of the requests that change states, and their checks beyond the schemas. */
#ifndef CONDUCTOR_API_STATES_H
#define CONDUCTOR_API_STATES_H

#include "conductor/api/schema.h"
#include "conductor/model/states.h"

extern const struct schema provision_schema, power_schema, maintenance_schema, console_schema,
	console_input_schema;
extern const struct schema boot_device_schema, boot_mode_schema, secure_boot_schema, nothing_schema,
	indicator_schema, vmedia_schema;					  /* manage.c */
extern const struct schema bmc_identify_schema, bmc_reset_schema, bmc_raw_schema; /* bmc.c */

/* Which parts go with which target, config drive forms (contract 2.11), versions. */
int provision_check(int version, const json_t *body, enum verb *ret, struct err *e);

/* Targets and timeout (contract 2.3). */
int power_check(int version, const json_t *body, enum power_state *ret, struct err *e);

#endif
