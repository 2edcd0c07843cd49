/*
 * The password of a rescue system. Only its hash is kept, under Ironic's name in instance_info: the
 * agent is told that, and nobody needs the password again.
 */
#include "conductor/flow/calls.h"
#include "lib/base/mem.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASHED "hashed_rescue_password"
#define SHA256 "$5$" /* Ironic's default of rescue_password_hash_algorithm */

int rescue_password_keep(struct node *n, const char *password, struct err *e)
{
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *hash = NULL;

	if (crypt_gensalt_rn(SHA256, 0, NULL, 0, salt, sizeof(salt)))
		hash = crypt_rn(password, salt, data, (int)sizeof(*data));
	if (hash)
		json_put_str(n->instance_info, HASHED, hash);
	explicit_bzero(data, sizeof(*data));
	free(data);
	return hash ? 0
		    : err_set(e, EINVAL,
			      "rescue_password: cannot be hashed; expected at most %d characters",
			      CRYPT_MAX_PASSPHRASE_SIZE - 1);
}

void rescue_password_forget(struct node *n)
{
	json_object_del(n->instance_info, HASHED);
	json_object_del(n->instance_info, "rescue_password"); /* an older record's */
}

void start_finalize_rescue(struct flow_run *run, struct op *op)
{
	const char *hash = json_str(run->node->instance_info, HASHED);

	agentlink_command(run->env->agents, run->node, "rescue.finalize_rescue",
		json_pack("{s:s, s:b}", "rescue_password", hash ? hash : "!", "hashed", 1), op);
}

int finish_unrescue(struct flow_run *run, json_t *value, struct err *e)
{
	rescue_password_forget(run->node);
	return finish_power_into_system(run, value, e);
}
