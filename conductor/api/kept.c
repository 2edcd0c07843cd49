/*
 * What is kept of a node's machine: what was done to its disks, what its last inspections found,
 * and the logs of its agents.
 */
#include "conductor/api/handlers.h"
#include "conductor/api/resource.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>

#define ERASURES_MAX 400
#define LOGS_MAX     (8 << 20)

static int add_erasure(void *data, const void *record)
{
	const struct disk_record *rec = record;
	json_t *o = record_to_json(&disk_record_type, rec);

	json_object_del(o, "node_uuid");
	json_object_del(o, "updated_at");
	json_object_del(o, "duration_ms");
	json_object_set_new(o, "seconds", json_real((double)rec->duration_ms / 1000));
	json_array_append_new(data, o);
	return 0;
}

static int add_inspection(void *data, const void *record)
{
	json_t *o = record_to_json(&past_inspection_type, record);

	json_object_del(o, "uuid");
	json_object_del(o, "node_uuid");
	json_object_del(o, "updated_at");
	json_array_append_new(data, o);
	return 0;
}

/* Answers with the records of the node in the path, the newest first, under `plural`. */
static int newest_of_node(struct call *c, const struct record_type *type, int limit,
	int (*add)(void *list, const void *record), const char *plural, struct err *e)
{
	struct store_filter mine = {"node_uuid", STORE_EQ, NULL};
	const struct store_query q = {.filters = &mine,
		.n_filters = 1,
		.sort_key = "id",
		.descending = true,
		.limit = limit};
	_cleanup_free_ char *uuid = NULL;
	json_t *list = json_array();
	int r = node_uuid(c, c->params[0], &uuid, e);

	mine.value = uuid;
	if (r == 0)
		r = store_list(call_store(c), type, &q, add, list, e);
	if (r == 0)
		call_reply_json(c, 200, json_pack("{s:O}", plural, list));
	json_decref(list);
	return r;
}

int erasures_list(struct call *c, struct err *e)
{
	return newest_of_node(c, &disk_record_type, ERASURES_MAX, add_erasure, "erasures", e);
}

int inspections_list(struct call *c, struct err *e)
{
	return newest_of_node(c, &past_inspection_type, 0, add_inspection, "inspections", e);
}

int logs_list(struct call *c, struct err *e)
{
	const struct api_report *report = &call_config(c)->report;
	_cleanup_free_ char *uuid = NULL;
	int r = node_uuid(c, c->params[0], &uuid, e);

	if (r < 0)
		return r;
	call_reply_json(c, 200,
		json_pack("{s:o}", "logs",
			report->logs ? report->logs(report->data, uuid) : json_array()));
	return 0;
}

int logs_get(struct call *c, struct err *e)
{
	const struct api_report *report = &call_config(c)->report;
	_cleanup_free_ char *uuid = NULL, *path = NULL, *data = NULL;
	size_t len;
	int r = node_uuid(c, c->params[0], &uuid, e);

	if (r < 0)
		return r;
	path = report->logs_path ? report->logs_path(report->data, uuid, c->params[1]) : NULL;
	if (!path || fs_read(path, LOGS_MAX, &data, &len, NULL) < 0)
		return err_set(
			e, ENOENT, "Logs %.64s of node %s could not be found.", c->params[1], uuid);
	call_reply_text(c, 200, "application/gzip", TAKE_PTR(data), len);
	return 0;
}
