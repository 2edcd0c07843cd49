/* Commands to an agent over HTTPS (contract 4.7); see agentlink.h. */
#include "conductor/agentlink/internal.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define ANSWER_MAX (4 << 20) /* collected logs come back in a command's result */

/* Commands that may be given twice; to ask how one went may be, too. */
static const char *const repeatable[] = {"clean.get_clean_steps", "deploy.get_deploy_steps",
	"standby.sync", "image.install_bootloader", "log.collect_system_logs"};

/* One exchange. `name` is the command; status: it asks for all commands and looks for the name. */
struct exchange {
	struct agentlink *agents;
	struct op *op;
	char *name;
	bool status;
	char *logs;    /* it asks for logs: what they are of; else NULL */
	char url[768]; /* as it may be shown: without the token */
};

int agentlink_new(uv_loop_t *loop, struct agentlink **ret, struct err *e)
{
	struct agentlink *a = xcalloc(1, sizeof(*a));
	int r = http_async_new(loop, 0, &a->http, e);

	if (r < 0) {
		free(a);
		return r;
	}
	a->loop = loop;
	list_init(&a->pausing);
	*ret = a;
	return 0;
}

void agentlink_logs_to(struct agentlink *a, const char *folder, int keep)
{
	str_replace(&a->logs_folder, folder);
	a->logs_keep = keep;
}

void agentlink_free(struct agentlink *a)
{
	if (!a)
		return;
	agentlink_give_up(a);
	http_async_free(a->http);
	while (a->saving) /* a file is written in a moment */
		uv_run(a->loop, UV_RUN_ONCE);
	free(a->logs_folder);
	free(a);
}

static void exchange_free(struct exchange *x)
{
	free(x->name);
	free(x->logs);
	free(x);
}

static void answered(int r, struct http_response *resp, const struct err *e, void *data)
{
	struct exchange *x = data;
	const char *logs;
	json_t *value = NULL;
	struct err err = {0};

	if (r < 0)
		err_set(&err, -r, "agent command %s at %s: %s", x->name, x->url, e->text);
	else
		r = agentlink_read_answer(x->name, x->status, x->url, resp, &value, &err);
	logs = json_str(json_object_get(value, "command_result"), "system_logs");
	if (r == 0 && x->logs && !logs)
		r = err_set(&err, EPROTO, "agent command %s at %s: the answer has no logs", x->name,
			x->url);
	if (r < 0) {
		op_fail(x->op, &err);
		json_decref(value);
	} else if (x->logs) {
		agentlink_keep_logs(x->agents, x->op->node, x->logs, logs, x->op);
		json_decref(value);
	} else {
		op_done(x->op, value);
	}
	exchange_free(x);
}

static bool may_be_repeated(const struct exchange *x)
{
	for (size_t i = 0; i < ARRAY_SIZE(repeatable); i++)
		if (str_eq(repeatable[i], x->name))
			return true;
	return x->status;
}

/* body NULL: a GET */
static void start(struct agentlink *a, const struct node *n, struct exchange *x, const char *query,
	const char *body)
{
	const char *base = json_str(n->driver_internal_info, "agent_url");
	const char *token = json_str(n->driver_internal_info, "agent_secret_token");
	_cleanup_free_ char *url = NULL;
	struct err e;

	x->agents = a;
	if (!base || !token) {
		err_set(&e, ENOTCONN, "agent command %s: node %s has no agent", x->name, n->uuid);
		op_fail(x->op, &e);
		exchange_free(x);
		return;
	}
	snprintf(x->url, sizeof(x->url), "%s/v1/commands/", base);
	url = xasprintf("%s?agent_token=%s%s", x->url, token, query);
	agentlink_ask(a,
		&(struct agent_request){.url = url,
			.body = body,
			.pin_pem = json_str(n->driver_internal_info, "agent_verify_ca"),
			.repeatable = may_be_repeated(x),
			.answer_max = ANSWER_MAX,
			.deadline_ms = x->op->deadline_ms},
		answered, x);
}

void agentlink_command(
	struct agentlink *a, const struct node *n, const char *name, json_t *params, struct op *op)
{
	struct exchange *x = xcalloc(1, sizeof(*x));
	_cleanup_json_ json_t *body = json_pack("{s:s, s:o}", "name", name, "params", params);
	_cleanup_free_ char *text = json_text(body);

	x->op = op;
	x->name = xstrdup(name);
	start(a, n, x, "&wait=false", text);
}

void agentlink_collect_logs(
	struct agentlink *a, const struct node *n, const char *what, struct op *op)
{
	static const char body[] = "{\"name\": \"log.collect_system_logs\", \"params\": {}}";
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->op = op;
	x->name = xstrdup("log.collect_system_logs");
	x->logs = xstrdup(what);
	start(a, n, x, "&wait=true", body);
}

void agentlink_command_status(
	struct agentlink *a, const struct node *n, const char *name, struct op *op)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->op = op;
	x->name = xstrdup(name);
	x->status = true;
	start(a, n, x, "", NULL);
}
