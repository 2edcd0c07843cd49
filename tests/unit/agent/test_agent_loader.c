/*
 * The command image.install_bootloader and its steps, on a disk that is a file and variables that
 * are files: which loader is found, which entry is made, what is repaired, what is refused.
 */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/bootloader.h"
#include "agent/nvram/bootmgr.h"
#include "agent/system/loader.h"

#include <errno.h>
#include <sys/stat.h>

#define DISKS "[{\"name\": \"vda\", \"size\": 4294967296}]"
#define VARS  "/sys/firmware/efi/efivars"
#define GUID  "11223344-5566-7788-99AA-BBCCDDEEFF00"
#define HD    "HD(1,GPT,11223344-5566-7788-99aa-bbccddeeff00,0x800,0x10000)"
#define TOOLS "export MTOOLS_SKIP_CHECK=1 PATH=$PATH:/usr/sbin; "

static struct agent agent;
static struct params params;
static struct sysroot sr;
static const struct agent_platform platform;
static char *disks_json;

/* A machine that booted by UEFI, with one disk; `files` makes what its ESP holds out of ./a and
 * ./b. */
static void machine(const char *files)
{
	struct err e;

	sr.root = tree_new();
	free(disks_json);
	disks_json = xasprintf("%s/disks.json", sr.root);
	sr.disks_json = disks_json;
	tree_write("/disks.json", DISKS, strlen(DISKS), false);
	tree_write(VARS "/BootOrder-" EFIVAR_GLOBAL, "\7\0\0\0\1\0", 6, false);
	sh(TOOLS "mkdir -p %s/dev && cd %s/dev && echo shim >a && echo grub >b && truncate -s 64M "
		 "vda && "
		 "printf 'label: gpt\nstart=2048, size=65536, type=U, uuid=" GUID "\n' | "
		 "sfdisk -q --no-tell-kernel vda && "
		 "mformat -i vda@@1M -T 65536 -h 64 -s 32 :: && I='-i vda@@1M' && "
		 "csv() { printf \"$1\" | iconv -t UTF-16LE >c; mcopy $I c \"::$2\"; } && %s",
		sr.root, sr.root, files);
	if (agent_init(&agent, &params, &sr, NULL, &platform, NULL, &e) < 0)
		abort();
}

static void ended(void)
{
	agent_done(&agent);
}

/* Runs the command with the given parameters; the result's text, or "error: ...". Allocated. */
static char *install(const char *given)
{
	_cleanup_json_ json_t *p = json_loads(given, 0, NULL), *result = NULL;
	struct err e = {0};

	if (bootloader_install(&agent, p, &result, &e) < 0)
		return xasprintf("error: %s", e.text);
	return xstrdup(json_string_value(result));
}

/* What efibootmgr says to this line, which has to begin with "Boot0000* ...". */
static bool judged(const char *line)
{
	_cleanup_free_ char *run = xasprintf("PATH=$PATH:/usr/sbin; EFIVARFS_PATH=%s" VARS
					     "/ efibootmgr -v >%s/said 2>&1; grep -qF '%s' %s/said",
		sr.root, sr.root, line, sr.root);

	if (system(run) == 0)
		return true;
	sh("sed 's/^/# /' %s/said", sr.root);
	return false;
}

#define CASE(files) for (bool once = (machine(files), true); once; once = false, ended())

