/*
 * One image from its URL to a disk that boots: the order of things. Nothing that makes the disk
 * boot is written before the checksum matched; nothing is called done before it was read back.
 */
#include "agent/image/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/image/checksum.h"
#include "agent/image/drive/configdrive.h"
#include "agent/image/drive/fatdrive.h"
#include "agent/image/format/format.h"
#include "agent/image/drive/iso9660.h"
#include "agent/image/format/mapped.h"
#include "agent/image/disk/parts.h"
#include "agent/image/pipeline.h"
#include "agent/image/fetch/places.h"
#include "agent/image/disk/table.h"
#include "agent/image/disk/target.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#define REPORT_MS    250
#define RATE_SAMPLES 16 /* of REPORT_MS: the rate is that of the last four seconds */

struct rate {
	struct {
		int64_t at_ms;
		uint64_t bytes;
	} sample[RATE_SAMPLES];
	unsigned n;
};

struct work {
	struct image_job job; /* as given, with a file for ca_pem */
	int ca_fd;
	char ca_path[48];
	image_progress_fn fn;
	void *data;
	const atomic_bool *cancel;
	int64_t start_ms;
	struct rate rate;
	struct image_result result;
	struct target target;
	struct checksum checksum;
	struct pipeline pipeline;
	struct bmap map;
	struct table table;
	struct parts parts;
	uint8_t *drive;
	size_t drive_len;
};

static const char *const phase_names[IMAGE_PHASE_COUNT] = {
	[IMAGE_PREPARING] = "preparing",
	[IMAGE_WRITING] = "writing",
	[IMAGE_CONFIGDRIVE] = "config drive",
	[IMAGE_FINISHING] = "finishing",
	[IMAGE_VERIFYING] = "verifying",
	[IMAGE_DONE] = "done",
};

const char *image_phase_name(enum image_phase phase)
{
	return phase < IMAGE_PHASE_COUNT ? phase_names[phase] : "";
}

static uint64_t rate_update(struct rate *r, int64_t now_ms, uint64_t bytes)
{
	unsigned newest = r->n++ % RATE_SAMPLES;
	unsigned oldest = r->n > RATE_SAMPLES ? r->n % RATE_SAMPLES : 0;
	int64_t ms;

	r->sample[newest].at_ms = now_ms;
	r->sample[newest].bytes = bytes;
	ms = now_ms - r->sample[oldest].at_ms;
	return ms > 0 ? (bytes - r->sample[oldest].bytes) * 1000 / (uint64_t)ms : 0;
}

static void report(struct work *w)
{
	struct image_progress *p = &w->result.progress;
	struct pipeline *pipe = &w->pipeline;
	int64_t now = time_mono_ms();

	p->total = atomic_load(&pipe->total);
	p->read = atomic_load(&pipe->read);
	p->decoded = atomic_load(&pipe->decoded);
	p->written = atomic_load(&pipe->written);
	p->skipped = atomic_load(&pipe->skipped);
	p->resumed = atomic_load(&pipe->resumed);
	p->elapsed_ms = now - w->start_ms;
	if (p->phase == IMAGE_WRITING)
		p->rate = rate_update(&w->rate, now, p->read);
	p->eta_s = -1;
	if (p->phase == IMAGE_WRITING && p->rate && p->total > p->read)
		p->eta_s = (int64_t)((p->total - p->read) / p->rate);
	if (w->fn)
		w->fn(p, w->data);
}

static bool cancelled(const struct work *w)
{
	return w->cancel && atomic_load(w->cancel);
}

static int enter(struct work *w, enum image_phase phase, struct err *e)
{
	if (cancelled(w))
		return err_set(e, ECANCELED, "cancelled");
	w->result.progress.phase = phase;
	report(w);
	return 0;
}

static int check_job(const struct image_job *job, struct err *e)
{
	if (!job->urls || !job->urls[0])
		return err_set(e, EINVAL, "the image has no URL; set image_source");
	if (str_empty(job->target))
		return err_set(e, EINVAL, "no disk is given");
	if (!str_empty(job->disk_format) && !format_known(job->disk_format))
		return err_set(e, ENOTSUP,
			"disk format %.32s is not written; convert the image to raw, which may be "
			"compressed with zstd, gzip, xz or bzip2",
			job->disk_format);
	return 0;
}

