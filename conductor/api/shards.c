/* Shards: labels that nodes are shared out by, and how many have each. */
#include "conductor/api/handlers.h"
#include "conductor/model/node.h"

/* Nodes without a shard count as one named None, as in Ironic. */
static int add_shard(void *data, const char *value, int64_t n)
{
	json_t *shard =
		json_pack("{s:s, s:I}", "name", value ? value : "None", "count", (json_int_t)n);

	return json_array_append_new(data, shard) < 0 ? -1 : 0;
}

int shards_list(struct call *c, struct err *e)
{
	json_t *shards = json_array();
	int r = store_count_by(call_store(c), &node_type, "shard", add_shard, shards, e);

	if (r < 0) {
		json_decref(shards);
		return r;
	}
	call_reply_json(c, 200, json_pack("{s:o}", "shards", shards));
	return 0;
}
