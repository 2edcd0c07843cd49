/* Boot entries and their order; see bootmgr.h. */
#include "agent/nvram/bootmgr.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ORDER_MAX  1024
#define NAME_SIZE  16
#define NUMBER_END 0x10000

static char *entry_name(uint16_t number, char name[static NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "Boot%04X", number);
	return name;
}

/* "Boot001A-8be4df61-..." gives 0x1a; -1: it is no boot entry. */
static int number_of(const char *file)
{
	static const size_t digits_at = 4, guid_at = 9;
	uint8_t two[2];
	char digits[5];

	if (!str_starts(file, "Boot") || strlen(file) < guid_at || file[guid_at - 1] != '-' ||
		!str_ieq(file + guid_at, EFIVAR_GLOBAL))
		return -1;
	memcpy(digits, file + digits_at, 4);
	digits[4] = '\0';
	return hex_decode(digits, two, sizeof(two)) == 2 ? get_be16(two) : -1;
}

/* One that cannot be read or understood is there all the same. */
static void read_entry(const struct efivars *v, uint16_t number, struct boot_entry *ret)
{
	_cleanup_free_ uint8_t *data = NULL;
	struct buf text = BUF_INIT(LOADOPT_MAX);
	char name[NAME_SIZE];
	size_t len;

	*ret = (struct boot_entry){.number = number, .damaged = true};
	if (efivar_read(v, entry_name(number, name), &data, &len, NULL) == 0 &&
		loadopt_parse(data, len, &ret->option, NULL) == 0) {
		ret->damaged = false;
		loadopt_path_text(data, len, &text);
	}
	ret->path = xstrdup(buf_str(&text));
	buf_done(&text);
}

static int by_number(const void *a, const void *b)
{
	return ((const struct boot_entry *)a)->number - ((const struct boot_entry *)b)->number;
}

int bootmgr_list(const struct efivars *v, struct boot_entries *ret, struct err *e)
{
	DIR *dir = opendir(v->dir);
	struct dirent *d;

	*ret = (struct boot_entries){.n = 0};
	if (!dir)
		return err_errno(e, errno, "read EFI variables in %s", v->dir);
	ret->all = xcalloc(BOOTMGR_ENTRIES_MAX, sizeof(*ret->all));
	while (ret->n < BOOTMGR_ENTRIES_MAX && (d = readdir(dir))) {
		int number = number_of(d->d_name);

		if (number >= 0)
			read_entry(v, (uint16_t)number, &ret->all[ret->n++]);
	}
	closedir(dir);
	qsort(ret->all, ret->n, sizeof(*ret->all), by_number);
	return 0;
}

void boot_entries_done(struct boot_entries *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->all[i].path);
	free(list->all);
	*list = (struct boot_entries){.n = 0};
}

/* A variable of one number. */
static int read_number(const struct efivars *v, const char *name)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t len;

	if (efivar_read(v, name, &data, &len, NULL) < 0 || len < 2)
		return -1;
	return get_le16(data);
}

int bootmgr_current(const struct efivars *v)
{
	return read_number(v, "BootCurrent");
}

struct order {
	size_t n;
	uint16_t all[ORDER_MAX + 1];
};

/* Without one it is empty; one that cannot be read is not to be replaced. */
static int order_read(const struct efivars *v, struct order *ret, struct err *e)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t len = 0;
	int r = efivar_read(v, "BootOrder", &data, &len, e);

	ret->n = 0;
	for (size_t i = 0; r == 0 && i + 2 <= len && ret->n < ORDER_MAX; i += 2)
		ret->all[ret->n++] = get_le16(data + i);
	return r == -ENOENT ? 0 : r;
}

static bool order_has(const struct order *o, uint16_t number)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->all[i] == number)
			return true;
	return false;
}

static void order_drop(struct order *o, uint16_t number)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->n; i++)
		if (o->all[i] != number)
			o->all[kept++] = o->all[i];
	o->n = kept;
}