/* The PEM text as a file without a name: this libcurl takes no certificate from memory. */
static int ca_to_file(struct work *w, struct err *e)
{
	size_t len = w->job.ca_pem ? strlen(w->job.ca_pem) : 0;

	if (!len)
		return 0;
	w->ca_fd = memfd_create("ca", MFD_CLOEXEC);
	if (w->ca_fd < 0 || write(w->ca_fd, w->job.ca_pem, len) != (ssize_t)len)
		return err_errno(e, errno, "keep the CA certificate");
	snprintf(w->ca_path, sizeof(w->ca_path), "/proc/self/fd/%d", w->ca_fd);
	w->job.ca_file = w->ca_path;
	return 0;
}

/* On a disk with large sectors the drive has to be FAT to be mounted. */
static int convert_drive(struct work *w, uint32_t sector, struct err *e)
{
	uint8_t *fat;
	size_t len;
	int r;

	if (sector <= ISO_BLOCK || !iso_present(w->drive, w->drive_len))
		return 0;
	r = fatdrive_from_iso(w->drive, w->drive_len, sector, CONFIGDRIVE_MAX, &fat, &len, e);
	if (r < 0)
		return r;
	mem_wipe(w->drive, w->drive_len);
	free(w->drive);
	w->drive = fat;
	w->drive_len = len;
	return 0;
}

/* A partition's image goes into a part of the disk, which has to be planned before. */
static int prepare_parts(struct work *w, struct err *e)
{
	int r = parts_open(&w->parts, &w->job, e);

	if (r == 0)
		r = convert_drive(w, w->parts.disk.sector, e);
	if (r == 0)
		r = parts_plan(&w->parts, w->drive_len, &w->target, e);
	w->pipeline.begin = parts_begin;
	w->pipeline.begin_data = &w->parts;
	return r;
}

/*
 * What a registry calls the image by is its checksum, also when none is given. User and password
 * are the registry's then, and not shown to whoever else has a map or a checksum file.
 */
static int find_places(struct work *w, struct err *e)
{
	int r = places_open(&w->job, w->cancel, &w->job.places, e);

	if (r < 0)
		return r;
	w->job.urls = places_urls(w->job.places);
	if (*places_digest(w->job.places)) {
		w->job.no_checksum = true;
		w->job.user = w->job.password = NULL;
	}
	return 0;
}

/* With a map of holes it is the map that tells whether the image is right. */
static int find_map(struct work *w, struct err *e)
{
	struct image_job *job = &w->job;
	int r;

	if (str_empty(job->bmap) && !job->bmap_beside)
		return 0;
	r = mapped_open(job, w->cancel, &w->map, e);
	if (r == -ENOTSUP && !str_empty(job->hash_value))
		return 0;
	if (r < 0)
		return r;
	w->pipeline.map = &w->map;
	job->hash_value = NULL;
	job->no_checksum = true;
	return 0;
}

/*
 * All that can go wrong without the disk goes wrong before the disk is touched, which happens when
 * the first piece of the image has come and fits.
 */
static int prepare(struct work *w, struct err *e)
{
	int r = check_job(&w->job, e);

	if (r == 0)
		r = ca_to_file(w, e);
	if (r == 0)
		r = find_places(w, e);
	if (r == 0)
		r = find_map(w, e);
	if (r == 0)
		r = checksum_open(&w->checksum, &w->job, e);
	if (r == 0 && !w->pipeline.map && *places_digest(w->job.places))
		r = checksum_also(&w->checksum, places_digest(w->job.places), e);
	if (r == 0)
		r = configdrive_load(&w->job, &w->drive, &w->drive_len, e);
	if (r == 0 && w->job.parts)
		r = prepare_parts(w, e);
	else if (r == 0)
		r = target_open(
			&w->target, w->job.target, w->job.target_size, w->job.target_file_size, e);
	if (r == 0 && w->job.confirm)
		r = w->job.confirm(w->job.confirm_data, e);
	return r < 0 ? r : enter(w, IMAGE_PREPARING, e);
}

/* Whether the transfer is to end now; *ret says why. */
static bool given_up(const struct work *w, int64_t since_ms, struct err *ret)
{
	uint64_t got = atomic_load(&w->pipeline.read);
	unsigned limit_s = w->job.max_duration_s;

	if (cancelled(w))
		err_set(ret, ECANCELED, "cancelled after %" PRIu64 " bytes", got);
	else if (limit_s && time_mono_ms() - since_ms >= (int64_t)limit_s * 1000)
		err_set(ret, ETIMEDOUT,
			"not over after %u s and %" PRIu64 " bytes; look at the image server and "
			"the way to it, or allow more time (ipa-image-download-max-duration)",
			limit_s, got);
	else
		return false;
	return true;
}

