/* The order in which modules are loaded, on lines of Debian's linux-image-6.1.0-56-amd64. */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/init/modindex.h"
#include "agent/init/uevent.h"

#include <errno.h>

static const char dep[] = "kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko "
			  "kernel/net/core/failover.ko "
			  "kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko\n"
			  "kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko\n"
			  "kernel/net/core/failover.ko:\n"
			  "kernel/drivers/virtio/virtio.ko:\n"
			  "kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko\n"
			  "kernel/fs/btrfs/btrfs.ko.xz: kernel/crypto/xor.ko\n"
			  "kernel/crypto/xor.ko:\n"
			  "kernel/lib/crc32c-intel.ko:\n"
			  "kernel/loop/a.ko: kernel/loop/b.ko\n"
			  "kernel/loop/b.ko: kernel/loop/a.ko\n";
static const char alias[] = "# Aliases extracted from modules themselves.\n"
			    "alias virtio:d00000001v* virtio_net\n"
			    "alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e\n"
			    "alias pci:v*d*sv*sd*bc01sc08i02* nvme\n"
			    "alias virtio:d00000001v* virtio_net\n"
			    "alias acpi*:IPI0001:* ipmi_si\n";
static const char softdep[] =
	"# Soft dependencies\nsoftdep btrfs pre: crc32c-intel failover post: b\n";

static char order[4096];

static int record(const char *path, void *data)
{
	const char *name = strrchr(path, '/') + 1;

	strcat(strcat(order, order[0] ? " " : ""), name);
	return strcmp(name, "xor.ko") ? 0 : -EEXIST;
}

static void test_load(struct modindex *mi)
{
	is_int(modindex_load(mi, "virtio-net", record, NULL), 5, "five files for virtio-net");
	is_str(order, "virtio.ko virtio_ring.ko failover.ko net_failover.ko virtio_net.ko",
		"what is needed comes first");
	order[0] = '\0';
	is_int(modindex_load(mi, "virtio_net", record, NULL), 0, "nothing is loaded twice");
	ok(modindex_has(mi, "virtio-ring") && !modindex_has(mi, "absent"), "knows what there is");
	ok(modindex_listed("nouveau,virtio-ring", "virtio_ring") &&
			!modindex_listed("virtio", "virtio_ring") && !modindex_listed(NULL, "a"),
		"a list of names, '-' and '_' the same");
	is_int(modindex_load(mi, "absent", record, NULL), 0, "built in, or absent");
	is_str(order, "", "nothing was tried");
	is_int(modindex_load(mi, "btrfs", record, NULL), 4, "one of five was loaded already");
	is_str(order, "crc32c-intel.ko xor.ko btrfs.ko.xz a.ko b.ko",
		"soft dependencies before and after; a circle ends");
}

static void test_match(struct modindex *mi)
{
	const char *names[MODINDEX_MATCHES_MAX];

	is_int(modindex_match(mi, "virtio:d00000001v00001AF4", names), 1, "each module once");
	is_str(names[0], "virtio_net", "virtio");
	is_int(modindex_match(mi, "pci:v0000144Dd0000A824sv0000144Dsd0000A801bc01sc08i02", names),
		1, "by class");
	is_str(names[0], "nvme", "any maker's NVMe");
	is_int(modindex_match(mi, "acpi:IPI0001:", names), 1, "the bus may have a wildcard");
	is_int(modindex_match(mi, "usb:v1234", names), 0, "nobody's");
}

static void test_uevent(void)
{
	static const char text[] = "add@/devices/pci0000:00/x\0ACTION=add\0DEVPATH=/devices/"
				   "pci0000:00/x\0SUBSYSTEM=pci\0"
				   "MODALIAS=pci:v00001AF4\0SEQNUM=7";
	struct uevent u;

	is_int(uevent_parse(text, sizeof(text), &u), 0, "an announcement");
	is_str(u.action, "add", "action");
	is_str(u.modalias, "pci:v00001AF4", "alias");
	is_str(u.subsystem, "pci", "subsystem");
	ok(!u.devname, "no device node");
	is_int(uevent_parse("libudev\0x", 10, &u), -EINVAL, "udev's own messages are none");
	is_int(uevent_parse("add@/x", 6, &u), -EINVAL, "without end");
	is_int(uevent_parse("", 0, &u), -EINVAL, "empty");
}

int main(void)
{
	_cleanup_(modindex_freep) struct modindex *mi = NULL;
	const char *root = tree_new();

	ok(modindex_new(root, &mi, NULL) == -ENOENT, "no modules at all");
	tree_write("/modules.dep", dep, strlen(dep), false);
	tree_write("/modules.alias", alias, strlen(alias), false);
	tree_write("/modules.softdep", softdep, strlen(softdep), false);
	is_int(modindex_new(root, &mi, NULL), 0, "index");
	test_load(mi);
	test_match(mi);
	test_uevent();
	return done_testing();
}