static void finds(void)
{
	CASE("mmd $I ::/EFI ::/EFI/debian ::/EFI/BOOT && mcopy $I a ::/EFI/debian/shimx64.efi && "
	     "mcopy $I a ::/EFI/BOOT/BOOTX64.EFI && "
	     "csv '\\357\\273\\277shimx64.efi,debian,,This is the boot entry for debian\\n' "
	     "/EFI/debian/BOOTX64.CSV")
	{
		_cleanup_free_ char *said = install("{\"target_boot_mode\": \"uefi\"}");

		ok(strstr(said, "boot entry 0000 \"debian\" loads \\EFI\\debian\\shimx64.efi from "
				"partition 1 of /dev/vda"),
			"shim's list: %s", said);
		ok(judged("Boot0000* debian\t" HD "/File(\\EFI\\debian\\shimx64.efi)"),
			"efibootmgr sees it");
		ok(judged("BootOrder: 0000,0001") && judged("BootNext: 0000"), "first, and next");
		free(said);
		said = install("{}");
		ok(judged("BootOrder: 0000,0001"), "installed twice, there is one: %s", said);
	}
	CASE("mmd $I ::/EFI ::/EFI/ubuntu && mcopy $I a ::/EFI/ubuntu/grubx64.efi")
	{
		_cleanup_free_ char *said = install("{}");
		struct stat st;

		ok(judged("Boot0000* ubuntu\t" HD "/File(\\EFI\\ubuntu\\grubx64.efi)"),
			"a GRUB without a list: %s", said);
		sh(TOOLS "cd %s/dev; mtype -i vda@@1M ::/EFI/BOOT/BOOTX64.EFI | cmp - a && touch "
			 "good",
			sr.root);
		ok(tree_stat("/dev/good", &st) == 0, "and it became the path for removable media");
	}
	CASE("mmd $I ::/EFI ::/EFI/Microsoft ::/EFI/Microsoft/Boot && "
	     "mcopy $I a ::/EFI/Microsoft/Boot/bootmgfw.efi")
	{
		_cleanup_free_ char *said = install("{}");

		ok(judged("Boot0000* Windows Boot Manager\t" HD
			  "/File(\\EFI\\Microsoft\\Boot\\bootmgfw.efi)"),
			"Windows: %s", said);
	}
	CASE("mmd $I ::/EFI ::/EFI/BOOT && mcopy $I a ::/EFI/BOOT/BOOTX64.EFI")
	{
		_cleanup_free_ char *said = install("{}");

		ok(judged("Boot0000* ingot\t" HD "/File(\\EFI\\BOOT\\BOOTX64.EFI)"),
			"only the path for removable media: %s", said);
	}
	CASE("mmd $I ::/EFI ::/EFI/centos && mcopy $I a ::/EFI/centos/shim.efi && "
	     "csv 'shim.efi,CentOS Linux,\"quiet\"' /EFI/centos/BOOT.CSV")
	{
		_cleanup_free_ char *said = install("{}");

		ok(judged("Boot0000* CentOS Linux\t" HD "/File(\\EFI\\centos\\shim.efi)"),
			"an older list: %s", said);
	}
}

static void repairs(void)
{
	struct stat st;

	CASE("mmd $I ::/EFI ::/EFI/debian && mcopy $I a ::/EFI/debian/shimx64.efi && "
	     "mcopy $I b ::/EFI/debian/fbx64.efi && csv 'shimx64.efi,debian' "
	     "/EFI/debian/BOOTX64.CSV")
	{
		_cleanup_free_ char *said = install("{}");

		sh(TOOLS "cd %s/dev; mtype -i vda@@1M ::/EFI/BOOT/BOOTX64.EFI | cmp - a && "
			 "mtype -i vda@@1M ::/EFI/BOOT/FBX64.EFI | cmp - b && dd if=vda of=p bs=1M "
			 "skip=1 "
			 "count=32 status=none && fsck.fat -n p >/dev/null && touch good",
			sr.root);
		ok(tree_stat("/dev/good", &st) == 0, "shim and its fallback program: %s", said);
	}
	CASE("mmd $I ::/EFI ::/EFI/debian && mcopy $I a ::/EFI/debian/shimx64.efi && "
	     "mcopy $I b ::/EFI/debian/grubx64.efi")
	{
		_cleanup_free_ char *said = install("{}");

		sh(TOOLS "cd %s/dev; mtype -i vda@@1M ::/EFI/BOOT/BOOTX64.EFI | cmp - a && "
			 "mtype -i vda@@1M ::/EFI/BOOT/GRUBX64.EFI | cmp - b && touch good",
			sr.root);
		ok(tree_stat("/dev/good", &st) == 0, "shim and the GRUB it starts: %s", said);
	}
}

