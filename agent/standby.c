/* Image, boot loader, power; see standby.h. How an image is written is agent/image's business. */
#include "agent/standby.h"
#include "agent/erase/signature.h"
#include "agent/image/image.h"
#include "agent/partimage.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define URLS_MAX 8

static const json_t *image_info(const json_t *params)
{
	return json_object_get(params, "image_info");
}

/* IPA's rule: os_hash_algo and os_hash_value together, or checksum; an OCI reference leads to one.
 */
static bool has_checksum(const json_t *info)
{
	const char *url = json_string_value(json_array_get(json_object_get(info, "urls"), 0));

	return !str_empty(json_str(info, "checksum")) || str_starts(url ? url : "", "oci://") ||
	       (!str_empty(json_str(info, "os_hash_algo")) &&
		       !str_empty(json_str(info, "os_hash_value")));
}

/* What the conductor permits, as far as it can be told without the image. */
static int check_rules(struct agent *a, const json_t *info, struct err *e)
{
	const struct rules rules = agent_rules(a);
	const char *format = json_str(info, "disk_format"), *algo = json_str(info, "os_hash_algo"),
		   *sum = json_str(info, "checksum");
	bool pair = !str_empty(json_str(info, "os_hash_value"));

	if (rules.no_md5 && (pair ? str_ieq(algo, "md5") : sum && strlen(sum) == 32))
		return err_set(e, EINVAL,
			"Invalid command params: the checksum is MD5, which the conductor forbids; "
			"give image_os_hash_algo and image_os_hash_value with SHA-256 or SHA-512");
	if (!str_empty(format) && !rules_format_permitted(&rules, format))
		return err_set(e, EINVAL,
			"Invalid command params: image format %.32s is not among the permitted "
			"ones: %s",
			format, rules.formats);
	return 0;
}

int standby_check_image(void *agent, const json_t *params, struct err *e)
{
	const json_t *info = image_info(params), *urls = json_object_get(info, "urls");
	struct image_parts parts;
	const char *problem = NULL;

	if (!json_is_object(info))
		problem = "Image is missing 'image_info'.";
	else if (str_empty(json_str(info, "id")))
		problem = "Image is missing 'id' field.";
	else if (!json_array_size(urls) || !json_string_value(json_array_get(urls, 0)))
		problem = "Image 'urls' must be a list with at least one element.";
	else if (!has_checksum(info))
		problem = "Image is missing a checksum: 'checksum', or 'os_hash_algo' and "
			  "'os_hash_value'.";
	if (problem)
		return err_set(e, EINVAL, "Invalid command params: %s", problem);
	if (partimage_is(info) && partimage_from_info(info, &parts, e) < 0)
		return err_prefix(e, "Invalid command params");
	return check_rules(agent, info, e);
}

struct write_context {
	struct agent *agent;
	const json_t *disk;
	const char *device;
};

static int on_open(void *data, struct err *e)
{
	const struct write_context *w = data;

	return agent_disk_confirm(w->agent, w->disk, e);
}

static bool on_format(void *data, const char *format)
{
	const struct write_context *w = data;
	const struct rules rules = agent_rules(w->agent);

	return rules.no_deep_inspection || rules_format_permitted(&rules, format);
}

static void on_progress(const struct image_progress *p, void *data)
{
	struct write_context *w = data;
	struct progress_state s = {
		.bytes_done = p->read,
		.bytes_total = p->total,
		.bytes_written = p->written,
		.rate_bps = p->rate,
	};
	int n;

	snprintf(s.phase, sizeof(s.phase), "write_image: %s", image_phase_name(p->phase));
	n = snprintf(s.message, sizeof(s.message),
		"to %s, %.1f MiB written, %.1f MiB of zeroes skipped", w->device,
		(double)p->written / 1048576, (double)p->skipped / 1048576);
	if (p->eta_s >= 0 && n > 0 && (size_t)n < sizeof(s.message))
		snprintf(s.message + n, sizeof(s.message) - (size_t)n, ", about %lld s left",
			(long long)p->eta_s);
	progress_set(w->agent->progress, &s);
}

/* The part of the job that comes straight out of image_info; everything is borrowed. */
static void job_from_info(
	const json_t *info, const char *urls[static URLS_MAX + 1], struct image_job *job)
{
	const json_t *list = json_object_get(info, "urls"),
		     *proxies = json_object_get(info, "proxies");
	bool pair = !str_empty(json_str(info, "os_hash_value"));
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list) && n < URLS_MAX; i++)
		if (json_string_value(json_array_get(list, i)))
			urls[n++] = json_string_value(json_array_get(list, i));
	urls[n] = NULL;
	*job = (struct image_job){
		.urls = urls,
		.disk_format = json_str(info, "disk_format"),
		.hash_algo = pair ? json_str(info, "os_hash_algo") : NULL,
		.hash_value = pair ? json_str(info, "os_hash_value") : json_str(info, "checksum"),
		.http_proxy = json_str(proxies, "http"),
		.https_proxy = json_str(proxies, "https"),
		.no_proxy = json_str(info, "no_proxy"),
	};
	if (str_ieq(json_str(info, "image_server_auth_strategy"), "http_basic")) {
		job->user = json_str(info, "image_server_user");
		job->password = json_str(info, "image_server_password");
	}
}

