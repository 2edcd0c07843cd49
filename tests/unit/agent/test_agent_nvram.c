/* Boot entries in a folder of variables; efibootmgr reads what was written, and says it alike. */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/nvram/bootmgr.h"
#include "agent/nvram/utf16.h"

#include <errno.h>
#include <sys/stat.h>

#define DIR "/sys/firmware/efi/efivars"

static const struct loadopt_hd esp = {.number = 15,
	.start = 2048,
	.sectors = 217088,
	.signature = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9,
		0x3e, 0xc9, 0x3b},
	.gpt = true};

/* PciRoot(0x0)/Pci(0x2,0x0)/MAC(525400820201,1)/IPv4(0.0.0.0), "UEFI PXEv4", as OVMF writes it. */
static const char network[] = "07000000"
			      "01000000"
			      "5600"
			      "5500450046004900200050005800450076003400"
			      "0000"
			      "02010c00d041030a00000000"
			      "010106000002"
			      "030b2500525400820201"
			      "0000000000000000000000000000000000000000000000000000"
			      "01"
			      "030c1b0000000000000000000000000000000000000000000000"
			      "0000"
			      "7fff0400"
			      "4eac0881119f594d850ee21a522c59b2";

/* FvVol/FvFile of the firmware's setup, as OVMF writes it. */
static const char setup[] = "07000000"
			    "09010000"
			    "2c00"
			    "55006900410070007000"
			    "0000"
			    "04071400c9bdb87cebf8344faaea3ee4af6516a1"
			    "0406140021aa2c4614760345836e8ab6f4662331"
			    "7fff0400";

static void put_hex(const char *name, const char *hex)
{
	_cleanup_free_ char *path = xasprintf(DIR "/%s-" EFIVAR_GLOBAL, name);
	uint8_t bytes[1024];
	int n = hex_decode(hex, bytes, sizeof(bytes));

	if (n < 0)
		abort();
	tree_write(path, bytes, (size_t)n, false);
}

static struct efivars fresh(const char **ret_root)
{
	struct sysroot sr = {.root = tree_new()};
	struct efivars v = {NULL};
	struct err e;

	put_hex("Boot0000", setup);
	put_hex("Boot0001", network);
	put_hex("BootOrder", "0700000000000100");
	put_hex("BootCurrent", "060000000100");
	tree_write(DIR "/Lang-" EFIVAR_GLOBAL, "\7\0\0\0eng", 8, false);
	ok(efivars_open(&sr, &v, &e) == 0, "the folder opens");
	*ret_root = sr.root;
	return v;
}

/* What efibootmgr says, without the bytes that a newer one shows of each path. */
static char *judged(const char *root)
{
	_cleanup_free_ char *run =
		xasprintf("PATH=$PATH:/usr/sbin; EFIVARFS_PATH=%s" DIR "/ efibootmgr -v 2>&1 | "
			  "grep -av '^ *dp: '",
			root);
	char *text = xcalloc(1, 16384);
	FILE *f = popen(run, "r");
	size_t n = f ? fread(text, 1, 16383, f) : 0;

	text[n] = '\0';
	pclose(f);
	return text;
}

static bool order_is(const struct efivars *v, const char *name, const char *hex)
{
	_cleanup_free_ uint8_t *data = NULL;
	char text[256] = "";
	size_t len = 0;

	if (efivar_read(v, name, &data, &len, NULL) < 0 || len > 100)
		return str_eq(hex, "none");
	if (!str_eq(hex_encode(data, len, text), hex))
		printf("# %s is %s\n", name, text);
	return str_eq(text, hex);
}

