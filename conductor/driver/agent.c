/* Interfaces that need no BMC: booting by iPXE, and the agent's methods. */
#include "conductor/driver/driver.h"
#include "conductor/driver/partimage.h"
#include "conductor/driver/raid.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static int validate_image(const struct node *n, struct err *e)
{
	const char *source = json_str(n->instance_info, "image_source");
	bool sum = json_str(n->instance_info, "image_checksum") ||
		   (json_str(n->instance_info, "image_os_hash_algo") &&
			   json_str(n->instance_info, "image_os_hash_value"));
	bool oci = str_starts(source ? source : "", "oci://");

	if (!source)
		return err_set(e, EINVAL,
			"instance_info lacks image_source: where the agent fetches the image from");
	if (!str_starts(source, "http://") && !str_starts(source, "https://") && !oci)
		return err_set(e, EINVAL,
			"instance_info image_source %s: expected an http://, https:// or oci:// "
			"URL",
			source);
	if (!sum && !oci) /* there the digest of its layer is the checksum */
		return err_set(e, EINVAL,
			"instance_info lacks a checksum: give image_os_hash_algo and "
			"image_os_hash_value, or image_checksum");
	return partimage_check(n, e);
}

int validate_raid(const struct node *n, struct err *e)
{
	return json_object_size(n->target_raid_config) ? raid_check(n->target_raid_config, e) : 0;
}

static const struct property boot_properties[] = {
	{"deploy_kernel", "Path of the kernel that boots the agent, instead of the configured one",
		false, false},
	{"deploy_ramdisk", "Path of the agent's ramdisk, instead of the configured one", false,
		false},
	{"kernel_append_params",
		"Kernel parameters of the agent; %default% stands for the configured ones", false,
		false},
	{NULL, NULL, false, false},
};

const struct implementation agent_deploy = {.name = "direct",
	.interface = IF_DEPLOY,
	.validate = validate_image,
	.method = METHOD_AGENT};
const struct implementation custom_deploy = {
	.name = "custom-agent", .interface = IF_DEPLOY, .no_image = true, .method = METHOD_AGENT};
const struct implementation agent_inspect = {
	.name = "agent", .interface = IF_INSPECT, .method = METHOD_AGENT};
const struct implementation ipxe_boot = {.name = "ipxe",
	.interface = IF_BOOT,
	.properties = boot_properties,
	.method = METHOD_AGENT};
/* The same: what the firmware's PXE is given is the boot services' affair, not the node's. */
const struct implementation pxe_boot = {
	.name = "pxe", .interface = IF_BOOT, .properties = boot_properties, .method = METHOD_AGENT};
const struct implementation agent_rescue = {
	.name = "agent", .interface = IF_RESCUE, .method = METHOD_AGENT};
const struct implementation agent_raid = {
	.name = "agent", .interface = IF_RAID, .validate = validate_raid, .method = METHOD_AGENT};
