/*
 * What a written system would start: a configuration that grub-mkconfig made, entries of the Boot
 * Loader Specification, and those that must not be guessed at. Partitions are folders, their
 * superblocks mke2fs's and mkfs.fat's.
 */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/system/bootplan.h"
#include "agent/system/kexec.h"

#include <errno.h>

#define ROOT_UUID "8c2b4f0e-6d3a-4b57-9c1e-1a60c7d5e202"
#define BOOT_UUID "0b5e1a52-92b5-4a3f-9a2f-0fd1e8a7c001"
#define SIZE	  (48u << 20)

static struct sysroot sr;
static struct volumes volumes;
static struct boot_plan plan;

static void no_module(void *data, const char *name)
{
}

/* Partition 1 is FAT, 2 a boot partition, 3 the root; each with a folder for its files. */
static void disk(void)
{
	sr.root = tree_new();
	sh("PATH=$PATH:/usr/sbin; mkdir -p %s/dev/vda.1 %s/dev/vda.2 %s/dev/vda.3 && cd %s/dev && "
	   "truncate -s 48M vda && printf 'label: gpt\n,8M,U\n,16M,L\n,,L\n' | "
	   "sfdisk -q --no-tell-kernel vda && truncate -s 8M p && mkfs.fat -n ESP -i 16A0C7D5 p "
	   ">/dev/null && "
	   "dd if=p of=vda bs=1M seek=1 conv=notrunc status=none && rm p && truncate -s 16M p && "
	   "mke2fs -q -t ext4 -L boot -U " BOOT_UUID
	   " p && dd if=p of=vda bs=1M seek=9 conv=notrunc "
	   "status=none && mke2fs -q -F -t ext4 -L root -U " ROOT_UUID " p && "
	   "dd if=p of=vda bs=1M seek=25 conv=notrunc status=none",
		sr.root, sr.root, sr.root, sr.root);
}

static void put(const char *path, const char *text)
{
	tree_write(path, text, strlen(text), false);
}

static int find(struct err *e)
{
	struct volume *where = NULL;
	int r;

	memset(&plan, 0, sizeof(plan));
	if (volumes_open(&volumes, &sr, "/dev/vda", SIZE, 512, no_module, NULL, e) < 0)
		abort();
	r = bootplan_find(&volumes, true, &plan, &where, e);
	if (r == 0)
		r = kexec_load(&plan, where->dir, true, e);
	volumes_close(&volumes, NULL);
	return r;
}

static void probed(void)
{
	struct err e;

	disk();
	volumes_open(&volumes, &sr, "/dev/vda", SIZE, 512, no_module, NULL, &e);
	is_int(volumes.n, 3, "three partitions");
	is_str(volumes.all[0].type, "vfat", "FAT");
	is_str(volumes.all[0].uuid, "16A0-C7D5", "its serial number");
	is_str(volumes.all[0].label, "ESP", "its label");
	is_str(volumes.all[1].type, "ext4", "ext4");
	is_str(volumes.all[1].uuid, BOOT_UUID, "its UUID");
	is_str(volumes.all[2].label, "root", "its label");
	volumes_close(&volumes, NULL);
	is_int(find(&e), -ENOENT, "nothing to start: %s", e.text);
}

