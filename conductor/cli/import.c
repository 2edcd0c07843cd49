/* ingot rack import: the whole file is checked, then compared, then written, all or none. */
#include "conductor/cli/cmd.h"
#include "conductor/cli/rack.h"
#include "lib/base/fs.h"
#include "lib/base/map.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define FILE_MAX  ((size_t)64 * 1024 * 1024)
#define WRONG_MAX ((size_t)64 * 1024)

/* One row's plan. */
struct plan {
	const struct rack_node *want;
	const json_t *node; /* as it is; NULL: to be made */
	json_t *patch;	    /* to make it as wanted */
	json_t *macs;	    /* ports that are missing */
	char *uuid;	    /* of a node made by us */
};

struct import {
	struct conn *c;
	struct csv csv;
	struct rack_node *rows;
	struct plan *plans;
	size_t n;
	json_t *nodes, *ports; /* what the conductor has */
	struct map by_name, by_mac;
	struct buf diff;
	bool passwords;
	unsigned created, changed, unchanged;
};

static void import_done(struct import *im)
{
	for (size_t i = 0; im->plans && i < im->n; i++) {
		json_decref(im->plans[i].patch);
		json_decref(im->plans[i].macs);
		free(im->plans[i].uuid);
	}
	free(im->plans);
	rack_nodes_free(im->rows, im->n);
	csv_done(&im->csv);
	json_decref(im->nodes);
	json_decref(im->ports);
	map_done(&im->by_name);
	map_done(&im->by_mac);
	buf_done(&im->diff);
	conn_close(im->c);
}

static int read_file(struct import *im, const char *path, struct err *e)
{
	_cleanup_(buf_done) struct buf wrong = BUF_INIT(WRONG_MAX);
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (fs_read(path, FILE_MAX, &text, &len, e) < 0)
		return -e->code;
	if (csv_parse(text, len, &im->csv, e) < 0)
		return err_prefix(e, "%s", path);
	if (rack_read(&im->csv, &im->rows, &im->n, &wrong) == 0)
		return 0;
	fputs(buf_str(&wrong), stderr);
	return err_set(e, EINVAL, "%s: nothing was imported; mend the lines above", path);
}

/* What the conductor has, by name and by MAC address. */
static int read_conductor(struct import *im, struct err *e)
{
	json_t *item;
	size_t i;

	if (conn_list(im->c, "/v1/nodes/detail?include_children=true", "nodes", &im->nodes, e) <
			0 ||
		conn_list(im->c, "/v1/ports?fields=uuid,address,node_uuid", "ports", &im->ports,
			e) < 0)
		return -e->code;
	json_array_foreach (im->nodes, i, item)
		if (json_str(item, "name"))
			map_put(&im->by_name, json_str(item, "name"), item);
	json_array_foreach (im->ports, i, item)
		map_put(&im->by_mac, json_str(item, "address"), item);
	return 0;
}

/* Which ports are missing; a port of another node is an error of this row. */
static int plan_ports(struct import *im, struct plan *p, struct buf *wrong)
{
	json_t *mac;
	size_t i;

	p->macs = json_array();
	json_array_foreach (p->want->macs, i, mac) {
		const json_t *port = map_get(&im->by_mac, json_string_value(mac));
		const char *owner = json_str(port, "node_uuid");

		if (!port) {
			json_array_append(p->macs, mac);
			buf_printf(&im->diff, "    port: %s\n", json_string_value(mac));
		} else if (!p->node || !str_eq(owner, json_str(p->node, "uuid"))) {
			buf_printf(wrong, "line %u: mac: %s is a port of node %s already\n",
				p->want->line, json_string_value(mac), owner ? owner : "?");
		}
	}
	return 0;
}

static int plan_row(struct import *im, size_t i, struct buf *wrong)
{
	struct plan *p = &im->plans[i];
	size_t before, after;

	p->want = &im->rows[i];
	p->node = map_get(&im->by_name, p->want->name);
	before = im->diff.len;
	buf_printf(&im->diff, "%s %s\n", p->node ? "~" : "+", p->want->name);
	after = im->diff.len;
	if (p->node)
		p->patch = rack_patch(p->want, p->node, im->passwords, &im->diff);
	plan_ports(im, p, wrong);
	if (!p->node) {
		im->created++;
	} else if (im->diff.len == after) {
		im->unchanged++;
		buf_truncate(&im->diff, before);
	} else {
		im->changed++;
	}
	return 0;
}

static int plan_all(struct import *im, struct err *e)
{
	_cleanup_(buf_done) struct buf wrong = BUF_INIT(WRONG_MAX);

	im->plans = xcalloc(im->n + 1, sizeof(*im->plans));
	for (size_t i = 0; i < im->n; i++)
		plan_row(im, i, &wrong);
	if (!wrong.len)
		return 0;
	fputs(buf_str(&wrong), stderr);
	return err_set(e, EINVAL, "nothing was imported; mend the lines above");
}

static int add_ports(struct import *im, const struct plan *p, const char *uuid, struct err *e)
{
	json_t *mac;
	size_t i;

	json_array_foreach (p->macs, i, mac) {
		_cleanup_json_ json_t *port =
			json_pack("{s:O, s:s}", "address", mac, "node_uuid", uuid);

		if (conn_call(im->c, "POST", "/v1/ports", port, NULL, e) < 0)
			return err_prefix(e, "port %s", json_string_value(mac));
	}
	return 0;
}

