/* ingot node create, set, unset, delete: resources that are named in ranges and have ports. */
#include "conductor/cli/nodes.h"
#include "conductor/cli/act.h"
#include "conductor/cli/crud.h"
#include "conductor/cli/resource.h"
#include "conductor/cli/value.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static int create_ports(
	struct conn *c, const struct cli_line *line, const char *uuid, struct err *e)
{
	const char *mac;
	size_t pos = 0;

	while ((mac = cli_next(line, "mac", &pos))) {
		_cleanup_json_ json_t *port =
			json_pack("{s:s, s:s}", "address", mac, "node_uuid", uuid);
		int r = conn_call(c, "POST", "/v1/ports", port, NULL, e);

		if (r < 0)
			return err_prefix(e, "port %s", mac);
	}
	return 0;
}

static int create_one(struct conn *c, const struct cli_line *line, const json_t *body, json_t **ret,
	struct err *e)
{
	int r = conn_call(c, "POST", "/v1/nodes", body, ret, e);

	if (r < 0)
		return r;
	r = create_ports(c, line, json_str(*ret, "uuid"), e);
	if (r < 0) {
		_cleanup_free_ char *path = conn_path("/v1/nodes/", json_str(*ret, "uuid"), "");

		(void)conn_call(c, "DELETE", path, NULL, NULL, NULL); /* nothing half-made */
		json_decref(*ret);
		*ret = NULL;
	}
	return r;
}

/* The names there are to be; one NULL where none was given. */
static int names_to_make(const struct cli_line *line, struct names *names, struct err *e)
{
	const char *name = line->n_args ? line->args[0] : cli_value(line, "name");

	if (line->n_args && cli_flag(line, "name"))
		return err_set(e, EINVAL, "a name and --name exclude each other");
	if (name && range_expand(name, names, e) < 0)
		return -e->code;
	if (names->n > 1 && (cli_flag(line, "mac") || cli_flag(line, "uuid")))
		return err_set(e, EINVAL, "--mac and --uuid are of one node, not of %zu", names->n);
	return 0;
}

int verb_node_create(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *body = json_object(), *all = json_array();
	_cleanup_conn_ struct conn *c = NULL;
	struct failures failed = {0};
	struct names names = {0};
	struct err e = {0};
	size_t i = 0;
	int code;

	if (names_to_make(line, &names, &e) < 0 || conn_open(line, &c, &e) < 0 ||
		fields_object(c, line, &node_resource, body, &e) < 0) {
		names_done(&names);
		return cmd_fail_usage(&e);
	}
	if (!json_object_get(body, "driver"))
		json_put_str(body, "driver", "ipmi");
	do {
		const char *name = i < names.n ? names.list[i] : NULL;
		json_t *made = NULL;

		if (name)
			json_put_str(body, "name", name);
		if (create_one(c, line, body, &made, &e) < 0)
			failures_add(&failed, name ? name : "node", e.text);
		else
			json_array_append_new(all, made);
	} while (++i < names.n);
	crud_print(line, all, names.n > 1);
	failures_print(&failed);
	code = failed.n ? CLI_FAILED : CLI_OK;
	failures_done(&failed);
	names_done(&names);
	return code;
}

/* The requests of each node, the same for all: the patch, and its RAID configuration. */
struct change {
	json_t *patch, *raid;
	bool reset;
};

static json_t *change_requests(const char *node, void *data)
{
	const struct change *ch = data;
	json_t *requests = json_array();

	if (json_array_size(ch->patch))
		json_array_append_new(requests,
			json_pack("{s:s, s:s, s:O}", "method", "PATCH", "path",
				ch->reset ? "?reset_interfaces=True" : "", "body", ch->patch));
	if (ch->raid)
		json_array_append_new(requests, json_pack("{s:s, s:s, s:O}", "method", "PUT",
							"path", "/states/raid", "body", ch->raid));
	return requests;
}

static int apply(struct cli_line *line, unsigned use, struct change *ch)
{
	struct act a = {.ask = {change_requests, ch}};
	_cleanup_conn_ struct conn *c = NULL;
	struct err e = {0};

	if (select_given(line, 0, &e) < 0 || conn_open(line, &c, &e) < 0 ||
		fields_patch(c, line, &node_resource, use, ch->patch, &e) < 0)
		return cmd_fail_usage(&e);
	if (!json_array_size(ch->patch) && !ch->raid)
		return fprintf(stderr, "ingot: say what to %s; see ingot %s --help\n",
			       use == IN_SET ? "set" : "unset", line->command),
		       CLI_USAGE;
	return act_with(line, c, line->args, (size_t)line->n_args, &a);
}

int verb_node_set(struct cli_line *line, void *data)
{
	const char *raid = cli_value(line, "target-raid-config"), *unset;
	struct change ch = {json_array(), NULL, cli_flag(line, "reset-interfaces")};
	struct err e = {0};
	size_t pos = 0;
	int code;

	while ((unset = cli_next(line, "unset", &pos))) {
		_cleanup_free_ char *path = xasprintf("/%s", unset + (*unset == '/'));

		patch_remove(ch.patch, path);
	}
	if (raid && value_json("target-raid-config", raid, &ch.raid, &e) < 0)
		code = cmd_fail_usage(&e);
	else if (ch.reset && !cli_flag(line, "driver"))
		code = (fputs("ingot: --reset-interfaces goes with --driver\n", stderr), CLI_USAGE);
	else
		code = apply(line, IN_SET, &ch);
	json_decref(ch.patch);
	json_decref(ch.raid);
	return code;
}

int verb_node_unset(struct cli_line *line, void *data)
{
	struct change ch = {json_array(), NULL, false};
	int code;

	if (cli_flag(line, "target-raid-config"))
		ch.raid = json_object();
	code = apply(line, IN_UNSET, &ch);
	json_decref(ch.patch);
	json_decref(ch.raid);
	return code;
}

static json_t *delete_requests(const char *node, void *data)
{
	return ask_one("DELETE", "", NULL);
}

int verb_node_delete(struct cli_line *line, void *data)
{
	struct act a = {.ask = {delete_requests, NULL}, .destroys = "Forget"};

	return act_on_args(line, 0, &a);
}
