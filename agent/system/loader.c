/* Boot loaders on an ESP; see loader.h. The lists are described in shim's README.fallback. */
#include "agent/system/loader.h"
#include "agent/nvram/utf16.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CSV_MAX	    16384
#define PROGRAM_MAX (32u << 20)

const char *loader_arch(const char *machine, bool firmware_32bit)
{
	static const char *const names[][2] = {{"x86_64", "x64"}, {"i686", "ia32"},
		{"i386", "ia32"}, {"aarch64", "aa64"}, {"armv7l", "arm"}, {"riscv64", "riscv64"},
		{"loongarch64", "loongarch64"}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i][0], machine))
			return firmware_32bit && i == 0 ? "ia32" : names[i][1];
	return NULL;
}

void loader_fallback_path(const char *arch, char *ret, size_t size)
{
	char upper[16];

	str_copy(upper, sizeof(upper), arch);
	for (char *p = upper; *p; p++)
		*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
	snprintf(ret, size, "EFI/BOOT/BOOT%s.EFI", upper);
}

static bool is_file(const struct fat *f, const char *path)
{
	struct fat_entry found;

	return fat_find(f, path, &found, NULL) == 0 && !found.folder && found.size > 0;
}

/* --- lists ---------------------------------------------------------------------------------- */

/* The field at *at of the line, which moves behind it and its comma. */
static char *field(char **at)
{
	char *p = *at, *comma = strchr(p, ',');

	*at = comma ? comma + 1 : p + strlen(p);
	if (comma)
		*comma = '\0';
	return str_trim(p);
}

/* A line ends at the first character that is no text; decoding made that a '?'. */
static size_t line_chars(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && !(p[2 * i + 1] == 0 && (p[2 * i] == '\n' || p[2 * i] == '\r' || !p[2 * i])))
		i++;
	return i;
}

int loader_parse_csv(const uint8_t *data, size_t len, char *ret_file, size_t file_size,
	struct loader *ret, struct err *e)
{
	bool marked = len >= 2 && data[0] == 0xff && data[1] == 0xfe;
	struct buf text = BUF_INIT(CSV_MAX);
	_cleanup_free_ char *line = NULL;
	char *at;

	data += marked ? 2 : 0;
	len -= marked ? 2 : 0;
	utf16_decode(data, line_chars(data, len / 2), &text);
	line = at = xstrdup(buf_str(&text));
	buf_done(&text);
	if (!str_copy(ret_file, file_size, field(&at)) ||
		!str_copy(ret->label, sizeof(ret->label), field(&at)) ||
		!str_copy(ret->arguments, sizeof(ret->arguments), field(&at)))
		return err_set(e, EBADMSG, "its fields are too long");
	if (!ret_file[0] || !ret->label[0] || strpbrk(ret_file, "/\\?:*") || ret_file[0] == '.')
		return err_set(e, EBADMSG, "it names no loader in its folder, or no label");
	return 0;
}

struct finder {
	const struct fat *f;
	const char *arch;
	struct loader *found;
	const struct fat_entry *folder; /* below EFI */
	struct buf *seen;		/* what lies there, for who reads the error */
	struct err csv_error;		/* of the last list that led nowhere */
};

/* "BOOTX64.CSV", or the "BOOT.CSV" of older ones. */
static bool is_list(const struct finder *x, const char *name)
{
	char own[32];

	snprintf(own, sizeof(own), "BOOT%s.CSV", x->arch);
	return str_ieq(name, own) || str_ieq(name, "BOOT.CSV");
}

static int try_list(struct finder *x, const struct fat_entry *list)
{
	struct loader l = {.source = LOADER_CSV};
	_cleanup_free_ uint8_t *data = NULL;
	char file[LOADER_TEXT_MAX];
	size_t len;
	int r = fat_read(x->f, list, CSV_MAX, &data, &len, &x->csv_error);

	if (r == 0)
		r = loader_parse_csv(data, len, file, sizeof(file), &l, &x->csv_error);
	if (r == 0) {
		snprintf(l.told_by, sizeof(l.told_by), "EFI/%.230s/%.230s", x->folder->name,
			list->name);
		snprintf(l.path, sizeof(l.path), "EFI/%.230s/%.120s", x->folder->name, file);
		if (!is_file(x->f, l.path))
			r = err_set(
				&x->csv_error, ENOENT, "it names %.64s, which is not there", file);
	}
	if (r < 0)
		return 0;
	*x->found = l;
	return 1;
}

static int look_for_list(void *data, const struct fat_entry *entry)
{
	struct finder *x = data;

	if (entry->folder)
		return 0;
	buf_printf(x->seen, "%sEFI/%s/%s", x->seen->len ? ", " : "", x->folder->name, entry->name);
	return is_list(x, entry->name) ? try_list(x, entry) : 0;
}

static int lists_in_folder(void *data, const struct fat_entry *entry)
{
	struct finder *x = data;

	if (!entry->folder)
		return 0;
	x->folder = entry;
	return fat_list(x->f, entry, look_for_list, x, NULL) == 1;
}

/* --- loaders known by name ------------------------------------------------------------------ */

