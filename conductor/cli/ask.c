/* Asking many nodes; see ask.h. */
#include "conductor/cli/ask.h"
#include "conductor/cli/fan.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_NODES  1000
#define REQUESTS_MAX 8 /* about one node in a batch */
#define CHUNK_BYTES  ((size_t)16 * 1024 * 1024)
#define RETRY_MS     10000

json_t *ask_one(const char *method, const char *path, json_t *body)
{
	json_t *request = json_pack("{s:s, s:s}", "method", method, "path", path);

	if (body)
		json_object_set_new(request, "body", body);
	return json_pack("[o]", request);
}

bool ask_taken(const json_t *row)
{
	return json_int(row, "status", 500) < 400;
}

static json_t *row_new(const char *node, int status, const char *error)
{
	json_t *row = json_pack("{s:s, s:i}", "node", node, "status", status);

	json_put_str(row, "error", error);
	return row;
}

/* Without batches: each request by itself. */
static json_t *ask_alone(struct conn *c, const char *node, const struct ask *a)
{
	_cleanup_json_ json_t *requests = a->requests(node, a->data);
	json_t *request;
	struct err e;
	size_t i;

	json_array_foreach (requests, i, request) {
		_cleanup_free_ char *path =
			conn_path("/v1/nodes/", node, json_str(request, "path"));

		if (conn_call(c, json_str(request, "method"), path,
			    json_object_get(request, "body"), NULL, &e) < 0)
			return row_new(node, 400, e.text);
	}
	return row_new(node, 202, NULL);
}

struct alone {
	const struct names *names;
	const struct ask *ask;
	json_t **rows;
};

static void alone_one(struct conn *c, size_t i, void *data)
{
	const struct alone *a = data;

	a->rows[i] = ask_alone(c, a->names->list[i], a->ask);
}

static int alone(struct conn *c, const struct names *names, const struct ask *ask, json_t *rows)
{
	struct alone a = {names, ask, xcalloc(names->n + 1, sizeof(json_t *))};

	fan_out(c, names->n, alone_one, &a);
	for (size_t i = 0; i < names->n; i++)
		json_array_append_new(rows, a.rows[i]);
	free(a.rows);
	return 0;
}

/* A batch's paths have no query. */
static bool fits_batch(const struct names *names, const struct ask *a)
{
	_cleanup_json_ json_t *requests =
		names->n ? a->requests(names->list[0], a->data) : json_array();
	bool fits = true;
	json_t *request;
	size_t i;

	json_array_foreach (requests, i, request)
		fits &= !strchr(json_str(request, "path"), '?');
	return fits && json_array_size(requests) <= REQUESTS_MAX;
}

/* The next nodes that fit into one call, from *at on. */
static json_t *chunk(const struct names *names, const struct ask *a, size_t *at)
{
	json_t *nodes = json_array();
	size_t bytes = 0;

	while (*at < names->n && json_array_size(nodes) < CHUNK_NODES && bytes < CHUNK_BYTES) {
		const char *node = names->list[(*at)++];
		json_t *requests = a->requests(node, a->data);
		_cleanup_free_ char *text = json_text(requests);

		bytes += strlen(text);
		json_array_append_new(
			nodes, json_pack("{s:s, s:o}", "node", node, "requests", requests));
	}
	return nodes;
}

static int ask_chunk(struct conn *c, json_t *nodes, bool dry_run, json_t *rows, struct err *e)
{
	_cleanup_json_ json_t *body = json_pack("{s:o, s:b, s:I}", "nodes", nodes, "dry_run",
		dry_run, "at_most", (json_int_t)json_array_size(nodes));
	_cleanup_json_ json_t *answer = NULL;
	json_t *results;
	int r = conn_call(c, "POST", "/ingot/v1/batch", body, &answer, e);

	if (r < 0)
		return r;
	results = json_object_get(answer, "results");
	if (json_array_size(results) != json_array_size(nodes))
		return err_set(e, EPROTO, "%s: not as many results as nodes", conn_url(c));
	return json_array_extend(rows, results);
}

static int ask_all(struct conn *c, const struct names *names, const struct ask *a, bool dry_run,
	json_t *rows, struct err *e)
{
	int r = 0;

	if (!dry_run && !fits_batch(names, a))
		return alone(c, names, a, rows);
	for (size_t at = 0; r == 0 && at < names->n;)
		r = ask_chunk(c, chunk(names, a, &at), dry_run, rows, e);
	if (r == -ENOENT && !json_array_size(rows))
		return dry_run ? err_set(e, ENOSYS, "%s cannot tell beforehand what it would do",
					 conn_url(c))
			       : alone(c, names, a, rows);
	return r;
}

static bool locked(const json_t *row)
{
	const char *error = json_str(row, "error");

	return json_int(row, "status", 0) == 409 && error && strstr(error, "is locked by host");
}

/* Puts the rows of the second asking where the first found nodes locked. */
static int ask_locked_again(
	struct conn *c, const struct ask *a, bool dry_run, json_t *rows, struct err *e)
{
	_cleanup_json_ json_t *again = json_array();
	struct names names = {0};
	json_t *row;
	size_t i, k = 0;
	int r = 0;

	json_array_foreach (rows, i, row)
		if (locked(row))
			names_add(&names, json_str(row, "node"));
	if (names.n)
		r = ask_all(c, &names, a, dry_run, again, e);
	json_array_foreach (rows, i, row)
		if (r == 0 && locked(row))
			json_array_set(rows, i, json_array_get(again, k++));
	r = r < 0 ? r : names.n > 0;
	names_done(&names);
	return r;
}

int ask_nodes(struct conn *c, const struct names *names, const struct ask *a, bool dry_run,
	json_t **ret_rows, struct err *e)
{
	_cleanup_json_ json_t *rows = json_array();
	int64_t until = time_mono_ms() + RETRY_MS;
	int r = ask_all(c, names, a, dry_run, rows, e);

	while (r >= 0 && time_mono_ms() < until) {
		r = ask_locked_again(c, a, dry_run, rows, e);
		if (r <= 0)
			break;
		usleep(300000);
	}
	if (r < 0)
		return r;
	*ret_rows = TAKE_PTR(rows);
	return 0;
}
