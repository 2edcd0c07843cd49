/* What the files of the ipmi hardware type share: the connection to a node's BMC. */
#ifndef CONDUCTOR_DRIVER_IPMI_H
#define CONDUCTOR_DRIVER_IPMI_H

#include "conductor/bmc/ipmi/reads.h"
#include "conductor/driver/driver.h"

/* Gets the connection, or completes the op with the reason why there is none: NULL. */
struct ipmi_bmc *ipmi_open_bmc(struct driver_env *env, const struct node *n, struct op *op);
/* The same for a node that was connected to before; NULL: it is gone. */
struct ipmi_bmc *ipmi_kept_bmc(struct driver_env *env, const char *node_uuid);
/* The op's deadline as that of a request. */
struct ipmi_opts ipmi_opts_for(const struct op *op, enum driver_priority p);
void ipmi_answer_plain(void *op, const struct ipmi_result *result, const struct err *e);

extern const struct management_ops ipmi_boot_ops; /* ipmi_boot.c, with ipmi_bmc_calls */

/* ipmi_bmc.c: by enum bmc_call. */
extern bmc_fn *const ipmi_bmc_calls[BMC_CALL_COUNT];

/* ipmi_json.c: what was read, as the API shows it. */
json_t *ipmi_sensors_json(const struct ipmi_sensors *s);
json_t *ipmi_frus_json(const struct ipmi_frus *f);
/* names: the sensors, for what the entries are about; may be NULL */
json_t *ipmi_sel_json(const struct ipmi_sel *s, const struct ipmi_sensors *names, int64_t wall_us);
json_t *ipmi_lan_json(const struct ipmi_lan *l);
json_t *ipmi_info_json(const struct ipmi_info *i);

#endif
