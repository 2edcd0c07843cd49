/* Partition images in the conductor's words; names and texts are those of the Ironic agent. */
#include <errno.h>
#include <stdlib.h>

#include "agent/partimage.h"
#include "lib/base/str.h"
#include "lib/json/json.h"
#include "tests/unit/tap.h"

/* What Ironic 29 sends beside the image itself. */
static const char stock[] =
	"{\"id\": \"img\", \"image_type\": \"partition\", \"kernel\": null, \"ramdisk\": null, "
	"\"root_gb\": 10, \"root_mb\": 10240, \"swap_mb\": 512, \"ephemeral_mb\": 1024, "
	"\"ephemeral_format\": \"ext4\", \"configdrive\": null, \"preserve_ephemeral\": false, "
	"\"deploy_boot_mode\": \"uefi\", \"boot_option\": \"local\", \"disk_label\": \"gpt\"}";

static json_t *info(const char *text)
{
	return json_loads(text, 0, NULL);
}

static void test_read(void)
{
	_cleanup_json_ json_t *i = info(stock);
	struct image_parts p;
	struct err e = {0};

	is_int(partimage_from_info(i, &p, &e), 0, "what a conductor sends");
	ok(p.wish.root_mib == 10240 && p.wish.swap_mib == 512 && p.wish.ephemeral_mib == 1024,
		"sizes");
	ok(p.wish.uefi && p.wish.gpt && !p.preserve_ephemeral, "choices");
	is_str(p.ephemeral_format, "ext4", "format");
	json_object_del(i, "disk_label");
	json_put_str(i, "deploy_boot_mode", "bios");
	json_put_str(i, "root_mb", "2048");
	json_put_str(i, "preserve_ephemeral", "True");
	is_int(partimage_from_info(i, &p, &e), 0, "BIOS, and values as text");
	ok(!p.wish.uefi && !p.wish.gpt && p.wish.root_mib == 2048 && p.preserve_ephemeral,
		"an MBR by default");
}

static void test_refused(void)
{
	static const struct {
		const char *key, *value, *says;
	} bad[] = {
		{"root_mb", "null", "needs 'root_mb'"},
		{"root_mb", "-1", "'root_mb' is no number"},
		{"swap_mb", "1.5", "'swap_mb' is no number"},
		{"ephemeral_mb", "99999999999999", "'ephemeral_mb' is no number"},
		{"swap_mb", "\"12x\"", "'swap_mb' is no number"},
		{"preserve_ephemeral", "\"perhaps\"", "neither true nor false"},
		{"disk_label", "\"bsd\"", "known are gpt and msdos"},
		{"deploy_boot_mode", "\"coreboot\"", "known are uefi and bios"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_json_ json_t *o = info(stock);
		struct image_parts p;
		struct err e = {0};

		json_object_set_new(o, bad[i].key, json_loads(bad[i].value, JSON_DECODE_ANY, NULL));
		is_int(partimage_from_info(o, &p, &e), -EINVAL, "%s %s", bad[i].key, bad[i].value);
		ok(strstr(e.text, bad[i].says), "%s", bad[i].says);
	}
}

static void test_told(void)
{
	_cleanup_json_ json_t *i = info(stock), *ids = NULL, *disk = info("{\"id\": \"d\"}");
	const struct image_result parts = {.root_uuid = "r-r",
		.esp_uuid = "AB12-CD34",
		.partitions = 2,
		.placed = {{"efi system partition", 1}, {"root", 2}}};
	const struct image_result gpt = {.disk_id = "11223344-5566-4788-99AA-BBCCDDEEFF00"};
	const struct image_result mbr = {.disk_id = "0xcafebabe"};
	_cleanup_free_ char *text = NULL, *of_disk = NULL;
	const json_t *devices;

	ids = partimage_ids(i, "/dev/nvme0n1", &parts);
	is_str(json_str(ids, "root uuid"), "r-r", "the root's UUID");
	is_str(json_str(ids, "efi system partition uuid"), "AB12-CD34", "the ESP's");
	devices = json_object_get(ids, "partitions");
	is_str(json_str(devices, "root"), "/dev/nvme0n1p2", "where the root is");
	is_str(json_str(devices, "efi system partition"), "/dev/nvme0n1p1", "and the ESP");
	text = partimage_text(i, "/dev/nvme0n1", ids);
	is_str(text,
		"image (img) written to device /dev/nvme0n1 root_uuid=r-r "
		"efi_system_partition_uuid=AB12-CD34",
		"the result's text");
	json_decref(ids);
	ids = partimage_ids(disk, "/dev/sda", &gpt);
	is_str(json_str(ids, "root uuid"), "0x00000000", "a disk's image with a GPT");
	is_str(json_str(ids, "disk identifier"), gpt.disk_id, "and its identifier");
	json_decref(ids);
	ids = partimage_ids(disk, "/dev/sda", &mbr);
	of_disk = partimage_text(disk, "/dev/sda", ids);
	is_str(of_disk, "image (d) written to device /dev/sda root_uuid=0xcafebabe",
		"a disk's image with an MBR");
}

int main(void)
{
	test_read();
	test_refused();
	test_told();
	return done_testing();
}
