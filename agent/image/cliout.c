/* Progress and results for a person or a script; see cliout.h. */
#include "agent/image/cliout.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/json/json.h"

void cliout_progress(const struct image_progress *p, void *data)
{
	const char *end = isatty(STDERR_FILENO) && p->phase != IMAGE_DONE ? "\033[K\r" : "\n";
	int64_t *shown_ms = data;

	if (p->elapsed_ms - *shown_ms < 1000 && p->phase == IMAGE_WRITING && p->elapsed_ms)
		return;
	*shown_ms = p->elapsed_ms;
	fprintf(stderr,
		"%-12s %6" PRIu64 " of %" PRIu64 " MiB read, %" PRIu64 " written, %" PRIu64
		" skipped, %" PRIu64 " MiB/s",
		image_phase_name(p->phase), p->read >> 20, p->total >> 20, p->written >> 20,
		p->skipped >> 20, p->rate >> 20);
	if (p->eta_s >= 0)
		fprintf(stderr, ", %" PRId64 ":%02" PRId64 " left", p->eta_s / 60, p->eta_s % 60);
	fputs(end, stderr);
}

void cliout_text(const struct image_result *res)
{
	const struct image_progress *p = &res->progress;

	printf("%" PRIu64 " bytes read, %" PRIu64 " decoded, %" PRIu64 " written, %" PRIu64
	       " skipped in %.1f s\n",
		p->read, p->decoded, p->written, p->skipped, (double)p->elapsed_ms / 1000);
	if (*res->hash_hex)
		printf("%s %s\n", res->hash_algo, res->hash_hex);
	if (*res->disk_label)
		printf("%s %s, %u partitions\n", res->disk_label, res->disk_id, res->partitions);
	if (res->grown)
		printf("partition %u enlarged\n", res->grown);
	if (*res->root_uuid)
		printf("root %s %s\n", *res->root_type ? res->root_type : "unknown",
			res->root_uuid);
	for (unsigned i = 0; *res->root_uuid && i < res->partitions; i++)
		printf("partition %u %s\n", res->placed[i].number, res->placed[i].role);
	if (res->configdrive)
		printf("config drive on partition %u\n", res->configdrive);
}

static void put_text(json_t *o, const char *key, const char *value)
{
	if (*value)
		json_put_str(o, key, value);
}

void cliout_json(const struct image_result *res, const struct err *e)
{
	const struct image_progress *p = &res->progress;
	_cleanup_json_ json_t *o = json_object();
	_cleanup_free_ char *text = NULL;

	json_put_str(o, "outcome", e ? "failed" : "written");
	json_put_str(o, "error", e ? e->text : NULL);
	json_put_str(o, "phase", image_phase_name(p->phase));
	json_put_int(o, "bytes_total", (int64_t)p->total);
	json_put_int(o, "bytes_read", (int64_t)p->read);
	json_put_int(o, "bytes_decoded", (int64_t)p->decoded);
	json_put_int(o, "bytes_written", (int64_t)p->written);
	json_put_int(o, "bytes_skipped", (int64_t)p->skipped);
	json_put_int(o, "resumed", p->resumed);
	json_object_set_new(o, "seconds", json_real((double)p->elapsed_ms / 1000));
	put_text(o, res->hash_algo[0] ? res->hash_algo : "hash", res->hash_hex);
	put_text(o, "table", res->disk_label);
	put_text(o, "disk_id", res->disk_id);
	put_text(o, "root_uuid", res->root_uuid);
	json_put_int(o, "partitions", res->partitions);
	if (res->configdrive)
		json_put_int(o, "configdrive_partition", res->configdrive);
	text = json_text(o);
	puts(text);
}
