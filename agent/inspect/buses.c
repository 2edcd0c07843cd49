/* PCI and USB devices, and those of them that compute or draw. */
#include "agent/inspect/inventory.h"
#include "lib/base/str.h"

#include <string.h>

#define PCI	   "/sys/bus/pci/devices"
#define USB	   "/sys/bus/usb/devices"
#define CLASS_HUB  "09"
#define PCI_SCREEN "03"
#define PCI_ACCEL  "12" /* processing accelerators */

static void put_line(json_t *o, const char *key, char *line)
{
	json_put_str(o, key, line);
	free(line);
}

/* An attribute such as 0x8086 as its hex digits. */
static void put_hex(const struct sysroot *sr, json_t *o, const char *key, const char *slot,
	const char *attribute)
{
	_cleanup_free_ char *line = sysroot_line(sr, PCI "/%s/%s", slot, attribute);

	json_put_str(o, key, line && str_starts(line, "0x") ? line + 2 : NULL);
}

/* The driver stands beside what the Ironic agent's collector tells. */
static json_t *pci_device(const struct sysroot *sr, const char *slot)
{
	json_t *o = json_object();

	put_hex(sr, o, "vendor_id", slot, "vendor");
	put_hex(sr, o, "product_id", slot, "device");
	put_hex(sr, o, "class", slot, "class");
	put_hex(sr, o, "revision", slot, "revision");
	json_put_str(o, "bus", slot);
	put_line(o, "numa_node_id", sysroot_line(sr, PCI "/%s/numa_node", slot));
	put_line(o, "driver", sysroot_link(sr, PCI "/%s/driver", slot));
	return o;
}

json_t *inventory_pci(const struct sysroot *sr)
{
	char **names = sysroot_names(sr, PCI);
	json_t *list = json_array();

	for (char **n = names; *n; n++) {
		json_t *one = pci_device(sr, *n);

		/* without these three it is none for the Ironic agent either */
		if (json_str(one, "vendor_id") && json_str(one, "product_id") &&
			json_str(one, "class"))
			json_array_append(list, one);
		json_decref(one);
	}
	sysroot_names_free(names);
	return list;
}

/* Makers of what computes, by PCI vendor; the model's name is known to few drivers. */
static const char *gpu_maker(const char *vendor)
{
	static const char *const makers[][2] = {{"10de", "NVIDIA"}, {"1002", "AMD"},
		{"8086", "Intel"}, {"1a03", "ASPEED"}, {"102b", "Matrox"}, {"1234", "QEMU"},
		{"1b36", "Red Hat"}, {"15ad", "VMware"}, {"1af4", "virtio"}};

	for (size_t i = 0; vendor && i < ARRAY_SIZE(makers); i++)
		if (str_eq(vendor, makers[i][0]))
			return makers[i][1];
	return NULL;
}

json_t *inventory_gpus(const struct sysroot *sr, const json_t *pci)
{
	static const char *const names[] = {"product_name", "label"};
	json_t *list = json_array(), *device, *gpu;
	size_t i;

	json_array_foreach ((json_t *)pci, i, device) {
		const char *class = json_str(device, "class"), *slot = json_str(device, "bus");

		if (!str_starts(class, PCI_SCREEN) && !str_starts(class, PCI_ACCEL))
			continue;
		gpu = json_copy(device);
		json_put_str(gpu, "vendor", gpu_maker(json_str(device, "vendor_id")));
		json_put_str(gpu, "name", NULL);
		for (size_t k = 0; k < ARRAY_SIZE(names) && !json_str(gpu, "name"); k++)
			put_line(gpu, "name", sysroot_line(sr, PCI "/%s/%s", slot, names[k]));
		json_array_append_new(list, gpu);
	}
	return list;
}

/* As lshw(1) names it, from whom the Ironic agent has it: "USB:1:2", bus and device. */
static void put_handle(const struct sysroot *sr, json_t *o, const char *name)
{
	_cleanup_free_ char *text =
		xasprintf("USB:%lld:%lld", (long long)sysroot_int(sr, 0, USB "/%s/busnum", name),
			(long long)sysroot_int(sr, 0, USB "/%s/devnum", name));

	json_put_str(o, "handle", text);
}

/* Hubs are left out. The Ironic agent tells product, vendor and handle. */
json_t *inventory_usb(const struct sysroot *sr)
{
	char **names = sysroot_names(sr, USB);
	json_t *list = json_array(), *o;

	for (char **n = names; *n; n++) {
		_cleanup_free_ char *class = sysroot_line(sr, USB "/%s/bDeviceClass", *n);

		if (!class || str_eq(class, CLASS_HUB))
			continue;
		o = json_object();
		put_line(o, "product", sysroot_line(sr, USB "/%s/product", *n));
		put_line(o, "vendor", sysroot_line(sr, USB "/%s/manufacturer", *n));
		put_handle(sr, o, *n);
		json_put_str(o, "path", *n);
		put_line(o, "vendor_id", sysroot_line(sr, USB "/%s/idVendor", *n));
		put_line(o, "product_id", sysroot_line(sr, USB "/%s/idProduct", *n));
		put_line(o, "serial", sysroot_line(sr, USB "/%s/serial", *n));
		json_array_append_new(list, o);
	}
	sysroot_names_free(names);
	return list;
}
