/* The rescue command; see rescue.h. What a rescue system is, the platform knows. */
#include "agent/rescue.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define HASH_MAX 512

/* A hash that fits a line of shadow(5), and is none of the forms that let everybody in or nobody.
 */
static bool is_hash(const char *text)
{
	return text && text[0] == '$' && strlen(text) < HASH_MAX && !strpbrk(text, ":\n\r\t ");
}

int rescue_check(void *agent, const json_t *params, struct err *e)
{
	const char *password = json_str(params, "rescue_password");

	if (str_empty(password))
		return err_set(e, EINVAL, "Invalid command params: 'rescue_password' is missing.");
	if (!json_flag(params, "hashed", false) || !is_hash(password))
		return err_set(e, EINVAL,
			"Invalid command params: 'rescue_password' is not hashed; this agent takes "
			"crypt(5) hashes only (in Ironic: [conductor] "
			"rescue_password_hash_algorithm)");
	return 0;
}

int rescue_finalize(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	struct agent *a = agent;
	int r;

	if (!a->platform->rescue)
		return err_set(e, ENOTSUP,
			"rescue: this ramdisk has no rescue system; give the node a rescue_ramdisk "
			"that has one");
	r = a->platform->rescue(a->platform->data, json_str(params, "rescue_password"), e);
	if (r < 0)
		return err_prefix(e, "rescue");
	say(a->journal, "rescue: the password is set; the agent falls silent");
	agent_fall_silent(a);
	return 0;
}