static void order_put_first(struct order *o, uint16_t number)
{
	order_drop(o, number);
	memmove(o->all + 1, o->all, o->n * sizeof(o->all[0]));
	o->all[0] = number;
	o->n++;
}

static int write_numbers(
	const struct efivars *v, const char *name, const uint16_t *numbers, size_t n, struct err *e)
{
	uint8_t data[2 * (ORDER_MAX + 1)];

	for (size_t i = 0; i < n; i++)
		put_le16(data + 2 * i, numbers[i]);
	return efivar_write(v, name, data, 2 * n, e);
}

int bootmgr_remove(const struct efivars *v, uint16_t number, struct err *e)
{
	char name[NAME_SIZE];
	struct order order;
	int r = efivar_remove(v, entry_name(number, name), e);

	if (r < 0)
		return r;
	if (read_number(v, "BootNext") == number)
		(void)efivar_remove(v, "BootNext", NULL);
	r = order_read(v, &order, e);
	if (r < 0 || !order_has(&order, number))
		return r;
	order_drop(&order, number);
	if (!order.n) /* an empty value would remove it, too */
		return efivar_remove(v, "BootOrder", e);
	return write_numbers(v, "BootOrder", order.all, order.n, e);
}

static bool same_label(const struct boot_entry *b, const struct boot_want *want)
{
	return !b->damaged && str_eq(b->option.label, want->label);
}

/* The number for the entry: of the first with its label, else the lowest that is free. */
static int choose_number(const struct boot_entries *list, const struct boot_want *want)
{
	int number = 0;

	for (size_t i = 0; i < list->n; i++)
		if (same_label(&list->all[i], want))
			return list->all[i].number;
	for (size_t i = 0; i < list->n && list->all[i].number == number; i++)
		number++;
	return number < NUMBER_END ? number : -1;
}

/* Before the new one is written: it may need their room. */
static int remove_others(const struct efivars *v, const struct boot_entries *list,
	const struct boot_want *want, int keep, unsigned *ret_removed, struct err *e)
{
	int r = 0;

	*ret_removed = 0;
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		if (list->all[i].number == keep || !same_label(&list->all[i], want))
			continue;
		r = bootmgr_remove(v, list->all[i].number, e);
		*ret_removed += r == 0;
	}
	return r;
}

static int write_entry(
	const struct efivars *v, uint16_t number, const struct boot_want *want, struct err *e)
{
	struct buf option = BUF_INIT(LOADOPT_MAX);
	char name[NAME_SIZE];
	int r = loadopt_build(want->label, &want->hd, want->loader, want->arguments, &option, e);

	if (r == 0)
		r = efivar_write(v, entry_name(number, name), option.data, option.len, e);
	buf_done(&option);
	return r;
}

/* An entry that did not get into the order is taken back: it only fills the NVRAM. */
static int put_first(const struct efivars *v, uint16_t number, struct err *e)
{
	struct order order;
	char name[NAME_SIZE];
	bool had;
	int r = order_read(v, &order, e);

	if (r < 0)
		return r;
	had = order_has(&order, number);
	order_put_first(&order, number);
	r = write_numbers(v, "BootOrder", order.all, order.n, e);
	if (r < 0 && !had)
		(void)efivar_remove(v, entry_name(number, name), NULL);
	return r < 0 ? r : write_numbers(v, "BootNext", &number, 1, e);
}

int bootmgr_install(const struct efivars *v, const struct boot_want *want, uint16_t *ret_number,
	unsigned *ret_removed, struct err *e)
{
	struct boot_entries list;
	int number, r = bootmgr_list(v, &list, e);

	if (r < 0)
		return r;
	number = choose_number(&list, want);
	if (number < 0)
		r = err_set(e, ENOSPC, "no number is free for another boot entry");
	if (r == 0)
		r = remove_others(v, &list, want, number, ret_removed, e);
	boot_entries_done(&list);
	if (r == 0)
		r = write_entry(v, (uint16_t)number, want, e);
	if (r == 0)
		r = put_first(v, (uint16_t)number, e);
	if (r == 0)
		*ret_number = (uint16_t)number;
	return r;
}
