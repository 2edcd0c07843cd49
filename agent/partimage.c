/* The conductor's words for partition images; see partimage.h. */
#include "agent/partimage.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/json/json.h"

#define MIB_MAX (INT64_C(1) << 40)

bool partimage_is(const json_t *info)
{
	return str_eq(json_str(info, "image_type"), "partition");
}

/* A number, or its digits as clients write them into instance_info; absent is 0. */
static int get_mib(const json_t *info, const char *key, uint64_t *ret, struct err *e)
{
	const json_t *v = json_object_get(info, key);
	uint64_t n = 0;

	if (json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) <= MIB_MAX)
		n = (uint64_t)json_integer_value(v);
	else if (v && !json_is_null(v) &&
		 (!json_is_string(v) || str_to_u64(json_string_value(v), 0, MIB_MAX, &n) < 0))
		return err_set(e, EINVAL, "'%s' is no number of MiB.", key);
	*ret = n;
	return 0;
}

static int get_bool(const json_t *info, const char *key, bool *ret, struct err *e)
{
	const json_t *v = json_object_get(info, key);

	*ret = json_is_true(v);
	if (json_is_string(v) && str_to_bool(json_string_value(v), ret) < 0)
		return err_set(e, EINVAL, "'%s' is neither true nor false.", key);
	return 0;
}

/* One of two words; neither is an error, absent leaves what is there. */
static int get_choice(const json_t *info, const char *key, const char *yes, const char *no,
	bool *ret, struct err *e)
{
	const char *v = json_str(info, key);

	if (str_empty(v))
		return 0;
	*ret = str_ieq(v, yes);
	if (*ret || str_ieq(v, no))
		return 0;
	return err_set(e, EINVAL, "'%s' is \"%.32s\", known are %s and %s.", key, v, yes, no);
}

int partimage_from_info(const json_t *info, struct image_parts *ret, struct err *e)
{
	struct image_parts p = {.ephemeral_format = json_str(info, "ephemeral_format")};
	struct layout_wish *w = &p.wish;
	int r = get_mib(info, "root_mb", &w->root_mib, e);

	if (r == 0 && !w->root_mib)
		r = err_set(e, EINVAL, "A partition image needs 'root_mb'.");
	if (r == 0)
		r = get_mib(info, "swap_mb", &w->swap_mib, e);
	if (r == 0)
		r = get_mib(info, "ephemeral_mb", &w->ephemeral_mib, e);
	if (r == 0)
		r = get_bool(info, "preserve_ephemeral", &p.preserve_ephemeral, e);
	if (r == 0)
		r = get_choice(info, "deploy_boot_mode", "uefi", "bios", &w->uefi, e);
	w->gpt = w->uefi;
	if (r == 0)
		r = get_choice(info, "disk_label", "gpt", "msdos", &w->gpt, e);
	if (r == 0)
		*ret = p;
	return r;
}

char *partimage_device(const char *disk, unsigned number)
{
	size_t n = strlen(disk);

	return xasprintf(
		"%s%s%u", disk, n && isdigit((unsigned char)disk[n - 1]) ? "p" : "", number);
}

json_t *partimage_ids(const json_t *info, const char *device, const struct image_result *result)
{
	json_t *ids = json_object(), *devices = json_object();

	if (!partimage_is(info)) {
		json_put_str(ids, "root uuid",
			str_starts(result->disk_id, "0x") ? result->disk_id : "0x00000000");
		if (result->disk_id[0])
			json_put_str(ids, "disk identifier", result->disk_id);
		json_decref(devices);
		return ids;
	}
	for (unsigned i = 0; i < result->partitions && i < ARRAY_SIZE(result->placed); i++) {
		_cleanup_free_ char *path = partimage_device(device, result->placed[i].number);

		json_put_str(devices, result->placed[i].role, path);
	}
	json_object_set_new(ids, "partitions", devices);
	json_put_str(ids, "root uuid", result->root_uuid);
	json_put_str(
		ids, "efi system partition uuid", result->esp_uuid[0] ? result->esp_uuid : NULL);
	return ids;
}

char *partimage_text(const json_t *info, const char *device, const json_t *ids)
{
	const char *root = json_str(ids, "root uuid"),
		   *esp = json_str(ids, "efi system partition uuid");

	return xasprintf("image (%.64s) written to device %s root_uuid=%s%s%s",
		json_str(info, "id"), device, root ? root : "None",
		esp ? " efi_system_partition_uuid=" : "", esp ? esp : "");
}