static void debian(void)
{
	_cleanup_free_ char *text = NULL;
	struct err e = {0};

	disk();
	fs_read("tests/fixtures/grub/debian12.cfg", 1 << 20, &text, NULL, NULL);
	put("/dev/vda.3/boot/grub/grub.cfg", text);
	put("/dev/vda.3/boot/vmlinuz-6.1.0-56-amd64", "new kernel");
	put("/dev/vda.3/boot/vmlinuz-6.1.0-42-amd64", "old kernel");
	is_int(find(&e), -ENOENT, "a missing initial ramdisk is noticed: %s", e.text);
	put("/dev/vda.3/boot/initrd.img-6.1.0-56-amd64", "new");
	put("/dev/vda.3/boot/initrd.img-6.1.0-42-amd64", "old");
	ok(find(&e) == 0, "what grub-mkconfig wrote is understood: %s", e.text);
	is_str(plan.kernel, "/boot/vmlinuz-6.1.0-56-amd64", "its kernel");
	is_str(plan.cmdline, "root=UUID=" ROOT_UUID " ro quiet", "its command line");
	is_str(plan.initrds[0], "/boot/initrd.img-6.1.0-56-amd64", "its initial ramdisk");
	is_str(plan.root, "hd0,gpt3", "on the partition that was searched for");
	put("/dev/vda.3/boot/grub/grubenv",
		"# GRUB Environment Block\nnext_entry=gnulinux-advanced-" ROOT_UUID
		">gnulinux-6.1.0-42-amd64-advanced-" ROOT_UUID "\n###########");
	ok(find(&e) == 0 && str_eq(plan.kernel, "/boot/vmlinuz-6.1.0-42-amd64"),
		"an entry of a submenu, named by the environment: %s", e.text);
	put("/dev/vda.3/boot/grub/grubenv", "# GRUB Environment Block\nnext_entry=1>2\n");
	ok(find(&e) == 0 && str_eq(plan.kernel, "/boot/vmlinuz-6.1.0-42-amd64"), "by numbers");
	put("/dev/vda.3/boot/grub/grubenv", "# GRUB Environment Block\nnext_entry=gone\n");
	is_int(find(&e), -ENOTSUP, "an entry that does not exist: %s", e.text);
}

static void bls(void)
{
	_cleanup_free_ char *text = NULL;
	struct err e = {0};

	disk();
	fs_read("tests/fixtures/grub/bls.cfg", 1 << 20, &text, NULL, NULL);
	put("/dev/vda.2/grub2/grub.cfg", text);
	put("/dev/vda.2/loader/entries/abc-6.9.1.conf", "title Old\nlinux /vmlinuz-6.9.1\n"
							"initrd /i\noptions $kernelopts\n");
	put("/dev/vda.2/loader/entries/abc-6.10.2.conf",
		"title New\nversion 6.10.2\nlinux /vmlinuz-6.10.2\ninitrd /i /j $tuned_initrd\n"
		"options $kernelopts quiet\noptions x=${none}y\ngrub_users $grub_users\n");
	put("/dev/vda.2/vmlinuz-6.10.2", "k");
	put("/dev/vda.2/vmlinuz-6.9.1", "k");
	put("/dev/vda.2/i", "i");
	put("/dev/vda.2/j", "j");
	ok(find(&e) == 0, "entries beside the configuration: %s", e.text);
	is_str(plan.kernel, "/vmlinuz-6.10.2", "the newest version");
	is_str(plan.cmdline,
		"root=UUID=0b5e1a52-92b5-4a3f-9a2f-0fd1e8a7c002 ro console=ttyS0 quiet x=y",
		"with the configuration's options");
	is_int(plan.n_initrds, 2, "two initial ramdisks, and a variable that is not set");
	put("/dev/vda.2/grub2/grubenv",
		"# GRUB Environment Block\nsaved_entry=abc-6.9.1\nkernelopts=ro single\n####");
	ok(find(&e) == 0 && str_eq(plan.kernel, "/vmlinuz-6.9.1") &&
			str_eq(plan.cmdline, "ro single"),
		"the saved one, with saved options");
	sh("rm -r %s/dev/vda.2/grub2", sr.root);
	put("/dev/vda.2/loader/entries/abc-6.10.2.conf",
		"linux /vmlinuz-6.10.2\ninitrd /i\ninitrd /j\noptions a\noptions b\n");
	ok(find(&e) == 0 && str_eq(plan.kernel, "/vmlinuz-6.10.2") && str_eq(plan.cmdline, "a b") &&
			plan.n_initrds == 2,
		"systemd-boot's, the newest: %s", e.text);
	put("/dev/vda.2/loader/loader.conf", "timeout 3\ndefault abc-6.9*\n");
	ok(find(&e) == 0 && str_eq(plan.kernel, "/vmlinuz-6.9.1"), "by its pattern");
	put("/dev/vda.2/loader/loader.conf", "default none\n");
	is_int(find(&e), -ENOTSUP, "a pattern that matches none: %s", e.text);
	put("/dev/vda.2/loader/loader.conf", "");
	put("/dev/vda.2/loader/entries/abc-6.10.2.conf", "title Uki\nefi /EFI/Linux/a.efi\n");
	is_int(find(&e), -ENOTSUP, "one that is no kernel: %s", e.text);
}

