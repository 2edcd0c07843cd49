/* Recordings of consoles, written by uv's worker threads; see console_int.h. */
#include "conductor/driver/console_int.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/cast/log.h"

/* One batch for one node's file. At most one of a node is under way, so their order is kept. */
struct batch {
	uv_work_t work;
	struct consoles *all;
	struct buf notes;
	size_t max;
	char node[UUID_TEXT_MAX];
	char *folder, *title;
	bool remove; /* the node went meanwhile */
	int r;
	struct err err;
};

static void write_batch(struct batch *b)
{
	b->r = cast_log_append(b->folder, b->node, b->title, &b->notes, b->max, &b->err);
}

static void on_work(uv_work_t *work)
{
	write_batch(container_of(work, struct batch, work));
}

static void batch_free(struct batch *b)
{
	buf_done(&b->notes);
	free(b->folder);
	free(b->title);
	free(b);
}

static void write_next(struct console *c);

static void tell(struct console *c, const struct batch *b)
{
	if (b->r < 0 && !c->unwritable)
		log_warning("console of %s is not recorded: %s", b->title, b->err.text);
	c->unwritable = b->r < 0;
}

static void on_written(uv_work_t *work, int status)
{
	struct batch *b = container_of(work, struct batch, work);
	struct console *c = map_get(&b->all->by_node, b->node);

	b->all->jobs--;
	if (b->remove)
		cast_log_remove(b->folder, b->node);
	if (c && c->batch == b) {
		c->batch = NULL;
		tell(c, b);
		write_next(c);
	}
	batch_free(b);
}

static struct batch *batch_new(struct console *c)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	b->all = c->all;
	b->notes = c->notes;
	buf_init(&c->notes, CONSOLE_NOTES_MAX);
	b->max = c->all->config.log_max;
	b->folder = xstrdup(c->all->folder);
	b->title = xstrdup(c->title);
	str_copy(b->node, sizeof(b->node), c->node);
	return b;
}

static void write_next(struct console *c)
{
	struct batch *b;

	if (c->batch || !c->notes.len || c->all->stopping)
		return;
	b = c->batch = batch_new(c);
	c->all->jobs++;
	uv_queue_work(c->all->env->loop, &b->work, on_work, on_written);
}

void console_log(struct console *c, char code, const void *data, size_t len)
{
	if (!c->all->folder || c->forgotten)
		return;
	cast_note(&c->notes, time_wall_us(), code, data, len);
	write_next(c);
}

void console_log_flush(struct console *c)
{
	struct batch *b;

	if (!c->notes.len)
		return;
	b = batch_new(c);
	write_batch(b);
	tell(c, b);
	batch_free(b);
}

void console_log_forget(struct console *c)
{
	c->forgotten = true;
	buf_truncate(&c->notes, 0);
	if (c->batch)
		c->batch->remove = true;
}