/* image_request_authorization is the header's value in base64; allocated, NULL when there is none.
 */
static char *authorization_of(const json_t *info)
{
	const char *text = json_str(info, "image_request_authorization");
	void *data = NULL;
	char *value = NULL;
	size_t len;

	if (str_empty(text) || b64_decode(text, strlen(text), &data, &len) < 0)
		return NULL;
	if (!memchr(data, '\n', len) && !memchr(data, '\r', len) && !memchr(data, '\0', len))
		value = xstrndup(data, len);
	mem_wipe(data, len);
	free(data);
	return value;
}

/* Takes over ids. */
static void keep_partition_ids(struct agent *a, json_t *ids)
{
	pthread_mutex_lock(&a->lock);
	json_decref(a->partition_ids);
	a->partition_ids = ids;
	pthread_mutex_unlock(&a->lock);
}

/* What becomes of the disk: told with the command's result, however it goes. */
static json_t *disk_record(const json_t *disk, const struct signatures *found)
{
	static const char *const kept[] = {"serial", "wwn", "model", "size"};
	json_t *o = json_object();

	json_put_str(o, "disk", json_str(disk, "name"));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		json_object_set(o, kept[i], json_object_get(disk, kept[i]));
	json_put_str(o, "method", "image");
	json_put_str(o, "outcome", "failed");
	json_object_set_new(o, "found", signatures_json(found));
	return o;
}

/* A wish of the instance; one in words that are not understood was asked for all the same. */
static bool wishes(struct agent *a, const char *key)
{
	_cleanup_json_ json_t *node = agent_node(a);
	const json_t *v = json_object_get(json_object_get(node, "instance_info"), key);
	bool wish = json_is_true(v);

	if (json_is_string(v) && str_to_bool(json_string_value(v), &wish) < 0)
		wish = true;
	return wish;
}

/*
 * Looks what the disk carries. With ingot_keep_data that is a reason to leave it alone, and so is a
 * disk that cannot be read.
 */
static int look_first(struct agent *a, const json_t *disk, const char *path, struct signatures *ret,
	struct err *e)
{
	const char *serial = json_str(disk, "serial");
	bool keep = wishes(a, "ingot_keep_data");
	struct buf text = BUF_INIT(400);
	int r = signatures_of(path, (uint64_t)json_int(disk, "size", 0),
		(unsigned)json_int(disk, "logical_sectors", 512), ret, e);

	if (r < 0 && keep)
		return r;
	if (r < 0)
		journal_err(a->journal, "before it is overwritten", e);
	if (!ret->n)
		return 0;
	signatures_text(ret, &text);
	if (keep)
		r = err_set(e, EEXIST,
			"%s (serial %.64s) carries data: %s; nothing was written, as the deploy "
			"asked to keep data; deploy without --keep-data, clean the node, or choose "
			"another disk by root_device",
			json_str(disk, "name"), serial ? serial : "unknown", buf_str(&text));
	else
		say(a->journal, "%s carries %s, which is overwritten", json_str(disk, "name"),
			buf_str(&text));
	buf_done(&text);
	return keep ? r : 0;
}

static void job_for_disk(struct agent *a, const json_t *params, const json_t *disk,
	const char *path, struct image_job *job)
{
	const struct rules rules = agent_rules(a);

	job->insecure = a->params->insecure;
	job->no_md5 = rules.no_md5;
	if (rules.no_deep_inspection)
		job->disk_format = NULL; /* what the file is decides */
	job->ca_file = a->params->ca_file;
	job->stall_timeout_s = (unsigned)a->params->image_timeout_s;
	job->max_duration_s = (unsigned)a->params->image_max_s;
	job->retries = a->params->image_retries ? (unsigned)a->params->image_retries : 1;
	job->retry_pause_ms = (unsigned)a->params->image_pause_s * 1000;
	job->grow_root = wishes(a, "ingot_grow_root");
	job->target = path;
	job->target_size = (uint64_t)json_int(disk, "size", 0);
	if (!sysroot_live(a->sr))
		job->target_file_size = job->target_size;
	job->configdrive = json_str(params, "configdrive");
	if (!job->configdrive)
		job->configdrive = json_str(image_info(params), "configdrive");
}

/* instance_info/image_bmap: the URL of a map of the image's holes, or true: it lies beside the
 * image. */
static void job_map(const json_t *node, struct image_job *job)
{
	const json_t *info = json_object_get(node, "instance_info");
	const json_t *map = json_object_get(info, "image_bmap");
	const char *text = json_string_value(map);

	job->bmap_beside = json_is_true(map) || str_ieq(text ? text : "", "true");
	job->bmap = job->bmap_beside ? NULL : text;
	job->bmap_hash = json_str(info, "image_bmap_checksum");
}