/* A plain configuration, as installers of appliances write it. */
static void plain(void)
{
	struct err e = {0};

	disk();
	put("/dev/vda.3/boot/grub/grub.cfg",
		"echo \"SYSTEM $grub_platform\"\n"
		"linux /boot/link console=tty0 'a b' c\\ d \"$x\" # no\n"
		"initrd /boot/one /boot/two\nboot\nchainloader +1\n");
	put("/dev/vda.3/boot/one", "12345");
	put("/dev/vda.3/boot/two", "12345");
	sh("ln -s /vmlinuz %s/dev/vda.3/boot/link; ln -s boot/real %s/dev/vda.3/vmlinuz; "
	   "ln -s ../../../../../../../etc/passwd %s/dev/vda.3/boot/real",
		sr.root, sr.root, sr.root);
	is_int(find(&e), -ENOENT, "a link that leads out of the system leads to nothing: %s",
		e.text);
	sh("rm %s/dev/vda.3/boot/real; echo kernel >%s/dev/vda.3/boot/real", sr.root, sr.root);
	ok(find(&e) == 0, "links within it are followed: %s", e.text);
	is_str(plan.cmdline, "console=tty0 a b c d ", "quotes, escapes, a comment");
	is_int(plan.n_initrds, 2, "two initial ramdisks");
}

static void refuses(void)
{
	static const char *const bad[][2] = {
		{"set default=0\nmenuentry W { chainloader +1\n }", "another loader"},
		{"menuentry a { search --fs-uuid --set=root 1111-2222; linux /k\n}",
			"another disk's"},
		{"menuentry a { set root=hd1,gpt1; linux /k\n}", "a second disk"},
		{"menuentry a { linux /k\n", "a brace that is open"},
		{"if true; linux /k\n", "an if without then"},
		{"if true; then linux /k\n", "an if without fi"},
		{"for i in a b; do linux /k; done", "a loop"},
		{"set x='\nlinux /k", "a quote that is open"},
		{"if [ a -lt b ]; then true; fi\nlinux /k\n", "a test nobody knows"},
		{"configfile /other.cfg", "another file"},
		{"echo hello\n", "no kernel"},
		{"", "nothing"},
		{"linux (hd0,gpt2)/k\ninitrd (hd0,gpt3)/i\n", "files of two partitions"},
		{"linux\n", "a kernel without a name"},
	};
	struct err e = {0};
	char deep[4000] = "";

	disk();
	put("/dev/vda.3/k", "k");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put("/dev/vda.3/boot/grub/grub.cfg", bad[i][0]);
		ok(find(&e) < 0, "%s: %s", bad[i][1], e.text);
	}
	for (int i = 0; i < 200; i++)
		strcat(deep, "if true; then ");
	put("/dev/vda.3/boot/grub/grub.cfg", deep);
	ok(find(&e) < 0, "nested too deep: %s", e.text);
	put("/dev/vda.3/boot/grub/grub.cfg", "linux /k a\n");
	is_int(find(&e), 0, "and a plain one is not refused");
}

int main(void)
{
	probed();
	debian();
	bls();
	plain();
	refuses();
	return done_testing();
}
