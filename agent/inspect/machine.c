/* The parts of the inventory that are about how the machine was started and what runs on it. */
#include "agent/inspect/inventory.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EFIVARS "/sys/firmware/efi/efivars"
#define GLOBAL	"8be4df61-93ca-11d2-aa0d-00e098032b8c" /* EFI_GLOBAL_VARIABLE */

/* A boolean EFI variable: four bytes of attributes, one of value. -1: there is none. */
static int efi_flag(const struct sysroot *sr, const char *name)
{
	_cleanup_free_ char *path = sysroot_path(sr, EFIVARS "/%s-" GLOBAL, name);
	_cleanup_free_ char *bytes = NULL;
	size_t len;

	if (fs_read(path, 64, &bytes, &len, NULL) < 0 || len != 5)
		return -1;
	return bytes[4] == 1;
}

static void put_efi_flag(const struct sysroot *sr, json_t *o, const char *key, const char *name)
{
	int flag = efi_flag(sr, name);

	json_object_set_new(o, key, flag < 0 ? json_null() : json_boolean(flag));
}

json_t *inventory_boot(const struct sysroot *sr, const char *bootif)
{
	json_t *boot = json_object();

	json_put_str(boot, "current_boot_mode",
		sysroot_exists(sr, "/sys/firmware/efi") ? "uefi" : "bios");
	json_put_str(boot, "pxe_interface", bootif);
	put_efi_flag(sr, boot, "secure_boot", "SecureBoot");
	put_efi_flag(sr, boot, "setup_mode", "SetupMode");
	return boot;
}

json_t *inventory_hostname(const struct sysroot *sr)
{
	char name[256] = "";
	_cleanup_free_ char *line = NULL;

	if (!sysroot_live(sr)) {
		line = sysroot_line(sr, "/proc/sys/kernel/hostname");
		return line ? json_string(line) : json_null();
	}
	gethostname(name, sizeof(name) - 1);
	return name[0] ? json_string(name) : json_null();
}

/* What hypervisors write into the maker's or the product's name. */
static const struct {
	const char *maker, *product, *kind;
} hypervisors[] = {
	{"QEMU", NULL, "qemu"},
	{NULL, "KVM", "kvm"},
	{"VMware", NULL, "vmware"},
	{"innotek", NULL, "virtualbox"},
	{NULL, "VirtualBox", "virtualbox"},
	{"Microsoft Corporation", "Virtual Machine", "hyperv"},
	{"Xen", NULL, "xen"},
	{"Amazon EC2", NULL, "amazon"},
	{"Google", "Google Compute Engine", "google"},
};

static bool begins(const char *text, const char *with)
{
	return !with || (text && str_starts(text, with));
}

/* "kvm", "vmware", ..., "vm" where only the processor says so, "none" on bare metal. */
static const char *virtualization(const struct sysroot *sr, const json_t *cpu)
{
	_cleanup_free_ char *maker = sysroot_line(sr, "/sys/class/dmi/id/sys_vendor");
	_cleanup_free_ char *product = sysroot_line(sr, "/sys/class/dmi/id/product_name");
	_cleanup_json_ json_t *flag = json_string("hypervisor");

	for (size_t i = 0; i < ARRAY_SIZE(hypervisors); i++)
		if (begins(maker, hypervisors[i].maker) && begins(product, hypervisors[i].product))
			return hypervisors[i].kind;
	return json_array_has(json_object_get(cpu, "flags"), flag) ? "vm" : "none";
}

json_t *inventory_system(const struct sysroot *sr, const json_t *cpu)
{
	_cleanup_free_ char *kernel = sysroot_line(sr, "/proc/sys/kernel/osrelease");
	_cleanup_free_ char *uptime = sysroot_line(sr, "/proc/uptime");
	json_t *system = json_object();

	json_put_str(system, "kernel", kernel);
	json_object_set_new(system, "uptime_s",
		uptime ? json_integer((json_int_t)strtoll(uptime, NULL, 10)) : json_null());
	json_put_str(system, "virtualization", virtualization(sr, cpu));
	return system;
}