static int write_to(struct agent *a, const json_t *params, const json_t *disk, const char *path,
	struct image_result *result, struct err *e)
{
	const json_t *info = image_info(params);
	const char *serial = json_str(disk, "serial"), *urls[URLS_MAX + 1];
	_cleanup_free_ char *authorization = authorization_of(info);
	_cleanup_json_ json_t *node = agent_node(a);
	struct write_context w = {.agent = a, .disk = disk, .device = json_str(disk, "name")};
	struct image_parts parts;
	struct image_job job;
	int r;

	job_from_info(info, urls, &job);
	if (partimage_is(info)) {
		r = partimage_from_info(info, &parts, e);
		if (r < 0)
			return r;
		job.parts = &parts;
	}
	job.authorization = authorization;
	job_for_disk(a, params, disk, path, &job);
	job_map(node, &job);
	job.confirm = on_open;
	job.permits = on_format;
	job.confirm_data = job.permits_data = &w;
	say(a->journal, "writing image %.64s to %s, serial %.64s", json_str(info, "id"), w.device,
		serial ? serial : "unknown");
	r = image_write(&job, on_progress, &w, commands_cancel(a->commands), result, e);
	if (authorization)
		mem_wipe(authorization, strlen(authorization));
	if (r == 0)
		return 0;
	if (urls[0] && !strstr(e->text, urls[0])) /* say which, unless the text already does */
		return err_prefix(e, "image %.200s to %s (serial %.64s)", urls[0], w.device,
			serial ? serial : "unknown");
	return err_prefix(e, "%s (serial %.64s)", w.device, serial ? serial : "unknown");
}

static int write_recorded(struct agent *a, const json_t *params, const json_t *disk,
	json_t **ret_result, struct err *e)
{
	_cleanup_free_ char *path = agent_disk_path(a, disk), *text = NULL;
	_cleanup_free_ struct signatures *found = xcalloc(1, sizeof(*found));
	struct image_result result = {0};
	int64_t since_ms = time_mono_ms();
	json_t *record;
	int r = look_first(a, disk, path, found, e);

	record = disk_record(disk, found);
	*ret_result = json_pack("{s:[O]}", "disks", record);
	if (r < 0)
		json_put_str(record, "outcome", "kept");
	else
		r = write_to(a, params, disk, path, &result, e);
	json_object_set_new(
		record, "seconds", json_real((double)(time_mono_ms() - since_ms) / 1000));
	json_put_str(record, "error", r < 0 ? e->text : NULL);
	if (r == 0) {
		json_t *ids = partimage_ids(image_info(params), json_str(disk, "name"), &result);

		json_put_str(record, "outcome", "written");
		text = partimage_text(image_info(params), json_str(disk, "name"), ids);
		keep_partition_ids(a, ids);
		if (result.grown)
			say(a->journal, "partition %u of %s has the rest of the disk", result.grown,
				json_str(disk, "name"));
		json_put_str(*ret_result, "result", text);
		say(a->journal, "%s", text);
	}
	json_decref(record);
	return r;
}

int standby_write_image(struct agent *a, const json_t *params, json_t **ret_result, struct err *e)
{
	_cleanup_json_ json_t *disk = NULL;
	int r = agent_root_disk(a, &disk, e);

	return r < 0 ? r : write_recorded(a, params, disk, ret_result, e);
}

int standby_prepare_image(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	struct agent *a = agent;

	progress_begin(a->progress, "write_image");
	/* the conductor's newest word on hints; this machine may have been looked up long before */
	agent_set_node(a, json_object_get(image_info(params), "node"));
	return standby_write_image(a, params, ret_result, e);
}

static int power(struct agent *a, enum agent_power how, json_t **ret_result)
{
	sync();
	agent_want_power(a, how);
	*ret_result = NULL;
	return 0;
}

int standby_run_image(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	struct agent *a = agent;
	bool loaded;

	pthread_mutex_lock(&a->lock);
	loaded = a->kernel_loaded;
	pthread_mutex_unlock(&a->lock);
	return power(a, loaded ? AGENT_POWER_KEXEC : AGENT_POWER_REBOOT, ret_result);
}

int standby_power_off(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	return power(agent, AGENT_POWER_OFF, ret_result);
}

int standby_execute_bootc_install(
	void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	const char *image = json_str(params, "image_source");

	return err_set(e, ENOTSUP,
		"install the bootc image %.200s: it installs itself by running as a container, and "
		"this ramdisk has no container runtime; make a disk image of it "
		"(bootc-image-builder "
		"--type raw) and deploy that with deploy_interface=direct, or give this node a "
		"deploy_ramdisk with podman",
		image ? image : "");
}

int standby_sync(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	sync();
	return 0;
}

int standby_get_partition_uuids(
	void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	struct agent *a = agent;

	pthread_mutex_lock(&a->lock);
	*ret_result = a->partition_ids ? json_deep_copy(a->partition_ids) : json_object();
	pthread_mutex_unlock(&a->lock);
	return 0;
}
