/* Collections that hold nothing yet: clients list them, so they are there; writes are refused. */
#include "conductor/api/handlers.h"
#include "conductor/api/resource.h"
#include "lib/base/map.h"

#include <errno.h>
#include <stdint.h>

int empty_list(struct call *c, struct err *e)
{
	call_reply_json(c, 200, json_pack("{s:[]}", c->route->arg));
	return 0;
}

int empty_get(struct call *c, struct err *e)
{
	return err_set(e, ENOENT, "%s %.64s could not be found.", c->route->arg,
		c->params[0] ? c->params[0] : "");
}

int not_implemented(struct call *c, struct err *e)
{
	return err_set(e, ENOSYS, "%s: this conductor cannot keep these yet", c->route->arg);
}

int not_supported(struct call *c, struct err *e)
{
	_cleanup_free_ char *uuid = NULL;
	int r = node_uuid(c, c->params[0], &uuid, e);

	if (r < 0)
		return r;
	return err_set(e, ENOTSUP, "Node %s: its driver does not support %s", uuid, c->route->arg);
}

static int count_shard(void *data, const char *uuid, const char *json, size_t len)
{
	_cleanup_json_ json_t *node = NULL;
	const char *shard;
	json_t *counts = data;

	if (json_parse(json, len, 64, &node, NULL) < 0)
		return -EIO;
	shard = json_str(node, "shard");
	if (shard)
		json_put_int(counts, shard, json_int(counts, shard, 0) + 1);
	return 0;
}

int shards_list(struct call *c, struct err *e)
{
	struct store_filter filter = {"shard", STORE_NOT_NULL, NULL};
	struct store_query q = {.filters = &filter, .n_filters = 1};
	_cleanup_json_ json_t *counts = json_object();
	json_t *out = json_array(), *count;
	const char *name;
	int r = store_list_text(call_store(c), &node_type, &q, count_shard, counts, e);

	if (r < 0) {
		json_decref(out);
		return r;
	}
	json_object_foreach (counts, name, count)
		json_array_append_new(out, json_pack("{s:s, s:O}", "name", name, "count", count));
	call_reply_json(c, 200, json_pack("{s:o}", "shards", out));
	return 0;
}
