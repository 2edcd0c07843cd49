/* Match lines: "ipmi:manufacturer=10876:product=0x0987:firmware=<3.1" and
 * "system:vendor=..:model=..". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hwdb/internal.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

static const struct {
	const char *kind, *name;
	bool number;
} fields[FIELD_COUNT] = {
	[FIELD_MANUFACTURER] = {"ipmi", "manufacturer", true},
	[FIELD_PRODUCT] = {"ipmi", "product", true},
	[FIELD_FIRMWARE] = {"*", "firmware", false},
	[FIELD_VENDOR] = {"system", "vendor", false},
	[FIELD_MODEL] = {"system", "model", false},
};

static bool is_number(const char *text)
{
	char *end;

	strtoul(text, &end, 0);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static int read_field(const char *kind, char *part, struct pattern *p, struct err *e)
{
	char *value = strchr(part, '=');

	if (!value || !value[1])
		return err_set(e, EINVAL, "\"%s\" is not FIELD=VALUE", part);
	*value++ = '\0';
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (!str_eq(fields[i].name, part) ||
			(!str_eq(fields[i].kind, kind) && !str_eq(fields[i].kind, "*")))
			continue;
		if (p->fields[i])
			return err_set(e, EINVAL, "field %s stands there twice", part);
		if (fields[i].number && !is_number(value))
			return err_set(e, EINVAL, "%s=%s is not a number", part, value);
		p->fields[i] = xstrdup(value);
		return 0;
	}
	return err_set(e, EINVAL,
		"a line \"%s:\" has no field \"%s\"; ipmi has manufacturer, product, firmware, and "
		"system has vendor, model, firmware",
		kind, part);
}

int pattern_read(char *line, struct pattern *ret, struct err *e)
{
	char *rest, *kind = strtok_r(line, ":", &rest), *part;
	int r;

	if (!str_eq(kind, "ipmi") && !str_eq(kind, "system"))
		return err_set(e, EINVAL,
			"a match line begins with \"ipmi:\" or \"system:\"; a key is indented by a "
			"blank");
	for (part = strtok_r(NULL, ":", &rest); part; part = strtok_r(NULL, ":", &rest)) {
		r = read_field(kind, part, ret, e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (ret->fields[i])
			return 0;
	return err_set(e, EINVAL, "a match line without a field would match every BMC");
}

void pattern_done(struct pattern *p)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		free(p->fields[i]);
}
