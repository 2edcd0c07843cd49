/* Lists of all nodes, a part per turn of the loop; see walk.h. */
#include "conductor/node/walk.h"
#include "lib/base/str.h"

#include <errno.h>

#define WALK_NS (1000 * 1000) /* per turn */

struct walk {
	struct list link; /* engine.walks */
	struct engine *en;
	struct request *request;
	const char *key;
	json_t *(*row)(struct enode *e, bool flag);
	json_t *rows;
	size_t n, at;
	char (*uuids)[UUID_TEXT_MAX];
};

static void walk_free(struct walk *w)
{
	list_remove(&w->link);
	json_decref(w->rows);
	free(w->uuids);
	free(w);
}

static void on_walk(uv_idle_t *idle)
{
	struct engine *en = idle->data;
	struct walk *w = list_first(&en->walks, struct walk, link);
	uint64_t until = uv_hrtime() + WALK_NS;

	while (w && w->at < w->n && uv_hrtime() < until) {
		struct enode *e = map_get(&en->nodes, w->uuids[w->at++]);
		json_t *row = e ? w->row(e, w->request->flag) : NULL;

		if (row)
			json_array_append_new(w->rows, row);
	}
	if (w && w->at == w->n) {
		w->request->answer = json_pack("{s:o}", w->key, TAKE_PTR(w->rows));
		request_finish(w->request, 0, NULL);
		walk_free(w);
	}
	if (list_empty(&en->walks))
		uv_idle_stop(idle);
}

void walk_nodes(struct engine *en, struct request *r, const char *key,
	json_t *(*row)(struct enode *e, bool flag))
{
	struct walk *w = xcalloc(1, sizeof(*w));
	const char *uuid;

	*w = (struct walk){.en = en,
		.request = r,
		.key = key,
		.row = row,
		.rows = json_array(),
		.uuids = xcalloc(en->nodes.n + 1, sizeof(*w->uuids))};
	for (size_t pos = 0; map_next(&en->nodes, &pos, &uuid, NULL);)
		str_copy(w->uuids[w->n++], UUID_TEXT_MAX, uuid);
	list_append(&en->walks, &w->link);
	uv_idle_start(&en->walking, on_walk);
}

void walks_stop(struct engine *en)
{
	struct walk *w;
	struct err err;

	err_set(&err, EAGAIN, "this conductor is stopping; try again in a moment");
	while ((w = list_first(&en->walks, struct walk, link))) {
		request_finish(w->request, -EAGAIN, &err);
		walk_free(w);
	}
	uv_idle_stop(&en->walking);
}
