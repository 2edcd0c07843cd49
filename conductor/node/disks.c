/*
 * The record of what was done to a node's disks: written with the commit that follows the step,
 * kept for the node's life up to a ceiling, and told in its history.
 */
#include "conductor/node/enode.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <string.h>

#define RECORDS_KEPT 400 /* per node: 40 cleanings of ten disks */
#define TEXT_LEN     300
#define FOUND_MAX    32

/* A text an agent sent, cut and made printable; allocated, NULL stays NULL. */
static char *tame(const char *text, size_t max)
{
	char *copy = text ? xstrndup(text, strnlen(text, max)) : NULL;

	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return copy;
}

static json_t *tame_list(const json_t *list)
{
	json_t *tamed = json_array(), *one;
	size_t i;

	json_array_foreach ((json_t *)list, i, one) {
		_cleanup_free_ char *text = tame(json_string_value(one), 128);

		if (text && i < FOUND_MAX)
			json_array_append_new(tamed, json_string(text));
	}
	return tamed;
}

static void fill(struct disk_record *rec, const json_t *told)
{
	const json_t *seconds = json_object_get(told, "seconds");
	const struct {
		char **to;
		const char *key;
	} texts[] = {
		{&rec->step, "step"},
		{&rec->disk, "disk"},
		{&rec->serial, "serial"},
		{&rec->wwn, "wwn"},
		{&rec->model, "model"},
		{&rec->method, "method"},
		{&rec->outcome, "outcome"},
		{&rec->error, "error"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		*texts[i].to = tame(json_str(told, texts[i].key), TEXT_LEN);
	rec->size = json_int(told, "size", 0);
	if (json_is_number(seconds) && json_number_value(seconds) >= 0 &&
		json_number_value(seconds) < 1e9)
		rec->duration_ms = (int64_t)(json_number_value(seconds) * 1000);
	json_decref(rec->found);
	rec->found = tame_list(json_object_get(told, "found"));
}

/* "/dev/sda (serial S1) erased in 0.4 s, carried GPT, ext4 \"root\"" */
static void describe(const struct disk_record *rec, struct buf *b)
{
	json_t *one;
	size_t i;

	buf_printf(b, "%s%s (serial %s) %s", b->len ? "; " : "", rec->disk ? rec->disk : "?",
		rec->serial ? rec->serial : "unknown", rec->outcome ? rec->outcome : "?");
	if (rec->duration_ms)
		buf_printf(b, " in %.1f s", (double)rec->duration_ms / 1000);
	json_array_foreach (rec->found, i, one)
		buf_printf(b, "%s%s", i ? ", " : ", carried ", json_string_value(one));
}

static void put(struct commit *c, const json_t *told, struct buf *summary)
{
	struct disk_record rec;
	char uuid[UUID_TEXT_MAX];

	record_init(&disk_record_type, &rec);
	uuid_new(uuid);
	rec.uuid = xstrdup(uuid);
	rec.node_uuid = xstrdup(c->next->uuid);
	rec.created_at = rec.updated_at = time_wall_us();
	fill(&rec, told);
	store_txn_insert(c->txn, &disk_record_type, &rec);
	describe(&rec, summary);
	record_done(&disk_record_type, &rec);
}

void disks_note(struct commit *c, struct flow_run *run)
{
	json_t *disks = run ? run->found.disks : NULL, *told;
	struct buf text = BUF_INIT(2000);
	const char *step;
	size_t i;

	if (!json_array_size(disks))
		return;
	c->has_disks = true;
	json_array_foreach (disks, i, told)
		put(c, told, &text);
	store_txn_delete_where(c->txn, &disk_record_type, "node_uuid", c->next->uuid, RECORDS_KEPT);
	step = json_str(json_array_get(disks, 0), "step");
	{
		_cleanup_free_ char *event =
			xasprintf("%.64s: %s", step ? step : "disks", buf_str(&text));

		history_add(c, "INFO", "disks", NULL, NULL, 0, NULL, event);
	}
	buf_done(&text);
}