static void refuses(void)
{
	CASE("mmd $I ::/EFI ::/EFI/debian && csv 'shimx64.efi,debian' /EFI/debian/BOOTX64.CSV")
	{
		_cleanup_free_ char *said = install("{}");

		ok(str_starts(said, "error: ") && strstr(said, "no boot loader for x64") &&
				strstr(said, "EFI/debian/BOOTX64.CSV") && strstr(said, "not there"),
			"a list that leads nowhere: %s", said);
		free(said);
		said = install("{\"ignore_bootloader_failure\": true}");
		ok(str_starts(said, "ignored: "), "which can be ignored: %s", said);
		params.ignore_bootloader_failure = true;
		free(said);
		said = install("{}");
		ok(str_starts(said, "ignored: "), "by the kernel's command line, too");
		free(said);
		said = install("{\"ignore_bootloader_failure\": false}");
		ok(str_starts(said, "error: "), "but the command's word is the last");
		params.ignore_bootloader_failure = false;
	}
	CASE("dd if=/dev/zero of=vda bs=1M seek=1 count=1 conv=notrunc status=none")
	{
		_cleanup_free_ char *said = install("{}");

		ok(strstr(said, "partition 1 of /dev/vda: there is no FAT"), "no file system: %s",
			said);
	}
	CASE("printf 'label: gpt\n,,L\n' | sfdisk -q --wipe never --no-tell-kernel vda")
	{
		_cleanup_free_ char *said = install("{}");

		ok(strstr(said, "/dev/vda has no EFI system partition"), "no ESP: %s", said);
		free(said);
		said = install("{\"target_boot_mode\": \"bios\"}");
		ok(strstr(said, "is kept"), "which a BIOS does not need");
	}
	CASE("mmd $I ::/EFI ::/EFI/BOOT && mcopy $I a ::/EFI/BOOT/BOOTX64.EFI && "
	     "rm -r ../sys/firmware/efi/efivars")
	{
		_cleanup_free_ char *said = install("{}");

		ok(strstr(said, "no boot entry (") && strstr(said, "path for removable media"),
			"no variables, but a loader that firmware finds without: %s", said);
	}
	/* in sysfs nobody makes files: what a read-only NVRAM answers, also to root */
	CASE("mmd $I ::/EFI ::/EFI/BOOT && mcopy $I a ::/EFI/BOOT/BOOTX64.EFI && "
	     "cd ../sys/firmware/efi && rm -r efivars && ln -s /sys/kernel efivars")
	{
		_cleanup_free_ char *said = install("{}");

		ok(strstr(said, "no boot entry (write EFI variable Boot0000: Permission denied") &&
				strstr(said, "path for removable media"),
			"variables that nobody may change, and such a loader: %s", said);
	}
	CASE("mmd $I ::/EFI ::/EFI/BOOT && mcopy $I a ::/EFI/BOOT/BOOTX64.EFI && "
	     "ln -s /dev/full ../sys/firmware/efi/efivars/BootNext-" EFIVAR_GLOBAL)
	{
		_cleanup_free_ char *said = install("{}");

		ok(str_starts(said, "error: install boot loader: write EFI variable BootNext") &&
				strstr(said, "NVRAM is full"),
			"a full NVRAM: %s", said);
	}
}