/* In the order of preference; "@" stands for the architecture. label NULL: the folder's name. */
static const struct {
	const char *file, *label;
} known[] = {
	{"shim@.efi", NULL},
	{"grub@.efi", NULL},
	{"systemd-boot@.efi", "Linux Boot Manager"},
	{"Boot/bootmgfw.efi", "Windows Boot Manager"},
	{"Boot/winload.efi", "Windows"},
	{"refind_@.efi", "rEFInd"},
};

static void with_arch(const char *file, const char *arch, char *ret, size_t size)
{
	const char *at = strchr(file, '@');

	if (at)
		snprintf(ret, size, "%.*s%s%s", (int)(at - file), file, arch, at + 1);
	else
		snprintf(ret, size, "%s", file);
}

static int known_in_folder(void *data, const struct fat_entry *entry)
{
	struct finder *x = data;
	char file[64], path[LOADER_PATH_MAX];

	if (!entry->folder || str_ieq(entry->name, "BOOT"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		with_arch(known[i].file, x->arch, file, sizeof(file));
		snprintf(path, sizeof(path), "EFI/%.230s/%s", entry->name, file);
		if (!is_file(x->f, path))
			continue;
		*x->found = (struct loader){.source = LOADER_KNOWN};
		str_copy(x->found->path, sizeof(x->found->path), path);
		str_copy(x->found->label, sizeof(x->found->label),
			known[i].label ? known[i].label : entry->name);
		return 1;
	}
	return 0;
}

static int find_removable(struct finder *x)
{
	char path[64];

	loader_fallback_path(x->arch, path, sizeof(path));
	if (!is_file(x->f, path))
		return 0;
	*x->found = (struct loader){.source = LOADER_REMOVABLE, .label = "ingot"};
	str_copy(x->found->path, sizeof(x->found->path), path);
	return 1;
}

static int none_found(const struct finder *x, struct err *e)
{
	err_set(e, ENOENT, "the EFI system partition holds no boot loader for %s; it holds %.300s",
		x->arch, x->seen->len ? buf_str(x->seen) : "nothing in EFI");
	if (x->csv_error.code)
		err_advise(e, "a list of shim's led nowhere: %.120s", x->csv_error.text);
	return -ENOENT;
}

int loader_find(const struct fat *f, const char *arch, struct loader *ret, struct err *e)
{
	struct buf seen = BUF_INIT(300);
	struct finder x = {.f = f, .arch = arch, .found = ret, .seen = &seen};
	struct fat_entry efi;
	char fallback[64];
	int r = fat_find(f, "EFI", &efi, e);

	if (r == 0)
		r = fat_list(f, &efi, lists_in_folder, &x, e);
	if (r == 0)
		r = fat_list(f, &efi, known_in_folder, &x, e);
	if (r == 0)
		r = find_removable(&x);
	if (r == 0 || r == -ENOENT)
		r = none_found(&x, e);
	buf_done(&seen);
	if (r < 0)
		return r;
	loader_fallback_path(arch, fallback, sizeof(fallback));
	ret->fallback = is_file(f, fallback);
	return 0;
}

/* --- the path for removable media ----------------------------------------------------------- */

static int copy(struct fat *f, const char *from, const char *to, struct buf *done, struct err *e)
{
	_cleanup_free_ uint8_t *data = NULL;
	struct fat_entry file;
	size_t len;
	int r = fat_find(f, from, &file, e);

	if (r == -ENOENT)
		return err_set(e, ENOENT, "%s is missing", from);
	if (r == 0)
		r = fat_read(f, &file, PROGRAM_MAX, &data, &len, e);
	if (r == 0)
		r = fat_add(f, "EFI/BOOT", to, data, len, e);
	if (r == 0)
		buf_printf(done, "%s%s as EFI/BOOT/%s", done->len ? ", " : "", from, to);
	return r;
}

/*
 * What a shim starts from its own folder: the fallback program, which goes by the lists, or GRUB.
 */
static int copy_beside_shim(struct fat *f, const char *arch, const struct loader *l,
	const char *folder, struct buf *done, struct err *e)
{
	static const char *const prefixes[] = {"fb", "grub"};
	char from[LOADER_PATH_MAX], name[32];

	for (size_t i = l->source == LOADER_CSV ? 0 : 1; i < ARRAY_SIZE(prefixes); i++) {
		snprintf(name, sizeof(name), "%s%s.efi", prefixes[i], arch);
		snprintf(from, sizeof(from), "%.400s/%s", folder, name);
		if (is_file(f, from)) {
			int r = copy(f, from, name, done, e);

			return r == -EEXIST ? 0 : r;
		}
	}
	return err_set(e, ENOENT, "%s holds nothing that the shim could start", folder);
}

int loader_repair_fallback(struct fat *f, const char *arch, const struct loader *l,
	struct buf *ret_done, struct err *e)
{
	const char *slash = strrchr(l->path, '/');
	_cleanup_free_ char *folder = NULL;
	char fallback[64];
	int r = 0;

	if (l->fallback || !slash)
		return 0;
	folder = xstrndup(l->path, (size_t)(slash - l->path));
	loader_fallback_path(arch, fallback, sizeof(fallback));
	if (!strncasecmp(slash + 1, "shim", 4))
		r = copy_beside_shim(f, arch, l, folder, ret_done, e);
	if (r == 0)
		r = copy(f, l->path, fallback + strlen("EFI/BOOT/"), ret_done, e);
	return r < 0 ? err_prefix(e, "make EFI/BOOT bootable") : 0;
}
