/* Entries of the Boot Loader Specification; see grub.h. */
#include "agent/system/grub.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* An entry on its way to a plan. */
struct reader {
	struct boot_plan plan;
	bool (*expand)(void *data, const char *in, char *out, size_t size);
	void *data;
	struct err *e;
};

static int refuse(struct reader *rd, const char *what)
{
	return err_set(rd->e, ENOTSUP, "the boot loader's entry: %s", what);
}

static int expanded(struct reader *rd, const char *value, char *ret, size_t size)
{
	bool good =
		rd->expand ? rd->expand(rd->data, value, ret, size) : str_copy(ret, size, value);

	return good ? 0 : refuse(rd, "a value is too long");
}

static int take_kernel(struct reader *rd, const char *value)
{
	return expanded(rd, value, rd->plan.kernel, sizeof(rd->plan.kernel));
}

/* One line may name several, after variables were replaced. */
static int take_initrds(struct reader *rd, const char *value)
{
	char text[GRUB_CMDLINE_MAX], *save = NULL;
	int r = expanded(rd, value, text, sizeof(text));

	for (char *p = r < 0 ? NULL : strtok_r(text, " \t", &save); p;
		p = strtok_r(NULL, " \t", &save)) {
		if (rd->plan.n_initrds == GRUB_INITRDS_MAX ||
			!str_copy(rd->plan.initrds[rd->plan.n_initrds], GRUB_PATH_MAX, p))
			return refuse(rd, "its initial ramdisks");
		rd->plan.n_initrds++;
	}
	return r;
}

static int take_options(struct reader *rd, const char *value)
{
	size_t len = strlen(rd->plan.cmdline);

	if (len + 1 >= sizeof(rd->plan.cmdline))
		return refuse(rd, "its options are too long");
	if (len)
		rd->plan.cmdline[len++] = ' ';
	return expanded(rd, value, rd->plan.cmdline + len, sizeof(rd->plan.cmdline) - len);
}

static int take_title(struct reader *rd, const char *value)
{
	str_copy(rd->plan.title, sizeof(rd->plan.title), value);
	return 0;
}

static int take_foreign(struct reader *rd, const char *value)
{
	return refuse(rd, "it starts something else than a kernel, or with a device tree");
}

static const struct {
	const char *key;
	int (*take)(struct reader *rd, const char *value);
} keys[] = {
	{"linux", take_kernel},
	{"initrd", take_initrds},
	{"options", take_options},
	{"title", take_title},
	{"efi", take_foreign},
	{"uki", take_foreign},
	{"devicetree", take_foreign},
	{"devicetree-overlay", take_foreign},
};

static int take_line(struct reader *rd, char *line)
{
	char *key = str_trim(line), *value = key + strcspn(key, " \t");

	if (*value)
		*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_eq(key, keys[i].key))
			return keys[i].take(rd, str_trim(value));
	return 0;
}

int bls_plan(const char *text, bool (*expand)(void *data, const char *in, char *out, size_t size),
	void *data, struct boot_plan *ret, struct err *e)
{
	struct reader rd = {.expand = expand, .data = data, .e = e};
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL;
	int r = 0;

	str_copy(rd.plan.root, sizeof(rd.plan.root), ret->root);
	for (char *l = strtok_r(copy, "\r\n", &save); l && r == 0;
		l = strtok_r(NULL, "\r\n", &save))
		r = take_line(&rd, l);
	if (r == 0 && !rd.plan.kernel[0])
		r = refuse(&rd, "it names no kernel");
	if (r == 0)
		*ret = rd.plan;
	return r;
}