static int transfer(struct work *w, struct err *e)
{
	int64_t since_ms = time_mono_ms();
	struct err stop;
	int r = enter(w, IMAGE_WRITING, e);

	if (r < 0)
		return r;
	pipeline_start(&w->pipeline);
	while (!pipeline_wait(&w->pipeline, REPORT_MS)) {
		report(w);
		if (given_up(w, since_ms, &stop))
			pipeline_fail(&w->pipeline, &stop);
	}
	r = pipeline_finish(&w->pipeline, e);
	report(w);
	if (r < 0)
		return r;
	if (!w->pipeline.size)
		return err_set(e, EINVAL, "the image is empty; check image_source");
	str_copy(w->result.hash_algo, sizeof(w->result.hash_algo), w->checksum.name);
	return checksum_end(
		&w->checksum, atomic_load(&w->pipeline.read), w->job.target, w->result.hash_hex, e);
}

static int place_drive(struct work *w, struct err *e)
{
	uint64_t offset;
	int r;

	if (!w->drive_len)
		return 0;
	r = enter(w, IMAGE_CONFIGDRIVE, e);
	if (r == 0)
		r = convert_drive(w, w->table.sector, e);
	if (r == 0)
		r = table_place(&w->target, &w->table, CONFIGDRIVE_LABEL, w->drive_len, &offset,
			&w->result.configdrive, e);
	if (r == 0)
		r = target_poke(&w->target, w->drive, w->drive_len, offset, e);
	return r < 0 ? err_prefix(e, "config drive") : 0;
}

/* The table in memory becomes that of this disk; only then the disk becomes bootable. */
static int finish(struct work *w, struct err *e)
{
	struct image_result *res = &w->result;
	int r = target_settle(&w->target, w->pipeline.size, e);

	if (r == 0)
		r = table_read(&w->target, &w->table, e);
	if (r == 0)
		r = table_fit(&w->target, &w->table, e);
	if (r == 0)
		r = place_drive(w, e);
	if (r == 0 && w->job.grow_root)
		r = table_grow(&w->target, &w->table, res->configdrive, &res->grown, e);
	if (r == 0)
		r = target_flush(&w->target, e);
	if (r == 0)
		r = enter(w, IMAGE_VERIFYING, e);
	if (r == 0)
		r = target_verify(&w->target, e);
	if (r == 0)
		r = enter(w, IMAGE_FINISHING, e);
	if (r < 0)
		return r;
	r = target_release(&w->target, e);
	if (r < 0) {
		target_withdraw(&w->target);
		return r;
	}
	str_copy(res->disk_label, sizeof(res->disk_label), table_name(w->table.kind));
	table_id(&w->table, &w->target, res->disk_id, sizeof(res->disk_id));
	res->partitions = table_count(&w->table, &w->target);
	target_reread(&w->target);
	return 0;
}

static int finish_parts(struct work *w, struct err *e)
{
	int r = enter(w, IMAGE_FINISHING, e);

	if (r == 0)
		r = parts_finish(&w->parts, w->drive, w->drive_len, &w->result, e);
	if (r < 0)
		return r;
	target_pause(&w->target);
	target_reread(&w->parts.disk);
	return 0;
}

static void work_done(struct work *w)
{
	pipeline_done(&w->pipeline);
	target_close(&w->target);
	parts_close(&w->parts);
	checksum_close(&w->checksum);
	places_free(w->job.places);
	bmap_done(&w->map);
	if (w->drive)
		mem_wipe(w->drive, w->drive_len);
	free(w->drive);
	mem_closep(&w->ca_fd);
}

int image_write(const struct image_job *job, image_progress_fn fn, void *data,
	const atomic_bool *cancel, struct image_result *ret, struct err *e)
{
	struct work *w = xcalloc(1, sizeof(*w));
	int r;

	w->job = *job;
	w->ca_fd = w->target.fd = w->parts.disk.fd = -1;
	w->fn = fn;
	w->data = data;
	w->cancel = cancel;
	w->start_ms = time_mono_ms();
	pipeline_init(&w->pipeline, &w->job, &w->target, &w->checksum);
	r = prepare(w, e);
	if (r == 0)
		r = transfer(w, e);
	if (r == 0)
		r = w->job.parts ? finish_parts(w, e) : finish(w, e);
	if (r == 0) {
		w->result.progress.phase = IMAGE_DONE;
		report(w);
	}
	if (ret)
		*ret = w->result;
	work_done(w);
	free(w);
	return r < 0 ? err_prefix(e, "write image") : 0;
}
