/* What an agent answers to a command, or to the question how one went; it is hostile. */
#include "conductor/agentlink/internal.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

int agentlink_command_outcome(const json_t *command, struct err *e)
{
	const char *status = json_str(command, "command_status"),
		   *name = json_str(command, "command_name");
	const json_t *error = json_object_get(command, "command_error");
	const char *text =
		json_is_string(error) ? json_string_value(error) : json_str(error, "details");

	if (str_eq(status, "SUCCEEDED"))
		return 0;
	if (str_eq(status, "RUNNING"))
		return -EAGAIN;
	if (!text)
		text = json_str(error, "message");
	return err_set(e, EREMOTEIO, "agent %s: %s", name ? name : "command",
		text ? text : "failed without saying why");
}

static int refused(const char *name, const char *url, const struct http_response *resp,
	const json_t *body, struct err *e)
{
	const char *why = json_str(body, "faultstring");

	return err_set(e, resp->status == 409 ? EBUSY : EREMOTEIO,
		"agent command %s at %s: HTTP %d: %s", name, url, resp->status,
		why ? why : http_status_text(resp->status));
}

/* The newest command of this name in {"commands": [...]}. */
static json_t *newest(const json_t *body, const char *name)
{
	const json_t *commands = json_object_get(body, "commands");

	for (size_t i = json_array_size(commands); i-- > 0;) {
		json_t *c = json_array_get(commands, i);

		if (str_eq(json_str(c, "command_name"), name) ||
			(json_str(c, "command_name") && strchr(name, '.') &&
				str_eq(json_str(c, "command_name"), strchr(name, '.') + 1)))
			return c;
	}
	return NULL;
}

int agentlink_read_answer(const char *name, bool status, const char *url,
	const struct http_response *resp, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *body = NULL;
	json_t *command;
	int r;

	r = json_parse(resp->body, resp->len, JSON_DEPTH_MAX, &body, e);
	if (resp->status != 200)
		return refused(name, url, resp, body, e);
	if (r < 0)
		return err_prefix(e, "agent command %s at %s", name, url);
	command = status ? newest(body, name) : body;
	if (!json_is_object(command))
		return err_set(e, ENOENT,
			"agent command %s at %s: the agent does not know of it; it was restarted",
			name, url);
	if (!status) {
		r = agentlink_command_outcome(command, e);
		if (r < 0 && r != -EAGAIN)
			return r;
	}
	*ret = json_incref(command);
	return 0;
}