static void install(void)
{
	struct boot_want want = {
		.label = "debian", .loader = "\\EFI\\debian\\shimx64.efi", .hd = esp};
	_cleanup_free_ char *said = NULL;
	struct boot_entries list;
	struct err e = {0};
	const char *root;
	struct efivars v = fresh(&root);
	uint16_t number = 99;
	unsigned removed = 99;

	is_int(bootmgr_current(&v), 1, "booted from the network");
	ok(bootmgr_install(&v, &want, &number, &removed, &e) == 0, "an entry is added: %s", e.text);
	is_int(number, 2, "at the lowest number that is free");
	is_int(removed, 0, "nothing else is removed");
	ok(order_is(&v, "BootOrder", "020000000100"), "it is the first of the order");
	ok(order_is(&v, "BootNext", "0200"), "and the next to start");
	said = judged(root);
	ok(strstr(said, "BootNext: 0002") && strstr(said, "BootOrder: 0002,0000,0001"),
		"efibootmgr sees the order");
	ok(strstr(said, "Boot0002* debian\tHD(15,GPT,c12a7328-f81f-11d2-ba4b-00a0c93ec93b,0x800,"
			"0x35000)/File(\\EFI\\debian\\shimx64.efi)"),
		"efibootmgr sees the entry");
	ok(bootmgr_list(&v, &list, &e) == 0 && list.n == 3, "three entries");
	*strstr(list.all[1].path, "/IPv4(") = '\0'; /* which it writes in a way of its own */
	for (size_t i = 0; i < list.n; i++)
		ok(strstr(said, list.all[i].path) != NULL, "efibootmgr writes %s alike",
			list.all[i].path);
	is_str(list.all[2].option.loader, "\\EFI\\debian\\shimx64.efi", "the loader is read back");
	ok(list.all[2].option.on_disk && list.all[2].option.hd.number == 15 &&
			!memcmp(list.all[2].option.hd.signature, esp.signature, 16),
		"and the partition");
	ok(!list.all[1].option.has_hd, "the network's has none");
	boot_entries_done(&list);
	efivars_close(&v);
}

/* A second deploy, with another loader and entries of the same name left by somebody. */
static void again(void)
{
	struct boot_want want = {
		.label = "debian", .loader = "\\EFI\\debian\\grubx64.efi", .hd = esp};
	struct err e = {0};
	const char *root;
	struct efivars v = fresh(&root);
	_cleanup_free_ char *said = NULL;
	uint16_t number, first, second;
	unsigned removed;

	bootmgr_install(&v, &want, &first, &removed, &e);
	want.label = "other";
	bootmgr_install(&v, &want, &second, &removed, &e);
	{
		_cleanup_free_ char *cp =
			xasprintf("cd %s" DIR "; cp Boot0002-* Boot000A-" EFIVAR_GLOBAL
				  "; cp Boot0002-* Boot00fe-" EFIVAR_GLOBAL,
				root);
		(void)!system(cp);
	}
	put_hex("BootOrder", "07000000fe00000001000a0002000300");
	want.label = "debian";
	want.arguments = "single \"a\"";
	ok(bootmgr_install(&v, &want, &number, &removed, &e) == 0, "installed again: %s", e.text);
	is_int(number, first, "the number of the first with its label is used again");
	is_int(removed, 1, "a duplicate is removed; one with a name in small letters is another");
	ok(order_is(&v, "BootOrder", "0200fe00000001000300"), "and its number left the order");
	said = judged(root);
	ok(strstr(said, "Boot0003* other") && !strstr(said, "Boot000A"), "efibootmgr sees them");
	ok(strstr(said, "File(\\EFI\\debian\\grubx64.efi)s.i.n.g.l.e. .\".a.\".") ||
			strstr(said, "data: 73 00 69 00 6e 00 67 00 6c 00 65 00 20 00 22 00 61 00 "
				     "22 00 00 00"), /* from version 18 on */
		"arguments are there");
	ok(bootmgr_remove(&v, number, &e) == 0 && order_is(&v, "BootNext", "none"),
		"one that is removed is not the next any more");
	efivars_close(&v);
}

