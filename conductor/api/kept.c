/* What is kept of a node's machine: what was done to its disks, and the logs of its agents. */
#include "conductor/api/handlers.h"
#include "conductor/api/resource.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>

#define ERASURES_MAX 400

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

int erasures_list(struct call *c, struct err *e)
{
	struct store_filter mine = {"node_uuid", STORE_EQ, NULL};
	const struct store_query q = {.filters = &mine,
		.n_filters = 1,
		.sort_key = "id",
		.descending = true,
		.limit = ERASURES_MAX};
	_cleanup_free_ char *uuid = NULL;
	json_t *list = json_array();
	int r = node_uuid(c, c->params[0], &uuid, e);

	mine.value = uuid;
	if (r == 0)
		r = store_list(call_store(c), &disk_record_type, &q, add_erasure, list, e);
	if (r == 0)
		call_reply_json(c, 200, json_pack("{s:O}", "erasures", list));
	json_decref(list);
	return r;
}