static void cleans(void)
{
	_cleanup_json_ json_t *none = json_object(),
			      *bad = json_loads("{\"match_patterns\":[\"(\"]}", 0, NULL);
	_cleanup_json_ json_t *all =
		json_loads("{\"match_patterns\":[\"^Pci\", \"^HD\"]}", 0, NULL);
	struct err e = {0};
	json_t *result = NULL;

	CASE("mmd $I ::/EFI ::/EFI/BOOT && mcopy $I a ::/EFI/BOOT/BOOTX64.EFI && cd ../sys && "
	     "printf "
	     "'\\7\\0\\0\\0\\1\\0\\0\\0\\26\\0N\\0\\0\\0\\2\\1\\14\\0\\320\\101\\3\\12\\0\\0\\0\\0"
	     "\\1\\1\\6\\0"
	     "\\0\\2\\177\\377\\4\\0' >firmware/efi/efivars/Boot0007-" EFIVAR_GLOBAL
	     " && echo x >firmware/efi/efivars/Boot0008-" EFIVAR_GLOBAL
	     " && mkdir -p fs/pstore && echo oops >fs/pstore/dmesg-efi-1 && echo "
	     ">fs/pstore/dmesg-efi-2")
	{
		_cleanup_free_ char *pstore = tree_path("/sys/fs/pstore");
		struct stat st;

		free(install("{}"));
		ok(judged("Boot0007* N\tPciRoot(0x0)/Pci(0x2,0x0)") && judged("Boot0000* ingot"),
			"an entry of the disk and one of the firmware");
		is_int(bootloader_clean_nvram(&agent, bad, &result, &e), -EINVAL, "no pattern: %s",
			e.text);
		is_int(bootloader_clean_nvram(&agent, none, &result, &e), 0, "cleaned");
		ok(judged("Boot0007* N") && judged("BootOrder: 0001") && !judged("Boot0000"),
			"the disk's entry is gone");
		is_int(bootloader_clean_nvram(&agent, all, &result, &e), 0, "with patterns");
		ok(!judged("Boot0007"), "the other, too");
		ok(tree_stat(VARS "/Boot0008-" EFIVAR_GLOBAL, &st) == 0,
			"what is not understood stays");
		is_int(bootloader_erase_pstore(&agent, none, &result, &e), 0, "pstore is emptied");
		is_int(rmdir(pstore), 0, "of all records");
	}
}

/* Entries of an earlier agent whose partition is on no disk: gone; other people's stay. */
static void dead(void)
{
	CASE("mmd $I ::/EFI ::/EFI/debian && mcopy $I a ::/EFI/debian/grubx64.efi")
	{
		static const struct {
			const char *label;
			uint8_t guid;
		} old[] = {{"ironic1", 1}, {"fedora", 1}, {"ironic2", 0x44}};
		struct efivars v;
		struct err e;
		uint16_t number;
		unsigned removed;

		efivars_open(&sr, &v, &e);
		for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
			struct boot_want w = {.label = old[i].label,
				.loader = "\\x.efi",
				.hd = {.number = 1,
					.gpt = true,
					.signature = {0x44, 0x33, 0x22, 0x11, 0x66, 0x55, 0x88,
						0x77, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
						0}}};

			w.hd.signature[0] = old[i].guid;
			bootmgr_install(&v, &w, &number, &removed, &e);
		}
		free(install("{}"));
		ok(judged("* debian") && !judged("* ironic1"),
			"one that led to no partition is removed");
		ok(judged("* fedora"), "one that we did not make stays");
		ok(judged("* ironic2"), "one whose partition exists stays");
		efivars_close(&v);
	}
}

static void lists(void)
{
	static const struct {
		const char *text;
		size_t len;
		bool good;
		const char *what;
	} lines[] = {
		{"a\0.\0e\0,\0L\0", 10, true, "a line without an end"},
		{"\xff\xfe"
		 "a\0,\0L\0\r\0\n\0b\0",
			14, true, "a mark, and more lines"},
		{"a\0,\0", 4, false, "no label"},
		{",\0L\0", 4, false, "no loader"},
		{".\0.\0/\0a\0,\0L\0", 12, false, "a loader elsewhere"},
		{"a\0\\\0b\0,\0L\0", 10, false, "a loader in another folder"},
		{"", 0, false, "nothing"},
		{"a\0,\0L", 5, false, "half a character"},
		{"\0\xd8,\0L\0", 6, false, "half a pair"},
	};
	struct loader l;
	struct err e;
	char file[16];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		is_int(loader_parse_csv((const uint8_t *)lines[i].text, lines[i].len, file,
			       sizeof(file), &l, &e),
			lines[i].good ? 0 : -EBADMSG, "a list with %s", lines[i].what);
	is_str(loader_arch("aarch64", false), "aa64", "64-bit ARM");
	is_str(loader_arch("x86_64", true), "ia32", "32-bit firmware on a 64-bit processor");
	loader_fallback_path("aa64", file, 5);
	is_str(file, "EFI/", "a path that does not fit is cut");
}

int main(void)
{
	finds();
	repairs();
	refuses();
	cleans();
	dead();
	lists();
	return done_testing();
}
