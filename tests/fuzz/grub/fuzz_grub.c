/*
 * A GRUB configuration out of a hostile image. It ends, whatever it says, and what it would start
 * is text within its bounds. What stands behind a line "%%" is what the files beside it hold.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/system/grub.h"
#include "lib/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *read_text(void *data, const char *root, const char *path, size_t max)
{
	const char *text = data, *part = strstr(text, "\n%%\n");

	if (strstr(path, "none"))
		return NULL;
	return part && strlen(part + 4) <= max ? xstrdup(part + 4) : xstrdup("");
}

static bool search(
	void *data, const char *kind, const char *value, char ret_root[static GRUB_ROOT_MAX])
{
	strcpy(ret_root, "hd0,gpt2");
	return value[0] != 'x';
}

static char **entries(void *data, const char *root, const char *folder)
{
	char **names = xcalloc(3, sizeof(*names));

	names[0] = xstrdup("b.conf");
	names[1] = xstrdup("a.conf");
	return names;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	const struct grub_disk disk = {
		.data = text, .read = read_text, .search = search, .entries = entries};
	struct boot_plan *plan = xcalloc(1, sizeof(*plan));
	struct err e;

	if (grub_plan(text, "hd0,gpt1", "/boot/grub", "efi", &disk, plan, &e) == 0 &&
		(!plan->kernel[0] || strlen(plan->cmdline) >= GRUB_CMDLINE_MAX ||
			plan->n_initrds > GRUB_INITRDS_MAX))
		abort();
	free(plan);
	free(text);
	return 0;
}
