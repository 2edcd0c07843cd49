/* Waiting for an allocation; see allocation.h. */
#include "conductor/cli/allocation.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PAUSE_US 100000

static int ended(const json_t *allocation, struct err *e)
{
	const char *state = json_str(allocation, "state"),
		   *why = json_str(allocation, "last_error");

	if (str_eq(state, "allocating"))
		return 0;
	if (!str_eq(state, "error"))
		return 1;
	err_set(e, EIO, "no node: %s", why ? why : "and no reason is given");
	return err_advise(e, "'ingot node list --resource-class %s' shows the nodes there are",
		json_str(allocation, "resource_class") ? json_str(allocation, "resource_class")
						       : "CLASS");
}

int allocation_created(struct conn *c, const struct cli_line *line, json_t **made, struct err *e)
{
	_cleanup_free_ char *path = conn_path("/v1/allocations/", json_str(*made, "uuid"), "");
	const char *text = cli_value(line, "wait");
	int64_t began = time_mono_ms();
	int seconds = 0, r;

	if (!cli_flag(line, "wait"))
		return 0;
	if (text && str_to_int(text, 0, 1000000, &seconds) < 0)
		return err_set(e, EINVAL, "--wait %s: expected seconds", text);
	while ((r = ended(*made, e)) == 0) {
		json_t *now = NULL;

		if (seconds && time_mono_ms() - began > seconds * 1000LL)
			return err_set(e, ETIMEDOUT,
				"allocation %s: still allocating after %d s; it goes on, see ingot "
				"allocation show",
				json_str(*made, "uuid"), seconds);
		usleep(PAUSE_US);
		r = conn_call(c, "GET", path, NULL, &now, e);
		if (r < 0)
			return r;
		json_decref(*made);
		*made = now;
	}
	return r < 0 ? r : 0;
}