static void no_write(void)
{
	struct boot_want want = {.label = "debian", .loader = "\\EFI\\x.efi", .hd = esp};
	struct sysroot none = {.root = "/nonexistent"};
	struct err e = {0};
	const char *root;
	struct efivars v = fresh(&root), gone;
	_cleanup_free_ char *next = xasprintf("%s/BootNext-" EFIVAR_GLOBAL, v.dir);
	_cleanup_free_ char *order = xasprintf("%s/BootOrder-" EFIVAR_GLOBAL, v.dir);
	uint16_t number;
	unsigned removed;

	is_int(efivars_open(&none, &gone, &e), -ENODEV, "no such folder: %s", e.text);
	/* writing to /dev/full is what a full NVRAM answers */
	if (symlink("/dev/full", next) < 0)
		abort();
	is_int(bootmgr_install(&v, &want, &number, &removed, &e), -ENOSPC, "a full NVRAM");
	ok(strstr(e.text, "BootNext") && strstr(e.text, "clean_uefi_nvram"), "says so: %s", e.text);
	unlink(order);
	if (symlink("/dev/full", order) < 0)
		abort();
	ok(bootmgr_install(&v, &want, &number, &removed, &e) < 0 && strstr(e.text, "BootOrder"),
		"an order that cannot be read is not replaced: %s", e.text);
	ok(efivar_unchangeable(-EROFS) && efivar_unchangeable(-EPERM) &&
			!efivar_unchangeable(-ENOSPC),
		"a full one could be emptied, a read-only one not");
	efivars_close(&v);
}

static void same_again(void)
{
	struct err e = {0};
	const char *root;
	struct efivars v = fresh(&root);
	_cleanup_free_ char *path = xasprintf("%s/BootNext-" EFIVAR_GLOBAL, v.dir);
	struct stat st;

	efivar_write(&v, "BootNext", "\1\0", 2, &e);
	chmod(path, 0444);
	ok(stat(path, &st) == 0 && st.st_size == 6, "attributes and value");
	is_int(efivar_write(&v, "BootNext", "\1\0", 2, &e), 0,
		"what stands there already is not "
		"written");
	chmod(path, 0644);
	is_int(efivar_write(&v, "BootNext", "\1", 1, &e), 0, "a shorter one");
	ok(order_is(&v, "BootNext", "01"), "is cut");
	efivars_close(&v);
}

/* Every cut and many a changed byte of a good option: refused or read, never beyond its end. */
static void hostile(void)
{
	struct buf good = BUF_INIT(LOADOPT_MAX), text = BUF_INIT(65536);
	struct loadopt *o = xcalloc(1, sizeof(*o));
	struct err e = {0};
	int refused = 0;

	loadopt_build("label", &esp, "\\EFI\\x.efi", "args", &good, &e);
	for (size_t len = 0; len <= good.len; len++) {
		uint8_t *exact = xmalloc(len + 1);

		memcpy(exact, good.data, len);
		exact = xrealloc(exact, len ? len : 1);
		refused += loadopt_parse(exact, len, o, &e) < 0;
		loadopt_path_text(exact, len, &text);
		free(exact);
	}
	ok(refused > 80, "cut ones are refused");
	for (size_t i = 0; i < good.len; i++) {
		_cleanup_free_ uint8_t *copy = xmalloc(good.len);

		memcpy(copy, good.data, good.len);
		copy[i] ^= 0xff;
		(void)loadopt_parse(copy, good.len, o, &e);
		loadopt_path_text(copy, good.len, &text);
	}
	is_int(loadopt_build("\xff", &esp, "x", NULL, &good, &e), -EINVAL,
		"a label that is no text");
	buf_done(&good);
	buf_done(&text);
	free(o);
}

static void texts(void)
{
	struct buf out = BUF_INIT(64), back = BUF_INIT(64);

	is_int(utf16_encode("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xbe", &out), 0, "UTF-8 to UTF-16");
	ok(out.len == 10 && !memcmp(out.data, "a\0\xe4\0\xac\x20\x3d\xd8\xbe\xdc", 10),
		"as RFC 2781 has it");
	utf16_decode((uint8_t *)out.data, 5, &back);
	is_str(buf_str(&back), "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xbe", "and back");
	buf_truncate(&back, 0);
	utf16_decode((const uint8_t *)"\x3d\xd8x\0\n\0\0\0y", 5, &back);
	is_str(buf_str(&back), "?x?", "half a pair and a control character; NUL ends");
	buf_done(&out);
	buf_done(&back);
}

int main(void)
{
	install();
	again();
	no_write();
	same_again();
	hostile();
	texts();
	return done_testing();
}
