/* Partition images; see partimage.h. Names and defaults are Ironic's (deploy_utils, agent). */
#include "conductor/driver/partimage.h"
#include "conductor/driver/driver.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define DEFAULT_EPHEMERAL_FORMAT "ext4"
#define SIZE_MAX_OF_ONE		 (INT64_C(1) << 30)

bool partimage_is(const struct node *n)
{
	const char *type = json_str(n->instance_info, "image_type");

	if (!str_empty(type))
		return str_eq(type, "partition");
	return !str_empty(json_str(n->instance_info, "kernel")) ||
	       !str_empty(json_str(n->instance_info, "ramdisk"));
}

/* A value of instance_info.capabilities, which is an object or the text of one; copied. */
static char *instance_capability(const struct node *n, const char *key)
{
	json_t *v = json_object_get(n->instance_info, "capabilities"), *parsed = NULL;
	char *ret;

	if (json_is_string(v))
		v = parsed = json_loads(json_string_value(v), 0, NULL);
	ret = json_str(v, key) ? xstrdup(json_str(v, key)) : NULL;
	json_decref(parsed);
	return ret;
}

const char *partimage_boot_mode(const struct node *n)
{
	_cleanup_free_ char *secure = instance_capability(n, "secure_boot"),
			    *asked = instance_capability(n, "boot_mode"),
			    *able = driver_capability(n, "boot_mode");
	const char *of[] = {str_ieq(secure, "true") ? "uefi" : NULL, asked,
		json_str(n->instance_info, "deploy_boot_mode"), able,
		json_str(n->driver_internal_info, "deploy_boot_mode"), n->boot_mode};

	for (size_t i = 0; i < ARRAY_SIZE(of); i++)
		if (!str_empty(of[i]))
			return str_ieq(of[i], "bios") ? "bios" : "uefi";
	return "uefi";
}

/* A whole number, or its digits; absent is 0. */
static int size_of(const struct node *n, const char *key, int64_t *ret, struct err *e)
{
	const json_t *v = json_object_get(n->instance_info, key);
	uint64_t digits = 0;

	*ret = 0;
	if (!v || json_is_null(v))
		return 0;
	if (json_is_integer(v) && json_integer_value(v) >= 0 &&
		json_integer_value(v) <= SIZE_MAX_OF_ONE)
		*ret = json_integer_value(v);
	else if (json_is_string(v) &&
		 str_to_u64(json_string_value(v), 0, SIZE_MAX_OF_ONE, &digits) == 0)
		*ret = (int64_t)digits;
	else
		return err_set(e, EINVAL, "instance_info %s is not an integer value", key);
	return 0;
}

static int check_choice(
	const char *what, const char *value, const char *one, const char *other, struct err *e)
{
	if (str_empty(value) || str_eq(value, one) || str_eq(value, other))
		return 0;
	return err_set(
		e, EINVAL, "%s %.64s: acceptable values are %s and %s", what, value, one, other);
}

static int preserves(const struct node *n, bool *ret, struct err *e)
{
	const json_t *v = json_object_get(n->instance_info, "preserve_ephemeral");

	*ret = json_is_true(v);
	if (json_is_string(v) && str_to_bool(json_string_value(v), ret) < 0)
		return err_set(
			e, EINVAL, "instance_info preserve_ephemeral is neither true nor false");
	return 0;
}

int partimage_check(const struct node *n, struct err *e)
{
	static const char *const sizes[] = {"root_gb", "swap_mb", "ephemeral_gb"};
	_cleanup_free_ char *label = instance_capability(n, "disk_label"),
			    *mode = instance_capability(n, "boot_mode");
	const char *type = json_str(n->instance_info, "image_type");
	int64_t size[ARRAY_SIZE(sizes)] = {0};
	bool keep;
	int r = check_choice("instance_info image_type", type, "whole-disk", "partition", e);

	if (r < 0 || !partimage_is(n))
		return r;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sizes); i++)
		r = size_of(n, sizes[i], &size[i], e);
	if (r == 0 && !size[0])
		r = err_set(e, EINVAL,
			"instance_info lacks root_gb: how large the root partition of a partition "
			"image is to be; for an image of a whole disk set image_type to "
			"whole-disk");
	if (r == 0)
		r = preserves(n, &keep, e);
	if (r == 0)
		r = check_choice("instance_info capabilities disk_label", label, "gpt", "msdos", e);
	if (r == 0)
		r = check_choice("instance_info capabilities boot_mode", mode, "uefi", "bios", e);
	return r;
}

void partimage_tell(const struct node *n, json_t *image_info)
{
	static const char *const passed[] = {"kernel", "ramdisk", "root_gb"};
	_cleanup_free_ char *label = instance_capability(n, "disk_label");
	const char *mode = partimage_boot_mode(n),
		   *format = json_str(n->instance_info, "ephemeral_format");
	int64_t root_gb = 0, swap_mb = 0, ephemeral_gb = 0;
	bool keep = false;

	size_of(n, "root_gb", &root_gb, NULL);
	size_of(n, "swap_mb", &swap_mb, NULL);
	size_of(n, "ephemeral_gb", &ephemeral_gb, NULL);
	preserves(n, &keep, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++) {
		json_t *v = json_object_get(n->instance_info, passed[i]);

		json_object_set_new(image_info, passed[i], v ? json_incref(v) : json_null());
	}
	if (str_empty(format))
		format = ephemeral_gb ? DEFAULT_EPHEMERAL_FORMAT : NULL;
	json_put_str(image_info, "image_type", "partition");
	json_put_int(image_info, "root_mb", root_gb * 1024);
	json_put_int(image_info, "swap_mb", swap_mb);
	json_put_int(image_info, "ephemeral_mb", ephemeral_gb * 1024);
	json_put_str(image_info, "ephemeral_format", format);
	json_put_bool(image_info, "preserve_ephemeral", keep);
	json_put_str(image_info, "deploy_boot_mode", mode);
	json_put_str(image_info, "boot_option", "local");
	if (!label && str_eq(mode, "uefi"))
		json_put_str(image_info, "disk_label", "gpt");
	else if (label)
		json_put_str(image_info, "disk_label", label);
}