static int create(struct import *im, struct plan *p, struct err *e)
{
	_cleanup_json_ json_t *node = NULL;
	int r = conn_call(im->c, "POST", "/v1/nodes", p->want->body, &node, e);

	if (r == 0) {
		p->uuid = xstrdup(json_str(node, "uuid"));
		r = p->uuid ? add_ports(im, p, p->uuid, e)
			    : err_set(e, EPROTO, "no uuid came back");
	}
	return r < 0 ? err_prefix(e, "line %u: %s", p->want->line, p->want->name) : 0;
}

static int update(struct import *im, const struct plan *p, struct err *e)
{
	const char *uuid = json_str(p->node, "uuid");
	_cleanup_free_ char *path = conn_path("/v1/nodes/", uuid, "");
	int r = 0;

	if (json_array_size(p->patch))
		r = conn_call(im->c, "PATCH", path, p->patch, NULL, e);
	if (r == 0)
		r = add_ports(im, p, uuid, e);
	return r < 0 ? err_prefix(e, "line %u: %s", p->want->line, p->want->name) : 0;
}

/* The patch that puts back what update() changed. */
static json_t *reverse(const struct plan *p)
{
	json_t *back = json_array(), *o;
	size_t i;

	json_array_foreach (p->patch, i, o) {
		const char *path = json_str(o, "path"), *slash = strchr(path + 1, '/');
		_cleanup_free_ char *root =
			slash ? xstrndup(path + 1, (size_t)(slash - path - 1)) : xstrdup(path + 1);
		json_t *value = json_object_get(p->node, root);

		if (slash)
			value = json_object_get(value, slash + 1);
		if (str_eq(json_string_value(value), "******"))
			continue; /* never shown, so that it cannot be put back */
		json_array_append_new(
			back, value ? json_pack("{s:s, s:s, s:O}", "op", "add", "path", path,
					      "value", value)
				    : json_pack("{s:s, s:s}", "op", "remove", "path", path));
	}
	return back;
}

static void undo_ports(struct import *im, const struct plan *p)
{
	json_t *mac;
	size_t i;

	json_array_foreach (p->macs, i, mac) {
		_cleanup_free_ char *query =
			conn_path("/v1/ports?address=", json_string_value(mac), "");
		_cleanup_json_ json_t *found = NULL;
		_cleanup_free_ char *path = NULL;
		const char *uuid;

		if (conn_list(im->c, query, "ports", &found, NULL) < 0)
			continue;
		uuid = json_str(json_array_get(found, 0), "uuid");
		path = uuid ? conn_path("/v1/ports/", uuid, "") : NULL;
		if (path)
			(void)conn_call(im->c, "DELETE", path, NULL, NULL, NULL);
	}
}

/* Takes the first n rows back. */
static void undo(struct import *im, size_t n)
{
	while (n-- > 0) {
		struct plan *p = &im->plans[n];
		const char *uuid = p->node ? json_str(p->node, "uuid") : p->uuid;
		_cleanup_free_ char *path = uuid ? conn_path("/v1/nodes/", uuid, "") : NULL;
		_cleanup_json_ json_t *back = p->node ? reverse(p) : NULL;

		if (!path)
			continue;
		if (!p->node) {
			(void)conn_call(im->c, "DELETE", path, NULL, NULL, NULL);
			continue;
		}
		undo_ports(im, p);
		if (json_array_size(back))
			(void)conn_call(im->c, "PATCH", path, back, NULL, NULL);
	}
}

static int apply(struct import *im, struct err *e)
{
	for (size_t i = 0; i < im->n; i++) {
		struct plan *p = &im->plans[i];
		int r = p->node ? update(im, p, e) : create(im, p, e);

		if (r < 0) {
			undo(im, i + 1);
			return err_advise(
				e, "the rows before it were taken back, nothing is imported");
		}
	}
	return 0;
}

static void report(const struct import *im, bool dry, bool json)
{
	if (json) {
		_cleanup_json_ json_t *out =
			json_pack("{s:i, s:i, s:i, s:b}", "created", im->created, "changed",
				im->changed, "unchanged", im->unchanged, "dry_run", dry);

		cmd_print_json(out);
		return;
	}
	fputs(buf_str(&im->diff), stdout);
	printf("%u %s, %u changed, %u as before\n", im->created, dry ? "to make" : "made",
		im->changed, im->unchanged);
}

int verb_rack_import(struct cli_line *line, void *data)
{
	struct import im = {.diff = BUF_INIT((size_t)64 * 1024 * 1024)};
	bool dry = cli_flag(line, "dry-run");
	struct err e = {0};
	int r, code = CLI_OK;

	im.passwords = cli_flag(line, "set-passwords");
	r = read_file(&im, line->args[0], &e);
	if (r == 0)
		r = conn_open(line, &im.c, &e);
	if (r == 0)
		r = read_conductor(&im, &e);
	if (r == 0)
		r = plan_all(&im, &e);
	if (r == 0 && !dry)
		r = apply(&im, &e);
	if (r < 0)
		code = cmd_fail(&e);
	else
		report(&im, dry, print_as_json(line));
	import_done(&im);
	return code;
}
